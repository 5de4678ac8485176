"""Runs a command again and again, and each time makes another one of its calls fail.

`Sweep.sweep()` counts the calls of a command first, and then fails one of them a run. By default each place in the
program that calls is tried once; LEDGER_FAULTS=all tries every single call (see README.md).
"""
import concurrent.futures
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import support  # noqa: E402
from support import BINARY, COULD_NOT, DONE, Case  # noqa: E402

SHIM = os.path.abspath(os.environ.get("LEDGER_FAULTS_SHIM", "libfail.so"))
ALL = os.environ.get("LEDGER_FAULTS") == "all"
WORKERS = int(os.environ.get("LEDGER_FAULTS_JOBS", os.cpu_count() or 2))
SKIPPED = 77
TOLD_MAX = 40 if ALL else 12
# What counts as an error on stderr. Not "[ERROR]...": libxlsxwriter says so itself, beside our line.
NOISE = re.compile(r"ledger:|.*(Assertion|REQUIRE|malloc|free\(|\*\*\*|Sanitizer|runtime error)")
SHORT = 0  # FAULT_HOW: half of what was asked for

READS = {"read", "pread64", "readv"}
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile"}
SYNCS = {"fsync", "fdatasync", "msync", "syncfs", "sync_file_range", "ftruncate", "fallocate"}
NAMES = {"rename", "renameat", "renameat2", "link", "linkat", "mkdir", "mkdirat"}
# What else a call may answer; a call of none of these sets answers EIO.
ANSWERS = {
    **{name: (errno.EIO, errno.EINTR, SHORT) for name in READS},
    **{name: (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR, SHORT) for name in WRITES},
    **{name: (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR) for name in SYNCS},
    **{name: (errno.EIO, errno.ENOSPC, errno.EDQUOT) for name in NAMES},
    **{name: (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR, errno.EMFILE, errno.EACCES)
       for name in ("open", "openat", "creat")},
    "close": (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR),
    "flock": (errno.EINTR, errno.ENOLCK), "fcntl_lock": (errno.ENOLCK, errno.EINTR),
    "mmap": (errno.ENOMEM,), "munmap": (errno.ENOMEM,), "mremap": (errno.ENOMEM,), "mlock": (errno.ENOMEM,),
    "poll": (errno.EINTR, errno.ENOMEM), "ppoll": (errno.EINTR,),
    "getrandom": (errno.EINTR,),  # half is never what the kernel gives of 256 bytes and less
}


class Fault:
    """One call that fails: which one, and how."""

    def __init__(self, what, number, name, how, stays):
        self.what, self.number, self.name, self.how, self.stays = what, number, name, how, stays

    def env(self, log):
        return {"LD_PRELOAD": SHIM, "FAULT_WHAT": self.what, "FAULT_AT": str(self.number),
                "FAULT_NAME": self.name, "FAULT_HOW": str(self.how), "FAULT_LOG": log,
                "FAULT_STAYS": "1" if self.stays else None}

    def __str__(self):
        how = "half" if self.how == SHORT else errno.errorcode[self.how]
        return f"{self.what} call {self.number}, {self.name} answers {how} (FAULT_AT={self.number} FAULT_NAME={self.name} FAULT_HOW={self.how})"


class Path:
    """A command that is swept: how its folder comes about, what is run in it, and what must be true afterwards."""

    def __init__(self, args, check=None, writes=True, once=False, leaves=True, most=None, before=None):
        self.args = args      # of the program; "{dir}" is the folder
        self.check = check    # check(sweep, folder, result): what is there after the fault, whatever the exit code
        self.writes = writes  # else one folder serves all runs, and its journal must stay byte for byte
        self.once = once      # what is done cannot be done again
        self.most = most      # faults to try, evenly spread, unless all are asked for
        self.before = before  # before(sweep, folder): what is done in each folder first, where names of places matter
        self.leaves = leaves  # something that is to be tried again; else `check` has done that


class Sweep(Case):
    seen = set()     # places that were tried already, of all sweeps of this process
    STAYS = False    # whether every later call of that name fails as well
    messages = {}    # what was said, for a reader: LEDGER_FAULTS_TELL=1

    def setUp(self):
        super().setUp()
        if not os.path.exists(SHIM):
            self.skipTest(f"the shim is not built: {SHIM}")

    def run_in(self, folder, args, env=None):
        args = [a.replace("{dir}", folder) for a in args]
        done = subprocess.run([BINARY, *args], stdin=subprocess.DEVNULL, capture_output=True, cwd=folder,
                              env=self.environment(env), timeout=120)
        return support.Result(done.returncode, done.stdout.decode("utf-8", "replace"),
                              done.stderr.decode("utf-8", "replace"), args)

    def count(self, what, template, path):
        """The faults to try for a command: one for every answer of every call, or of every place that calls."""
        folder = self.prepared(template, path)
        log = self.path("calls")
        result = self.run_in(folder, path.args, {"LD_PRELOAD": SHIM, "FAULT_WHAT": what, "FAULT_LOG": log})
        if result.code == SKIPPED:
            self.skipTest(result.err.strip())
        self.assertEqual(result.code, DONE, str(result))
        faults = []
        with open(log, encoding="utf-8") as f:
            for line in f:
                number, name, site = line.split()
                if not ALL and (what, self.STAYS, name, site) in Sweep.seen:
                    continue
                Sweep.seen.add((what, self.STAYS, name, site))
                answers = (errno.ENOMEM,) if what == "memory" else ANSWERS.get(name, (errno.EIO,))
                if not ALL and len(answers) > 2:  # the first, and one of the others in turn
                    answers = (answers[0], answers[1 + len(faults) % (len(answers) - 1)])
                if self.STAYS:
                    answers = (errno.ENOSPC,) if name in WRITES | SYNCS | NAMES else ()
                faults += [Fault(what, int(number), name, how, self.STAYS) for how in answers]
        os.unlink(log)
        shutil.rmtree(folder)
        if path.most and len(faults) > path.most and not ALL:
            faults = [faults[i * len(faults) // path.most] for i in range(path.most)]
        return faults, result

    def copy(self, template):
        folder = tempfile.mkdtemp(dir=self.dir)
        if template:
            shutil.copytree(template, folder, dirs_exist_ok=True)
        return folder

    def prepared(self, template, path):
        folder = self.copy(template)
        if path.before:
            path.before(self, folder)
        return folder

    def sweep(self, what, template, path):
        """Tries every fault; all that go wrong are told together."""
        faults, good = self.count(what, template, path)
        wrong = []
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for fault, said in zip(faults, pool.map(lambda f: self.attempt(f, template, path, good), faults)):
                if said:
                    wrong.append(f"{fault}\n{said}")
        print(f"{self.id()}: {what}: {len(faults)} faults", file=sys.stderr)
        if wrong:
            self.fail(f"{len(wrong)} of {len(faults)} faults were answered wrongly\n\n" + "\n\n".join(wrong[:TOLD_MAX]))

    def attempt(self, fault, template, path, good):
        """Runs the command with one fault; returns what is wrong about it, or nothing."""
        folder = self.prepared(template, path)
        log = os.path.join(folder, "fault.log")
        try:
            result = self.run_in(folder, path.args, fault.env(log))
            happened = os.path.exists(log)
            if happened:
                os.unlink(log)
            self.judge(fault, result, good, happened)
            if path.check:
                path.check(self, folder, result)
            if path.leaves and (ALL or path.before or not is_same(folder, template)):
                self.recovers(folder, path, result)
        except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError) as e:
            return str(e)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def judge(self, fault, result, good, happened):
        """The exit code, the one line on stderr and stdout, whatever the command is."""
        self.assertIn(result.code, (DONE, COULD_NOT), str(result))
        said = [line for line in result.err.splitlines() if NOISE.match(line)]
        if result.code == DONE:
            self.assertEqual(said, [], f"it says that it is done, and an error as well\n{result}")
            self.assertEqual(len(result.lines), len(good.lines), f"another answer than without a fault\n{result}")
            return
        self.assertTrue(happened, f"nothing failed, and yet\n{result}")
        self.assertEqual(len(said), 1, f"one line of error is expected\n{result}")
        line = re.sub(r"/\S*/tmp\w+|\d+", "N", said[0])
        Sweep.messages.setdefault(line, f"{self.id()} {fault}")
        if fault.how == errno.ENOMEM and "memory has run out in the library" in line:
            return  # libxlsxwriter does not survive it
        if ".xlsx" in line and "was not written whole" in line:
            return  # it does not tell what it lost, so its file is read back
        self.assertNotRegex(line, "damaged|cut short|a backup$|Success|: $|Unknown error", f"a fault is no damage\n{result}")
        self.assertRegex(line, reason_of(fault), f"the reason is not told\n{result}")
        if fault.how == errno.EINTR and "standard output" not in line and ".xlsx" not in line:
            self.fail(f"an interrupted call is to be made again\n{result}")

    def recovers(self, folder, path, before):
        """What is there verifies, and the same command works the next time."""
        if os.path.exists(os.path.join(folder, "J", "journal.mdb")):
            result = self.run_in(folder, ["-C", "J", "verify"])
            self.assertEqual(result.code, DONE, f"after the fault\n{result}")
        if not path.once or (before.code != DONE and "standard output" not in before.err):
            result = self.run_in(folder, path.args)
            self.assertEqual(result.code, DONE, f"the same command again\n{result}\nafter\n{before}")
        if path.writes:
            result = self.run_in(folder, ["-C", "J", "verify"])
            self.assertEqual(result.code, DONE, f"after the same command again\n{result}")


def is_killed(result):
    return result.code in (-9, 137)


def is_same(folder, template):
    """Whether a fault has left everything as it was: then the next start is as good as the first."""
    def content(top):
        for where, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                if not name.endswith("-lock"):
                    with open(os.path.join(where, name), "rb") as f:
                        yield os.path.relpath(where, top), name, f.read()

    return list(content(folder)) == list(content(template))


def reason_of(fault):
    """A pattern for the words that a reader must find for this fault."""
    words = {errno.ENOSPC: "No space left|is full", errno.EDQUOT: "quota|is full",
             errno.ENOMEM: "memory|address space|temporarily unavailable", errno.EACCES: "denied|permission", SHORT: "short|Input/output error|is full"}
    if fault.name.startswith("fcntl"):  # LMDB goes on with another kind of lock, and trips over that
        return "No locks available|Invalid argument|Input/output error"
    return "(?i)" + words.get(fault.how, re.escape(os.strerror(fault.how)))


def tell():
    if os.environ.get("LEDGER_FAULTS_TELL"):
        for line in sorted(Sweep.messages):
            print(f"{line}\n    {Sweep.messages[line]}", file=sys.stderr)


def main():
    try:
        support.main()
    finally:
        tell()


def needs_root(why):
    return unittest.skipUnless(os.getuid() == 0, f"only root may {why}")
