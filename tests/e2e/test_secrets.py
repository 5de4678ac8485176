"""The passphrase and the keys stay where they belong: not in arguments, files, output, core dumps or other hands."""
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import unittest

import desk
import support
from support import Case, note
from test_key import Thief

SECRET = support.PASSPHRASE.encode()
FRESH = b"as new as passphrases get 5512"


class Secrets(Case):
    REAL_VAULT = True

    def files(self, folder):
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as f:
                    yield path, f.read()

    def test_no_file_and_no_output_holds_the_passphrase(self):
        j = self.journal()
        told = [desk.run(j, desk.synthetic(days=1, minutes=60))[1]]
        j.run("actor", "add", "person:ada", "--role", "compliance")
        j.run("stop", "--reason", "x")
        for command in (["log"], ["log", "--json"], ["replay"], ["verify"], ["doctor"], ["config"], ["actor"], ["seal"],
                        ["export", "--raw", self.path("raw")], ["key", "rotate"], ["key", "list"], ["key", "--json"],
                        ["key", "passphrase", "--new-passphrase-file", self.write("fresh", FRESH + b"\n")]):
            result = j.run(*command)
            told += [result.out, result.err]
        for secret in (SECRET, FRESH):
            self.assertNotIn(secret.decode(), "".join(told))
            for path, data in self.files(self.dir):
                if path not in (self.passphrase_file, self.path("fresh")):
                    self.assertNotIn(secret, data, path)
                    self.assertNotIn(secret.hex().encode(), data, path)

    def test_only_the_owner_may_read(self):
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        j = self.journal()
        j.append(note("x"))
        self.assertEqual(stat.S_IMODE(os.stat(j.path).st_mode), 0o700)
        for name in os.listdir(j.path):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(j.path, name)).st_mode) & 0o077, 0, name)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(j.path, "vault")).st_mode), 0o600)
        # Rewriting it for one more key keeps that.
        j.run("actor", "add", "person:ada", "--role", "compliance")
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(j.path, "vault")).st_mode), 0o600)
        self.assertEqual(sorted(os.listdir(j.path)), ["journal.mdb", "journal.mdb-lock", "journal.queue", "vault"])
        os.chmod(j.path, 0o755)
        self.assertIn("chmod 700", j.run("doctor").out)

    def test_two_journals_of_one_passphrase_share_no_key_and_no_vault(self):
        a, b = self.journal("a"), self.journal("b")
        self.assertNotEqual(a.vkey, b.vkey)
        keys = [{row["key"] for row in j.json("actor", "list")} for j in (a, b)]
        self.assertFalse(keys[0] & keys[1])
        self.assertEqual(len(keys[0]), len(a.json("actor", "list")))

    def test_the_passphrase_may_come_by_a_pipe(self):
        j = self.journal()
        read, write = os.pipe()
        os.write(write, SECRET + b"\n")
        os.close(write)
        j.run("append", "--passphrase-file", f"/dev/fd/{read}", input=json.dumps(note("x")), pass_fds=[read])
        os.close(read)
        self.assertEqual(j.size(), 2)

    def waiting_append(self, j):
        """An append that has opened the vault and waits for more lines."""
        p = j.start("append", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
        p.stdin.write(json.dumps(note("x")).encode() + b"\n")
        p.stdin.flush()
        p.stdout.readline()
        return p

    def test_a_running_process_gives_nothing_away(self):
        j = self.journal()
        p = self.waiting_append(j)
        with open(f"/proc/{p.pid}/cmdline", "rb") as f:
            self.assertNotIn(SECRET, f.read())
        with open(f"/proc/{p.pid}/environ", "rb") as f:
            self.assertNotIn(SECRET, f.read())
        with open(f"/proc/{p.pid}/limits") as f:
            limit = next(line for line in f if line.startswith("Max core file size"))
        self.assertRegex(limit, r"^Max core file size\s+0\s+0\s")
        if os.getuid() != 0:  # root may look anywhere
            self.assertRaises(PermissionError, open, f"/proc/{p.pid}/mem", "rb")
        before = set(os.listdir(self.dir))
        p.send_signal(signal.SIGQUIT)
        p.wait(30)
        self.assertFalse(os.WCOREDUMP(-p.returncode) if p.returncode < 0 else False)
        self.assertEqual(set(os.listdir(self.dir)), before)

    def secrets(self, j):
        """What must not be found: the passphrase, the key made of it, and of each key the seed, what it is expanded to, and both in letters."""
        thief = Thief(j)
        raw = {"passphrase": SECRET, "the vault's key": thief.key}
        for name, seed in thief.seeds.items():
            half = bytearray(hashlib.sha512(seed).digest())
            half[0], half[31] = half[0] & 248, half[31] & 63 | 64
            raw |= {name: seed, f"{name}, expanded": bytes(half[:32]), f"{name}, for its nonces": bytes(half[32:])}
        return raw | {f"{name}, in hex": value.hex().encode() for name, value in raw.items()}

    def mappings(self, pid):
        """(first, last + 1, its flags) of each, as the kernel tells them."""
        found = []
        with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
            for line in f:
                head = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
                if head:
                    found.append([int(head[1], 16), int(head[2], 16), set()])
                elif line.startswith("VmFlags:"):
                    found[-1][2] = set(line.split()[1:])
        return found

    @staticmethod
    def content(memory, first, last):
        """Of a mapping, as far as it can be read: a guard page cannot."""
        content = b""
        while first + len(content) < last:
            try:
                memory.seek(first + len(content))
                more = memory.read(last - first - len(content))
            except OSError:
                break
            if not more:
                break
            content += more
        return content

    @unittest.skipUnless(Thief.libsodium, "libsodium is not where Python finds it")
    @unittest.skipIf(support.QUICK, "a sanitizer lets no memory be locked")
    @unittest.skipIf(os.getuid() != 0, "only root may look into a process that is not dumpable")
    def test_in_memory_they_are_locked_and_left_out_of_every_dump(self):
        j = self.journal()
        j.run("key", "rotate")
        secrets = self.secrets(j)
        p = self.waiting_append(j)
        with open(f"/proc/{p.pid}/status") as f:
            self.assertGreater(int(re.search(r"^VmLck:\s+(\d+) kB$", f.read(), re.M)[1]), 0)
        places = {name: set() for name in secrets}
        with open(f"/proc/{p.pid}/mem", "rb", buffering=0) as memory:
            for first, last, flags in self.mappings(p.pid):
                if last - first > 1 << 28 or first >= 1 << 63 or "io" in flags:
                    continue  # room for the journal's file, none of it this process's own
                content = self.content(memory, first, last)
                for name, secret in secrets.items():
                    if secret in content:
                        places[name].add("locked" if {"lo", "dd"} <= flags else f"open at {first:x}: {sorted(flags)}")
        self.assertEqual({name: where for name, where in places.items() if where - {"locked"}}, {})
        self.assertEqual(places["journal#1"], {"locked"}, "this looks in the wrong place")
        self.assertEqual(places["passphrase"], set(), "it is needed no more")

    @support.needs_tool("gcore")
    @unittest.skipIf(support.QUICK, "a sanitizer's shadow memory makes a core of terabytes")
    @unittest.skipUnless(Thief.libsodium, "libsodium is not where Python finds it")
    def test_no_core_holds_them(self):
        j = self.journal()
        secrets = self.secrets(j)
        p = self.waiting_append(j)
        os.mkdir(self.path("cores"))
        subprocess.run(["gcore", "-o", self.path("cores", "core"), str(p.pid)], capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        cores = list(self.files(self.path("cores")))
        if os.getuid() != 0:
            self.assertEqual(cores, [], "a process that is not dumpable was dumped")
        for path, data in cores:  # root's own tools take one, without what is locked
            self.assertIn(b"ledger", data)
            self.assertEqual([name for name, secret in secrets.items() if secret in data], [], path)
        shutil.rmtree(self.path("cores"))
        for fatal in (signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT):
            p.send_signal(fatal)
            self.assertIn(p.wait(30), (-fatal, support.COULD_NOT))  # of some it says that the file is damaged
            left = [path for path, _ in self.files(self.dir) if os.path.basename(path).startswith("core")]
            self.assertEqual(left, [])
            p = self.waiting_append(j)
        for path, data in self.files(self.dir):
            if path != self.passphrase_file:
                self.assertEqual([name for name, secret in secrets.items() if secret in data], [], path)

    @support.needs_tool("strace")
    @unittest.skipIf(support.QUICK, "a sanitizer's leak check does not run under a tracer")
    def test_no_system_call_writes_it(self):
        j = self.journal()
        log = self.path("trace")
        for command, line in ((["append"], json.dumps(note("x"))), (["actor", "add", "a", "--role", "agent"], ""),
                              (["stop", "--reason", "x"], ""), (["key", "rotate"], ""),
                              (["key", "passphrase", "--new-passphrase-file", self.write("fresh", FRESH + b"\n")], "")):
            done = subprocess.run(["strace", "-f", "-xx", "-s", "100000", "-e", "trace=%file,write,writev,pwrite64,pwritev,sendto,"
                                   "sendmsg,execve", "-o", log, support.BINARY, "-C", j.path, *command],
                                  input=line.encode(), capture_output=True, env=self.env, cwd=self.dir)
            if done.returncode and b"ptrace" in done.stderr:
                self.skipTest("tracing is not allowed here: " + done.stderr.decode().strip())
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(log, encoding="ascii") as f:
                trace = f.read()
            self.assertIn("journal.mdb".encode().hex(), re.sub(r"\\x", "", trace))
            self.assertNotIn(SECRET.hex(), re.sub(r"\\x", "", trace))
            self.assertNotIn(FRESH.hex(), re.sub(r"\\x", "", trace))

    def test_the_vault_needs_the_passphrase_for_every_writer_and_for_no_reader(self):
        j = self.journal()
        wrong = {"LEDGER_PASSPHRASE_FILE": self.write("wrong", "wrong\n")}
        for command in (["append"], ["stop", "--reason", "x"], ["actor", "add", "x", "--role", "agent"],
                        ["config", "set", desk.WIDE], ["run", "--feed", desk.synthetic(), "--config", desk.WIDE]):
            self.expect_error(support.COULD_NOT, "passphrase does not open it", args=["-C", j.path, *command], env=wrong)
        self.assertEqual(j.size(), 1)


if __name__ == "__main__":
    support.main()
