"""The fork guard: whatever past a journal comes back from, it signs no second history; two persons can let it go on."""
import json
import os
import shutil
import signal
import subprocess
import time

import support
from support import COULD_NOT, DONE, MISUSED, WRONG, Case, note

KILLS = 10 if support.QUICK else 40
REASON = "the disk was lost; last night's backup is what there is"


class Guard(Case):
    def guarded(self, name="J", guards=1, texts=3):
        """A journal with guards outside of it, and some notes."""
        os.makedirs(self.path("elsewhere"), exist_ok=True)
        paths = [self.path("elsewhere", f"{name}{n}.guard") for n in range(guards)]
        j = support.Journal(self, self.path(name))
        j.vkey = j.run("init", "--origin", support.ORIGIN, *[a for p in paths for a in ("--guard", p)]).out.strip()
        j.guards = paths
        for i in range(texts):
            j.append(note(f"{name} {i}"))
        return j

    def copy(self, j, name):
        shutil.copytree(j.path, self.path(name), ignore=shutil.ignore_patterns("*-lock", "journal.queue"))
        return self.named(j, name)

    def named(self, j, name):
        copy = support.Journal(self, self.path(name))
        copy.vkey, copy.guards = j.vkey, j.guards
        return copy

    def shown(self, j, code=DONE):
        return j.run("guard", "--json", code=code).json()

    def recover(self, j, *more, code=DONE):
        return j.run("recover", "--actor", "operator", "--second", "compliance", "--reason", REASON, *more, code=code)

    def assert_refused(self, j, *pieces):
        """Every command that writes says one line and exits with 3; nothing changes; reading goes on."""
        with open(os.path.join(j.path, "journal.mdb"), "rb") as f:
            before = f.read()
        self.write("one", json.dumps(note("in vain")) + "\n")
        config = os.path.join(support.SOURCE, "examples", "naked-put.yaml")
        commands = [["append", self.path("one")], ["append", "--group", "1", self.path("one")], ["stop", "--reason", "x"],
                    ["actor", "add", "joe", "--role", "auditor"], ["guard", "set", self.path("elsewhere", "new")], ["guard", "off"],
                    ["config", "set", config], ["snapshot"],
                    ["run", "--feed", "synthetic:seed=7,underlying=ACME,date=2026-01-05", "--config", config]]
        for command in commands:
            with self.subTest(command=command):
                self.expect_error(COULD_NOT, *pieces, "ledger help recover", args=["-C", j.path, *command])
        with open(os.path.join(j.path, "journal.mdb"), "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertFalse(os.path.exists(self.path("elsewhere", "new")))
        j.run("verify", "--key", j.vkey)
        j.run("log")
        j.run("seal")

    # -- what it says ----------------------------------------------------------------------------------------------

    def test_what_is_shown(self):
        j = self.guarded(guards=2)
        said = self.shown(j)
        root = j.run("verify", "--json").json()["root"]
        self.assertTrue(said["agree"])
        self.assertEqual(said["journal"], {"entries": 4, "root": root})
        self.assertEqual([row["path"] for row in said["guards"]], j.guards)
        for row in said["guards"]:
            self.assertTrue(row["agrees"])
            self.assertEqual((row["signed"], row["by"]), ({"entries": 4, "root": root}, j.path))
            self.assertNotIn("next", row)
        text = j.run("guard")
        for piece in ("journal  4 entries", j.guards[0], j.guards[1], "agrees"):
            self.assertIn(piece, text.out)
        self.assertEqual(text.out, j.run("guard", "show").out)
        with open(j.guards[0], encoding="ascii") as f:
            self.assertTrue(f.read().startswith(f"ledger guard 1\nkey {j.vkey}\n"))
        self.assertEqual(os.stat(j.guards[0]).st_mode & 0o777, 0o600)
        rows = [row for row in j.json("doctor") if row["check"] == "guard"]
        self.assertEqual([row["grade"] for row in rows], ["good", "good"])

    def test_without_one(self):
        j = self.journal()
        self.assertEqual(self.shown(j)["guards"], [])
        self.assertIn("none is set", j.run("guard").out)
        self.assertIn("none is set", str([row for row in j.json("doctor") if row["check"] == "guard"]))
        j.append(note("as ever"))

    def test_set_and_off(self):
        j = self.journal()
        a, b = self.path("a.guard"), self.path("b.guard")
        said = j.run("guard", "set", a, b, "--actor", "compliance")
        self.assertEqual(said.out, "guarded: entry 2, signed by compliance\n")
        self.assertIn("own file system", said.err)
        entry = j.log()[-1]
        self.assertEqual((entry["kind"], entry["actor"]), ("control.note", "compliance"))
        self.assertEqual(entry["body"]["text"], f"fork guards from here on: {a} and {b}")
        j.append(note("on"))
        self.assertEqual([row["signed"]["entries"] for row in self.shown(j)["guards"]], [3, 3])
        self.assertEqual(j.run("guard", "off").out, "no longer guarded: entry 4, signed by operator\n")
        j.append(note("on"))
        self.assertEqual(self.shown(j)["guards"], [])
        self.assertTrue(os.path.exists(a), "what it was is known for ever")
        j.run("guard", "set", "relative.guard")
        self.assertEqual(self.shown(j)["guards"][0]["path"], os.path.join(os.path.realpath(self.dir), "relative.guard"))
        j.verify()

    def test_bad_places_and_words(self):
        j = self.journal()
        os.mkdir(self.path("dir"))
        self.write("notes", "mine")
        for path, code, pieces in ((os.path.join(j.path, "g"), COULD_NOT, ["own directory"]), (self.path("no/g"), COULD_NOT, ["No such"]),
                                   (self.path("dir"), COULD_NOT, ["dir"]), (self.path("notes"), COULD_NOT, ["is there already"]),
                                   ("", COULD_NOT, ["names no file"])):
            with self.subTest(path=path):
                self.expect_error(code, *pieces, args=["-C", j.path, "guard", "set", path])
                self.expect_error(code, *pieces, args=["-C", self.path("new"), "init", "--origin", "x.example/y", "--guard", path.replace("/J/", "/new/")])
                self.assertFalse(os.path.exists(self.path("new")))
        self.assertEqual(self.read("notes"), b"mine")
        same = self.path("same")
        self.expect_error(COULD_NOT, "named twice", args=["-C", j.path, "guard", "set", same, same])
        self.expect_error(COULD_NOT, "no actor", args=["-C", j.path, "guard", "set", same, "--actor", "nobody"])
        self.assertFalse(os.path.exists(same))
        for args in (["guard", "set"], ["guard", "set", "a", "b", "c"], ["guard", "off", "a"], ["guard", "on"], ["guard", "show", "--actor", "x"],
                     ["recover"], ["recover", "--actor", "a", "--reason", "x"], ["recover", "--actor", "a", "--second", "b"],
                     ["init", "--origin", "x", "--guard", "a", "--guard", "b", "--guard", "c"]):
            with self.subTest(args=args):
                self.expect_error(MISUSED, args[0], args=["-C", j.path, *args])
        self.assertEqual(j.size(), 1)

    # -- other pasts -----------------------------------------------------------------------------------------------

    def test_a_restored_backup(self):
        j = self.guarded()
        j.run("backup", self.path("B"))
        j.append(note("after the backup"))
        b = self.named(j, "B")
        self.assert_refused(b, "has seen 5 entries", "has 4 entries", "backup that was restored")
        said = self.shown(b, code=WRONG)
        self.assertFalse(said["agree"])
        self.assertIn("backup that was restored", said["guards"][0]["why"])
        self.assertEqual((said["journal"]["entries"], said["guards"][0]["signed"]["entries"]), (4, 5))
        self.assertRegex(b.run("doctor", code=WRONG).out, r"bad +guard +the guard .* has seen 5 entries")
        j.append(note("the true one goes on"))
        # Nobody can sign for it alone, and not without a reason.
        self.expect_error(COULD_NOT, "a second person must approve it", args=["-C", b.path, "recover", "--actor", "operator", "--second", "operator", "--reason", "x"])
        self.expect_error(COULD_NOT, "may not write control.approval",
                          args=["-C", b.path, "recover", "--actor", "operator", "--second", "broker:paper", "--reason", "x"])
        self.expect_error(COULD_NOT, "the reason has", args=["-C", b.path, "recover", "--actor", "operator", "--second", "compliance", "--reason", ""])
        said = self.recover(b, "--json").json()
        self.assertEqual((said["seq"], said["guard_size"], said["size"]), (7, 6, 4))
        proposal, approval, recovery = b.log()[-3:]
        self.assertEqual([row["kind"] for row in (proposal, approval, recovery)], ["control.proposal", "control.approval", "control.recovery"])
        self.assertEqual([row["actor"] for row in (proposal, approval, recovery)], ["operator", "compliance", "operator"])
        self.assertEqual(approval["cause"], proposal["seq"])
        self.assertEqual(recovery["body"]["reason"], REASON)
        self.assertEqual(recovery["body"]["guard_root"], j.run("verify", "--json").json()["root"])
        b.append(note("from here on"))
        b.verify()
        self.assert_refused(j, "has seen 8 entries", "has 6 entries")
        self.expect_error(COULD_NOT, "nothing to recover from", args=["-C", b.path, "recover", "--actor", "operator", "--second", "compliance", "--reason", "x"])

    def test_a_copy_and_its_original_are_both_used(self):
        j = self.guarded()
        clone = self.copy(j, "clone")
        clone.append(note("the copy is first"))
        self.assert_refused(j, "has seen 5 entries", "has 4 entries")
        clone.append(note("and goes on"))
        self.assertEqual(self.shown(clone)["guards"][0]["by"], clone.path)

    def test_a_file_set_back(self):
        """The same file, in the same place: a disk that was set back, by one group only."""
        j = self.guarded(guards=2)
        with open(os.path.join(j.path, "journal.mdb"), "rb") as f:
            before = f.read()
        j.append(note("one more"))
        with open(os.path.join(j.path, "journal.mdb"), "r+b") as f:
            f.write(before)
            f.truncate(len(before))
        os.unlink(os.path.join(j.path, "journal.mdb-lock"))
        self.assert_refused(j, "has seen 5 entries", "has 4 entries")
        self.recover(j)
        j.append(note("on"))
        j.verify()

    def test_an_old_guard(self):
        j = self.guarded(guards=2)
        kept = self.read("elsewhere/J1.guard")
        j.append(note("one more"))
        self.write("elsewhere/J1.guard", kept)
        self.assert_refused(j, "no more than 4 entries", "the guard was set back or restored")
        self.recover(j)
        j.append(note("on"))

    def test_a_lost_guard(self):
        j = self.guarded(guards=2)
        os.rename(j.guards[1], self.path("away"))
        self.assert_refused(j, "cannot be read", "No such file", "if it is lost, two persons")
        self.assertEqual(j.run("guard", code=COULD_NOT).out.count("agrees"), 1)
        self.assertRegex(j.run("doctor", code=COULD_NOT).out, r"unseen +guard")
        os.rename(self.path("away"), j.guards[1])
        j.append(note("it was only away"))
        for how, damage in (("gone", None), ("empty", b""), ("cut", b"ledger guard 1\n"), ("noise", os.urandom(2048))):
            with self.subTest(how=how):
                os.unlink(j.guards[1])
                if damage is not None:
                    self.write("elsewhere/J1.guard", damage)
                self.assert_refused(j, "cannot be read")
                before = j.size()
                if how == "noise":  # somebody's own file, for all we know
                    self.expect_error(COULD_NOT, "is no guard of this journal", args=["-C", j.path, "recover", "--actor", "operator",
                                                                                       "--second", "compliance", "--reason", "x"])
                    self.assertEqual(len(self.read("elsewhere/J1.guard")), 2048, "it is left alone")
                    os.unlink(j.guards[1])
                self.assertEqual(self.recover(j, "--json").json()["guard_size"], before)
                j.append(note(f"on, after {how}"))
                self.assertEqual([row["signed"]["entries"] for row in self.shown(j)["guards"]], [before + 4] * 2)
        shutil.rmtree(self.path("elsewhere"))
        os.mkdir(self.path("other"))
        self.expect_error(COULD_NOT, "elsewhere", args=["-C", j.path, "recover", "--actor", "operator", "--second", "compliance", "--reason", "x"])
        said = self.recover(j, "--guard", self.path("other", "g"), "--json").json()
        self.assertEqual(said["guard_size"], 0)
        self.assertEqual(said["found"]["guards"][0]["agrees"], False)
        j.append(note("on"))
        j.verify()

    def test_the_guard_of_another_journal(self):
        j, other = self.guarded(), self.guarded("K")
        self.expect_error(COULD_NOT, "is the guard of another journal", args=["-C", self.path("L"), "init", "--origin", "l.example/l", "--guard", j.guards[0]])
        self.assertFalse(os.path.exists(self.path("L")))
        shutil.copy(other.guards[0], j.guards[0])
        self.assert_refused(j, "is the guard of another journal", other.vkey)
        self.expect_error(COULD_NOT, "name another place", args=["-C", j.path, "recover", "--actor", "operator", "--second", "compliance", "--reason", "x"])
        self.recover(j, "--guard", self.path("elsewhere", "mine"))
        j.append(note("on"))
        other.append(note("on"))

    def test_what_is_damaged_is_not_signed_for(self):
        j = self.guarded()
        j.run("backup", self.path("B"))
        j.append(note("more"))
        b = self.named(j, "B")
        data = bytearray(self.read("B/journal.mdb"))
        data[data.rindex(b"J 2")] ^= 1
        self.write("B/journal.mdb", bytes(data))
        self.expect_error(WRONG, "does not verify", args=["-C", b.path, "recover", "--actor", "operator", "--second", "compliance", "--reason", "x"])

    # -- at the same time ------------------------------------------------------------------------------------------

    def test_many_writers(self):
        """Of one journal, whoever leads for whom: all in one history, and the guard with it."""
        j = self.guarded(guards=2, texts=0)
        writers = []
        for name in "abcd":
            lines = "".join(json.dumps(note(f"{name} {i}")) + "\n" for i in range(50))
            writers.append(j.start("append", "--group", "1", self.write(name, lines)))
        for w in writers:
            self.assertEqual(w.wait(120), DONE)
        self.assertEqual(j.size(), 201)
        self.assertEqual([row["signed"]["entries"] for row in self.shown(j)["guards"]], [201, 201])
        j.verify()

    def test_writers_of_two_copies(self):
        j = self.guarded(texts=0)
        clone = self.copy(j, "clone")
        writers = []
        for k, name in ((j, "a"), (clone, "b"), (j, "c"), (clone, "d")):
            lines = "".join(json.dumps(note(f"{name} {i}")) + "\n" for i in range(50))
            writers.append(k.start("append", "--group", "1", self.write(name, lines), stderr=subprocess.PIPE))
        codes = [w.wait(120) for w in writers]
        self.assertIn(codes, ([DONE, COULD_NOT, DONE, COULD_NOT], [COULD_NOT, DONE, COULD_NOT, DONE]))
        sizes = sorted([j.size(), clone.size()])
        self.assertEqual(sizes, [1, 101])

    def test_killed_writers(self):
        """Killed anywhere, also between guard and commit: the same file goes on, and what was acknowledged is known to the guard."""
        j = self.guarded(guards=2, texts=0)
        lines = self.write("lines", "".join(json.dumps(note(f"{i} " + "x" * 100)) + "\n" for i in range(100000)))
        dangling = 0
        for n in range(KILLS):
            out = self.path(f"out{n}")
            with open(out, "wb") as f:
                p = j.start("append", "--group", "1", lines, stdout=f)
                self.wait_for("an acknowledgement", lambda: os.path.getsize(out) > 0 or p.poll() is not None)
                time.sleep(0.003 * (n % 10))
                p.send_signal(signal.SIGKILL)
                p.wait()
            with open(out, encoding="ascii") as f:
                acked = [line for line in f.read().split("\n")[:-1] if line]
            said = self.shown(j)
            dangling += any("next" in row for row in said["guards"])
            last = support.Acknowledgement(acked[-1]).last
            self.assertGreaterEqual(said["journal"]["entries"], last)
            for row in said["guards"]:
                self.assertGreaterEqual(max(row["signed"]["entries"], row.get("next", row["signed"])["entries"]), last)
            j.append(note("it goes on"))
        self.assertGreater(dangling, 0, "no kill came between guard and commit")
        j.verify()


if __name__ == "__main__":
    support.main()
