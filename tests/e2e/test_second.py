"""ledger-verify, the second verifier: what it says of real exports, good and changed, and how it is misused.

That it agrees with `ledger verify` on every story and every flipped bit is the business of tests/verifier.
"""
import os
import random
import re
import shutil
import subprocess
import unittest

import support
from support import COULD_NOT, DONE, MISUSED, WRONG, Case, Result, note
from test_people import Person

VERIFIER = os.path.join(os.path.dirname(support.BINARY), "ledger-verify")
FOLDER = os.path.join(support.SOURCE, "verifier")


class SecondVerifier(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        for g in range(4):
            self.j.append(*[note(f"entry number {g * 90 + i} of the group") for i in range(90)])
        self.raw = self.path("journal.raw")
        self.j.run("export", "--raw", self.raw)

    def verify(self, *args, code=DONE, **options):
        done = subprocess.run([VERIFIER, *args], capture_output=True, text=True, env=self.env, timeout=120, **options)
        result = Result(done.returncode, done.stdout, done.stderr, ["-verify", *args])
        if code is not None:
            self.assertEqual(result.code, code, str(result))
        return result

    def test_a_good_export(self):
        mine = self.verify("--key", self.j.vkey, "--json", self.raw).json()
        first = self.ledger("verify", "--raw", self.raw, "--key", self.j.vkey, "--json").json()
        self.assertEqual(first.pop("witnesses"), [])  # who they are is told by the one that counts them
        self.assertEqual(mine, first)
        self.assertTrue(mine["integrity"] and mine["complete"] and mine["key_given"])
        told = self.verify("--key", self.j.vkey, self.raw)
        self.assertRegex(told.out, r"(?m)^integrity +good\b.*\ncompleteness +good\b")
        self.assertEqual(told.err, "")
        self.assertIn("pass the one that init printed", self.verify(self.raw).err)

    def test_whether_it_has_an_owner(self):
        node = shutil.which("node")
        script = os.path.join(support.SOURCE, "tests", "independent", "verify.mjs")
        eva = Person(self, "eva").vkey
        owned = support.Journal(self, self.path("owned"))
        owned.vkey = owned.run("init", "--origin", support.ORIGIN, "--owner", eva).out.strip()
        late = self.journal("late")
        late.append(note("nobody's"))
        late.run("actor", "add", "eva", "--role", "owner", "--key", eva)
        for j, since, line in ((self.j, 0, "no owner: each person acted alone"),
                               (owned, 1, "owned since entry 1: what matters most needed two persons"),
                               (late, 3, "owned since entry 3: what matters most needed two persons")):
            raw = self.path("some.raw")
            j.run("export", "--raw", raw)
            mine, first = ["--key", j.vkey, raw], ["verify", "--raw", raw, "--key", j.vkey]
            for told in (self.verify(*mine, "--json"), self.ledger(*first, "--json")):
                self.assertEqual(told.json()["owned_since"], since)
            for told in (self.verify(*mine), self.ledger(*first)):
                self.assertIn(f"\npersons       {line}\n", told.out)
            if node:
                self.assertIn(f"\n{line}\n", subprocess.run([node, script, raw], capture_output=True, text=True, check=True).stdout)

    def test_a_published_directory(self):
        www = self.path("www")
        self.j.run("publish", www)
        exported = self.verify("--key", self.j.vkey, "--json", self.raw).json()
        told = self.verify("--key", self.j.vkey, "--json", www).json()
        for key in ("integrity", "complete", "key_given", "origin", "vkey", "entries", "bytes", "sealed", "root"):
            self.assertEqual(told[key], exported[key], key)
        kept = self.path("kept")
        with open(kept, "w", encoding="utf-8") as f:
            f.write(self.j.run("seal").out)
        self.verify("--key", self.j.vkey, "--against", kept, www)
        self.j.append(note("not published yet"))
        with open(kept, "w", encoding="utf-8") as f:
            f.write(self.j.run("seal").out)
        self.assertIn("kept seal: the tail is cut", self.verify("--against", kept, www, code=WRONG).out)
        bundle = os.path.join(www, "tile", "entries", "000")
        with open(bundle, "rb") as f:
            good = f.read()
        with open(bundle, "wb") as f:
            f.write(good.replace(b"entry number 17 of", b"entry number 71 of"))
        told = self.verify("--key", self.j.vkey, "--json", www, code=WRONG).json()
        self.assertEqual((told["wrong"]["where"], told["integrity"], told["complete"]), ("entry 19", False, True))
        os.remove(bundle)
        told = self.verify("--key", self.j.vkey, "--json", www, code=WRONG).json()
        self.assertEqual((told["wrong"]["where"], told["integrity"], told["complete"]), ("entry 1", True, False))

    def test_a_changed_export_is_told_as_ledger_verify_tells_it(self):
        with open(self.raw, "rb") as f:
            good = f.read()
        dice = random.Random(7)
        seen = set()
        for _ in range(10 if support.QUICK else 60):
            data = bytearray(good)
            data[dice.randrange(len(good))] ^= 1 << dice.randrange(8)
            changed = self.path("changed.raw")
            with open(changed, "wb") as f:
                f.write(data)
            theirs = self.ledger("verify", "--raw", changed, "--key", self.j.vkey, "--json", code=None)
            mine = self.verify("--key", self.j.vkey, "--json", changed, code=theirs.code)
            seen.add(theirs.code)
            if theirs.code == COULD_NOT:
                self.assertEqual(mine.out, "")
                self.assertIn("could not be checked", mine.err)
                continue
            a, b = theirs.json(), mine.json()
            self.assertEqual({k: v for k, v in a.items() if k != "wrong"}, {k: v for k, v in b.items() if k != "wrong"})
            for key in ("where", "first", "last"):
                self.assertEqual(a["wrong"][key], b["wrong"][key], f"{a}\n{b}")
            words = self.verify("--key", self.j.vkey, changed, code=WRONG)
            self.assertIn(f"first wrong   {b['wrong']['where']}: ", words.out)
        self.assertIn(WRONG, seen)

    def test_a_kept_seal(self):
        kept = self.path("kept")
        with open(kept, "w", encoding="utf-8") as f:
            f.write(self.j.run("seal").out)
        self.verify("--against", kept, self.raw)
        self.j.append(note("one more"))
        later = self.path("later")
        with open(later, "w", encoding="utf-8") as f:
            f.write(self.j.run("seal").out)
        told = self.verify("--against", later, self.raw, code=WRONG)
        self.assertIn("kept seal: the tail is cut: it covers 362 entries, and the journal has 361", told.out)
        self.assertRegex(told.out, r"integrity +good\b.*\ncompleteness +WRONG")
        for text in (b"", b"no seal", b"\xff\n3\n"):
            with open(kept, "wb") as f:
                f.write(text)
            self.verify("--against", kept, self.raw, code=COULD_NOT)
        self.assertIn("No such file", self.verify("--against", self.path("none"), self.raw, code=COULD_NOT).err)

    def test_misuse(self):
        for args, words in (([], "no path is given"), (["--no-such", self.raw], '"--no-such" is no option'),
                            ([self.raw, "more"], '"more" is one argument too many'),
                            ([self.raw, "--key"], '"--key" needs one value'),
                            (["--key", "a", "--key", "b", self.raw], '"--key" needs one value')):
            with self.subTest(args=args):
                told = self.verify(*args, code=MISUSED)
                self.assertIn(words, told.err)
                self.assertEqual(told.out, "")

    def test_what_cannot_be_checked(self):
        for path, words in ((self.path("none"), "No such file"), (support.SOURCE, "it has no checkpoint"),
                            (os.path.join(support.SOURCE, "README.md"), "does not begin with")):
            told = self.verify(path, code=COULD_NOT)
            self.assertIn("could not be checked", told.err)
            self.assertIn(words, told.err)
        for path, words in ((self.path("none"), "No such file"), (self.raw, "no file of certificates")):
            self.assertIn(words, self.verify("--tsa-ca", path, self.raw, code=COULD_NOT).err)
        self.assertIn("vkey", self.verify("--key", "nonsense", self.raw, code=COULD_NOT).err)
        if os.path.exists("/dev/full"):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([VERIFIER, self.raw], stdout=full, stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, COULD_NOT)

    def test_the_help_and_the_manual_name_every_option(self):
        told = self.verify("--help")
        page = os.path.join(FOLDER, "ledger-verify.1")
        with open(page, encoding="utf-8") as f:
            manual = f.read()
        options = set(re.findall(r"--[a-z-]+", told.out))
        self.assertGreaterEqual(options, {"--key", "--against", "--json"})
        for option in options - {"--raw"}:
            self.assertIn(f"Fl {option[1:]}", manual)
        with open(os.path.join(FOLDER, "main.c"), encoding="utf-8") as f:
            known = set(re.findall(r'\{?"(--[a-z-]+)"', f.read()))
        self.assertEqual(known - options, {"--help"})
        if shutil.which("mandoc"):
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
            self.assertEqual(lint.stdout, "")


class Independence(Case):
    """It shares nothing with the program it judges, and can be read."""

    def test_it_links_nothing_but_hashes_signatures_and_zip(self):
        told = subprocess.run(["ldd", VERIFIER], capture_output=True, text=True, check=True).stdout
        linked = set(re.findall(r"(?m)^\s*(?:\S*/)?(lib[a-z]+|ld-linux[-a-z0-9]*|linux-vdso)", told))
        allowed = {"libsodium", "libcrypto", "libc", "ld-linux-x86-64", "linux-vdso",
                   "libzip", "libz", "libbz"}  # for bundles: libzip and what it packs with
        if not support.QUICK:  # a sanitizer brings libraries of its own
            self.assertLessEqual(linked, allowed, told)

    def test_it_includes_nothing_of_ours(self):
        for name in sorted(os.listdir(FOLDER)):
            if name.endswith((".c", ".h")):
                with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
                    for header in re.findall(r'#include "([^"]+)"', f.read()):
                        self.assertTrue(header.startswith("verifier/"), f"{name}: {header}")


if __name__ == "__main__":
    support.main()
