"""Power cuts: states that a disk may be left in are made from recorded runs, opened and judged. See README.md.

test_crash_states.py states | escapes | planted
"""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import time

import recording
from recording import CHECK, Recording, WORKLOADS

SHARDS = 2
QUICK = bool(os.environ.get("LEDGER_QUICK"))  # a sanitized build: the same with fewer states
ENOUGH = 20000  # for each way that a state can be like to come; what is judged unless CRASH_STATES says so is a sample
STATES = int(os.environ.get("CRASH_STATES") or (1000 if QUICK else 6000))
SEED = os.environ.get("CRASH_SEED") or "1"
WORK = os.environ.get("CRASH_WORK") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())
SHARES = {"groups": 18, "keys": 18, "writers": 20, "callers": 16, "derived": 12, "guarded": 16, "commands": 18, "outputs": 16}  # per cent; some have fewer states


def check(log, *args):
    return subprocess.run([CHECK, log, "--seed", SEED, "--work", WORK, *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def states(folder):
    jobs = []
    for name in WORKLOADS:
        log = Recording(folder, name).log
        more = ("--source", log[:-len("log")] + "journal") if name == "outputs" else ()
        jobs += [(log, "--states", STATES * SHARES[name] // 100, "--shard", f"{i}/{SHARDS}", *more) for i in range(SHARDS)]
    judged, ways = 0, {}
    with concurrent.futures.ThreadPoolExecutor(SHARDS) as pool:
        for done in pool.map(lambda job: check(*job), jobs):
            print(done.stdout, end="")
            if done.returncode != 0:
                pool.shutdown(cancel_futures=True)
                return "a crash can leave a state that is not as promised; the log is kept"
            judged += int(done.stdout.split(" judged here")[0].rsplit(" ", 1)[1])
            words = done.stdout.rstrip("\n").rsplit("\n", 1)[1].split()
            for way, count in zip(words[::2], words[1::2]):
                ways[way] = ways.get(way, 0) + int(count)
    print(f"{judged} different states, all good (seed {SEED}): {ways}")
    if STATES >= ENOUGH and not all(ways.values()):
        return "a way that a state can be like never came"
    wanted = min(STATES, ENOUGH)  # past that, moments that have no more states to give may leave some out
    return None if judged >= wanted else f"only {judged} states were judged, {wanted} were to be"


def escapes(folder):
    if not shutil.which("strace"):
        print("skipped: strace is not installed")
        sys.exit(77)
    for name in WORKLOADS:
        recorded = Recording(folder, name, trace=True)
        missing, seen = recording.escapes(recorded)
        print(f"{name}: strace saw {seen} calls that change files, {len(missing)} of them not in the log")
        if missing or seen < 50:
            return "\n".join(missing[:20]) or "strace saw next to nothing"
        for kind in ("write", "sync", "rename", "create"):  # could it have failed?
            if not recording.escapes(recorded, forget=kind)[0]:
                return f"{name}: nobody noticed that the log had no {kind}"
    return None


# A sync that is left out, and in which run that must be found.
PLANTED = (
    ("groups", "data", "fdatasync before the meta page is written"),
    ("groups", "data:5", "... once"),
    ("groups", "meta", "O_DSYNC of the meta page"),
    ("groups", "meta:7", "... once"),
    ("writers", "data", "fdatasync, with a map that grows"),
    ("keys", "file", "fsync of the new vault before it gets its name"),
    ("keys", "file:6", "... once"),
    ("keys", "folder", "fsync of folders"),
    ("keys", "folder:7", "... once, after a key was made"),
    ("commands", "meta", "O_DSYNC of the meta page, in the program"),
    ("callers", "data:6", "fdatasync, once, with many callers"),
    ("derived", "index", "fdatasync of the index"),
    ("guarded", "guard", "fdatasync of the guards before a seal is made"),
    ("guarded", "guard:9", "... once"),
    ("outputs", "file", "fsync of an export, a pack's file, a copy"),
    ("outputs", "folder", "fsync of the folder that an export or a pack gets its name in"),
)


def planted(folder):
    logs = {name: Recording(folder, name).log for name in {row[0] for row in PLANTED}}
    for name, what, words in PLANTED:
        done = check(logs[name], "--states", 3000, "--leave-out", what, "--must-fail")
        first = [line for line in done.stdout.split("\n") if line][:2]
        print(f"{name}, left out: {words}\n  " + "\n  ".join(first))
        if done.returncode != 0:
            return f"nobody noticed that {words} was left out"
        for kept in os.listdir(WORK):
            if kept.startswith("crash-") and kept in done.stdout:
                shutil.rmtree(os.path.join(WORK, kept), ignore_errors=True)
    return None


def main():
    folder = tempfile.mkdtemp(prefix="ledger-crash-")
    started = time.time()
    wrong = {"states": states, "escapes": escapes, "planted": planted}[sys.argv[1]](folder)
    print(f"{time.time() - started:.0f} s")
    if wrong:
        sys.exit(f"{wrong}\nkept: {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
