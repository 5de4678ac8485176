"""The foreign checkers find what is wrong: each kind of export, good and tampered with. A check that cannot fail is none."""
import base64
import io
import json
import os
import random
import re
import sys
import unittest
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import foreign  # noqa: E402
import published  # noqa: E402
import support  # noqa: E402
from support import Case, note  # noqa: E402

needs_go = unittest.skipUnless(foreign.has_go, "Go's checker is not built (golang-1.19-go, golang-golang-x-mod-dev)")
foreign.QUICK = False  # here each check is the subject
needs_openssl = support.needs_tool("openssl")
FLIPS = 3 if support.QUICK else 12


class Exports(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        lines = "".join(json.dumps(note(f"note {i}")) + "\n" for i in range(700))
        self.j.run("append", self.write("notes.jsonl", lines))
        self.j.append(note("one more"))
        self.keys = [self.j.vkey]

    def wrong(self, what, path, *pieces):
        with self.assertRaises(foreign.Foreign, msg=f"{what} {path}") as found:
            foreign.go(what, path, self.keys)
        for piece in pieces:
            self.assertIn(piece, str(found.exception))
        self.assertRegex(str(found.exception), "wrong: ")

    def flips(self, what, name, skip=lambda at: False):
        """Bits of a file, at random but the same each time."""
        good = self.read(name)
        chance = random.Random(len(good))
        for _ in range(FLIPS):
            at = chance.randrange(len(good))
            if not skip(at):
                self.write(name, good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1:])
                self.wrong(what, self.path(name))
        self.write(name, good[:-1])
        self.wrong(what, self.path(name))
        self.write(name, good)


@needs_go
class Go(Exports):
    def test_a_published_directory(self):
        self.j.run("publish", self.path("P"))
        self.assertIn("good: 702 entries, 1 seals, 1 epochs", foreign.go("dir", self.path("P"), self.keys))
        for name, good in sorted(published.files_of(self.path("P")).items()):
            chance = random.Random(len(good))
            at = chance.randrange(len(good) - 1)
            for bad in (good[:at] + bytes([good[at] ^ 1]) + good[at + 1:], good[:-1] if name != "seals" else b"999\n", b""):
                self.write("P/" + name, bad)
                with self.subTest(name=name, bad=bad[:20]):
                    with self.assertRaises(foreign.Foreign):
                        foreign.go("dir", self.path("P"), self.keys)
            os.unlink(self.path("P", name))
            with self.assertRaises(foreign.Foreign):
                foreign.go("dir", self.path("P"), self.keys)
            self.write("P/" + name, good)
        foreign.go("dir", self.path("P"), self.keys)

    def test_another_key(self):
        self.j.run("publish", self.path("P"))
        self.j.run("export", "--raw", self.path("raw"))
        self.keys = [self.journal("K").vkey]
        self.wrong("dir", self.path("P"), "genesis names the key")
        self.wrong("raw", self.path("raw"), "genesis names the key")

    def test_a_raw_export(self):
        self.j.run("export", "--raw", self.path("raw"))
        self.assertIn("good: 702 entries, 3 seals", foreign.go("raw", self.path("raw"), self.keys))
        whole = self.read("raw")
        first = whole.index(b"B")
        entries = whole.index(b"note 0")
        # Of a block's checks, the control index and the end's counts tlog knows nothing.
        known = [m.start() for m in re.finditer(rb"note \d+", whole)] + [whole.index(support.ORIGIN.encode() + b"\n702\n")]
        for at in known[::max(1, len(known) // FLIPS)]:
            self.write("raw", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            self.wrong("raw", self.path("raw"))
        self.assertLess(first, entries)
        for cut in (0, 5, first, entries, len(whole) - 60):
            self.write("raw", whole[:cut])
            self.wrong("raw", self.path("raw"))

    def test_proofs(self):
        for name, args in (("inclusion", ["prove", "300"]), ("old", ["prove", "1", "--size", "1"]), ("growth", ["prove", "--consistency", "701", "702"])):
            proof = self.j.run(*args).json()
            path = self.write(name, json.dumps(proof))
            self.assertIn("good: ", foreign.go("proof", path, self.keys))
            for key in ("entry", "path", "seal", "old_seal", "seq"):
                if not proof.get(key):
                    continue
                changed = dict(proof)
                if key == "path":
                    rows = [bytearray(base64.b64decode(h)) for h in proof["path"]]
                    rows[len(rows) // 2][3] ^= 1
                    changed["path"] = [base64.b64encode(h).decode() for h in rows]
                elif key == "entry":
                    changed["entry"] = base64.b64encode(base64.b64decode(proof["entry"])[:-1] + b"?").decode()
                elif key == "seq":
                    changed["seq"] = str(int(proof["seq"]) + 1)
                else:
                    changed[key] = re.sub(r"\n(\d+)\n", lambda m: f"\n{int(m[1]) + 1}\n", proof[key], count=1)
                self.write(name, json.dumps(changed))
                self.wrong("proof", path)
        text = self.j.run("prove", 300, "--format", "tlog-proof").out
        path = self.write("text", text)
        self.assertIn("good: entry 300 of 702", foreign.go("proof", path, self.keys))
        for bad in (text.replace("index 299", "index 300"), text.replace("\n702\n", "\n703\n"), re.sub(r"\n[^\n]+\n\n", "\n\n", text, count=1)):
            self.assertNotEqual(bad, text)
            self.write("text", bad)
            self.wrong("proof", path)

    def test_a_seal(self):
        path = self.write("seal", self.j.run("seal").out)
        self.assertIn("good: a seal of 702 entries", foreign.go("note", path, self.keys))
        self.flips("note", "seal")

    def test_a_bundle(self):
        path = self.path("b.zip")
        self.j.run("bundle", "--entry", "5", "--entry", "400", path)
        self.assertIn("good: 3 entries of 702", foreign.go("bundle", path, self.keys))
        with zipfile.ZipFile(path) as z:
            files = {name: z.read(name) for name in z.namelist()}
        for name in ("entries", "proof", "seals/702.note"):
            for at in (0, len(files[name]) // 2, len(files[name]) - 1):
                body = io.BytesIO()
                with zipfile.ZipFile(body, "w") as z:
                    for other, data in files.items():
                        z.writestr(other, data if other != name else data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
                self.write("b.zip", body.getvalue())
                with self.assertRaises(foreign.Foreign, msg=f"{name} {at}"):
                    foreign.go("bundle", path, self.keys)


@needs_openssl
class OpenSsl(Exports):
    def test_a_seal_and_a_leaf(self):
        seal = self.j.run("seal").out.encode()
        entry = b"an entry"
        leaf = published.leaf_hash(entry)
        foreign.openssl(seal, self.j.vkey, (entry, leaf))
        other = self.journal("K", origin="desk.example/other").vkey
        same_name = self.journal("L").vkey
        for bad, key, what in ((seal.replace(b"\n702\n", b"\n703\n"), self.j.vkey, None), (seal, other, None), (seal, same_name, None),
                               (seal.replace(b"\n\n", b"\nmore\n\n"), self.j.vkey, None), (seal, self.j.vkey, (entry + b"x", leaf)),
                               (seal, self.j.vkey, (entry, bytes(32)))):
            with self.assertRaises(foreign.Foreign):
                foreign.openssl(bad, key, what)

    def test_a_cosigned_seal_is_the_journals_still(self):
        seal = self.j.run("seal").out
        cosigned = seal + "— witness.example " + base64.b64encode(bytes(76)).decode() + "\n"
        foreign.openssl(cosigned.encode(), self.j.vkey)


if __name__ == "__main__":
    support.main()
