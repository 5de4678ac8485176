"""The same entries give the same state wherever and whenever they are folded; the same feed the same decisions."""
import os
import shutil
import subprocess
import unittest

import desk
import support
from support import Case

FEED = desk.synthetic(days=2, minutes=5, scenario="crash")


def stripped(j, **options):
    """The log without what must differ between two journals: when it was recorded, keys and signatures."""
    rows = []
    for line in j.run("log", "--json", **options).rows():
        line.pop("recorded_at")
        line.pop("signature", None)
        if line["kind"] == "control.genesis":
            line["body"].pop("key")
            for actor in line["body"]["actors"]:
                actor.pop("key")
        if line["kind"].startswith("control.configuration"):
            line.pop("at", None)
        if line["kind"] == "control.snapshot":
            line["body"].pop("digest")  # of the state, the actors' keys among it
        rows.append(line)
    return rows


class Determinism(Case):
    def german(self):
        """A locale whose decimals have commas, made here when the machine has the means."""
        where = self.path("locale")
        os.mkdir(where)
        if shutil.which("localedef"):
            subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(where, "de_DE.UTF-8")], capture_output=True)
        return {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "LOCPATH": where}

    def worlds(self):
        os.makedirs(self.path("a", "rather", "deep", "folder with spaces"))
        few = {"here": {}, "german": {"env": self.german()}}
        if support.QUICK:  # tests/machines asks for all of them, and more, of the build that people install
            return few
        return {
            **few, "tokyo": {"env": {"TZ": "Asia/Tokyo", "LANG": "ja_JP.UTF-8"}},
            "crowded": {"env": {f"FILLER_{i}": "x" * 997 for i in range(60)}},
            "bare": {"env": {"PATH": None, "HOME": None, "LANG": None}},
            "elsewhere": {"cwd": self.path("a", "rather", "deep", "folder with spaces")},
        }

    def test_replay_gives_one_digest_in_every_world(self):
        j = self.journal()
        desk.run(j, FEED)
        digest = j.run("replay", "--digest").out
        log, text = j.run("log").out, j.run("replay").out
        for name, options in self.worlds().items():
            with self.subTest(world=name):
                self.assertEqual(j.run("replay", "--digest", **options).out, digest)
                self.assertEqual(j.run("log", **options).out, log)
                self.assertEqual(j.run("replay", **options).out, text)
                self.assertIsNone(j.run("replay", "--redecide", "--json", **options).json()["differs"])
        copy = self.path("copy")
        shutil.copytree(j.path, copy)
        self.assertEqual(self.ledger("-C", copy, "replay", "--digest").out, digest)

    def test_a_run_in_every_world_decides_the_same(self):
        first = None
        for name, options in self.worlds().items():
            j = self.journal(os.path.join("a", name))
            done = j.run("run", "--feed", FEED, "--config", desk.WIDE, **options)
            with self.subTest(world=name):
                got = (stripped(j), support.money_state(j.json("replay")), done.out)
                first = first or got
                self.assertEqual(got[0], first[0])
                self.assertEqual(got[1:], first[1:])

    def test_prefixes_agree_with_the_way_there(self):
        j = self.journal()
        desk.run(j, FEED, more=["--until", "2026-01-05T16:00:00Z"])
        middle, size = j.run("replay", "--digest").out, j.size()
        desk.run(j, FEED)
        self.assertEqual(j.run("replay", "--digest", "--to", size).out, middle)
        self.assertNotEqual(j.run("replay", "--digest").out, middle)

    def test_the_other_build_decides_the_same(self):
        other = os.environ.get("LEDGER_OTHER_BINARY", "")
        if not os.path.exists(other):
            self.skipTest(f"there is no other build to compare with: {other or '$LEDGER_OTHER_BINARY is not set'}")
        a, b = self.journal("this"), self.journal("that")
        desk.run(a, FEED)
        desk.run(b, FEED, binary=other)
        rows = [[r for r in stripped(j) if r["kind"] != "control.run"] for j in (a, b)]  # which names the build
        self.assertEqual(*rows)
        self.assertEqual(a.run("replay", "--digest").out, a.run("replay", "--digest", binary=other).out)

    def test_seeds_and_scenarios_differ(self):
        digests = set()
        feeds = [desk.synthetic(seed=1, minutes=60), desk.synthetic(seed=2, minutes=60), desk.synthetic(seed=1, minutes=30),
                 desk.synthetic(seed=1, minutes=60, scenario="fall")]
        for n, feed in enumerate(feeds):
            j = self.journal(f"s{n}")
            desk.run(j, feed)
            digests.add(j.run("replay", "--digest").out)
        self.assertEqual(len(digests), len(feeds))


if __name__ == "__main__":
    support.main()
