"""Persons with keys of their own: who may write, what two must want, keys that are revoked, lost and renewed, tokens."""
import glob
import json
import os
import shutil
import subprocess
import unittest

import foreign
import support
from support import COULD_NOT, DONE, MISUSED, WRONG, Case, Journal, note
from test_key import SCRIPT, VERIFIERS

CONFIG = "risk:\n  open_positions: 3\n"
MODULES = glob.glob("/usr/lib/softhsm/libsofthsm2.so") + glob.glob("/usr/lib64/*/libsofthsm2.so")
PIN = "271828"


class Person:
    """Somebody with a ring, and what makes a command sign with it."""

    def __init__(self, case, name):
        self.case, self.name = case, name
        self.ring, self.words = case.path(f"ring-{name}"), case.write(f"words-{name}", f"the words of {name}\n")
        self.vkey = case.ledger("key", "new", name, *self.where).out.strip()

    @property
    def where(self):
        return ["--keys", self.ring, "--keys-passphrase-file", self.words]

    @property
    def signs(self):
        return ["--actor", self.name, *self.where]


class Desk(Case):
    """An owned journal: eva the owner, ann the operator, bob of compliance."""

    def setUp(self):
        super().setUp()
        self.eva, self.ann, self.bob = (Person(self, name) for name in ("eva", "ann", "bob"))
        self.j = Journal(self, self.path("J"))
        self.j.vkey = self.j.run("init", "--origin", support.ORIGIN, "--owner", self.eva.vkey, "--person",
                                 f"operator={self.ann.vkey}", "--person", f"compliance={self.bob.vkey}").out.strip()
        self.config_file = self.write("c.yaml", CONFIG)

    def propose(self, person, *what):
        return self.j.run("propose", *what, *person.signs, "--json").json()["proposal"]

    def sha256(self, seq):
        shown = self.j.run("proposals", seq).out
        return [line.split()[2] for line in shown.splitlines() if line.startswith("draft sha256 ")][0]

    def approve(self, person, seq, **options):
        return self.j.run("approve", seq, "--sha256", self.sha256(seq), *person.signs, "--json", **options).json()

    def state(self, seq):
        return [row["state"] for row in self.j.run("proposals", "--json").json() if row["seq"] == seq][0]

    def kinds(self):
        return [e["kind"].split(".")[1] for e in self.j.log()]

    def refuse(self, *pieces, args, code=COULD_NOT):
        """The command is refused, and the journal is as it was."""
        before = self.j.size()
        self.expect_error(code, *pieces, args=["-C", self.j.path, *args])
        self.assertEqual(self.j.size(), before)

    def judge(self, raw=None, code=DONE):
        """All verifiers say the same of the journal, or of an export."""
        if raw is None:
            raw = self.path("all.raw")
            if os.path.exists(raw):
                os.unlink(raw)
            self.j.run("export", "--raw", raw, foreign=foreign.has_go)  # who else would know a later key?
        places = set()
        for args in ([support.BINARY, "verify", "--raw", raw, "--key", self.j.vkey], [VERIFIERS[0], raw, "--key", self.j.vkey],
                     ["node", SCRIPT, raw, "--key", self.j.vkey]):
            done = subprocess.run(args, env=self.env, capture_output=True, text=True)
            self.assertEqual(done.returncode, code, f"{args[:2]}: {done.stdout}{done.stderr}")
            places.update(w for w in ("entry 4",) if w in done.stdout + done.stderr)
        return places


class TwoPersons(Desk):
    def test_a_configuration_is_proposed_by_one_and_approved_by_another(self):
        self.refuse("needs two persons", "propose it", args=["config", "set", self.config_file, *self.ann.signs])
        seq = self.propose(self.ann, "config", self.config_file)
        self.assertEqual(self.state(seq), "open")
        self.assertIn("no configuration was entered yet", self.j.run("config", "show").out)
        self.refuse("ann has proposed it: a second person must approve it",
                    args=["approve", seq, "--sha256", self.sha256(seq), *self.ann.signs])
        done = self.approve(self.bob, seq)
        self.assertEqual(done, {"approval": seq + 1, "seq": seq + 2})
        self.assertEqual(self.kinds(), ["genesis", "proposal", "approval", "configuration"])
        self.assertIn("open_positions=3", self.j.run("config", "show").out)
        self.assertEqual(self.state(seq), "approved")
        shown = self.j.run("proposals", seq, "--json").json()
        self.assertEqual((shown["actor"], shown["approved_by"], shown["approval"]), ("ann", "bob", seq + 1))
        self.assertEqual(shown["draft"]["body"]["source"], CONFIG)
        entered = self.j.log()[-1]
        self.assertEqual((entered["actor"], entered["signature"]), ("ann", shown["draft"]["signature"]))
        self.refuse(f"was approved with entry {seq + 1} already", args=["approve", seq, "--sha256", self.sha256(seq), *self.bob.signs])
        self.judge()

    def test_what_is_approved_is_what_was_seen(self):
        seq = self.propose(self.ann, "config", self.config_file)
        other = self.propose(self.ann, "config", self.write("d.yaml", CONFIG.replace("3", "4")))
        self.assertIn("open_positions: 3", self.j.run("proposals", seq).out)
        self.refuse("has another SHA-256", "look at it again",
                    args=["approve", seq, "--sha256", self.sha256(other), *self.bob.signs])
        for bad in ("", "00", "z" * 64, self.sha256(seq).upper()):
            self.refuse("--sha256 takes 64 digits", code=MISUSED, args=["approve", seq, "--sha256", bad, *self.bob.signs])
        self.refuse("--sha256 HEX is missing", code=MISUSED, args=["approve", seq, *self.bob.signs])
        self.refuse("is no proposal", args=["approve", 1, "--sha256", self.sha256(seq), *self.bob.signs])
        self.refuse("is no proposal", args=["approve", 99, "--sha256", self.sha256(seq), *self.bob.signs])
        self.approve(self.bob, other)
        self.assertIn("open_positions=4", self.j.run("config", "show").out)
        self.judge()

    def test_a_proposal_is_over_after_its_time(self):
        seq = self.propose(self.ann, "config", self.config_file, "--valid", "1s")
        self.wait_for("the proposal to be over", lambda: self.state(seq) == "over")
        self.refuse("could be approved for 1 seconds", "proposed again",
                    args=["approve", seq, "--sha256", self.sha256(seq), *self.bob.signs])
        self.refuse("valid_s: from a second to seven days", args=["propose", "config", self.config_file, "--valid", "2w", *self.ann.signs])
        self.refuse("--valid", "write 90m", code=MISUSED, args=["propose", "config", self.config_file, "--valid", "soon", *self.ann.signs])

    def test_a_stop_needs_one_person_and_its_end_needs_two(self):
        self.refuse("nothing to resume from", args=["propose", "resume", "--reason", "x", *self.ann.signs])
        said = self.j.run("stop", "--reason", "quotes look wrong", *self.ann.signs)
        self.assertIn("propose resume", said.err)
        self.refuse("control.resume needs two persons", args=["resume", "--reason", "x", *self.bob.signs])
        seq = self.propose(self.bob, "resume", "--reason", "feed repaired")
        stopped = self.j.run("replay", "--digest").out
        self.approve(self.ann, seq)
        self.assertNotEqual(self.j.run("replay", "--digest").out, stopped)
        self.refuse("nothing to resume from", args=["propose", "resume", "--reason", "x", *self.ann.signs])
        self.assertEqual(self.kinds()[-4:], ["stop", "proposal", "approval", "resume"])
        self.judge()

    def test_what_came_after_a_proposal_is_not_undone_by_it(self):
        old = self.propose(self.ann, "config", self.config_file)
        self.approve(self.bob, self.propose(self.ann, "config", self.write("d.yaml", CONFIG.replace("3", "4"))))
        self.refuse("came after proposal", "propose it again", args=["approve", old, "--sha256", self.sha256(old), *self.bob.signs])
        self.j.run("stop", "--reason", "one", *self.ann.signs)
        seq = self.propose(self.ann, "resume", "--reason", "one is repaired")
        self.j.run("stop", "--reason", "two", *self.bob.signs)
        self.refuse("came after proposal", args=["approve", seq, "--sha256", self.sha256(seq), *self.eva.signs])
        self.assertIn("open_positions=4", self.j.run("config", "show").out)

    def draft(self, seq):
        return self.j.run("proposals", seq, "--json").json()["draft"]

    def test_settings_that_are_not_those_of_the_source(self):
        """People read the YAML; what has the effect must be what this program makes of it."""
        honest = self.draft(self.propose(self.ann, "config", self.config_file))
        body = dict(honest["body"], settings=honest["body"]["settings"] + "risk.open_positions=999\n")
        line = json.dumps({"kind": "control.configuration", "body": body}) + "\n"
        signed = self.j.run("sign", self.write("forged", line), *self.ann.signs).out
        self.refuse("settings: they are not what", args=["append", self.write("signed", signed)])
        body = dict(honest["body"], sha256="0" * 64)
        signed = self.j.run("sign", self.write("forged", json.dumps({"kind": "control.configuration", "body": body}) + "\n"), *self.ann.signs).out
        self.refuse("sha256: it is not that of the source", args=["append", self.write("signed", signed)])

    def test_an_approval_does_not_stand_alone(self):
        seq = self.propose(self.ann, "config", self.config_file)
        line = json.dumps({"kind": "control.approval", "cause": seq, "body": {"sha256": self.sha256(seq)}}) + "\n"
        approval = self.j.run("sign", self.write("a", line), *self.bob.signs).out
        self.refuse("an approval stands right before", args=["append", self.write("signed", approval)])
        other = self.j.run("sign", self.write("b", json.dumps(note("x")) + "\n"), *self.bob.signs).out
        self.refuse("an approval stands right before", args=["append", self.write("signed", approval + other)])
        self.approve(self.bob, seq)

    def test_holds_and_disposals(self):
        self.approve(self.eva, self.propose(self.bob, "hold", "H-1", "--scope", "all of 2026", "--reason", "an inquiry"))
        self.approve(self.ann, self.propose(self.bob, "disposal", "D-1", "--first", 1, "--last", 2, "--reason", "seven years"))
        held, disposed = [e for e in self.j.log() if e["kind"] in ("control.hold", "control.disposal")]
        self.assertEqual(held["body"], {"hold_id": "H-1", "scope": "all of 2026", "reason": "an inquiry"})
        self.assertEqual((disposed["body"]["first"], disposed["body"]["last"]), (1, 2))
        for first, last in ((0, 1), (2, 1), (1, 99)):
            self.refuse("are entries in order", args=["propose", "disposal", "D", "--first", first, "--last", last, "--reason", "x", *self.bob.signs])
        for args in (["hold"], ["hold", "H"], ["hold", "H", "--scope", "x"], ["disposal", "D", "--reason", "x"], ["config"], ["resume"],
                     ["disposal", "D", "--first", "1", "--reason", "x"], ["lunch"], [], ["resume", "--reason", "x", "--scope", "y"]):
            self.refuse("propose:", code=MISUSED, args=["propose", *args, *self.bob.signs])
        self.refuse("an id has", args=["propose", "hold", "a b", "--scope", "x", "--reason", "y", *self.bob.signs])
        self.refuse("the reason has", args=["propose", "hold", "H", "--scope", "x", "--reason", "", *self.bob.signs])
        self.judge()

    def test_in_a_journal_without_an_owner_nothing_is_proposed(self):
        j = self.journal("plain")
        self.expect_error(COULD_NOT, "has no owner", args=["-C", j.path, "propose", "config", self.config_file, "--actor", "operator"])
        self.assertIn("no proposals", j.run("proposals").out)
        self.assertEqual(j.run("proposals", "--json").json(), [])
        junk = self.write("junk", json.dumps({"kind": "control.proposal", "body": {"valid_s": 3600, "draft": "0102"}}) + "\n")
        self.expect_error(COULD_NOT, "must be signed", args=["-C", j.path, "append", junk])
        owner = self.write("owner", json.dumps({"kind": "control.actor", "actor": "journal", "body": {
            "actor_id": 11, "name": "eva", "role": "owner", "key": "00" * 32}}) + "\n")
        self.expect_error(COULD_NOT, "an owner changes what the journal asks", args=["-C", j.path, "append", owner])

    def test_a_journal_that_gets_its_owner_later(self):
        j = self.journal("later")
        self.expect_error(COULD_NOT, "is to have a key of their own", args=["-C", j.path, "actor", "add", "eva", "--role", "owner"])
        said = j.run("actor", "add", "eva", "--role", "owner", "--key", self.eva.vkey)
        for name in ("operator", "compliance"):
            self.assertIn(f"{name}'s key is in the journal's vault", said.err)
        self.expect_error(COULD_NOT, "operator signs with a key that is not in its vault", "key renew",
                          args=["-C", j.path, "propose", "config", self.config_file, "--actor", "operator"])
        ring = ["--keys", self.ann.ring, "--keys-passphrase-file", self.ann.words]
        vkey = self.ledger("key", "new", "operator", *ring).out.strip()
        j.run("key", "renew", "--key", vkey, "--reason", "a key of her own", *self.eva.signs)
        j.run("propose", "config", self.config_file, "--actor", "operator", *ring)

    def test_an_approval_taken_out_is_found_by_all(self):
        """A thief of the journal's own key drops the approval: whose key signs the seals does not matter."""
        self.approve(self.bob, self.propose(self.ann, "config", self.config_file))
        raw = self.path("one.raw")
        self.j.run("export", "--raw", raw)
        with open(raw, "rb") as f:
            data = f.read()
        sha = bytes.fromhex(self.sha256(2))
        self.assertEqual(data.count(sha), 1)  # stands in the approval alone
        with open(raw, "wb") as f:
            f.write(data.replace(sha, bytes(32)))
        self.judge(raw, WRONG)


class Persons(Desk):
    def test_nobody_is_taken_for_a_person(self):
        """Without that person's key nothing is entered in their name, and a stranger's key does not do."""
        self.refuse("no key of", args=["stop", "--reason", "x", "--actor", "ann", *self.bob.where])
        self.j.run("stop", "--reason", "x", *self.ann.signs)
        stranger = Person(self, "mallory")
        shutil.copytree(stranger.ring, self.path("ring-false"))
        false = self.ledger("key", "new", "ann", "--keys", self.path("ring-false"), "--keys-passphrase-file", stranger.words).out
        self.assertNotEqual(false.strip(), self.ann.vkey)
        self.refuse("the key that signs is not ann's", args=["stop", "--reason", "x", "--actor", "ann", "--keys", self.path("ring-false"),
                                                             "--keys-passphrase-file", stranger.words])
        self.refuse("ann signs with a key that is not in its vault", "ledger help sign", args=["stop", "--reason", "x", "--actor", "ann"])
        self.refuse("no actor \"mallory\"", args=["stop", "--reason", "x", *stranger.signs])
        self.refuse("--actor NAME says who signs", "no actor \"operator\"", args=["stop", "--reason", "x"])
        self.refuse("the passphrase", args=["stop", "--reason", "x", "--actor", "ann", "--keys", self.ann.ring,
                                            "--keys-passphrase-file", self.bob.words])
        self.refuse("no keys are there", "ledger key new ann", args=["stop", "--reason", "x", "--actor", "ann", "--keys", self.path("nowhere")])

    def test_an_entry_is_signed_where_the_key_is_and_entered_by_others(self):
        lines = self.write("n.jsonl", json.dumps(note("calm morning")) + "\n\n" + json.dumps({**note("storm"), "actor": "ann"}) + "\n")
        self.refuse("line 1", "actor: missing", args=["append", lines])
        unsigned = self.write("u.jsonl", json.dumps({**note("storm"), "actor": "ann"}) + "\n")
        self.refuse("must be signed with ann's own key", args=["append", unsigned])
        copy = self.path("copy")
        self.j.run("backup", copy)
        signed = self.ledger("-C", copy, "sign", lines, *self.ann.signs)
        self.assertEqual(len(signed.rows()), 2)
        path = self.write("signed.jsonl", signed.out)
        self.j.run("append", path)
        self.assertEqual([e["body"]["text"] for e in self.j.log() if e["kind"] == "control.note"], ["calm morning", "storm"])
        self.refuse("this signature stands in entry", args=["append", path])
        forged = self.write("forged.jsonl", signed.out.replace("calm", "warm"))
        self.refuse("the signature is not ann's", args=["append", forged])
        self.refuse("it is ann's to sign, not bob's", args=["sign", unsigned, *self.bob.signs])
        self.refuse("it is signed already", args=["sign", path, *self.ann.signs])
        self.refuse("n.jsonl", args=["sign", self.write("n.jsonl", "{\n"), *self.ann.signs])
        for args in (["sign"], ["sign", lines], ["sign", lines, "--actor", "ann"], ["sign", "--statement", lines, *self.ann.signs],
                     ["sign", lines, "--out", "x", *self.ann.signs], ["sign", lines, *self.ann.signs, "--pkcs11", "pkcs11:object=x"],
                     ["sign", lines, "--actor", "ann", "--pin-file", "x", "--keys", "x"], ["sign", lines, "--actor", "ann", "--keys-passphrase-file", "x"]):
            self.refuse("", code=MISUSED, args=args)
        self.judge()

    def test_a_statement_of_anything_but_a_key_is_not_signed(self):
        """Whoever shows eva a file must not get an entry signed that the command does not make."""
        lines = self.write("n.jsonl", json.dumps({**note("calm"), "at": "2024-01-02T14:31:00Z"}) + "\n")
        seq = self.propose(self.ann, "config", self.config_file)
        draft = self.j.log()[seq - 1]["body"]["draft"]
        statement = b"ledger statement v1\n" + support.ORIGIN.encode() + b"\n" + bytes.fromhex(draft)[:-64]
        self.expect_error(COULD_NOT, "control.configuration; --statement is for a control.key alone",
                          args=["sign", "--statement", self.write("st", statement), "--out", self.path("out"), *self.ann.signs])
        self.assertFalse(os.path.exists(self.path("out")))
        self.assertEqual(len(self.ledger("-C", self.j.path, "sign", lines, *self.ann.signs).rows()), 1)

    def test_a_statement_is_shown_to_who_signs_it(self):
        other = self.write("other-vault", "another one\n")
        os.rename(os.path.join(self.j.path, "vault"), self.path("vault.lost"))
        env = {"LEDGER_PASSPHRASE_FILE": other}
        self.j.run("key", "recover", "--owner", "eva", "--statement", self.path("to-sign"), "--reason", "the disk burned", env=env)
        said = self.ledger("sign", "--statement", self.path("to-sign"), "--out", self.path("signature"), *self.eva.signs)
        for piece in ("control.key", support.ORIGIN, "the disk burned"):
            self.assertIn(piece, said.err)
        self.assertRegex(said.err, r"\n  at  +\S+\n  cause  +0\n")
        self.j.run("key", "recover", "--statement", self.path("to-sign"), "--signature", self.path("signature"), env=env)
        self.assertEqual(self.j.log()[-1]["actor"], "eva")
        self.judge()
        una = Person(self, "una")
        self.j.run("actor", "add", "una", "--role", "owner", "--key", una.vkey, *self.eva.signs, env=env)
        self.j.run("key", "revoke", "eva", "--reason", "left", *una.signs, env=env)
        os.unlink(os.path.join(self.j.path, "vault"))
        self.expect_error(COULD_NOT, "was revoked", args=["-C", self.j.path, "key", "recover", "--owner", "eva", "--statement",
                                                          self.path("again"), "--reason", "x"], env=env)
        for bad, why in ((b"", "no statement"), (b"hello\n", "no statement"), (b"ledger statement v1\nno\x00line", "names no journal"),
                         (b"ledger statement v1\nx\n", "its entry"), (b"ledger statement v1\n" + b"x\n" + b"\0" * 48, "its entry")):
            path = self.write("bad", bad)
            self.expect_error(COULD_NOT, why, args=["sign", "--statement", path, "--out", self.path("out"), *self.eva.signs])
        self.assertFalse(os.path.exists(self.path("out")))

    def test_an_owner_brings_in_others_and_nobody_else_does(self):
        carl = Person(self, "carl")
        add = ["actor", "add", "carl", "--role", "auditor", "--key", carl.vkey]
        self.refuse("has an owner, who signs for new actors", args=add)
        self.refuse("who alone brings in new actors", args=[*add, *self.ann.signs])
        self.j.run(*add, *self.eva.signs)
        self.refuse("already", args=[*add, *self.eva.signs])
        self.refuse("may not write control.stop", "auditor", args=["stop", "--reason", "x", *carl.signs])
        self.judge()

    def test_who_is_revoked_writes_no_more_until_there_is_a_new_key(self):
        j = self.j
        seq = self.propose(self.ann, "config", self.config_file)
        sha = self.sha256(seq)
        self.refuse("an owner's word", args=["key", "revoke", "ann", "--reason", "x", *self.bob.signs])
        j.run("key", "revoke", "ann", "--reason", "laptop stolen", *self.eva.signs)
        self.refuse("was revoked with entry", args=["stop", "--reason", "x", *self.ann.signs])
        self.refuse("ann, who has proposed it, was revoked", args=["approve", seq, "--sha256", sha, *self.bob.signs])
        self.assertRegex(j.run("actor").out, r"(?m)^ +10  ann +operator +ann\+\S+  \(revoked\)$")
        self.assertIn(self.bob.vkey, j.run("actor").out)
        fresh = self.ledger("key", "new", "ann", "--keys", self.path("new-ring"), "--keys-passphrase-file", self.ann.words).out.strip()
        self.refuse("was revoked", args=["key", "renew", "--key", fresh, "--reason", "x", *self.ann.signs])
        j.run("key", "renew", "--key", fresh, "--reason", "a new laptop", *self.eva.signs)
        self.refuse("the key that signs is not ann's", args=["stop", "--reason", "x", *self.ann.signs])
        j.run("stop", "--reason", "x", "--actor", "ann", "--keys", self.path("new-ring"), "--keys-passphrase-file", self.ann.words)
        again = self.ledger("key", "new", "bob", "--keys", self.path("new-ring"), "--keys-passphrase-file", self.ann.words).out.strip()
        j.run("key", "renew", "--key", again, "--reason", "each year", *self.bob.signs)  # by himself, with the old one
        self.refuse("the key that signs is not bob's", args=["stop", "--reason", "x", *self.bob.signs])
        self.refuse("eva is the last owner", args=["key", "revoke", "eva", "--reason", "x", *self.eva.signs])
        self.refuse("no actor", args=["key", "revoke", "nobody", "--reason", "x", *self.eva.signs])
        self.judge()

    def test_keys_are_made_once_and_shown_again(self):
        self.assertEqual(self.ledger("key", "show", "ann", *self.ann.where).out.strip(), self.ann.vkey)
        self.expect_error(COULD_NOT, "ann", args=["key", "new", "ann", *self.ann.where])
        self.expect_error(COULD_NOT, "no key of \"carl\"", args=["key", "show", "carl", *self.ann.where])
        self.expect_error(MISUSED, "--keys DIR, or --pkcs11 URI", args=["key", "new", "carl"])
        for name in ("", "a b", "a+b", "x" * 65, "journal", "b\u00f6b", "a\x7f"):
            self.expect_error(COULD_NOT, "name", args=["key", "new", name, *self.ann.where])
            self.expect_error(COULD_NOT, "name", args=["key", "new", name, "--keys", self.path("none"), "--keys-passphrase-file",
                                                       self.ann.words])
        self.assertFalse(os.path.exists(self.path("none")))
        with open(os.path.join(self.j.path, "vault"), "rb") as f:
            before = f.read()
        self.expect_error(COULD_NOT, "is a journal", args=["key", "new", "carl", "--keys", self.j.path, "--keys-passphrase-file",
                                                           self.env["LEDGER_PASSPHRASE_FILE"]])
        with open(os.path.join(self.j.path, "vault"), "rb") as f:
            self.assertEqual(f.read(), before)
        for args in (["new"], ["show"], ["rotate", "x"], ["new", "x", "--reason", "y"], ["renew", "--actor", "a", "--reason", "b"],
                     ["revoke", "x"], ["revoke", "x", "--actor", "y"], ["renew", "--key", "k", "--actor", "a"]):
            self.expect_error(MISUSED, "key:", args=["-C", self.j.path, "key", *args])
        self.assertEqual(os.stat(self.ann.ring).st_mode & 0o077, 0)
        with open(os.path.join(self.ann.ring, "vault"), "rb") as f:
            self.assertNotIn(b"ann", f.read())

    def test_programs_read_what_was_done(self):
        made = self.ledger("key", "new", "carl", "--json", *self.ann.where)
        self.assertEqual(made.err, "")
        self.assertEqual(made.json(), {"name": "carl", "vkey": self.ledger("key", "show", "carl", *self.ann.where).out.strip()})
        self.assertEqual(self.ledger("key", "show", "carl", "--json", *self.ann.where).json(), made.json())
        added = self.j.run("actor", "add", "carl", "--role", "auditor", "--key", made.json()["vkey"], "--json", *self.eva.signs).json()
        self.assertEqual((added["name"], added["seq"]), ("carl", 2))
        self.assertEqual([row["name"] for row in self.j.run("actor", "--json").json() if row["id"] == added["id"]], ["carl"])
        self.assertEqual(self.j.run("key", "revoke", "carl", "--reason", "x", "--json", *self.eva.signs).json(), {"seq": 3})
        fresh = self.ledger("key", "new", "carl", *self.bob.where).out.strip()
        self.assertEqual(self.j.run("key", "renew", "--key", fresh, "--reason", "x", "--json", *self.eva.signs).json(), {"seq": 4})
        self.assertEqual(self.kinds(), ["genesis", "actor", "revocation", "actor_key"])

    def test_first_keys_of_a_ring_may_be_made_at_once(self):
        names = [f"p{i}" for i in range(4)]
        where = ["--keys", self.path("together"), "--keys-passphrase-file", self.ann.words]
        running = [subprocess.Popen([support.BINARY, "key", "new", name, *where], env=self.environment(None), stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True) for name in names]
        made = [p.communicate() for p in running]
        self.assertEqual([p.returncode for p in running], [DONE] * len(names), made)
        for name, (out, _) in zip(names, made):
            self.assertEqual(self.ledger("key", "show", name, *where).out, out)

    def test_without_a_terminal_the_option_that_helps_is_named(self):
        for says, args in ((("--keys-passphrase-file", "$LEDGER_KEYS_PASSPHRASE_FILE"), ["key", "show", "ann", "--keys", self.ann.ring]),
                           (("--pin-file",), ["key", "show", "ann", "--pkcs11", "pkcs11:token=x;object=ann"]),
                           (("--new-passphrase-file",), ["-C", self.j.path, "key", "passphrase"])):
            told = self.expect_error(COULD_NOT, "no terminal to ask on", *says, args=args, start_new_session=True)
            self.assertNotIn(" --passphrase-file", told.err)

    def test_an_actor_is_given_no_key_that_is_nobodys(self):
        """With 32 zero bytes the last owner would be gone without having been revoked."""
        eva = next(row for row in self.j.run("actor", "--json").json() if row["name"] == "eva")["id"]
        count = len(self.j.run("actor", "--json").json())
        for key in ("00" * 32, "01" + "00" * 31, "ff" * 32):
            for kind, body in (("control.actor_key", {"actor_id": eva, "key": key, "reason": "x"}),
                               ("control.actor", {"actor_id": count + 1, "name": "gone", "role": "owner", "key": key})):
                line = self.write("k.jsonl", json.dumps({"kind": kind, "body": body}) + "\n")
                signed = self.write("s.jsonl", self.j.run("sign", line, *self.eva.signs).out)
                self.refuse("no sound Ed25519 key", args=["append", signed])
        self.judge()

    def test_a_journal_with_persons_needs_an_owner_and_two_persons_have_two_keys(self):
        def refuse(*pieces, args, code=COULD_NOT):
            self.expect_error(code, *pieces, args=["-C", self.path("K"), "init", "--origin", "desk.example/k", *args])
            self.assertFalse(os.path.exists(self.path("K")))
        same = self.ann.vkey
        refuse("need an owner", args=["--person", f"operator={self.ann.vkey}"])
        refuse("there is an actor of this name already", args=["--owner", same, "--person", f"operator={same}"])
        refuse("a person is owner, operator, compliance or auditor", args=["--owner", self.eva.vkey, "--person", f"broker={same}"])
        refuse("there is no such role", args=["--person", f"king={same}"])
        refuse("--person ROLE=VKEY", code=MISUSED, args=["--person", "operator"])
        refuse("--owner", args=["--owner", "eva+1+2"])
        with open(os.path.join(self.ann.ring, "vault"), "rb") as f:
            vault = f.read()
        self.assertTrue(vault)
        said = self.ledger("-C", self.path("K"), "init", "--origin", "desk.example/k", "--owner", self.eva.vkey)
        self.assertIn("nobody else", said.err)
        names = [row["name"] for row in self.ledger("-C", self.path("K"), "actor", "--json").json()]
        self.assertNotIn("operator", names)
        self.assertIn("broker:paper", names)

    def test_no_word_of_a_passphrase_is_said(self):
        for args in (["stop", "--reason", "x", *self.ann.signs], ["actor"], ["proposals"]):
            done = self.j.run(*args)
            self.assertNotIn("the words of", done.out + done.err)


class Recovering(Desk):
    def test_two_rings_sign_that_a_restored_backup_goes_on(self):
        guard = self.path("guard")
        self.j.run("guard", "set", guard, *self.ann.signs)
        self.j.run("backup", self.path("backup"))
        self.j.run("stop", "--reason", "x", *self.ann.signs)
        old = Journal(self, self.path("backup"))
        shutil.copy(os.path.join(self.j.path, "vault"), os.path.join(old.path, "vault"))
        self.expect_error(COULD_NOT, "ledger help recover", args=["-C", old.path, "stop", "--reason", "x", *self.ann.signs])
        second = ["--second", "bob", "--second-keys", self.bob.ring, "--second-keys-passphrase-file", self.bob.words]
        self.expect_error(COULD_NOT, "a second person must approve it", args=["-C", old.path, "recover", *self.ann.signs, "--second", "ann",
                          "--second-keys", self.ann.ring, "--second-keys-passphrase-file", self.ann.words, "--reason", "x"])
        old.run("recover", *self.ann.signs, *second, "--reason", "the disk was lost")
        self.j = Journal(self, old.path)
        self.j.vkey = old.json("verify")["vkey"]
        self.assertEqual(self.kinds()[-3:], ["proposal", "approval", "recovery"])
        self.judge()


@unittest.skipUnless(MODULES and shutil.which("softhsm2-util"), "softhsm2 is not installed")
class Token(Desk):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("tokens"))
        self.env["SOFTHSM2_CONF"] = self.write("softhsm2.conf", f"directories.tokendir = {self.path('tokens')}\nobjectstore.backend = file\n")
        self.env["ASAN_OPTIONS"] += ":fast_unwind_on_malloc=0"  # so that what SoftHSM leaks is told from what we do
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "desk", "--so-pin", "3141592", "--pin", PIN],
                       env=self.env, check=True, capture_output=True)
        self.pin = self.write("pin", PIN + "\n")

    def where(self, name):
        return ["--pkcs11", f"pkcs11:token=desk;object={name}?module-path={MODULES[0]}", "--pin-file", self.pin]

    def test_a_key_in_a_token_signs_as_any_other(self):
        vkey = self.ledger("key", "new", "dora", *self.where("dora")).out.strip()
        self.assertEqual(self.ledger("key", "show", "dora", *self.where("dora")).out.strip(), vkey)
        self.j.run("actor", "add", "dora", "--role", "compliance", "--key", vkey, *self.eva.signs)
        seq = self.propose(self.ann, "config", self.config_file)
        dora = ["--actor", "dora", *self.where("dora")]
        self.j.run("approve", seq, "--sha256", self.sha256(seq), *dora)
        self.j.run("stop", "--reason", "x", *dora)
        self.assertEqual([e["actor"] for e in self.j.log()[-3:]], ["dora", "ann", "dora"])
        self.expect_error(COULD_NOT, "dora", args=["key", "new", "dora", *self.where("dora")])
        self.refuse("", args=["stop", "--reason", "x", "--actor", "dora", *self.where("nobody")])
        wrong = self.write("wrong", "000000\n")
        self.refuse("PIN", args=["stop", "--reason", "x", "--actor", "dora", "--pkcs11", self.where("dora")[1], "--pin-file", wrong])
        self.refuse("the key that signs is not ann's", args=["stop", "--reason", "x", "--actor", "ann", *self.where("dora")])
        self.judge()


if __name__ == "__main__":
    support.main()
