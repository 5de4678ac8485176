"""A bundle of a journal to which everything has happened: an owner's, configured by two persons, cosigned, stamped, its key handed
over, and lost and replaced by another owner. What each checker says is proven, and what whoever changes the bundle is told.
"""
import base64
import json
import os
import subprocess

import support
from authority import Authority
from bundles import VERIFIER, Bundles, entries_file, entries_of, files_of, zip_of
from support import note
from test_key import Owner, word
from test_people import CONFIG, Person
from test_witness import Witness

WITNESS = "witness.example/w1"


class Whole(Bundles):
    """`self.j`, and in `self.at` which entry is which."""

    def make(self):
        j = self.j = support.Journal(self, self.path("J"))
        eva, ann, bob = (Person(self, name) for name in ("eva", "ann", "bob"))
        otto = Owner(self, "otto")
        j.vkey = j.run("init", "--origin", support.ORIGIN, "--owner", eva.vkey, "--owner", otto.vkey, "--person",
                       f"operator={ann.vkey}", "--person", f"compliance={bob.vkey}").out.strip()
        witness = Witness(self).start(j.vkey)
        j.run("actor", "add", WITNESS, "--role", "witness", "--key", witness.vkey, *eva.signs)
        j.append(*[word(f"words {i}") for i in range(5)])
        proposal = j.run("propose", "config", self.write("c.yaml", CONFIG), *ann.signs, "--json").json()["proposal"]
        j.append(word("between the two"))
        sha256 = next(row["sha256"] for row in j.run("proposals", "--json").json() if row["seq"] == proposal)
        j.run("approve", proposal, "--sha256", sha256, *bob.signs)
        j.run("seal", "--witness", witness.url)
        j.run("key", "rotate", "--reason", "each day")
        self.authority = Authority(self)
        j.append(word("of the second key's time"))
        j.run("seal", "--timestamp", self.authority.url)
        os.remove(os.path.join(j.path, "vault"))
        to_sign = self.path("to-sign")
        j.run("key", "recover", "--owner", otto.name, "--statement", to_sign, "--reason", "the vault burned")
        j.run("key", "recover", "--statement", to_sign, "--signature", otto.sign(to_sign))
        j.append(*[word(f"of the third key's time {i}") for i in range(5)])
        rows = j.log()
        self.at = {row["kind"].split(".")[1]: row["seq"] for row in rows}
        self.keys = [row["seq"] for row in rows if row["kind"] == "control.key"]
        self.stamped = self.keys[1] - 1
        return j

    def seqs(self, files):
        return [int.from_bytes(e[8:16], "big") for e in entries_of(files["entries"])]


@support.needs_tool("node")
@support.needs_tool("openssl")
class Judged(Whole):
    def setUp(self):
        super().setUp()
        self.make()
        self.good = self.bundle(self.j, "--kind", "control.configuration", "--entry", "4")
        self.files = files_of(self.good)

    def test_all_that_it_takes_is_in_it_and_all_that_is_proven_is_said(self):
        wanted, size = self.at["configuration"], self.j.size()
        who = [row["seq"] for row in self.j.log() if row["kind"] in ("control.genesis", "control.actor", "control.key")]
        self.assertEqual(self.seqs(self.files), sorted([*who, 4, self.at["proposal"], wanted - 1, wanted]))
        self.assertEqual(self.at["proposal"], wanted - 3)
        seals = sorted(int(name[6:-5]) for name in self.files if name.endswith(".note"))
        self.assertEqual(seals, sorted({wanted, self.keys[0], self.stamped, self.keys[1], size}))
        self.assertEqual([n for n in self.files if n.startswith("timestamps/")], [f"timestamps/{self.stamped}-0.tsr"])
        self.assertRegex(self.files["summary.html"].decode(), r"control\.proposal<.*: control\.configuration a configuration comes into force")
        said = self.page(self.good, key=self.j.vkey)[0]
        self.assertTrue(said["ok"], said["wrong"])
        words = " ".join(check["words"] for check in said["checks"])
        for piece in (f"The witness {WITNESS} has cosigned seal {wanted} at 20",
                      f"A time-stamping authority gave seal {self.stamped} the time 20",
                      "The journal has changed its key 2 times; each hand-over is sealed by the key before it, or signed by an owner.",
                      f"Two persons wanted entry {wanted}, control.configuration: ann proposed it (entry {wanted - 3}), "
                      f"bob approved it (entry {wanted - 1}), and both signed these very bytes.",
                      "Whether one of them stands in an entry that is not in the bundle, too, is not shown",
                      "as far as the entries here tell: whether a key was revoked, or the journal has an owner, needs the whole journal"):
            self.assertIn(piece, words)
        self.assertNotIn("has no owner", words)
        told = subprocess.run([VERIFIER, "--key", self.j.vkey, "--tsa-ca", self.authority.ca, self.good], capture_output=True,
                              text=True, check=True).stdout
        for piece in ("evidence      good", "two persons   wanted 1 of these", "persons       owned since entry 1: ",
                      "persons       as far as the entries here tell: whether a key was revoked, or the journal has an owner, needs the whole",
                      "not shown     whether a signature", "(of epoch 2)",
                      "cosignatures  1,", f"timestamps    1, over entries 1..{self.stamped}; whose words they are the certificates prove"):
            self.assertIn(piece, told)

    def test_where_there_is_no_gap_nothing_is_left_unsaid(self):
        path = self.bundle(self.j, "--kind", "control", name="all.zip")
        said = self.page(path, key=self.j.vkey)[0]
        self.assertTrue(said["ok"], said["wrong"])
        words = " ".join(check["words"] for check in said["checks"])
        self.assertIn("without a gap", words)
        self.assertNotIn("is not shown", words)
        told = subprocess.run([VERIFIER, "--key", self.j.vkey, path], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("not shown", told)

    def test_in_a_journal_without_an_owner_that_is_said(self):
        j = self.journal("other")
        j.append(note("x"))
        path = self.bundle(j, "--entry", "2", name="other.zip")
        self.assertIn("has no owner", " ".join(check["words"] for check in self.page(path, key=j.vkey)[0]["checks"]))
        told = subprocess.run([VERIFIER, "--key", j.vkey, path], capture_output=True, text=True, check=True).stdout
        self.assertIn("persons       no owner: each person acted alone", told)
        self.assertNotIn("the entries here", told)

    def test_where_the_rest_is_missing_nothing_is_said_for_the_whole(self):
        j = self.journal("other")
        j.append(*[note(f"n {i}") for i in range(5)])
        for entries in (["--entry", "2"], ["--entry", "2", "--entry", "4"]):
            path = self.bundle(j, *entries, name=f"part-{len(entries)}.zip")
            words = [check["words"] for check in self.page(path, key=j.vkey)[0]["checks"]]
            self.assertIn("No entry here names an owner", " ".join(words))
            self.assertIn("as far as the entries here tell", " ".join(words))
            self.assertNotIn("The journal has no owner", " ".join(words))
            self.assertEqual(len([w for w in words if "without a gap" in w]), 1 if len(entries) == 2 else 0, words)
            told = subprocess.run([VERIFIER, "--key", j.vkey, path], capture_output=True, text=True, check=True).stdout
            self.assertIn("persons       as far as the entries here tell: ", told)
            self.assertIn("no entry here names an owner", told)
            self.assertNotIn("no owner: ", told)
            said = subprocess.run([VERIFIER, "--json", "--key", j.vkey, path], capture_output=True, text=True, check=True).stdout
            self.assertEqual((json.loads(said)["whole"], json.loads(said)["owned_since"]), (False, 0))

    # -- whoever changes it ----------------------------------------------------------------------------------------

    def with_entry(self, seq, change):
        """The files, with other bytes in an entry's place; None takes it out."""
        entries = {int.from_bytes(e[8:16], "big"): e for e in entries_of(self.files["entries"])}
        changed = {s: change(e) if s == seq else e for s, e in entries.items()}
        return {**self.files, "entries": entries_file([e for e in changed.values() if e is not None])}

    def with_line(self, name, number, change):
        """The files, with another signature in a line of a note."""
        lines = self.files[name].decode().split("\n")
        at = lines.index("") + 1 + number
        dash, who, blob = lines[at].split(" ")
        lines[at] = " ".join((dash, who, base64.b64encode(change(base64.b64decode(blob))).decode()))
        return {**self.files, name: "\n".join(lines).encode()}

    def without(self, name):
        return {n: content for n, content in self.files.items() if n != name}

    def test_what_was_done_is_named_alike(self):
        wanted = self.at["configuration"]
        token, cosigned = f"timestamps/{self.stamped}-0.tsr", f"seals/{wanted}.note"

        def bit(at):
            return lambda content: content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]
        imprint = self.files[token].index(b"\x04\x20") + 2
        owner = entries_of(self.files["entries"])[0].index(b"\3eva") + 4
        cases = [
            ("a bit of the witness's line", self.with_line(cosigned, 1, bit(40)), f"seal {wanted}"),
            ("another time in it", self.with_line(cosigned, 1, bit(11)), f"seal {wanted}"),
            ("half of it", self.with_line(cosigned, 1, lambda blob: blob[:40]), f"seal {wanted}"),
            ("a bit of the journal's line", self.with_line(cosigned, 0, bit(40)), f"seal {wanted}"),
            ("a bit of what is stamped", {**self.files, token: bit(imprint)(self.files[token])}, f"timestamp {self.stamped}"),
            ("the token cut", {**self.files, token: self.files[token][:-1]}, f"timestamp {self.stamped}"),
            ("the token of another seal", {**self.without(token), f"timestamps/{self.keys[0]}-0.tsr": self.files[token]},
             f"timestamp {self.keys[0]}"),
            ("the approval taken out", self.with_entry(wanted - 1, lambda _: None), f"entry {wanted}"),
            ("a bit of the approval", self.with_entry(wanted - 1, bit(50)), f"entry {wanted - 1}"),
            ("the proposal taken out", self.with_entry(wanted - 3, lambda _: None), f"entry {wanted - 1}"),
            ("a bit of what was approved", self.with_entry(wanted, bit(60)), f"entry {wanted}"),
            ("words that nobody signed", self.with_entry(4, lambda e: e.replace(b"words", b"Words")), "proof"),
            ("the hand-over's seal taken out", self.without(f"seals/{self.keys[0]}.note"), f"seal {self.keys[0]}"),
            ("the seal before the owner's key", self.without(f"seals/{self.keys[1] - 1}.note"), f"seal {self.keys[1] - 1}"),
            ("the owner's role", self.with_entry(1, lambda e: e[:owner] + b"\2" + e[owner + 1:]), "entry 2"),
            ("the witness's role", self.with_entry(2, bit(48 + 8 + 1 + len(WITNESS))), "entry 2"),
        ]
        paths = [self.write(f"{i}.zip", zip_of(files)) for i, (_, files, _) in enumerate(cases)]
        for (name, _, place), said in zip(cases, self.page(*paths, key=self.j.vkey), strict=True):
            with self.subTest(name):
                self.assertFalse(said["ok"])
                self.assertEqual(said["wrong"]["place"], place, said["wrong"])

    def test_an_authority_that_nobody_knows_is_told_by_its_certificate(self):
        other = Authority(self, "other")
        done = subprocess.run([VERIFIER, "--json", "--key", self.j.vkey, "--tsa-ca", other.ca, self.good], capture_output=True, text=True)
        self.assertEqual(done.returncode, support.WRONG, done.stderr)
        self.assertEqual(json.loads(done.stdout)["wrong"]["where"], f"timestamp {self.stamped}")


if __name__ == "__main__":
    support.main()
