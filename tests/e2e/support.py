"""What every end-to-end test needs: the real program, a scratch folder, a journal in it, and errors told apart.

The program is $LEDGER_BINARY, the source tree $LEDGER_SOURCE, real data $LEDGER_SHARED/data (may be absent: such
tests skip and say why). Standard library only.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import foreign

BINARY = os.path.abspath(os.environ.get("LEDGER_BINARY", "ledger"))
SOURCE = os.path.abspath(os.environ.get("LEDGER_SOURCE", os.path.join(os.path.dirname(__file__), "..", "..")))
SHARED = os.path.abspath(os.environ.get("LEDGER_SHARED", os.path.join(SOURCE, "..", "shared")))
QUICK = bool(os.environ.get("LEDGER_QUICK"))  # a sanitized build: the same tests, fewer repetitions
# Argon2id at its least cost, loaded into the program; LEDGER_REAL_VAULT=1: as it is for people (../support/cheap_vault.c)
CHEAP_VAULT = "" if os.environ.get("LEDGER_REAL_VAULT") else os.environ.get("LEDGER_CHEAP_VAULT", "")
PASSPHRASE = "correct horse battery staple 7431"
ORIGIN = "desk.example/e2e"

DONE, WRONG, MISUSED, COULD_NOT = 0, 1, 2, 3
LEAKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "leaks.supp")  # of libraries
SANITIZER_EXIT = 99  # so that a sanitizer's report is never mistaken for an answer

LEAN = os.path.join(SHARED, "data", "lean")
SPX = os.path.join(SHARED, "data", "other", "spx_eod_2019")


def needs(path, what):
    """Decorator: skips aloud where `path` is not there."""
    return unittest.skipUnless(os.path.exists(path), f"{what} is not here: {path}")


def needs_tool(name):
    return unittest.skipUnless(shutil.which(name), f"the program {name} is not installed")


needs_lean = needs(LEAN, "the LEAN data")
needs_spx = needs(SPX, "the SPX end-of-day data")


class Result:
    def __init__(self, code, out, err, args):
        self.code, self.out, self.err, self.args = code, out, err, args

    @property
    def lines(self):
        return self.out.split("\n")[:-1] if self.out else []

    def json(self):
        return json.loads(self.out)

    def rows(self):
        """JSON Lines."""
        return [json.loads(line) for line in self.lines]

    def __str__(self):
        return f"ledger {' '.join(self.args)}\nexit {self.code}\nstdout: {self.out[:3000]}\nstderr: {self.err[:3000]}"


class Acknowledgement:
    """A line "first..last root" of `append`; " of seal N" follows when others had a part in the group."""
    FORM = re.compile(r"^(\d+)\.\.(\d+) (\S+)(?: of seal (\d+))?$")

    def __init__(self, line):
        found = Acknowledgement.FORM.match(line)
        if not found:
            raise AssertionError(f"no acknowledgement: {line!r}")
        self.first, self.last, self.root = int(found[1]), int(found[2]), found[3]
        self.size = int(found[4] or found[2])


class Journal:
    """A journal's folder, and the commands upon it."""

    def __init__(self, case, path):
        self.case, self.path, self.vkey = case, path, None

    def init(self, origin=ORIGIN):
        self.vkey = self.run("init", "--origin", origin).out.strip()
        return self

    def run(self, *args, **options):
        return self.case.ledger("-C", self.path, *args, **options)

    def start(self, *args, **options):
        return self.case.start("-C", self.path, *args, **options)

    def json(self, *args):
        return self.run(*args, "--json").json()

    def log(self, *filters):
        return self.run("log", *filters, "--json").rows()

    def append(self, *lines, options=()):
        """Appends lines (objects or texts) from a file, so as one group; returns the acknowledgements."""
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        path = self.case.write("lines.jsonl", text)
        return [Acknowledgement(line) for line in self.run("append", *options, path).lines]

    def size(self):
        return self.log()[-1]["seq"]

    def config(self, text):
        path = self.case.write("config.yaml", text)
        self.run("config", "set", path)
        return path

    def verify(self):
        return self.run("verify", "--key", self.vkey)

    def redecide(self):
        """Decides again; a difference is exit 1."""
        return self.run("replay", "--redecide", "--json").json()


class Case(unittest.TestCase):
    maxDiff = 4000
    REAL_VAULT = False  # what is asked of the vault itself is asked at its real cost

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ledger-e2e-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.foreign = foreign.Checker(self.ledger)
        self.passphrase_file = self.write("passphrase", PASSPHRASE + "\n")
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.dir, "LANG": "C.UTF-8",
            "LEDGER_PASSPHRASE_FILE": self.passphrase_file,
            "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:detect_leaks=1:verify_asan_link_order=0",
            "LSAN_OPTIONS": f"suppressions={LEAKS}:print_suppressions=0",
            "UBSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:print_stacktrace=1",
        }

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content):
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def journal(self, name="J", origin=ORIGIN):
        return Journal(self, self.path(name)).init(origin)

    def environment(self, env):
        full = dict(self.env)
        for key, value in (env or {}).items():
            if value is None:
                full.pop(key, None)
            else:
                full[key] = value
        if CHEAP_VAULT and not self.REAL_VAULT:
            full["LD_PRELOAD"] = f"{full['LD_PRELOAD']}:{CHEAP_VAULT}" if "LD_PRELOAD" in full else CHEAP_VAULT
        return full

    def ledger(self, *args, code=DONE, input=None, env=None, cwd=None, timeout=300, binary=None, foreign=True, **popen):
        """Runs the program to its end, and expects an exit code (None: any). What it hands out goes to foreign.py."""
        args = [str(a) for a in args]
        data = input.encode() if isinstance(input, str) else input
        if data is None and "stdin" not in popen:
            popen["stdin"] = subprocess.DEVNULL
        done = subprocess.run([binary or BINARY, *args], input=data, stdout=popen.pop("stdout", subprocess.PIPE),
                              stderr=subprocess.PIPE, env=self.environment(env), cwd=cwd or self.dir,
                              timeout=timeout, **popen)
        result = Result(done.returncode, (done.stdout or b"").decode("utf-8", "replace"),
                        done.stderr.decode("utf-8", "replace"), args)
        if code is not None:
            self.assertEqual(result.code, code, str(result))
        self.assertGreaterEqual(result.code, 0, f"ended by a signal: {result}")
        self.assertNotEqual(result.code, SANITIZER_EXIT, str(result))
        if foreign and result.code == DONE:
            self.foreign.after(args, result.out, cwd or self.dir)
        return result

    def start(self, *args, env=None, **popen):
        """Starts the program and leaves it running; it is killed at the test's end."""
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.DEVNULL)
        popen.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen([BINARY, *[str(a) for a in args]], env=self.environment(env), cwd=self.dir, **popen)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                try:
                    stream.close()
                except OSError:
                    pass

    def expect_error(self, code, *pieces, args, **options):
        """The command fails with `code`, says one line on stderr with all the pieces in that order, and no data."""
        result = self.ledger(*args, code=code, **options)
        said = [line for line in result.err.splitlines() if line.startswith("ledger: ")]
        self.assertEqual(len(said), 1, f"one line of error is expected\n{result}")
        at = 0
        for piece in pieces:
            found = said[0].find(piece, at)
            self.assertGreaterEqual(found, 0, f"{piece!r} is not in order in the message\n{result}")
            at = found + len(piece)
        return result

    def wait_for(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        self.fail(f"waited {seconds} s in vain for {what}")


def note(text):
    return {"kind": "control.note", "body": {"text": text}}


def money_state(state):
    """What must be equal however the journal came about: positions and balances of a `replay --json`."""
    return {"cash": state["cash"], "accounts": state["accounts"], "positions": state["positions"]}


SKIPPED_ALL = 77  # ctest: SKIP_RETURN_CODE


def main():
    """unittest, with every reason for a skip in the last lines."""
    program = unittest.main(module="__main__", verbosity=2, exit=False)
    result = program.result
    foreign.tell()
    for test, reason in result.skipped:
        print(f"skipped: {test.id()} ({reason})", file=sys.stderr)
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED_ALL)
    sys.exit(0)
