"""Two processes append at once: nothing is lost, groups stay whole, readers never wait or see half of one."""
import json
import os
import subprocess
import threading
import unittest

import desk
import support
from support import Acknowledgement, Case, note

GROUPS = 40 if support.QUICK else 200


class Two(Case):
    def test_groups_interleave_whole(self):
        j = self.journal()
        sizes = {"a": 1, "b": 13, "c": 100}
        running = {}
        acks = {}
        lines = {name: [json.dumps(note(f"{name} {i}")).encode() + b"\n" for i in range(size * GROUPS)]
                 for name, size in sizes.items()}
        for name, size in sizes.items():  # each has had a turn before any goes on: so they do run at the same time
            p = running[name] = j.start("append", "--group", size, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            p.stdin.write(b"".join(lines[name][:size]))
            p.stdin.flush()
            acks[name] = [Acknowledgement(p.stdout.readline().decode().strip())]

        def go_on(name):
            running[name].stdin.write(b"".join(lines[name][sizes[name]:]))
            running[name].stdin.close()

        writers = [threading.Thread(target=go_on, args=[name]) for name in sizes]
        for writer in writers:
            writer.start()
        # Readers meanwhile: always a sealed prefix.
        seen = 0
        while any(p.poll() is None for p in running.values()):
            size = int(j.run("seal").lines[1])
            self.assertGreaterEqual(size, seen)
            seen = size
            if size % 7 == 0:
                j.verify()
        for writer in writers:
            writer.join()
        for name, p in running.items():
            self.assertEqual(p.wait(), 0)
            acks[name] += [Acknowledgement(line.decode().strip()) for line in p.stdout]
            self.assertEqual(len(acks[name]), GROUPS)
        rows = j.log()
        self.assertEqual(len(rows), 1 + GROUPS * sum(sizes.values()))
        by_seq = {r["seq"]: r["body"].get("text") for r in rows}
        for name, size in sizes.items():
            for k, ack in enumerate(acks[name]):
                self.assertEqual(ack.last - ack.first + 1, size)
                self.assertEqual([by_seq[s] for s in range(ack.first, ack.last + 1)],
                                 [f"{name} {i}" for i in range(k * size, k * size + size)])
        owners = [by_seq[s].split()[0] for s in range(2, len(rows) + 1)]
        changes = sum(1 for x, y in zip(owners, owners[1:]) if x != y)
        self.assertGreater(changes, 2, "they did not run at the same time")
        self.assertEqual(sorted(by_seq), list(range(1, len(rows) + 1)))
        times = [r["recorded_at"][:-1].ljust(29, "0") if "." in r["recorded_at"] else r["recorded_at"][:-1] + ".000000000"
                 for r in rows]
        self.assertEqual(times, sorted(times), "recorded in order")
        j.verify()

    def test_many_who_wait_share_seals(self):
        """Eight programs, each waiting for each of its lines: one sync serves all that wait, and all are told."""
        j = self.journal()
        lines = 60 if support.QUICK else 200
        running = []
        for n in range(8):
            path = self.write(f"caller {n}", "".join(json.dumps(note(f"{n} {i}")) + "\n" for i in range(lines)))
            running.append(j.start("append", "--group", 1, path, stdout=subprocess.PIPE))
        acks = []
        for p in running:
            out = p.communicate()[0].decode().splitlines()
            self.assertEqual(p.returncode, 0)
            acks.append([Acknowledgement(line) for line in out])
            self.assertEqual(len(acks[-1]), lines)
        by_seq = {r["seq"]: r["body"].get("text") for r in j.log()}
        self.assertEqual(len(by_seq), 1 + 8 * lines)
        for n, told in enumerate(acks):
            self.assertEqual([by_seq[a.first] for a in told], [f"{n} {i}" for i in range(lines)])
            for a in told[::20]:
                self.assertEqual(j.run("seal", "--size", a.first).lines[1:3], [str(a.size), a.root])
        shared = {a.size for told in acks for a in told}
        self.assertLess(len(shared), 8 * lines, "every line had a seal of its own")
        self.assertTrue(any(a.size > a.last for told in acks for a in told))
        j.verify()

    def test_people_write_while_the_loop_runs(self):
        j = self.journal()
        p = j.start("run", "--feed", desk.synthetic(days=3, minutes=2), "--config", desk.WIDE)
        self.wait_for("the run's beginning", lambda: j.run("log", "--kind", "control.run", code=None).out)
        notes = 0
        while p.poll() is None and notes < 200:
            ack, = j.append(note(f"note {notes}"), note(f"note {notes} too"))
            self.assertEqual(ack.last, ack.first + 1)
            notes += 1
        self.assertEqual(p.wait(120), 0)
        self.assertGreater(notes, 1)
        self.assertEqual(len(j.log("--kind", "control.note")), 2 * notes)
        alone = self.journal("alone")
        desk.run(alone, desk.synthetic(days=3, minutes=2))
        self.assertEqual(desk.trades(j), desk.trades(alone))
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def test_the_same_run_twice_at_once_trades_once(self):
        """The second is refused, or waits its turn: two loops must not both act on one market."""
        feed = desk.synthetic(days=3, minutes=2)
        alone, j = self.journal("alone"), self.journal()
        desk.run(alone, feed)
        j.run("config", "set", desk.WIDE)
        both = [j.start("run", "--feed", feed) for _ in range(2)]
        codes = sorted(p.wait(120) for p in both)
        self.assertEqual(codes[0], 0)
        self.assertIn(codes[1], (0, support.COULD_NOT))
        self.assertEqual(len(j.log("--kind", "perception")), len(alone.log("--kind", "perception")))
        self.assertEqual(support.money_state(j.json("replay")), support.money_state(alone.json("replay")))
        self.assertIsNone(j.redecide()["differs"])
        j.verify()

    def test_two_inits_make_one_journal(self):
        both = [self.start("-C", self.path("X"), "init", "--origin", f"a.b/{n}", stdout=subprocess.PIPE) for n in range(2)]
        codes = sorted(p.wait(60) for p in both)
        self.assertEqual(codes, [0, support.COULD_NOT])
        vkey = next(p.stdout.read().decode().strip() for p in both if p.returncode == 0)
        self.ledger("-C", self.path("X"), "verify", "--key", vkey)


if __name__ == "__main__":
    support.main()
