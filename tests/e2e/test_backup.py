"""A backup is whole or not there: while writers append, on a full disk, with a damaged source, and killed half way."""
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import time
import unittest

import support
from support import COULD_NOT, WRONG, Case, note

ROUNDS = 4 if support.QUICK else 10
KILLS = 6 if support.QUICK else 20


def left_behind(case):
    """What unfinished backups have left in the scratch folder."""
    return sorted(name for name in os.listdir(case.dir) if ".backup-" in name)


class Backup(Case):
    def grown(self, kib, name="J"):
        """A journal of about so many KiB."""
        j = self.journal(name)
        line = json.dumps(note("x" * 4000)) + "\n"
        j.run("append", "--group", 100, self.write("big.jsonl", line * (kib // 4)))
        return j

    def backup(self, j, name, **options):
        return j.run("backup", self.path(name), "--json", **options)

    def as_journal(self, j, name):
        copy = support.Journal(self, self.path(name))
        copy.vkey = j.vkey
        return copy

    def test_what_is_in_it(self):
        j = self.journal()
        j.append(note("a"), note("b"))
        said = self.backup(j, "B").json()
        self.assertEqual(sorted(os.listdir(self.path("B"))), ["journal.mdb", "vault"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path("B")).st_mode), 0o700)
        for name in ("journal.mdb", "vault"):
            self.assertEqual(stat.S_IMODE(os.stat(self.path("B", name)).st_mode), 0o600)
        self.assertEqual(said["bytes"], os.path.getsize(self.path("B", "journal.mdb")))
        self.assertLess(said["bytes"], os.path.getsize(self.path("J", "journal.mdb")), "the file's free end is not copied")
        self.assertEqual((said["entries"], said["origin"], said["vkey"]), (3, support.ORIGIN, j.vkey))
        self.assertEqual(said["root"], j.run("verify", "--json").json()["root"])
        copy = self.as_journal(j, "B")
        copy.verify()
        self.assertEqual(copy.log(), j.log())
        copy.append(note("it goes on"))
        copy.verify()
        self.assertEqual(left_behind(self), [])
        text = j.run("backup", self.path("C"))
        self.assertIn("entries   3", text.out)
        self.assertIn("verified", text.out)

    def test_no_passphrase_is_needed_and_none_is_shown(self):
        j = self.journal()
        j.run("backup", self.path("B"), env={"LEDGER_PASSPHRASE_FILE": None}, start_new_session=True)
        self.as_journal(j, "B").append(note("the same passphrase opens it"))

    def test_places(self):
        j = self.journal()
        os.mkdir(self.path("empty"))
        j.run("backup", self.path("empty") + "//")
        self.as_journal(j, "empty").verify()
        self.write("file", "x")
        os.mkdir(self.path("full"))
        self.write("full/x", "x")
        os.symlink(self.path("nowhere"), self.path("link"))
        for name in ("file", "full", "link", "J", "empty"):
            with self.subTest(name=name):
                self.expect_error(COULD_NOT, name, "is there already", args=["-C", j.path, "backup", self.path(name)])
        self.expect_error(COULD_NOT, "inside of the journal", args=["-C", j.path, "backup", self.path("J", "B")])
        self.expect_error(COULD_NOT, "no/such", args=["-C", j.path, "backup", self.path("no/such/B")])
        for name in ("", ".", "..", "/", self.path(".")):
            with self.subTest(name=name):
                self.expect_error(COULD_NOT, "backup", args=["-C", j.path, "backup", name])
        self.expect_error(support.MISUSED, "directory to make is missing", args=["-C", j.path, "backup"])
        j.run("backup", "relative")
        self.as_journal(j, "relative").verify()
        self.assertEqual(left_behind(self), [])
        self.assertEqual(sorted(os.listdir(j.path)), ["journal.mdb", "journal.mdb-lock", "vault"])

    def test_other_files_are_named(self):
        j = self.journal()
        self.write("J/notes.txt", "mine")
        self.write("J/index.mdb", "derived")
        done = j.run("backup", self.path("B"))
        self.assertIn("notes.txt", done.err)
        self.assertNotIn("index.mdb", done.err)
        self.assertEqual(self.backup(j, "C").json()["left_out"], ["notes.txt"])
        self.assertEqual(sorted(os.listdir(self.path("C"))), ["journal.mdb", "vault"])

    def test_while_writers_append(self):
        j = self.grown(2000)
        writers = []
        for name, group in (("a", 1), ("b", 13), ("c", 100)):
            lines = "".join(json.dumps(note(f"{name} {i} " + "x" * 200)) + "\n" for i in range(300000))
            writers.append(j.start("append", "--group", group, self.write(name, lines)))
        said = []
        before = j.run("seal").lines[1]
        self.wait_for("the writers", lambda: j.run("seal").lines[1] != before)
        for n in range(ROUNDS):
            said.append(self.backup(j, f"B{n}").json())
        self.assertTrue(any(w.poll() is None for w in writers), "the writers were done before the backups")
        for w in writers:
            w.send_signal(signal.SIGKILL)
            w.wait()
        sizes = [row["entries"] for row in said]
        self.assertEqual(sizes, sorted(sizes))
        self.assertGreater(len(set(sizes)), 1, "nothing was appended between the backups")
        j.verify()
        for n, row in enumerate(said):
            copy = self.as_journal(j, f"B{n}")
            verified = copy.run("verify", "--key", j.vkey, "--json").json()
            self.assertEqual((verified["entries"], verified["root"]), (row["entries"], row["root"]))
            # A beginning of the origin: a seal of that size, byte for byte the same.
            self.assertEqual(copy.run("seal").out, j.run("seal", "--size", row["entries"]).out)
            copy.append(note("on"))
            copy.verify()
        self.assertEqual(left_behind(self), [])

    def test_a_key_made_meanwhile_is_there(self):
        """The vault is copied after the journal, so whoever may write by the copy's entries has a key in it."""
        j = self.grown(4000)
        makers = [j.start("actor", "add", f"person:{n}", "--role", "operator") for n in range(3)]
        for n in range(ROUNDS):
            self.backup(j, f"B{n}")
        for m in makers:
            self.assertEqual(m.wait(120), 0)
        self.backup(j, "last")
        for name in [f"B{n}" for n in range(ROUNDS)] + ["last"]:
            copy = self.as_journal(j, name)
            for row in copy.json("actor", "list"):
                if row["name"].startswith("person:"):
                    copy.run("stop", "--reason", "mine", "--actor", row["name"])
            copy.verify()
        self.assertEqual(sum(row["name"].startswith("person:") for row in copy.json("actor", "list")), 3)

    def test_two_histories_show(self):
        j = self.journal()
        j.append(note("both"))
        self.backup(j, "B")
        copy = self.as_journal(j, "B")
        j.append(note("one"))
        copy.append(note("other"))
        kept = self.write("kept", copy.run("seal").out)
        self.expect_error(WRONG, "another history", args=["-C", j.path, "verify", "--against", kept])
        # An old backup in its place: whole in itself, and the kept seal shows that it is old.
        kept = self.write("kept", j.run("seal").out)
        self.backup(j, "old")
        newer = self.as_journal(j, "old")
        newer.append(note("more"))
        kept = self.write("kept", newer.run("seal").out)
        self.expect_error(WRONG, "tail is cut", args=["-C", j.path, "verify", "--against", kept])

    def test_a_vault_that_is_missing_or_damaged(self):
        j = self.journal()
        with open(self.path("J", "vault"), "rb") as f:
            good = f.read()
        for what, damage in (("checksum", good[:100] + bytes([good[100] ^ 1]) + good[101:]), ("no vault", good[:40]),
                             ("begins otherwise", b"x" * 200)):
            self.write("J/vault", damage)
            self.expect_error(COULD_NOT, "vault", what, args=["-C", j.path, "backup", self.path("B")])
            self.assertFalse(os.path.exists(self.path("B")))
        os.unlink(self.path("J", "vault"))
        self.expect_error(COULD_NOT, "vault is not there", "export --raw", args=["-C", j.path, "backup", self.path("B")])
        self.assertEqual((left_behind(self), os.path.exists(self.path("B"))), ([], False))

    def test_a_damaged_source_is_not_copied(self):
        j = self.grown(400)
        path = self.path("J", "journal.mdb")
        with open(path, "rb") as f:
            good = f.read()
        at = good.rindex(b"x" * 1000)
        bad = bytearray(good)
        bad[at] ^= 1
        self.write("J/journal.mdb", bytes(bad))
        self.expect_error(WRONG, "no backup was made", "doctor", "entry", args=["-C", j.path, "backup", self.path("B")])
        for name, data in (("empty", b""), ("cut", good[:100000]), ("a page", good[:4096]), ("noise", os.urandom(len(good)))):
            with self.subTest(name=name):
                self.write("J/journal.mdb", data)
                self.expect_error(COULD_NOT, "journal.mdb", args=["-C", j.path, "backup", self.path("B")])
        os.unlink(path)
        self.expect_error(COULD_NOT, "no journal", args=["-C", j.path, "backup", self.path("B")])
        self.assertEqual((left_behind(self), os.path.exists(self.path("B"))), ([], False))

    def mount(self, kib):
        """A small file system of its own, or a skip that says why."""
        where = self.path("disk")
        os.mkdir(where)
        if not shutil.which("mount") or os.geteuid() != 0:
            self.skipTest("only root may mount a small disk")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", where], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", where])
        return where

    def test_a_full_disk(self):
        j = self.grown(2000)
        where = self.mount(1024)
        self.expect_error(COULD_NOT, "disk of the copy is full", "MiB", args=["-C", j.path, "backup", f"{where}/B"])
        self.assertEqual(os.listdir(where), [], "nothing is left")
        small = self.journal("small")
        small.run("backup", f"{where}/B")
        self.as_journal(small, "disk/B").verify()
        # Page by page less room: the journal, the vault or the lock file does not fit, and nothing is left.
        filler = os.path.join(where, "filler")
        whole = 0
        for pages in range(40):
            shutil.rmtree(f"{where}/C", ignore_errors=True)
            open(filler, "wb").close()
            free = os.statvfs(where).f_bavail * 4096
            self.write("disk/filler", bytes(free - 4096 * pages))
            done = small.run("backup", f"{where}/C", code=None)
            self.assertIn(done.code, (0, COULD_NOT), f"{pages} pages: {done}")
            whole += done.code == 0
            self.assertEqual(os.path.exists(f"{where}/C"), done.code == 0)
            self.assertEqual(sorted(set(os.listdir(where)) - {"C"}), ["B", "filler"], f"{pages} pages: {done}")
            if done.code != 0:
                self.assertRegex(done.err, "full|No space", f"{pages} pages")
        self.assertTrue(0 < whole < 40)

    def test_a_file_size_limit(self):
        j = self.grown(400)
        done = subprocess.run(["bash", "-c", f"ulimit -f 64; exec {support.BINARY} -C {j.path} backup {self.path('B')}"],
                              env=self.environment({}), capture_output=True, text=True)
        self.assertEqual(done.returncode, COULD_NOT, done.stderr)
        self.assertIn("ulimit -f", done.stderr)
        self.assertEqual((left_behind(self), os.path.exists(self.path("B"))), ([], False))

    @unittest.skipIf(os.geteuid() != 0, "only root can become a user who may not write")
    def test_no_permission(self):
        j = self.journal()
        os.chmod(self.dir, 0o755)
        os.mkdir(self.path("theirs"), 0o755)

        def nobody():
            os.setgid(65534)
            os.setuid(65534)
        self.expect_error(COULD_NOT, "no permission", args=["-C", j.path, "backup", self.path("theirs", "B")], preexec_fn=nobody)
        os.chmod(j.path, 0o755)
        os.chmod(self.path("J", "journal.mdb"), 0o644)
        self.expect_error(COULD_NOT, "theirs", "Permission denied", args=["-C", j.path, "backup", self.path("theirs", "B")],
                          preexec_fn=nobody)
        os.chmod(self.path("theirs"), 0o777)
        self.expect_error(COULD_NOT, "vault", "Permission denied", args=["-C", j.path, "backup", self.path("theirs", "B")],
                          preexec_fn=nobody)
        self.assertEqual(os.listdir(self.path("theirs")), [])

    def test_killed(self):
        """The name is there with a whole backup, or not at all; what is beside it may be removed."""
        j = self.grown(20000 if not support.QUICK else 4000)
        dice = random.Random(11)
        started = time.monotonic()
        self.backup(j, "whole")
        took = time.monotonic() - started
        killed = 0
        for n in range(KILLS):
            p = j.start("backup", self.path(f"K{n}"))
            time.sleep(dice.uniform(0, took))
            p.send_signal(signal.SIGKILL)
            p.wait()
            if os.path.exists(self.path(f"K{n}")):
                self.as_journal(j, f"K{n}").verify()
            else:
                killed += 1
            j.append(note("the original goes on"))
        self.assertGreater(killed, 0)
        self.assertTrue(left_behind(self), "no kill came in the middle")
        j.verify()
        # The next one of that name works beside what was left.
        again = next(n for n in range(KILLS) if not os.path.exists(self.path(f"K{n}")))
        self.backup(j, f"K{again}")
        self.as_journal(j, f"K{again}").verify()


if __name__ == "__main__":
    support.main()
