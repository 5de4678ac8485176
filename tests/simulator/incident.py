#!/usr/bin/env python3
"""The journal of docs/INCIDENT.md's one incident (examples/incident): it verifies and decides again without a difference, and
the simulator, given its script again, makes the same entries; and what the page shows is what its commands print.

incident.py --record makes it anew, with $LEDGER_BINARY and $LEDGER_SIMULATOR: then the page has to be read again too, for
the numbers of its entries.
"""
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "scripts", "traded-elsewhere.txt")
SOURCE = os.path.abspath(os.path.join(HERE, "..", ".."))
KEPT = os.path.join(SOURCE, "examples", "incident", "journal.tar.xz")
PAGE = os.path.join(SOURCE, "docs", "INCIDENT.md")
LEDGER = os.path.abspath(os.environ.get("LEDGER_BINARY", "ledger"))
SIMULATOR = os.path.abspath(os.environ.get("LEDGER_SIMULATOR", "simulator"))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def live(scratch):
    """The script's journal."""
    journal = os.path.join(scratch, "lived")
    run(SIMULATOR, "--keep", journal, SCRIPT)
    return journal


def fetch(scratch):
    """The kept journal, as the page fetches it."""
    published, journal = os.path.join(scratch, "published"), os.path.join(scratch, "fetched")
    with tarfile.open(KEPT) as tar:
        tar.extractall(published)
    with open(os.path.join(published, "vkey"), encoding="utf-8") as f:
        run(LEDGER, "-C", journal, "fetch-from", published, "--key", f.read().strip())
    return journal


def entries(journal):
    """All of them; but not what of the build is in them: the run's program, and a snapshot of its reducers."""
    for line in run(LEDGER, "-C", journal, "log", "--json").splitlines():
        entry = json.loads(line)
        if entry["kind"] in ("control.run", "control.snapshot"):
            entry["body"] = None
        yield entry


def record():
    with tempfile.TemporaryDirectory() as scratch:
        journal, published = live(scratch), os.path.join(scratch, "published")
        run(LEDGER, "-C", journal, "publish", published)
        with open(os.path.join(published, "vkey"), "w", encoding="utf-8") as f:
            print(json.loads(run(LEDGER, "-C", journal, "key", "list", "--json"))[0]["vkey"], file=f)
        os.makedirs(os.path.dirname(KEPT), exist_ok=True)
        run("tar", "-cJf", KEPT, "--sort=name", "--owner=0", "--group=0", "--mtime=@0", "-C", published, ".")


class Incident(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = folder.name

    def test_the_kept_journal_verifies_and_decides_again_without_a_difference(self):
        journal = fetch(self.scratch)
        run(LEDGER, "-C", journal, "verify")
        self.assertIn("no difference", run(LEDGER, "-C", journal, "replay", "--redecide"))

    def test_the_simulator_still_makes_it_of_its_script(self):
        kept, lived = list(entries(fetch(self.scratch))), list(entries(live(self.scratch)))
        for mine, theirs in zip(kept, lived):
            self.assertEqual(mine, theirs)
        self.assertEqual(len(kept), len(lived))

    def test_what_the_page_shows_is_what_its_commands_print(self):
        with open(PAGE, encoding="utf-8") as f:
            section = f.read().split("\n## One incident, from alarm to bundle\n")[1].split("\n## ")[0]
        os.symlink(os.path.join(SOURCE, "examples"), os.path.join(self.scratch, "examples"))
        fenced = re.findall(r"^```(sh|text)\n(.*?)^```$", section, re.S | re.M)
        path = {"PATH": os.path.dirname(LEDGER) + ":" + os.environ["PATH"]}
        printed = set()
        for kind, body in fenced:
            if kind == "sh":
                done = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=self.scratch, env={**os.environ, **path},
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, f"{body}\n{done.stderr}")
                printed.update(done.stdout.splitlines())
            else:
                self.assertLessEqual(set(body.splitlines()) - {"..."}, printed)


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        record()
    else:
        unittest.main()
