"""The passphrase and the keys stay where they belong: not in arguments, files, output, core dumps or other hands."""
import json
import os
import re
import resource
import signal
import stat
import subprocess
import unittest

import desk
import support
from support import Case, note

SECRET = support.PASSPHRASE.encode()


class Secrets(Case):
    def files(self, folder):
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as f:
                    yield path, f.read()

    def test_no_file_and_no_output_holds_the_passphrase(self):
        j = self.journal()
        told = [desk.run(j, desk.synthetic(days=1, minutes=60))[1]]
        j.run("actor", "add", "person:ada", "--role", "owner")
        j.run("stop", "--reason", "x")
        for command in (["log"], ["log", "--json"], ["replay"], ["verify"], ["doctor"], ["config"], ["actor"], ["seal"],
                        ["export", "--raw", self.path("raw")]):
            result = j.run(*command)
            told += [result.out, result.err]
        self.assertNotIn(support.PASSPHRASE, "".join(told))
        for path, data in self.files(self.dir):
            if path != self.passphrase_file:
                self.assertNotIn(SECRET, data, path)
                self.assertNotIn(SECRET.hex().encode(), data, path)

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
        j.run("actor", "add", "person:ada", "--role", "owner")
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

    @support.needs_tool("strace")
    @unittest.skipIf(support.QUICK, "a sanitizer's leak check does not run under a tracer")
    def test_no_system_call_writes_it(self):
        j = self.journal()
        log = self.path("trace")
        for command, line in ((["append"], json.dumps(note("x"))), (["actor", "add", "a", "--role", "agent"], ""),
                              (["stop", "--reason", "x"], "")):
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

    def test_the_vault_needs_the_passphrase_for_every_writer_and_for_no_reader(self):
        j = self.journal()
        wrong = {"LEDGER_PASSPHRASE_FILE": self.write("wrong", "wrong\n")}
        for command in (["append"], ["stop", "--reason", "x"], ["actor", "add", "x", "--role", "agent"],
                        ["config", "set", desk.WIDE], ["run", "--feed", desk.synthetic(), "--config", desk.WIDE]):
            self.expect_error(support.COULD_NOT, "passphrase does not open it", args=["-C", j.path, *command], env=wrong)
        self.assertEqual(j.size(), 1)


if __name__ == "__main__":
    support.main()
