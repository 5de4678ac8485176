"""Eight writers, killed at random and started again: what was acknowledged is there, in whole groups, and nothing else is lost."""
import json
import os
import random
import signal
import time

import faults  # first: it finds the folder of the next one
import support
from support import Acknowledgement, Case, note

WRITERS = 8
KILLS = 3000 if faults.ALL else 150
SEALS_LOOKED_AT = 40
GROUPS = {1: 300, 50: 60}  # entries in a group: groups in a file


class Writer:
    """One of the eight; each of its runs has a file of lines and a file of acknowledgements."""

    def __init__(self, case, journal, number):
        self.case, self.journal, self.number = case, journal, number
        self.group = (1, 50)[number % 2]
        self.runs = 0
        self.process = None
        self.acknowledged = {}  # run: what it said

    def start(self):
        self.run = f"w{self.number}r{self.runs}"
        self.runs += 1
        path = self.case.path(self.run)
        with open(path, "w", encoding="utf-8") as f:
            for i in range(self.group * GROUPS[self.group]):
                f.write(json.dumps(note(f"{self.run} {i} " + "x" * (i % 97))) + "\n")
        self.said = path + ".said"
        with open(self.said, "wb") as out, open(path + ".err", "wb") as err:
            self.process = self.journal.start("append", "--group", self.group, path, stdout=out, stderr=err)

    def has_said(self):
        return os.path.getsize(self.said) > 0

    def end(self, kill):
        """True: it was killed in the middle."""
        if kill:
            self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        with open(self.said, encoding="utf-8") as f:
            lines = f.read().split("\n")
        if code not in (0, -signal.SIGKILL):
            with open(self.case.path(self.run + ".err"), encoding="utf-8") as f:
                raise AssertionError(f"{self.run} ended with {code}: {f.read()}")
        self.acknowledged[self.run] = [Acknowledgement(line) for line in lines[:-1]]  # an unfinished line acknowledges nothing
        return 0 < len(lines) - 1 < GROUPS[self.group]


class Storm(Case):
    def test_nothing_acknowledged_is_lost(self):
        dice = random.Random(11)
        j = self.journal()
        writers = [Writer(self, j, n) for n in range(WRITERS)]
        for w in writers:
            w.start()
        kills = in_the_middle = 0
        while kills < KILLS:
            w = dice.choice(writers)
            if w.process.poll() is None and not w.has_said() and dice.random() < 0.95:
                time.sleep(0.002)  # mostly those that are at work
                continue
            alive = w.process.poll() is None
            in_the_middle += w.end(alive)
            kills += alive
            w.start()
            if kills % 50 == 49:
                j.verify()
        for w in writers:
            w.end(True)
        self.assertGreater(in_the_middle, KILLS // 3, "kills should come in the middle")
        self.check(j, writers, dice)
        j.append(note("it goes on"))
        j.verify()

    def check(self, j, writers, dice):
        rows = j.log()
        self.assertEqual([r["seq"] for r in rows], list(range(1, len(rows) + 1)), "a gap")
        there = {}
        for r in rows[1:]:
            run, i, padding = r["body"]["text"].split(" ")
            self.assertEqual((int(i), padding), (len(there.setdefault(run, [])), "x" * (int(i) % 97)), "in order, and whole")
            there[run].append(r["seq"])
        last = []
        for w in writers:
            for run, acks in w.acknowledged.items():
                seqs, group = there.pop(run, []), w.group
                self.assertEqual(len(seqs) % group, 0, f"{run}: half a group of {group}")
                self.assertIn(len(seqs) // group - len(acks), (0, 1), f"{run}: lost, or more than one group unsaid")
                for k in range(0, len(seqs), group):
                    self.assertEqual(seqs[k + group - 1] - seqs[k], group - 1, f"{run}: something stands within a group")
                for k, ack in enumerate(acks):
                    self.assertEqual((ack.first, ack.last), (seqs[k * group], seqs[k * group + group - 1]))
                last += acks[-1:]
        self.assertEqual(there, {}, "nobody wrote this")
        for ack in dice.sample(last, min(SEALS_LOOKED_AT, len(last))):
            self.assertEqual(j.run("seal", "--size", ack.last).lines[1:3], [str(ack.size), ack.root])
        j.verify()


if __name__ == "__main__":
    faults.main()
