"""One bit of what goes to the disk flips: a group is acknowledged only as it was signed; else the journal halts, and says where.

    test_flip.py Flip.test_bits; LEDGER_FAULTS=all: thousands of places instead of some.
"""
import json
import os
import random
import re
import shutil
import sys

import faults  # first: it finds the folder of the next one
import support
from faults import ALL
from support import COULD_NOT, DONE, WRONG, Case, note

SHIM = os.path.abspath(os.environ.get("LEDGER_FLIP_SHIM", "libflip.so"))
BEFORE = 20  # entries besides genesis, sealed before
PLACES = 3000 if ALL else 100


class Flip(Case):
    def setUp(self):
        super().setUp()
        if not os.path.exists(SHIM):
            self.skipTest(f"the shim is not built: {SHIM}")
        self.template = self.path("template")
        os.mkdir(self.template)
        support.Journal(self, os.path.join(self.template, "J")).init().append(*[note(f"before {i}") for i in range(BEFORE)])

    def attempt(self, folder, lines, **env):
        """Appends the lines as one group with the shim; the answer and what the shim has seen."""
        log = self.path("flip.log")
        if os.path.exists(log):
            os.unlink(log)
        env = {f"FLIP_{name.upper()}": str(value) for name, value in env.items()}
        result = self.ledger("-C", os.path.join(folder, "J"), "append", lines, code=None,
                             env={"LD_PRELOAD": SHIM, "FLIP_LOG": log, **env})
        with open(log, encoding="utf-8") as f:
            return result, f.read().splitlines()

    def copy(self):
        shutil.rmtree(self.path("copy"), ignore_errors=True)
        return shutil.copytree(self.template, self.path("copy"))

    def texts(self, j):
        return [row["body"].get("text") for row in j.log()[1:]]

    def check_halted(self, j, result):
        """Nothing was acknowledged, nobody may go on, and it is told everywhere."""
        self.assertEqual(result.out, "")
        self.assertIn("takes no entries: halted at ", result.err)
        for args in (["append"], ["actor", "add", "joe", "--role", "auditor"], ["stop", "--reason", "x"]):
            again = self.ledger("-C", j.path, *args, code=COULD_NOT, input='{"kind":"control.note","body":{"text":"x"}}\n')
            self.assertIn("halted at", again.err)
            self.assertEqual(again.out, "")
        doctor = self.ledger("-C", j.path, "doctor", code=WRONG)
        self.assertRegex(doctor.out, r"bad +halted")

    def check_acknowledged(self, j, result, texts):
        """The group is there as it was signed. The bit was in what was there before, or in what is derived."""
        first = int(re.match(r"(\d+)\.\.", result.out).group(1))
        self.assertEqual(first, BEFORE + 2)
        verified = self.ledger("-C", j.path, "verify", code=None)
        if verified.code != DONE:
            place = re.search(r"entry (\d+)", verified.err)
            self.assertFalse(place and int(place.group(1)) >= first, f"acknowledged, and wrong\n{verified}")
            return "old"
        self.assertEqual(self.texts(j)[BEFORE:], texts)
        return "unused"

    def sweep(self, count, size, seed):
        texts = [f"new {i} " + "y" * size for i in range(count)]
        lines = self.write("lines", "".join(json.dumps(note(t)) + "\n" for t in texts))
        result, seen = self.attempt(self.copy(), lines)
        self.assertEqual(result.code, DONE, str(result))
        sizes = [int(line.split()[1]) for line in seen]
        dice = random.Random(seed)
        found = {"old": 0, "unused": 0, "halted": 0, "named": 0}
        for _ in range(PLACES):
            which = dice.randrange(len(sizes))
            bit = dice.randrange(8 * sizes[which])
            folder = self.copy()
            j = support.Journal(self, os.path.join(folder, "J"))
            result, seen = self.attempt(folder, lines, write=which + 1, bit=bit)
            self.assertTrue(any(line.endswith("flipped") for line in seen))
            with self.subTest(write=which + 1, bit=bit):
                self.assertIn(result.code, (DONE, COULD_NOT), str(result))
                if result.code == DONE:
                    found[self.check_acknowledged(j, result, texts)] += 1
                    continue
                if "halted" not in result.err:  # so damaged that not even this could be written
                    self.assertEqual(result.out, "")
                    self.assertNotEqual(self.ledger("-C", j.path, "verify", code=None).code, DONE, str(result))
                    continue
                found["halted"] += 1
                self.check_halted(j, result)
                verified = self.ledger("-C", j.path, "verify", code=None)
                self.assertIn(verified.code, (WRONG, COULD_NOT), str(verified))
                found["named"] += bool(re.search(r"(entry|tile|seal|entries) \d", verified.err))
        print(f"{self.id()}: {found}", file=sys.stderr)
        return found

    def test_a_group_of_pages(self):
        found = self.sweep(60, 300, 1)
        self.assertGreater(found["halted"], PLACES // 8)
        self.assertEqual(found["named"], found["halted"])

    def test_a_group_of_one(self):
        found = self.sweep(1, 20, 2)
        self.assertGreater(found["halted"], 0)

    def test_the_entry_is_named(self):
        """A bit of an entry's text: the words name that entry, and so does verify. The newest seal that comes out is the last good one."""
        texts = [f"new {i} " + "y" * 300 for i in range(60)]
        lines = self.write("lines", "".join(json.dumps(note(t)) + "\n" for t in texts))
        for n in (0, 30, 59):
            folder = self.copy()
            j = support.Journal(self, os.path.join(folder, "J"))
            result, seen = self.attempt(folder, lines, find=f"new {n} y", bit=1)
            self.assertEqual(sum(line.endswith("flipped") for line in seen), 1)
            self.assertEqual(result.code, COULD_NOT, str(result))
            self.check_halted(j, result)
            entry = BEFORE + 2 + n
            self.assertIn(f"read back from the file after it was written: entry {entry} is not what was signed", result.err)
            verified = self.ledger("-C", j.path, "verify", code=WRONG)
            self.assertRegex(verified.err, rf"entry {entry}\b")
            self.assertIn(f"entries 1..{BEFORE + 1} are good", self.ledger("-C", j.path, "doctor", code=WRONG).out)


if __name__ == "__main__":
    faults.main()
