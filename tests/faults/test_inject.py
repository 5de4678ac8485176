"""strace makes each file system call fail once, or kills the program instead of it: on the paths that must be durable.

The other half of test_sweep.py: another tool, which knows nothing of the program, and SIGKILL. After each: what was acknowledged is
there, whole groups only, `verify` passes, and an append goes on.
"""
import collections
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import faults  # first: it finds the folder of the next one
import support
from faults import Sweep
from support import BINARY, COULD_NOT, DONE
from test_sweep import (GUARDED, LARGE, LINES, PERSONS, Templates, check_append, check_guarded, check_init, check_init_guarded, check_recovered, check_same, check_set,
                        check_whole, guard, large_text_of, restore)

# What reaches a disk, and what makes it last; and the rest, which changes nothing there.
CALLS = ("openat", "pwrite64", "write", "writev", "pwritev", "fsync", "fdatasync", "sync_file_range", "msync", "ftruncate", "fallocate", "rename",
         "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "flock", "mmap", "close",
         "copy_file_range", "fchmod", "link", "linkat")
if faults.ALL:
    CALLS += ("munmap", "read", "pread64", "newfstatat", "lseek")
ERRORS = ("error=EIO", "error=ENOSPC")
KILL = "signal=KILL"


def can_trace():
    if not shutil.which("strace"):
        return "the program strace is not installed"
    tried = subprocess.run(["strace", "-e", "inject=getppid:error=EPERM", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else "strace may not trace here: " + tried.stderr.strip()[:200]


CANNOT_TRACE = can_trace()


@unittest.skipIf(CANNOT_TRACE, CANNOT_TRACE)
class Inject(Templates, Sweep):
    WHAT = "strace"

    def strace(self, folder, args, options):
        done = subprocess.run(["strace", "-f", "-qq", "-o", os.path.join(folder, "trace"), *options, BINARY, *args],
                              stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, env=self.environment(None),
                              timeout=120, check=False)
        return support.Result(done.returncode, done.stdout.decode("utf-8", "replace"),
                              done.stderr.decode("utf-8", "replace"), args)

    def calls_of(self, template, path):
        """Which calls are made, from the program's first own step on: the loader's are not ours. strace counts by thread."""
        folder = self.prepared(template, path)
        result = self.strace(folder, [a.replace("{dir}", folder) for a in path.args], ["-e", "trace=" + ",".join(CALLS) + ",prctl"])
        self.assertEqual(result.code, DONE, str(result))
        first, count = {}, collections.Counter()
        with open(os.path.join(folder, "trace"), encoding="utf-8", errors="replace") as f:
            for line in f:
                call = re.match(r"(\d+) +(\w+)\(", line)
                if not call:
                    continue
                if "PR_SET_DUMPABLE" in line:
                    first = {name: n for (_, name), n in count.items()}
                count[call[1], call[2]] += 1
        self.assertTrue(first, "the program's first step is not in the trace")
        shutil.rmtree(folder)
        most = {name: max(n for (_, other), n in count.items() if other == name) for _, name in count if name != "prctl"}
        return {name: range(first.get(name, 0) + 1, n + 1) for name, n in most.items() if n > first.get(name, 0)}

    def sweep(self, what, template, path):
        cases = []
        for name, numbers in sorted(self.calls_of(template, path).items()):
            for number in numbers if faults.ALL else sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]}):
                errors = ERRORS if faults.ALL else (ERRORS[len(cases) // 2 % 2],)
                cases += [(name, number, how) for how in (*errors, KILL)]
        with concurrent.futures.ThreadPoolExecutor(faults.WORKERS) as pool:
            said = list(pool.map(lambda case: self.one(template, path, *case), cases))
        wrong = [s for s in said if s]
        print(f"{self.id()}: {len(cases)} injections", file=sys.stderr)
        if wrong:
            self.fail(f"{len(wrong)} of {len(cases)} were answered wrongly\n\n" + "\n\n".join(wrong[:faults.TOLD_MAX]))

    def one(self, template, path, name, number, how):
        folder = self.prepared(template, path)
        try:
            result = self.strace(folder, [a.replace("{dir}", folder) for a in path.args], ["-e", f"trace={name}", "-e", f"inject={name}:{how}:when={number}"])
            os.unlink(os.path.join(folder, "trace"))
            if how == KILL:  # a thread that makes fewer calls than the program is not killed
                self.assertTrue(faults.is_killed(result) or result.code == DONE, str(result))
            else:
                self.assertIn(result.code, (DONE, COULD_NOT), str(result))
                said = [line for line in result.err.splitlines() if faults.NOISE.match(line)]
                if not (name == "write" and not result.err):  # the error's own line may be the write that fails
                    self.assertEqual(len(said), result.code != DONE, f"one line for an error\n{result}")
            path.check(self, folder, result)
            if faults.ALL or not faults.is_same(folder, template):
                self.goes_on(folder)
        except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError, OSError) as e:
            return f"{name}:{how}:when={number}\n{e}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def goes_on(self, folder):
        if not os.path.exists(os.path.join(folder, "J", "journal.mdb")):
            return
        with open(os.path.join(folder, "one"), "w", encoding="utf-8") as f:
            f.write(json.dumps(support.note("it goes on")) + "\n")
        for command in (["verify"], ["append", "one"], ["verify"]):
            result = self.run_in(folder, ["-C", "J", *command])
            self.assertEqual(result.code, DONE, str(result))

    def test_append_groups_of_one(self):
        self.go(self.small(), ["append", "--group", "1", "lines"], check_append(1))

    def test_append_in_one_group(self):
        self.go(self.small(), ["append", "lines"], check_append(LINES))

    def test_append_guarded(self):
        self.go(self.small(), ["append", "--group", "1", "lines"], check_guarded(check_append(1, before=2)), before=guard)

    def test_guard(self):
        self.go(self.small(), ["guard", "set", "{dir}/b.guard"], check_guarded(check_set), before=guard)

    def test_recover(self):
        self.go(self.small(), ["recover", *PERSONS], check_guarded(check_recovered), before=restore)

    def test_append_a_large_group(self):
        self.go(self.large(), ["append", "large"], check_append(LARGE, LARGE, large_text_of))

    def test_init(self):
        self.go(self.template, ["init", "--origin", support.ORIGIN], check_init)

    def test_init_guarded(self):
        self.go(self.template, GUARDED, check_init_guarded)

    def test_snapshot(self):
        self.go(self.traded(), ["snapshot"], check_whole)

    def test_export(self):
        self.go(self.small(), ["export", "--raw", "raw"], check_same(["raw"]))

    def test_backup(self):
        self.go(self.small(), ["backup", "copy"], check_same(["copy"]))


if __name__ == "__main__":
    faults.main()
