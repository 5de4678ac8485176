"""Recording a workload, and the question whether anything that it did to its files is missing in the log."""
import os
import re
import shutil
import subprocess

TOOLS = os.environ["CRASH_TOOLS"]  # where the recorder, the workloads and the checker are built
BINARY = os.environ["LEDGER_BINARY"]
SOURCE = os.environ["LEDGER_SOURCE"]
CHECK = os.path.join(TOOLS, "crash_check")
WORKLOADS = ("groups", "keys", "writers", "callers", "derived", "guarded", "commands", "outputs")


def configuration():
    """Of a run that stores its state often."""
    with open(os.path.join(SOURCE, "examples", "naked-put-wide.yaml"), encoding="utf-8") as f:
        return f.read() + "\njournal:\n  snapshot_every: 100\n"


class Recording:
    """One workload, run and recorded: `log` is its log, `root` the folder it worked in."""

    def __init__(self, folder, name, trace=False):
        self.root = os.path.realpath(os.path.join(folder, name))
        self.log = f"{self.root}.log"
        self.trace = f"{self.root}.strace" if trace else None
        shutil.rmtree(self.root, ignore_errors=True)
        os.mkdir(self.root)
        self.environment = {
            "CRASH_LOG": self.log, "CRASH_ROOT": self.root, "CRASH_SAID": self.file("said", ""),
            "CRASH_INPUT": self.file("input", ""), "CRASH_JOURNAL": f"{self.root}.journal",
            "CRASH_CONFIG": self.file("yaml", configuration()),
            "LEDGER_PASSPHRASE_FILE": self.file("passphrase", "correct-horse\n"),
            "LD_PRELOAD": os.environ.get("CRASH_PRELOAD", "") + os.path.join(TOOLS, "libcrash_recorder.so")}
        workload = [os.path.join(TOOLS, "crash_workload"), name, self.root, BINARY]
        if trace:
            workload = ["strace", "-f", "-y", "-s", "0", "-qq", "-e", "signal=none", "-o", self.trace,
                        *(f"-E{k}={v}" for k, v in self.environment.items()), *workload]
        done = subprocess.run(workload, env={**os.environ, **({} if trace else self.environment)},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"the workload {name} failed ({done.returncode}):\n{done.stdout[-3000:]}")

    def file(self, name, text):
        path = f"{self.root}.{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def records(self):
        """The log's records: (pid, what, name, size, offset, flags)."""
        out = subprocess.run([CHECK, self.log, "--dump"], stdout=subprocess.PIPE, text=True, check=True).stdout
        rows = []
        for line in out.split("\n")[:-1]:
            m = re.match(r"^\d+ (\d+) (\w+) node=\d+ offset=(\d+) size=(\d+)((?: (?:durable|directory|exchange|stream|shared)\b)*)"
                         r" ?(.*)$", line)
            rows.append((int(m[1]), m[2], m[6].replace(" (deleted)", ""), int(m[4]), int(m[3]), m[5].split()))
        return rows


# System calls that change a file or a folder, or make a change durable, and what the log calls them.
WRITES = {"write": "write", "pwrite64": "write", "writev": "write", "pwritev": "write", "pwritev2": "write"}
OTHERS = {"ftruncate": "size", "fallocate": "size", "fsync": "sync", "fdatasync": "sync"}
NAMES = {"rename": "rename", "renameat": "rename", "renameat2": "rename", "unlink": "unlink", "unlinkat": "unlink",
         "rmdir": "unlink", "mkdir": "mkdir", "mkdirat": "mkdir", "link": "link", "linkat": "link"}
# Ways to change a file that the recorder does not know: none may occur below the root. sync_file_range is none: it has
# the disk begin with writes that a state may hold or not in any case, and makes nothing durable.
UNKNOWN = ("truncate", "sendfile", "splice", "copy_file_range", "symlink", "symlinkat", "mknod", "mknodat", "setxattr",
           "syncfs", "sync", "process_vm_writev")
ANYWHERE = ("io_uring_setup", "io_setup", "syncfs", "sync")


def calls(path):
    """What strace saw: (pid, call, arguments, result), unfinished calls put together."""
    begun = {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            pid, _, rest = line.rstrip("\n").partition(" ")
            rest = rest.lstrip()
            if rest.endswith("<unfinished ...>"):
                begun[pid] = rest[:-len("<unfinished ...>")]
                continue
            m = re.match(r"^<\.\.\. \w+ resumed>(.*)$", rest)
            if m:
                rest = begun.pop(pid, "") + m[1]
            m = re.match(r"^(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+)", rest)
            if m:
                yield int(pid), m[1], m[2], int(m[3], 0)


def escapes(recording, forget=None):
    """What strace saw happen to the recorded folder and the log does not have, as lines of text; and how much it saw.
    `forget`: as if the log had no records of that kind."""
    root = recording.root
    missing = []
    left = {}  # what the log has: (pid, what, name, number): how often
    streams = set()
    created = set()
    for pid, what, name, size, offset, flags in recording.records():
        if what == forget or "shared" in flags:
            continue
        if "stream" in flags:
            streams.add((pid, name))
            continue
        if what in ("create", "rename"):
            created.add(name.split(" -> ")[-1])
        number = size if what == "write" else offset if what == "size" else 0
        key = (pid, what, name.split(" -> ")[0], number)
        left[key] = left.get(key, 0) + 1

    def take(pid, what, name, number, text):
        key = (pid, what, name, number)
        if left.get(key, 0) > 0:
            left[key] -= 1
        elif what == "write" and (pid, name) in streams:
            pass  # the stream's file is in the log as a whole
        else:
            missing.append(f"{pid} {text}")

    seen = 0
    for pid, call, args, result in calls(recording.trace):
        text = f"{call}({args}) = {result}"
        if result < 0 or (call in WRITES and result == 0):
            continue
        paths = [p.replace("(deleted)", "").strip() for p in re.findall(r"<([^<>]*)>(?:\(deleted\))?", args)]
        below = [p for p in paths if p == root or p.startswith(root + "/")]
        if call in ANYWHERE or (call in UNKNOWN and (below or root + "/" in args)):
            missing.append(f"{pid} {text}")
        if call == "mmap" and below and "MAP_SHARED" in args and "PROT_WRITE" in args \
                and not below[0].endswith("-lock") and not os.path.basename(below[0]).startswith("journal.queue"):
            missing.append(f"{pid} {text}")
        if call in ("open", "openat", "creat") and "O_CREAT" in args:
            m = re.search(r'"([^"]*)"', args)
            opened = re.search(r"= \d+<([^<>]*)>", text)
            name = os.path.basename(opened[1] if opened else m[1])
            if (below or m[1].startswith(root + "/")) and name not in created:
                missing.append(f"{pid} {text}")
        if not (call in WRITES or call in OTHERS or call in NAMES) or "FALLOC_FL_KEEP_SIZE" in args:
            continue
        if call in NAMES:
            quoted = re.findall(r'"([^"]*)"', args)
            name = quoted[-1] if NAMES[call] == "link" else quoted[0]
            whole = os.path.join(below[0] if below else "", name)
            if not whole.startswith(root + "/"):
                continue
            seen += 1
            take(pid, NAMES[call], os.path.basename(whole), 0, text)
        elif below:
            seen += 1
            name = os.path.basename(below[0])
            if call == "fallocate":
                numbers = [int(n) for n in re.findall(r", (\d+)", args)]
                take(pid, "size", name, sum(numbers[-2:]), text)
            elif call == "ftruncate":
                take(pid, "size", name, int(args.rsplit(", ", 1)[1]), text)
            else:
                take(pid, WRITES.get(call, "sync"), name, result if call in WRITES else 0, text)
    return missing, seen
