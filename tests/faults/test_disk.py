"""A disk that is full: a clear error, nothing half written, everything readable, and on with it when there is room again.

The disk is a small tmpfs, and a small ext4 in a file where one may be mounted: it has reservations and delayed allocation, as real ones do.
"""
import json
import os
import shutil
import subprocess
import unittest

import faults  # first: it finds the folder of the next ones
import desk
import support
from support import COULD_NOT, DONE, Acknowledgement, Case, note

DAY = "2026-01-05"
MIB = 1 << 20


class Disk(Case):
    """What both kinds of disk must stand."""

    def mount(self, mib):
        raise unittest.SkipTest("only its heirs have a disk")

    def call(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            self.skipTest(f"no small disk here: {command[0]}: {done.stderr.strip()[:200]}")

    def mounted(self, *mount):
        where = self.path("disk")
        os.mkdir(where)
        self.call("mount", *mount, where)
        self.addCleanup(subprocess.run, ["umount", "-l", where], check=False, capture_output=True)
        return where

    def fill(self, where, leave=0):
        """Fills the disk up to its last page, but for `leave` bytes."""
        path = os.path.join(where, "ballast")
        with open(path, "ab", buffering=0) as f:
            for size in (MIB, 4096, 512):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass
            f.truncate(max(0, f.tell() - leave))
        return path

    def lines(self, count, size=2000):
        return "".join(json.dumps(note(f"{i} " + "x" * size)) + "\n" for i in range(count))

    def on_disk(self, mib, **run):
        where = self.mount(mib)
        j = support.Journal(self, os.path.join(where, "J")).init()
        if run:
            desk.run(j, desk.synthetic(date=DAY, **run))
        return where, j

    def texts(self, j):
        return [row["body"].get("text", "").split(" ")[0] for row in j.log()[1:]]

    def test_append_until_there_is_no_room(self):
        where, j = self.on_disk(8)
        for group in (1, 20, 300):
            ballast = self.fill(where, leave=MIB)
            before = j.size()
            result = self.expect_error(COULD_NOT, "append", "disk is full", "nothing of its group is written",
                                       args=["-C", j.path, "append", "--group", group], input=self.lines(4000))
            acks = [Acknowledgement(line) for line in result.lines]
            self.assertEqual(j.size(), acks[-1].last if acks else before, "what is not acknowledged is not there")
            self.assertEqual(self.texts(j)[before - 1:], [str(i) for i in range(j.size() - before)])
            # On the full disk: reading goes on, another attempt fails as clearly.
            for command in (["verify", "--key", j.vkey], ["replay"], ["seal"], ["doctor"]):
                done = j.run(*command, code=None)
                self.assertIn(done.code, (DONE, support.WRONG) if command == ["doctor"] else (DONE,), str(done))
            self.expect_error(COULD_NOT, "disk is full", args=["-C", j.path, "append"], input=self.lines(2000))
            os.unlink(ballast)
            now = j.size()
            j.run("append", input=self.lines(3))
            self.assertEqual(j.size(), now + 3)
            j.verify()

    def test_init(self):
        where = self.mount(8)
        ballast = self.fill(where)
        path = os.path.join(where, "J")
        self.expect_error(COULD_NOT, args=["-C", path, "init", "--origin", support.ORIGIN])
        self.assertEqual(set(os.listdir(where)) - {"ballast", "lost+found"}, set())
        # With less and less room: whole, or nothing.
        made = 0
        for kib in (4, 16, 64, 128, 256, 512, 1024, 2048):
            os.unlink(ballast)
            self.fill(where, leave=kib * 1024)
            done = self.ledger("-C", path, "init", "--origin", support.ORIGIN, code=None)
            self.assertEqual(os.path.exists(path), done.code == DONE, str(done))
            if done.code:
                self.assertEqual(done.code, COULD_NOT, str(done))
                self.assertRegex(done.err, "disk is full|No space left")
            else:
                made += 1
                self.ledger("-C", path, "verify", "--key", done.out.strip())
                shutil.rmtree(path)
        self.assertGreater(made, 0)

    def whole_or_nothing(self, where, j, args, out, check):
        """With more and more room the command fails clearly and leaves nothing, until it is done."""
        path = os.path.join(where, out)
        refused = 0
        for kib in [4 * 2 ** n for n in range(13)]:
            ballast = self.fill(where, leave=kib * 1024)
            done = j.run(*args, path, code=None)
            self.assertIn(done.code, (DONE, COULD_NOT), str(done))
            self.assertEqual(os.path.exists(path), done.code == DONE, str(done))
            left = set(os.listdir(where)) - {"ballast", "lost+found", "J", out}
            self.assertEqual(left, set(), f"something is left behind\n{done}")
            if done.code:
                self.assertRegex(done.err, "(?i)full|No space left", str(done))
                refused += 1
            j.verify()
            os.unlink(ballast)
            if done.code == DONE:
                break
        self.assertEqual(done.code, DONE, str(done))
        self.assertGreater(refused, 0)
        check(path)

    def test_nightly(self):
        where, j = self.on_disk(24, days=1, minutes=60)
        self.whole_or_nothing(where, j, ["nightly", "--date", DAY, "--out"], "pack",
                              lambda path: j.run("report", "verify", path))

    def test_export(self):
        where, j = self.on_disk(24, days=1, minutes=60)
        self.whole_or_nothing(where, j, ["export", "--raw"], "raw", lambda path: self.ledger("verify", "--raw", path))

    def test_backup(self):
        where, j = self.on_disk(24, days=1, minutes=60)
        self.whole_or_nothing(where, j, ["backup"], "copy", lambda path: self.ledger("-C", path, "verify"))

    def test_run_and_snapshot(self):
        """A run that ends for want of room goes on where it was, and trades as one that had room."""
        alone = self.journal("alone")
        feed = desk.synthetic(date=DAY, days=2, minutes=5)
        desk.run(alone, feed)
        where, j = self.on_disk(24)
        ballast = self.fill(where, leave=MIB)
        self.expect_error(COULD_NOT, "disk is full", args=["-C", j.path, "run", "--feed", feed, "--config", desk.WIDE])
        j.verify()
        os.unlink(ballast)
        desk.run(j, feed)
        self.assertEqual(support.money_state(j.json("replay")), support.money_state(alone.json("replay")))
        ballast = self.fill(where)
        done = j.run("snapshot", code=None)
        self.assertIn(done.code, (DONE, COULD_NOT), str(done))
        self.assertEqual(support.money_state(j.json("replay")), support.money_state(alone.json("replay")))
        j.verify()


@unittest.skipUnless(os.getuid() == 0, "only root may mount a small disk")
class Tmpfs(Disk):
    def mount(self, mib):
        return self.mounted("-t", "tmpfs", "-o", f"size={mib}m", "tmpfs")


@unittest.skipUnless(os.getuid() == 0, "only root may mount a small disk")
class Ext4(Disk):
    def mount(self, mib):
        image = self.path("image")
        with open(image, "wb") as f:
            f.truncate((mib + 2) * MIB)
        if not shutil.which("mkfs.ext4"):
            self.skipTest("the program mkfs.ext4 is not installed")
        self.call("mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", image)
        return self.mounted("-o", "loop", image)


del Disk  # not a test itself

if __name__ == "__main__":
    faults.main()
