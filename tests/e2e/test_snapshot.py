"""ledger snapshot, replay --from-start and --check-snapshots: a stored state makes a replay short and changes nothing."""
import json
import os
import random
import time
import unittest

import desk
import support
from support import COULD_NOT, MISUSED, WRONG, Case


class Snapshot(Case):
    FEED = desk.synthetic(days=1, minutes=5)

    def session(self, until=None):
        j = self.journal()
        desk.run(j, self.FEED, more=["--until", until] if until else [])
        return j

    def kinds(self, j):
        return [e["kind"] for e in j.log("--kind", "control")]

    def same(self, j, *to):
        """The digest from a snapshot, and from the first entry."""
        options = ["--to", *to] if to else []
        begun = j.run("replay", "--digest", *options)
        self.assertEqual(begun.out, j.run("replay", "--digest", "--from-start", *options).out)
        return begun

    def test_a_session_ends_with_a_snapshot_and_the_next_begins_with_it(self):
        j = self.session("2026-01-05T15:00:00Z")
        self.assertEqual(self.kinds(j)[-1], "control.snapshot")
        last = j.log("--kind", "control.snapshot")[-1]
        self.assertEqual(last["seq"], j.size())
        self.assertEqual(last["body"]["covered"], last["seq"] - 1)
        self.assertEqual(last["actor"], "journal")
        self.assertEqual(j.run("replay", "--digest", "--to", last["body"]["covered"]).out.strip(), last["body"]["digest"])
        desk.run(j, self.FEED)
        self.same(j)
        self.assertEqual(self.kinds(j).count("control.snapshot"), 2)
        self.assertIsNone(j.redecide()["differs"])
        later = j.run("replay", "--redecide", "--since", last["seq"], "--json").json()
        self.assertEqual((later["differs"], later["begun_at"]), (None, last["body"]["covered"]))
        self.assertIn("was not looked at", j.run("replay", "--redecide", "--since", last["seq"]).err)
        j.verify()

    def test_on_request(self):
        j = self.session()
        said = j.json("snapshot")
        self.assertEqual(said["seq"], j.size())
        self.assertEqual(said["covered"], said["seq"] - 1)
        self.assertEqual(j.run("replay", "--digest", "--to", said["covered"]).out.strip(), said["digest"])
        again = j.run("snapshot").out
        self.assertIn(f"entry {said['seq'] + 1} vouches for it", again)
        self.assertIn(f"the state after entry {said['seq']} is stored", again)
        for to in (1, 2, 100, said["covered"] - 1, said["covered"], said["seq"]):
            self.same(j, to)
        self.same(j, "2026-01-05T15:00:00Z")
        self.same(j, "2026-01-06T15:00:00Z")
        good = j.run("replay", "--check-snapshots", "--json").json()
        self.assertEqual((good["wrong"], good["compared"], good["stored"], good["foreign"]), (None, 3, 3, 0))
        self.assertIn("no difference", j.run("replay", "--check-snapshots").out)
        j.verify()
        copy = self.path("copy")
        j.run("backup", copy)
        self.assertEqual(self.ledger("-C", copy, "replay", "--digest").out, j.run("replay", "--digest").out)

    def damage(self, j):
        """A byte of every stored state: in the name of a reducer, which no entry holds in this form."""
        path = os.path.join(j.path, "journal.mdb")
        with open(path, "r+b") as f:
            content = f.read()
            needle = (9).to_bytes(8, "big") + b"naked_put" + bytes(0)
            at, found = content.find(needle), 0
            while at >= 0:
                f.seek(at + 8)
                f.write(b"N")
                found += 1
                at = content.find(needle, at + 1)
        self.assertGreater(found, 0)

    def test_damaged_bytes_are_passed_over_and_named(self):
        j = self.session()
        digest = j.run("replay", "--digest").out
        said = j.json("snapshot")
        after = j.run("replay", "--digest").out
        self.damage(j)
        shown = self.same(j)
        self.assertEqual(shown.out, after)
        self.assertNotEqual(digest, after)
        self.assertIn("is passed over", shown.err)
        j.verify()  # the record itself is whole
        wrong = j.run("replay", "--check-snapshots", "--json", code=WRONG)
        self.assertEqual(wrong.json()["wrong"], j.log("--kind", "control.snapshot")[0]["seq"])
        self.assertIn("stored bytes", wrong.err)
        self.assertIn("is passed over", j.run("stop", "--reason", "to see the remark").err)
        mended = j.json("snapshot")
        self.assertGreater(mended["seq"], said["seq"])
        self.assertEqual(self.same(j).err, "")

    def test_every_so_many_entries(self):
        j = self.journal()
        config = self.write("often.yaml", desk.configuration(strategy={"underlyings": ["ACME"]},
                                                             journal={"snapshot_every": 500}))
        desk.run(j, self.FEED, config=config)
        written = j.log("--kind", "control.snapshot")
        self.assertGreater(len(written), 1)
        for e in written:
            shown = j.run("replay", "--digest", "--from-start", "--to", e["body"]["covered"]).out.strip()
            self.assertEqual(shown, e["body"]["digest"])
        self.assertIsNone(j.redecide()["differs"])
        never = self.journal("never")
        config = self.write("never.yaml", desk.configuration(strategy={"underlyings": ["ACME"]},
                                                             journal={"snapshot_every": 0}))
        desk.run(never, self.FEED, config=config)
        self.assertNotIn("control.snapshot", self.kinds(never))

    def test_nobody_appends_one(self):
        j = self.journal()
        line = {"kind": "control.snapshot", "body": {"covered": 1, "digest": "0" * 64, "bytes": 1,
                                                     "fingerprint": "0" * 64}}
        self.expect_error(COULD_NOT, "line 1", "ledger snapshot", args=("-C", j.path, "append"),
                          input=json.dumps(line) + "\n")
        self.assertEqual(j.size(), 1)

    def test_misuse(self):
        j = self.journal()
        for args, piece in ((["replay", "--check-snapshots", "--digest"], "--check-snapshots"),
                            (["replay", "--check-snapshots", "--to", "1"], "--check-snapshots"),
                            (["replay", "--redecide", "--check-snapshots"], "--redecide"),
                            (["replay", "--redecide", "--from-start"], "--redecide"),
                            (["replay", "--since", "1"], "--since"), (["replay", "--redecide", "--since", "0"], "from 1"),
                            (["snapshot", "x"], "one argument too many")):
            self.expect_error(MISUSED, piece, args=["-C", j.path, *args])

    def test_killed_at_any_moment(self):
        j = self.session("2026-01-05T15:00:00Z")
        pick = random.Random(7)
        killed = 0
        for _ in range(6 if support.QUICK else 30):
            p = j.start("snapshot")
            time.sleep(pick.random() * (0.2 if support.QUICK else 0.05))
            p.kill()
            killed += p.wait() != 0
        self.assertGreater(killed, 0)
        j.run("snapshot")
        self.assertEqual(self.same(j).err, "")
        self.assertIsNone(j.json("replay", "--check-snapshots")["wrong"])
        j.verify()
        desk.run(j, self.FEED)
        self.assertIsNone(j.redecide()["differs"])


if __name__ == "__main__":
    support.main()
