"""Every kind of damage has its finding, its exit code, and how far the journal is good; and nothing is repaired in silence."""
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import signal
import stat
import struct
import subprocess
import time
import unittest

import support
from support import COULD_NOT, WRONG, Case, note

PAGE = 4096
FLIPS = 30 if support.QUICK else 120


class Pages:
    """LMDB's file as its pages: which one belongs to what. A second reader, for finding where to do damage."""

    def __init__(self, data):
        self.data = data
        metas = [self.meta(i) for i in range(2)]
        self.newest = max(range(2), key=lambda i: metas[i]["txnid"])
        self.used = metas[self.newest]["last"] + 1
        self.of = {"main": self.tree(metas[self.newest]["main"])}
        for page in self.of["main"]["leaf"]:
            for key, value in self.rows(page):
                self.of[key.decode()] = self.tree(struct.unpack_from("<Q", value, 40)[0])

    def meta(self, i):
        at = i * PAGE + 16
        return {"main": struct.unpack_from("<Q", self.data, at + 72 + 40)[0],
                "last": struct.unpack_from("<Q", self.data, at + 120)[0],
                "txnid": struct.unpack_from("<Q", self.data, at + 128)[0]}

    def nodes(self, page):
        lower, = struct.unpack_from("<H", self.data, page * PAGE + 12)
        for i in range((lower - 16) // 2):
            offset, = struct.unpack_from("<H", self.data, page * PAGE + 16 + 2 * i)
            yield page * PAGE + offset

    def rows(self, page):
        for at in self.nodes(page):
            low, high, flags, key_size = struct.unpack_from("<HHHH", self.data, at)
            size = low | high << 16
            key = self.data[at + 8:at + 8 + key_size]
            value = self.data[at + 8 + key_size:at + 8 + key_size + (8 if flags & 1 else size)]
            if flags & 1:
                overflow, = struct.unpack("<Q", value)
                value = self.data[overflow * PAGE + 16:overflow * PAGE + 16 + size]
            yield key, value

    def tree(self, root):
        """{"branch": pages, "leaf": pages} below a root."""
        found = {"branch": [], "leaf": []}
        left = [] if root == 2**64 - 1 else [root]
        while left:
            page = left.pop(0)
            flags, = struct.unpack_from("<H", self.data, page * PAGE + 10)
            found["branch" if flags & 1 else "leaf"].append(page)
            if flags & 1:
                for at in self.nodes(page):
                    low, high, top, _ = struct.unpack_from("<HHHH", self.data, at)
                    left.append(low | high << 16 | top << 32)
        return found


def zeroed(data, page, count=1):
    return data[:page * PAGE] + bytes(count * PAGE) + data[(page + count) * PAGE:]


class Doctor(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        lines = [json.dumps(note(f"{i} " + "x" * 300)) + "\n" for i in range(700)]
        self.j.run("append", "--group", 3, self.write("lines", "".join(lines)))
        self.j.run("stop", "--reason", "a signature")
        self.file = self.path("J", "journal.mdb")
        with open(self.file, "rb") as f:
            self.good = f.read()
        self.pages = Pages(self.good)
        self.size = 702
        self.seals = [1] + list(range(4, 701, 3)) + [701, 702]

    def put(self, data):
        """Puts a file in place of the journal's, and a fresh lock file beside it."""
        with open(self.file, "wb") as f:
            f.write(data)
        lock = self.file + "-lock"
        if os.path.exists(lock):
            os.unlink(lock)

    def look(self, code, **options):
        """The findings; the journal's files are as they were."""
        before = self.hashes()
        done = self.j.run("doctor", "--json", code=code, **options)
        self.assertEqual(self.hashes(), before, "the doctor has changed something")
        return done.json()

    def hashes(self):
        found = {}
        for name in os.listdir(self.j.path):
            path = os.path.join(self.j.path, name)
            if os.path.isfile(path) and not name.endswith("-lock"):
                with open(path, "rb") as f:
                    found[name] = hashlib.sha256(f.read()).hexdigest()
        return found

    def expect(self, findings, check, grade, pattern):
        """Some finding of this check and grade says so; and if it is bad, what to do."""
        said = [f"{f['where']}: {f['what']}" for f in findings if f["check"] == check and f["grade"] == grade]
        self.assertTrue(any(re.search(pattern, text) for text in said), f"{check} {grade} {pattern!r} is not in {findings}")
        for f in findings:
            if f["grade"] == "bad" and f["check"] not in ("state",):
                self.assertTrue(f["do"], f"nothing is said of what to do: {f}")

    def salvage(self, entries):
        """So many entries are saved from it, and they verify with the key that init printed."""
        out = self.path("saved.raw")
        if os.path.exists(out):
            os.unlink(out)
        if entries == 0:
            self.expect_error(COULD_NOT, "nothing was saved", args=["-C", self.j.path, "doctor", "--salvage", out])
            self.assertFalse(os.path.exists(out))
            return
        said = self.j.run("doctor", "--salvage", out, "--key", self.j.vkey, "--json").json()
        self.assertEqual(said["entries"], entries)
        verified = self.ledger("verify", "--raw", out, "--key", self.j.vkey, "--json").json()
        self.assertEqual((verified["entries"], verified["root"], verified["complete"]), (entries, said["root"], True))
        self.assertEqual([name for name in os.listdir(self.dir) if name.startswith("saved.raw.")], [])

    def good_to(self, findings):
        return max((f.get("entries", 0) for f in findings), default=0)

    def test_healthy(self):
        findings = self.look(0)
        self.assertEqual({f["grade"] for f in findings} - {"good", "remark"}, set())
        self.assertEqual(self.good_to(findings), self.size)
        for check in ("directory", "disk", "vault", "file", "lock", "pages", "readers", "journal", "good", "keys", "clock", "state"):
            self.assertIn(check, {f["check"] for f in findings})
        self.expect(findings, "state", "remark", "trading is stopped by entry 702")
        self.salvage(self.size)
        # What is saved from a good journal is what an export gives.
        self.j.run("export", "--raw", self.path("whole.raw"))
        with open(self.path("whole.raw"), "rb") as a, open(self.path("saved.raw"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_damages(self):
        good, p = self.good, self.pages
        entries, newest = p.of["entries"], p.newest
        before = self.seals[-2]
        leaf = entries["leaf"][len(entries["leaf"]) // 2]
        first = {key: value for key, value in p.rows(leaf)}
        first_seq = int.from_bytes(min(first), "big") - int.from_bytes(first[min(first)][:2], "big") + 1
        to_leaf = max(s for s in self.seals if s < first_seq)
        at = good.index(b"350 xxx") + 50
        flipped = good[:at] + bytes([good[at] ^ 4]) + good[at + 1:]
        layout = good.replace(b"layout\0\0\0\2", b"layout\0\0\0\3")
        self.assertNotEqual(layout, good)
        rows = [
            # what                           the file                  exit   check      grade     says                                 good to
            ("meta page 0 empty",            zeroed(good, 0),          WRONG, "file",    "bad",    "meta page 0: it is damaged",        self.size),
            ("meta page 1 empty",            zeroed(good, 1),          WRONG, "file",    "bad",    "meta page 1: it is damaged",        self.size),
            ("a bit of meta page 0",         good[:16] + bytes([good[16] ^ 1]) + good[17:],
                                                                       WRONG, "file",    "bad",    "meta page 0: .* LMDB meta page",    self.size),
            ("a bit of meta page 1's version", good[:PAGE + 20] + bytes([good[PAGE + 20] ^ 2]) + good[PAGE + 21:],
                                                                       WRONG, "file",    "bad",    "meta page 1: .* version 3",         self.size),
            ("both meta pages",              zeroed(good, 0, 2),       WRONG, "file",    "bad",    "meta page 1: it is damaged",        self.size),
            ("cut to one page",              good[:PAGE],              WRONG, "file",    "bad",    "the file ends before it",           0),
            ("cut to the meta pages",        good[:2 * PAGE],          WRONG, "file",    "bad",    "cut short",                         0),
            ("cut in the middle",            good[:p.used // 2 * PAGE], WRONG, "file",   "bad",    "cut short.*pages are missing",      None),
            ("cut in a page",                good[:p.used * PAGE - 100], WRONG, "file",  "bad",    r"cut short.*\(1 pages",             None),
            ("main, its root",               zeroed(good, p.of["main"]["leaf"][0]), WRONG, "pages", "bad", r"\(main\): .*empty",       self.size),
            ("entries, the root",            zeroed(good, entries["branch"][0]), WRONG, "pages", "bad", r"\(entries\)",                self.size),
            ("entries, a leaf",              zeroed(good, leaf),       WRONG, "pages",   "bad",    rf"page {leaf} \(entries\): .*empty", to_leaf),
            ("entries, the first leaf",      zeroed(good, entries["leaf"][0]), WRONG, "pages", "bad", r"\(entries\)",                  0),
            ("seals",                        zeroed(good, p.of["seals"]["leaf"][-1]), WRONG, "pages", "bad", r"\(seals\)",             None),
            ("control",                      zeroed(good, p.of["control"]["leaf"][0]), WRONG, "pages", "bad", r"\(control\)",          self.size),
            ("signatures",                   zeroed(good, p.of["signatures"]["leaf"][0]), WRONG, "pages", "bad", r"\(signatures\)",    self.size),
            ("tiles",                        zeroed(good, p.of["tiles"]["leaf"][0]), WRONG, "pages", "bad", r"\(tiles\)",              self.size),
            ("meta",                         zeroed(good, p.of["meta"]["leaf"][0]), WRONG, "pages", "bad", r"\(meta\)",                self.size),
            ("a page in another's place",    good[:leaf * PAGE] + good[entries["leaf"][0] * PAGE:(entries["leaf"][0] + 1) * PAGE] + good[(leaf + 1) * PAGE:],
                                                                       WRONG, "pages",   "bad",    "says that it is another page",      to_leaf),
            ("a bit of an entry",            flipped,                  WRONG, "journal", "bad",    "entry 352",                         max(s for s in self.seals if s < 352)),
            ("another layout",               layout,                   COULD_NOT, "journal", "unseen", "layout 3",                      self.size),
            ("empty",                        b"",                      WRONG, "file",    "bad",    "it is empty",                       None),
            ("zeros",                        bytes(len(good)),         WRONG, "file",    "bad",    "meta page 0",                       0),
            ("noise",                        random.Random(5).randbytes(len(good)), WRONG, "file", "bad", "does not begin as an LMDB",  0),
            ("text",                         b"dear diary\n" * 3000,   WRONG, "file",    "bad",    "meta page 0",                       0),
        ]
        self.assertEqual(newest, p.newest)
        self.assertLess(before, self.size)
        for what, data, code, check, grade, says, entries_good in rows:
            with self.subTest(damage=what):
                self.put(data)
                findings = self.look(code)
                self.expect(findings, check, grade, says)
                text = self.j.run("doctor", code=code)
                self.assertIn(grade, text.out)
                if entries_good is None:
                    said = self.good_to(findings)
                    self.assertIn(said, [0] + self.seals)
                    self.salvage(said)
                else:
                    self.assertEqual(self.good_to(findings), entries_good, findings)
                    self.salvage(entries_good)
        self.put(good)
        self.look(0)

    def test_places(self):
        os.unlink(self.file)
        self.expect(self.look(WRONG), "file", "bad", "no journal")
        self.salvage(0)
        os.mkdir(self.file)
        self.expect(self.look(WRONG), "file", "bad", "it is a directory")
        os.rmdir(self.file)
        os.mkfifo(self.file)
        self.expect(self.look(WRONG), "file", "bad", "no regular file")
        os.unlink(self.file)
        findings = self.ledger("-C", self.path("none"), "doctor", "--json", code=WRONG).json()
        self.expect(findings, "directory", "bad", "no journal")
        findings = self.ledger("-C", self.write("file", "x"), "doctor", "--json", code=WRONG).json()
        self.expect(findings, "directory", "bad", "no journal")

    def test_keys_that_are_given(self):
        self.look(0)
        self.j.run("doctor", "--key", self.j.vkey)
        self.expect_error(COULD_NOT, "--key", args=["-C", self.j.path, "doctor", "--key", "nonsense"])
        other = self.journal("other", origin="another.example/one")
        self.j.run("doctor", "--key", other.vkey, code=WRONG)
        self.expect_error(COULD_NOT, "nothing was saved", "another journal",
                          args=["-C", self.j.path, "doctor", "--salvage", self.path("x"), "--key", other.vkey])

    def test_vaults(self):
        vault = self.path("J", "vault")
        with open(vault, "rb") as f:
            good = f.read()
        other = self.journal("other", origin="another.example/one")
        with open(os.path.join(other.path, "vault"), "rb") as f:
            others = f.read()
        rows = [
            ("cut", good[:60], "vault", "no vault"), ("a bit", good[:90] + bytes([good[90] ^ 1]) + good[91:], "vault", "checksum"),
            ("something else", b"x" * 500, "vault", "begins otherwise"), ("empty", b"", "vault", "no vault"),
            ("another journal's", others, "keys", "another journal"),
        ]
        for what, data, check, says in rows:
            with self.subTest(vault=what):
                self.write("J/vault", data)
                self.expect(self.look(WRONG), check, "bad", says)
        self.write("J/vault", good)
        self.expect(self.look(WRONG, env={"LEDGER_PASSPHRASE_FILE": self.write("wrong", "no\n")}), "keys", "bad", "does not open it")
        self.expect(self.look(0, env={"LEDGER_PASSPHRASE_FILE": None}), "keys", "remark", "not looked at")
        os.chmod(vault, 0o644)
        self.expect(self.look(WRONG), "vault", "bad", "mode 644")
        os.chmod(vault, 0o600)
        os.chmod(self.file, 0o640)
        self.expect(self.look(0), "file", "remark", "mode 640")
        os.chmod(self.file, 0o600)
        os.unlink(vault)
        self.expect(self.look(WRONG), "vault", "bad", "not there")
        os.mkdir(vault)
        self.expect(self.look(WRONG), "vault", "bad", "no regular file")

    def test_locks(self):
        lock = self.file + "-lock"
        self.write("J/journal.mdb-lock", os.urandom(9000))
        self.look(0)
        self.j.run("log", "--limit", "1")
        os.unlink(lock)
        self.expect(self.look(0), "lock", "good", "not there")
        with open(self.file, "rb") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            self.expect(self.look(0), "lock", "good", f"process {os.getpid()} .* holds the writer lock")
        self.expect(self.look(0), "lock", "good", "nobody holds")

    def open_reader(self):
        """A process that has the journal open and reads: its output has nowhere to go."""
        read, write = os.pipe()
        p = self.j.start("log", "--json", stdout=write)
        os.close(write)
        self.addCleanup(os.close, read)
        self.wait_for("it to read", lambda: re.search(rf"process {p.pid} .*reads the state", self.j.run("doctor").out))
        return p

    def test_a_lock_file_deleted_while_somebody_has_the_journal_open(self):
        p = self.open_reader()
        os.unlink(self.file + "-lock")
        findings = self.look(WRONG)
        self.expect(findings, "lock", "bad", f"process {p.pid} .* deleted")
        p.send_signal(signal.SIGKILL)
        p.wait()
        self.look(0)

    def test_a_reader_that_was_killed(self):
        p = self.open_reader()
        os.kill(p.pid, signal.SIGKILL)
        p.wait()
        findings = self.look(0)
        said = [f["what"] for f in findings if f["check"] == "readers"]
        self.assertTrue(any("gone" in text or "nobody" in text for text in said), said)

    def test_leftovers(self):
        self.assertIn("nothing is left over", self.j.run("doctor").out)
        os.mkdir(self.path("B.backup-a1B2c3"))
        self.write("J/vault.new", "x")
        self.write("x.raw.Ab3456", "LEDGERRAW 1\n...")
        self.write("mine.Ab3456", "something else")
        self.write("J/journal.mdb.new", "x")
        findings = self.look(0)
        self.expect(findings, "leftovers", "remark", "B.backup-a1B2c3: a backup was interrupted")
        self.expect(findings, "leftovers", "remark", "vault.new")
        self.expect(findings, "leftovers", "remark", "x.raw.Ab3456: an export")
        self.assertNotIn("mine", str(findings))
        self.expect(findings, "leftovers", "remark", "journal.mdb.new")
        fd = os.open(self.path("B.backup-a1B2c3"), os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        self.expect(self.look(0), "leftovers", "good", "a backup is being made")
        os.close(fd)

    @unittest.skipIf(os.geteuid() != 0, "only root can become a user who may not write")
    def test_permissions(self):
        def nobody():
            os.setgid(65534)
            os.setuid(65534)
        os.chmod(self.dir, 0o755)
        findings = self.look(COULD_NOT, preexec_fn=nobody, env={"LEDGER_PASSPHRASE_FILE": None})
        self.assertTrue(any(f["grade"] == "unseen" for f in findings))
        os.chmod(self.j.path, 0o755)
        findings = self.look(COULD_NOT, preexec_fn=nobody, env={"LEDGER_PASSPHRASE_FILE": None})
        self.expect(findings, "file", "unseen", "cannot be read: Permission denied")
        os.chmod(self.file, 0o644)
        findings = self.look(COULD_NOT, preexec_fn=nobody, env={"LEDGER_PASSPHRASE_FILE": None})
        self.expect(findings, "directory", "remark", "may only read")
        self.expect(findings, "vault", "unseen", "cannot be read")
        self.expect(findings, "journal", "good", "all 702 entries")

    def test_a_small_disk(self):
        where = self.path("disk")
        os.mkdir(where)
        if not shutil.which("mount") or os.geteuid() != 0:
            self.skipTest("only root may mount a small disk")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", where], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", where])
        shutil.copytree(self.j.path, f"{where}/J")
        self.j.path = f"{where}/J"
        self.file = f"{where}/J/journal.mdb"
        self.expect(self.look(WRONG), "disk", "bad", "MiB free")
        subprocess.run(["mount", "-o", "remount,ro", where], check=True)
        findings = self.look(WRONG)
        self.expect(findings, "directory", "remark", "Read-only")
        self.expect(findings, "journal", "good", "all 702 entries")

    def test_while_writers_append(self):
        """A living journal is never called damaged."""
        lines = "".join(json.dumps(note(f"{i} " + "x" * 200)) + "\n" for i in range(200000))
        writers = [self.j.start("append", "--group", group, self.write(f"w{group}", lines)) for group in (1, 20)]
        for _ in range(3 if support.QUICK else 10):
            done = self.j.run("doctor", code=None)
            self.assertEqual(done.code, 0, str(done))
        self.assertTrue(any(w.poll() is None for w in writers), "the writers were done before")
        for w in writers:
            w.send_signal(signal.SIGKILL)
            w.wait()
        self.look(0)

    def test_any_bit(self):
        """Whatever is flipped: words and an exit code; healthy only if it verifies; what is saved, verifies."""
        dice = random.Random(3)
        codes = {}
        used = [i for i in range(self.pages.used * PAGE) if self.good[i]]
        heads = [page * PAGE + i for page in range(self.pages.used) for i in range(16)]
        for n in range(FLIPS):
            data = bytearray(self.good)
            for _ in range(dice.choice((1, 1, 3))):
                data[dice.choice(heads if n % 2 else used)] ^= 1 << dice.randrange(8)
            self.put(bytes(data))
            done = self.j.run("doctor", "--json", "--key", self.j.vkey, code=None)
            self.assertIn(done.code, (0, WRONG, COULD_NOT), str(done))
            findings = done.json()
            codes[done.code] = codes.get(done.code, 0) + 1
            verified = self.j.run("verify", "--key", self.j.vkey, code=None).code
            self.assertFalse(done.code == 0 and verified != 0, f"flip {n}: {done}")
            if n % 5 == 0:
                out = self.path(f"saved{n}")
                saved = self.j.run("doctor", "--salvage", out, "--key", self.j.vkey, "--json", code=None)
                if saved.code == 0:
                    self.assertEqual(saved.json()["entries"], self.good_to(findings))
                    self.ledger("verify", "--raw", out, "--key", self.j.vkey)
                else:
                    self.assertEqual(self.good_to(findings), 0)
        self.assertGreater(codes.get(WRONG, 0), FLIPS // 3)


if __name__ == "__main__":
    support.main()
