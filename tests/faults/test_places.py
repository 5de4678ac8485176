"""A journal whose files are pulled away under a writer: lock files deleted, left over or of somebody else, a folder moved, copied or read-only, a
clock that steps back. Nothing is forked, lost or corrupted in silence."""
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import unittest

import faults  # first: it finds the folder of the next ones
import desk
import support
from faults import SHIM
from support import COULD_NOT, DONE, WRONG, Acknowledgement, Case, note

FEED = desk.synthetic(date="2026-01-05", days=1, minutes=60)


class Writer:
    """An `append` that is open all the time and is given one line after the other."""

    def __init__(self, case, journal, name):
        self.case, self.name, self.count = case, name, 0
        self.process = journal.start("append", "--group", "1", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)

    def say(self):
        """One line; its acknowledgement, or None when the writer has ended."""
        self.count += 1
        try:
            self.process.stdin.write((json.dumps(note(f"{self.name} {self.count}")) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        self.case.assertTrue(ready, "the writer neither answers nor ends")
        line = self.process.stdout.readline().decode()
        return Acknowledgement(line.strip()) if line else None

    def end(self):
        """Its exit code and what it said on stderr."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        err = self.process.stderr.read().decode()
        return self.process.wait(60), err


class Locks(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.lock = self.path("J", "journal.mdb-lock")

    def texts(self, j=None):
        return [row["body"].get("text") for row in (j or self.j).log()[1:]]

    def check_two(self, a, b, said):
        """What was acknowledged is there, once, in order; whoever could not go on has said why."""
        for w in (a, b):
            code, err = w.end()
            if code != DONE:
                self.assertEqual(code, COULD_NOT, err)
                self.assertEqual(len([line for line in err.splitlines() if line.startswith("ledger: ")]), 1, err)
        self.j.verify()
        texts = self.texts()
        self.assertEqual(sorted(set(texts)), sorted(texts), "nothing is there twice")
        for text, ack in said:
            self.assertEqual(texts[ack.first - 2], text, "acknowledged, and not there")
        for w in (a, b):
            own = [text for text in texts if text.startswith(w.name + " ")]
            self.assertEqual(own, sorted(own, key=lambda text: int(text.split()[1])))
        self.j.append(note("it goes on"))
        self.j.verify()

    def two_writers(self, between):
        """One writer is open, something happens, a second one opens; then both write in turn."""
        a = Writer(self, self.j, "a")
        said = [(f"a {i + 1}", a.say()) for i in range(3)]
        between()
        b = Writer(self, self.j, "b")
        for _ in range(20):
            for w in (b, b, a):
                ack = w.say() if w.process.poll() is None else None
                if ack:
                    said.append((f"{w.name} {w.count}", ack))
        self.assertTrue([text for text, _ in said if text.startswith("b")], "the second writer never wrote")
        self.check_two(a, b, said)

    def test_two_writers(self):
        self.two_writers(lambda: None)

    def test_the_lock_file_is_deleted(self):
        self.two_writers(lambda: os.unlink(self.lock))

    def test_every_file_but_the_journal_and_its_vault_is_deleted(self):
        def delete():
            for path in glob.glob(self.path("J", "*")):
                if os.path.basename(path) not in ("journal.mdb", "vault"):
                    os.unlink(path)

        self.two_writers(delete)

    def test_the_lock_file_is_replaced(self):
        def replace():
            shutil.copy(self.lock, self.lock + ".copy")
            os.rename(self.lock + ".copy", self.lock)

        self.two_writers(replace)

    def test_readers_see_no_wreck_when_the_lock_file_is_deleted(self):
        """A reader that began before, and writers that do not know of it: it ends well, or with words."""
        big = "".join(json.dumps(note(f"{i} " + "x" * 3000)) + "\n" for i in range(3000))
        self.j.run("append", input=big)
        for _ in range(4):
            reader = self.j.start("log", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            reader.stdout.read(1)
            os.unlink(self.lock)
            for i in range(6):
                self.j.append(note(f"after {i}"))
            out, err = reader.communicate()
            self.assertIn(reader.returncode, (DONE, COULD_NOT), err.decode()[:500])
            for line in out.decode().splitlines()[1:-1]:
                json.loads(line)
        self.j.verify()

    def test_a_lock_file_that_is_left_over(self):
        """Of another machine, of a copy, of an older program, or no lock file at all: nobody is shut out."""
        with open(self.lock, "rb") as f:
            own = f.read()
        other = self.journal("other", "desk.example/other")
        other.append(note("x"), note("y"))
        with open(self.path("other", "journal.mdb-lock"), "rb") as f:
            others = f.read()
        for content in (own, others, b"", bytes(len(own)), os.urandom(len(own)), b"x" * 100, own + bytes(1 << 16)):
            with self.subTest(size=len(content)):
                before = self.j.size()
                self.write("J/journal.mdb-lock", content)
                self.j.append(note("goes on"))
                self.j.verify()
                self.assertEqual(self.j.size(), before + 1)

    def holds_the_lock(self, pid):
        with open("/proc/locks", encoding="utf-8") as f:
            rows = [line.split() for line in f]
        inode = str(os.stat(self.path("J", "journal.mdb")).st_ino)
        return any("FLOCK" in row and "->" not in row and row[4] == str(pid) and row[5].split(":")[2] == inode for row in rows)

    @unittest.skipUnless(os.path.exists("/proc/locks"), "there is no /proc/locks to look into")
    def test_a_holder_that_is_killed(self):
        """The lock goes with its holder: the next writer starts at once."""
        lines = self.write("big", "".join(json.dumps(note(f"{i} " + "x" * 200)) + "\n" for i in range(30000)))
        killed = 0
        for _ in range(200):
            p = self.j.start("append", "--group", "10000", lines)
            held = False
            while p.poll() is None and not held:
                held = self.holds_the_lock(p.pid)
            p.send_signal(signal.SIGKILL)
            p.wait()
            killed += held
            self.j.run("append", input=json.dumps(note("next")) + "\n", timeout=60)
            if killed == 5:
                break
        self.assertEqual(killed, 5, "no writer was ever met with the lock in its hands")
        self.j.verify()


class Moved(Case):
    def test_moved_under_a_writer(self):
        """The writer goes on in the folder it has open, or says that it cannot; the name it had may be somebody else's."""
        for fresh in (False, True):
            with self.subTest(fresh=fresh):
                name = f"J{fresh}"
                j = self.journal(name)
                w = Writer(self, j, "w")
                acks = [w.say() for _ in range(3)]
                os.rename(self.path(name), self.path(name + "moved"))
                moved = support.Journal(self, self.path(name + "moved"))
                moved.vkey = j.vkey
                if fresh:
                    j = self.journal(name, "desk.example/new")
                acks += [w.say() if w.process.poll() is None else None for _ in range(5)]
                code, err = w.end()
                self.assertIn(code, (DONE, COULD_NOT), err)
                if code:
                    self.assertTrue(err.startswith("ledger: "), err)
                moved.verify()
                texts = [row["body"].get("text") for row in moved.log()[1:]]
                for i, ack in enumerate(acks):
                    if ack:
                        self.assertEqual(texts[ack.first - 2], f"w {i + 1}", "acknowledged, and not there")
                self.assertEqual(texts, [f"w {i + 1}" for i in range(len(texts))])
                if fresh:
                    self.assertEqual(len(j.log()), 1, "the writer has strayed into another journal")
                    j.verify()
                else:
                    self.assertFalse(os.path.exists(self.path(name)), "a folder was made where none was")
                moved.append(note("on"))
                moved.verify()

    def test_copied_under_a_writer(self):
        """A copy by cp is good up to a seal, or is refused in words; ledger backup is what makes good ones."""
        j = self.journal()
        lines = self.write("lines", "".join(json.dumps(note(f"{i} " + "x" * 500)) + "\n" for i in range(20000)))
        j.append(note("first"))
        good = refused = 0
        for n in range(12):
            p = j.start("append", "--group", "7", lines)
            self.wait_for("the writer", lambda: j.size() > 5 or p.poll() is not None)
            copy = self.path(f"copy{n}")
            subprocess.run(["cp", "-r", j.path, copy], check=True)
            p.send_signal(signal.SIGKILL)
            p.wait()
            done = self.ledger("-C", copy, "verify", "--key", j.vkey, code=None)
            self.assertIn(done.code, (DONE, WRONG, COULD_NOT), str(done))
            if done.code == DONE:
                good += 1
                size = int(self.ledger("-C", copy, "seal").lines[1])
                self.assertEqual(self.ledger("-C", copy, "seal").out, j.run("seal", "--size", size).out, "it is no beginning of it")
            else:
                refused += 1
                self.assertTrue(done.err.strip(), str(done))
            shutil.rmtree(copy)
        self.assertEqual(good + refused, 12)
        j.verify()


@unittest.skipUnless(os.getuid() == 0, "only root may mount")
class ReadOnly(Case):
    def test_a_mount_that_is_read_only(self):
        j = self.journal()
        desk.run(j, FEED)
        where = self.path("ro")
        os.mkdir(where)
        for command in (["mount", "--bind", j.path, where], ["mount", "-o", "remount,bind,ro", where]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                self.skipTest("no read-only mount here: " + done.stderr.strip())
            if command[1] == "--bind":
                self.addCleanup(subprocess.run, ["umount", "-l", where], check=False)
        ro = support.Journal(self, where)
        ro.vkey = j.vkey
        for args in (["append"], ["stop", "--reason", "x"], ["config", "set", desk.BASELINE], ["snapshot"],
                     ["run", "--feed", FEED, "--config", desk.WIDE], ["actor", "add", "x", "--role", "operator"]):
            with self.subTest(args=args):
                self.expect_error(COULD_NOT, where, "ead-only", args=["-C", where, *args], input=json.dumps(note("x")))
        self.expect_error(COULD_NOT, "ead-only", args=["-C", os.path.join(where, "new"), "init", "--origin", "a.b/c"])
        ro.verify()
        self.assertEqual(ro.json("replay"), j.json("replay"))
        for args in (["log"], ["show", "1"], ["seal"], ["report", "blotter"], ["export", "--raw", self.path("raw")],
                     ["backup", self.path("copy")]):
            with self.subTest(args=args):
                ro.run(*args)
        self.ledger("-C", self.path("copy"), "append", input=json.dumps(note("a copy can be written to")))


@unittest.skipUnless(os.path.exists(SHIM), f"the shim is not built: {SHIM}")
class Clock(Case):
    """What append says of it: tests/e2e/test_errors.py."""

    def test_every_command_that_writes_refuses_a_step_back(self):
        j = self.journal()
        j.append(note("now"))
        back = {"LD_PRELOAD": SHIM, "FAULT_WHAT": "clock", "FAULT_CLOCK": "-7200"}
        for args in (["stop", "--reason", "x"], ["config", "set", desk.BASELINE], ["actor", "add", "x", "--role", "operator"],
                     ["snapshot"], ["run", "--feed", FEED, "--config", desk.WIDE]):
            with self.subTest(args=args):
                self.expect_error(COULD_NOT, "clock has stepped back", args=["-C", j.path, *args], env=back)
                self.assertEqual(j.size(), 2)
        j.verify()
        j.run("stop", "--reason", "x")
        j.verify()

    def test_a_step_back_between_two_runs_of_a_writer_that_is_ahead(self):
        """A clock that was ahead has left a mark: until it is reached again the journal says so; a reader is not hindered."""
        j = self.journal()
        ahead = {"LD_PRELOAD": SHIM, "FAULT_WHAT": "clock", "FAULT_CLOCK": "86400"}
        j.run("append", input=json.dumps(note("from tomorrow")), env=ahead)
        self.expect_error(COULD_NOT, "clock has stepped back", args=["-C", j.path, "append"], input=json.dumps(note("today")))
        j.verify()
        j.run("append", input=json.dumps(note("tomorrow again")), env={**ahead, "FAULT_CLOCK": "86500"})
        self.assertEqual(j.size(), 3)
        j.verify()


if __name__ == "__main__":
    faults.main()
