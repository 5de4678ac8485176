"""kill -9 in the middle of an append: what was acknowledged is there, whole groups only, and the journal verifies."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

import support
from support import Acknowledgement, Case, note

KILLS = 20 if support.QUICK else 200
GROUPS = {1: 400, 2: 400, 7: 400, 50: 300, 500: 100}  # entries in a group: groups in a file


class Kill(Case):
    def killed_append(self, j, name, group, dice):
        """Appends until it is killed; returns the acknowledgements that were read from it."""
        path = self.path("lines")
        with open(path, "w", encoding="utf-8") as f:
            padding = "x" * dice.randrange(200)
            for i in range(group * GROUPS[group]):
                f.write(f'{{"kind":"control.note","body":{{"text":"{name} {i} {padding}"}}}}\n')
        read, write = os.pipe()
        p = j.start("append", "--group", group, path, stdout=write)
        os.close(write)
        said = b""
        if dice.random() < 0.9:  # mostly in the middle; some before anything is acknowledged
            said += os.read(read, 1 << 16)
            time.sleep(dice.uniform(0, 0.03))
        else:
            time.sleep(dice.uniform(0, 0.06))
        p.send_signal(signal.SIGKILL)
        p.wait()
        while True:
            data = os.read(read, 1 << 16)
            if not data:
                break
            said += data
        os.close(read)
        lines = said.decode().split("\n")
        return [Acknowledgement(line) for line in lines[:-1]]

    def test_nothing_acknowledged_is_lost(self):
        dice = random.Random(42)
        j = self.journal()
        acked = {}  # run: its group and acknowledgements
        in_the_middle = 0
        for n in range(KILLS):
            group = dice.choice(sorted(GROUPS))
            acks = self.killed_append(j, f"run{n}", group, dice)
            acked[f"run{n}"] = (group, acks)
            in_the_middle += bool(acks) and len(acks) < GROUPS[group]
            if n % 25 == 24:
                j.verify()
        self.assertGreater(in_the_middle, KILLS // 2, "most kills should come in the middle")
        rows = j.log()
        self.assertEqual([r["seq"] for r in rows], list(range(1, len(rows) + 1)))
        said = {}
        for r in rows[1:]:
            run, i, _ = (r["body"]["text"] + " ").split(" ", 2)
            self.assertEqual(int(i), len(said.setdefault(run, [])), "in order, without a gap")
            said[run].append(r["seq"])
        for run, (group, acks) in acked.items():
            seqs = said.get(run, [])
            self.assertEqual(len(seqs) % group, 0, f"{run}: half a group of {group} is there")
            self.assertLessEqual(len(acks), len(seqs) // group)
            # At most the one group whose acknowledgement was on its way.
            self.assertLessEqual(len(seqs) // group, len(acks) + 1)
            for k, ack in enumerate(acks):
                self.assertEqual((ack.first, ack.last), (seqs[k * group], seqs[k * group + group - 1]))
        for run in dice.sample(sorted(acked), min(20, KILLS)):
            for ack in acked[run][1][-1:]:
                self.assertEqual(j.run("seal", "--size", ack.last).lines[1:3], [str(ack.last), ack.root])
        j.verify()
        j.append(note("and it goes on"))
        j.verify()

    def test_init_killed_leaves_a_journal_or_says_what_to_do(self):
        dice = random.Random(7)
        whole = 0
        for n in range(KILLS // 10 + 5):
            path = self.path(f"I{n}")
            p = self.start("-C", path, "init", "--origin", support.ORIGIN)
            time.sleep(dice.uniform(0, 0.08))
            p.send_signal(signal.SIGKILL)
            p.wait()
            if os.path.exists(os.path.join(path, "journal.mdb")):
                whole += 1
                self.ledger("-C", path, "verify")
                self.ledger("-C", path, "append", input=json.dumps(note("x")))
            elif os.path.exists(os.path.join(path, "vault")):
                self.expect_error(support.COULD_NOT, "vault but no journal", "remove",
                                  args=["-C", path, "init", "--origin", support.ORIGIN])
            else:
                self.ledger("-C", path, "init", "--origin", support.ORIGIN)
                self.ledger("-C", path, "verify")


if __name__ == "__main__":
    support.main()
