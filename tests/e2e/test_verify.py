"""ledger verify, export: whatever is changed in the files is found and named; what cannot be read is not "wrong"."""
import base64
import json
import os
import shutil
import subprocess
import re
import unittest

import desk
import support
from support import COULD_NOT, WRONG, Case, note


class Tampering(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        for g in range(4):
            self.j.append(*[note(f"entry number {g * 30 + i} of the group") for i in range(30)])
        self.j.run("config", "set", desk.WIDE)
        self.file = self.path("J", "journal.mdb")
        with open(self.file, "rb") as f:
            self.good = f.read()

    def verify_bytes(self, data):
        with open(self.file, "wb") as f:
            f.write(data)
        result = self.j.run("verify", "--key", self.j.vkey, code=None)
        told = self.j.run("verify", "--key", self.j.vkey, "--json", code=None)
        self.assertEqual(told.code, result.code)
        return result, told

    def test_a_good_journal(self):
        told = self.j.run("verify", "--key", self.j.vkey, "--json").json()
        self.assertTrue(told["integrity"] and told["complete"] and told["key_given"])
        self.assertEqual((told["entries"], told["sealed"], told["signatures"]), (122, 122, 1))
        root = base64.b64decode(self.j.run("seal").lines[2]).hex()
        self.assertEqual(told["root"], root)
        self.assertIn("--key", self.j.run("verify").err)

    def test_a_flipped_bit_in_an_entry_is_named(self):
        for n in (0, 17, 59, 119):
            text = f"entry number {n} of the group".encode()
            places = [i for i in range(len(self.good)) if self.good.startswith(text, i)] if n == 17 else None
            at = self.good.find(text)
            self.assertGreater(at, 0)
            data = bytearray(self.good)
            while at >= 0:  # LMDB may keep an older copy of a page: change every one
                data[at + len(b"entry ")] ^= 1
                at = self.good.find(text, at + 1)
            result, told = self.verify_bytes(bytes(data))
            self.assertEqual(result.code, WRONG, str(result))
            self.assertIn(f"entry {n + 2}", result.err)
            self.assertFalse(told.json()["integrity"])
            self.assertEqual(told.json()["wrong"]["first"], n + 2)
            self.assertTrue(places is None or places)

    def test_show_says_what_the_seal_does_not_cover(self):
        self.j.run("show", "19")
        with open(self.file, "wb") as f:
            f.write(self.good.replace(b"entry number 17 of", b"entry number 71 of"))
        told = self.j.run("show", "19", code=WRONG)
        self.assertIn("entry number 71", told.out)
        self.assertIn("do not lead to the root", told.out)
        self.assertIn("does not prove entry 19", told.err)
        shown = self.j.run("show", "19", "--json", code=WRONG)
        self.assertFalse(json.loads(shown.out)["sealed"])
        self.assertIn("entry 19", self.j.run("verify", code=WRONG).err)  # which one it is

    def test_nothing_is_signed_about_a_journal_that_was_changed(self):
        pack = self.path("pack")
        day = self.j.json("show", 5)["entry"]["recorded_at"][:10]
        nightly = ["nightly", "--date", self.day_of(day), "--out", pack]
        self.j.run(*nightly)
        self.j.run("report", "verify", pack)
        with open(self.file, "wb") as f:
            f.write(self.good.replace(b"entry number 17 of", b"entry number 71 of"))
        told = self.j.run("report", "verify", pack, code=None)
        self.assertEqual(told.code, WRONG, str(told))
        self.assertIn("entry 19", told.err)
        other = self.path("other")
        refused = self.j.run("nightly", "--date", self.day_of(day), "--out", other, code=None)
        self.assertEqual(refused.code, WRONG, str(refused))
        self.assertIn("entry 19", refused.err)
        self.assertFalse(os.path.exists(other))

    def day_of(self, recorded):
        """The New York date of entries without a clock: as the error that lists the days there are has it."""
        told = self.j.run("nightly", "--date", "1999-01-04", "--out", self.path("none"), code=None)
        found = re.findall(r"20\d\d-\d\d-\d\d", told.err)
        return found[-1] if found else recorded

    def test_a_seal_kept_elsewhere_shows_a_cut_tail_and_another_history(self):
        kept = self.path("kept.seal")
        copy = self.path("copy")
        shutil.copytree(self.j.path, copy)
        line = '{"kind":"control.note","body":{"text":"%s"}}\n'
        self.ledger("-C", copy, "append", input=line % "one history")
        self.j.run("append", input=line % "another history")
        with open(kept, "w", encoding="utf-8") as f:
            f.write(self.j.run("seal").out)
        self.j.run("verify", "--key", self.j.vkey, "--against", kept)
        forked = self.ledger("-C", copy, "verify", "--against", kept, code=None)
        self.assertEqual(forked.code, WRONG)
        self.assertIn("another history: at size 123", forked.err)
        with open(self.file, "wb") as f:
            f.write(self.good)
        cut = self.j.run("verify", "--against", kept, code=None)
        self.assertEqual(cut.code, WRONG)
        self.assertIn("the tail is cut", cut.err)
        self.expect_error(support.COULD_NOT, "is no seal of", args=["-C", copy, "verify", "--against", __file__])

    def test_the_number_of_threads_changes_nothing_but_the_time(self):
        line = '{"kind":"control.note","body":{"text":"%s"}}\n'
        self.j.run("append", "--group", "700", input="".join(line % f"one of many, {i:05}" for i in range(4000)))
        verify = ["verify", "--key", self.j.vkey, "--json"]

        def said(code):
            runs = [self.j.run(*verify, *more, code=None) for more in
                    ([], ["--threads", "1"], ["--threads", "2"], ["--threads", "3"], ["--threads", "64"])]
            self.assertEqual([r.code for r in runs], [code] * len(runs))
            for r in runs[1:]:
                self.assertEqual((r.out, r.err), (runs[0].out, runs[0].err))
            return runs[0]

        self.assertEqual(said(0).json()["entries"], 4122)
        with open(self.file, "rb") as f:
            data = f.read()
        with open(self.file, "wb") as f:
            f.write(data.replace(b"one of many, 02500", b"two of many, 02500").replace(b"many, 03900", b"none, 03900"))
        self.assertEqual(said(WRONG).json()["wrong"]["where"], "entry 2623")
        for bad in ("0", "65", "two"):
            self.expect_error(support.MISUSED, "threads", args=["-C", self.j.path, "verify", "--threads", bad])

    def test_two_entries_swapped(self):
        a, b = b"entry number 41 of the group", b"entry number 47 of the group"
        mark = b"entry number @@ of the group"
        result, told = self.verify_bytes(self.good.replace(a, mark).replace(b, a).replace(mark, b))
        self.assertEqual(result.code, WRONG, str(result))
        self.assertEqual(told.json()["wrong"]["first"], 43)

    def test_a_seal_a_signature_a_key(self):
        seal = self.j.run("seal").out
        signature = seal.splitlines()[-1].split()[-1].encode()
        configuration = self.j.log("--kind", "control.configuration")[0]
        table = [("the newest seal", signature, 30), ("a root", seal.splitlines()[2].encode(), 5),
                 ("the person's signature", base64.b64decode(configuration["signature"]), 20),
                 ("the configuration's text", b"strategy.otm_min=", 3)]
        for name, piece, offset in table:
            with self.subTest(name=name):
                self.assertIn(piece, self.good)
                changed = bytearray(piece)
                changed[offset] ^= 2
                result, _ = self.verify_bytes(self.good.replace(piece, bytes(changed)))
                self.assertEqual(result.code, WRONG, str(result))
                self.assertRegex(result.err, r"entry \d+|seal|tile")

    def test_any_byte_of_the_file(self):
        """Somewhere in the file: either it does not matter (free pages), or it is wrong, or it cannot be read."""
        used = [i for i in range(len(self.good)) if self.good[i]]
        codes = {}
        for n in range(24 if support.QUICK else 160):
            data = bytearray(self.good)
            at = used[(n * 2654435761) % len(used)]
            data[at] ^= 1 << (n % 8)
            result, _ = self.verify_bytes(bytes(data))
            self.assertIn(result.code, (0, WRONG, COULD_NOT), str(result))
            codes[result.code] = codes.get(result.code, 0) + 1
        self.assertGreater(codes.get(WRONG, 0), 0)

    def test_files_that_are_no_journal(self):
        for name, data in (("empty", b""), ("cut to a page", self.good[:4096]), ("noise", os.urandom(len(self.good))),
                           ("zeros", bytes(len(self.good))), ("text", b"dear diary\n" * 100)):
            with self.subTest(name=name):
                result, told = self.verify_bytes(data)
                self.assertEqual(result.code, COULD_NOT, str(result))
                self.assertIn("could not be checked", result.err)
                self.assertRegex(result.err, "damaged|cut short|not an LMDB|another kind")
                self.assertEqual(told.out, "")
                for command in (["log"], ["replay"], ["seal"], ["append", "/dev/null"], ["stop", "--reason", "x"]):
                    self.expect_error(COULD_NOT, "journal.mdb", args=["-C", self.j.path, *command])
                self.j.run("doctor", code=WRONG)

    def test_a_file_cut_anywhere(self):
        """The end may be free space; less than what is used must not go unnoticed, nor end in a signal."""
        used = max(i for i in range(len(self.good)) if self.good[i]) // 4096 + 1
        for pages in range(0, used, 3 if not support.QUICK else 10):
            result, _ = self.verify_bytes(self.good[:pages * 4096])
            self.assertIn(result.code, (WRONG, COULD_NOT), f"{pages} pages of {used}: {result}")
            for command in (["log"], ["replay"], ["append", "/dev/null"]):
                self.assertIn(self.j.run(*command, code=None).code, (0, WRONG, COULD_NOT))
        self.verify_bytes(self.good)
        self.j.verify()

    def test_a_tail_that_is_cut_is_found_by_an_older_seal(self):
        """An old copy of the whole journal is whole in itself; only a seal kept elsewhere shows that it is old."""
        before = self.good
        kept = self.j.append(note("later"))[-1]
        self.verify_bytes(before)
        self.j.verify()
        self.assertNotIn(str(kept.last), self.j.run("seal").lines)
        self.expect_error(COULD_NOT, str(kept.last), args=["-C", self.j.path, "seal", "--size", kept.last])


class Export(Case):
    def test_the_export_is_judged_alike(self):
        j = self.journal()
        desk.run(j, desk.synthetic(days=1, minutes=30))
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        self.ledger("verify", "--raw", raw, "--key", j.vkey)
        a, b = j.run("verify", "--key", j.vkey, "--json").json(), self.ledger("verify", "--raw", raw, "--key", j.vkey, "--json").json()
        self.assertEqual((a["root"], a["entries"], a["seals"], a["tiles"]), (b["root"], b["entries"], b["seals"], b["tiles"]))
        with open(raw, "rb") as f:
            good = f.read()
        for n in range(20):
            data = bytearray(good)
            data[(n * 2654435761) % len(data)] ^= 1 << (n % 8)
            self.write("bad", bytes(data))
            result = self.ledger("verify", "--raw", self.path("bad"), "--key", j.vkey, code=None)
            self.assertIn(result.code, (WRONG, COULD_NOT), str(result))
        for size in (0, 10, len(good) // 2, len(good) - 1):
            self.write("bad", good[:size])
            result = self.ledger("verify", "--raw", self.path("bad"), "--key", j.vkey, code=None)
            self.assertIn(result.code, (WRONG, COULD_NOT), str(result))
        # What is there already is replaced whole or not at all.
        j.run("export", "--raw", raw)
        with open(raw, "rb") as f:
            self.assertEqual(f.read(), good)

    @support.needs_tool("node")
    def test_a_stranger_with_the_page_alone_agrees(self):
        script = os.path.join(support.SOURCE, "tests", "independent", "verify.mjs")
        if not os.path.exists(script):
            self.skipTest(f"the second verifier is not here: {script}")
        j = self.journal()
        desk.run(j, desk.synthetic(days=1, minutes=60))
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        good = subprocess.run(["node", script, raw], capture_output=True, text=True)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        with open(raw, "rb") as f:
            data = bytearray(f.read())
        data[len(data) // 3] ^= 1
        self.write("bad", bytes(data))
        bad = subprocess.run(["node", script, self.path("bad")], capture_output=True, text=True)
        self.assertNotEqual(bad.returncode, 0, bad.stdout)


if __name__ == "__main__":
    support.main()
