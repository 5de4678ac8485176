"""ledger verify --complete-until, and the clock's quality: what the loop says about itself, and what its silence shows."""
import csv
import os
import shutil
import signal

import desk
import support
from support import COULD_NOT, MISUSED, WRONG, Case, Journal, note



class Silence(Case):
    def until(self, j, moment, code=support.DONE):
        return j.run("verify", "--key", j.vkey or self.vkey, "--complete-until", moment, "--json", code=code).json()

    def last_word(self, j):
        return max((j.log("--kind", kind, "--reverse", "--limit", "1") or [{"seq": 0}])[0]["seq"]
                   for kind in ("control.session", "control.heartbeat"))

    def test_two_days_without_a_gap(self):
        j = self.journal()
        desk.run(j, desk.synthetic(days=2, minutes=30))
        told = self.until(j, "2026-01-06T21:00:00Z")
        silence = told.pop("silence")
        self.assertEqual(told, j.json("verify", "--key", j.vkey))
        self.assertEqual((silence["missing"], silence["sessions"], silence["heartbeats"]), (False, 2, 24))
        self.assertEqual((silence["from"], silence["until"]), ("2026-01-05T14:30:00Z", "2026-01-06T21:00:00Z"))
        self.assertRegex(j.run("verify", "--complete-until", "2026-01-07").out,
                         r"\nsilence       good  nothing is missing from 2026-01-05T14:30:00Z up to 2026-01-07T05:00:00Z: 2 sessions, 24 heartbeats\n")
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        self.ledger("verify", "--raw", raw, "--complete-until", "2026-01-07T14:30:00Z")
        told = self.ledger("verify", "--raw", raw, "--complete-until", "2026-01-07T14:30:06Z", code=WRONG)
        self.assertIn("integrity     good", told.out)
        self.assertIn("completeness  good", told.out)
        self.assertIn(f"the session of 2026-01-07 is missing: entry {self.last_word(j)} closed that of 2026-01-06", told.err)

    def test_killed_in_the_session(self):
        j = self.journal()
        feed = ["--feed", desk.synthetic(days=3, minutes=1), "--config", desk.WIDE]
        process = j.start("run", *feed)
        self.wait_for("twenty heartbeats", lambda: len(j.log("--kind", "control.heartbeat")) > 20 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertEqual(process.returncode, -signal.SIGKILL, "the run was over before it could be killed")
        j.verify()  # a good journal, as far as it goes
        last = self.last_word(j)
        at = j.json("show", last)["entry"]["at"]
        silence = self.until(j, "2026-01-07T21:00:00Z", code=WRONG)["silence"]
        self.assertEqual((silence["before"], silence["after"], silence["silent_from"]), (last, 0, at))
        self.assertIn(f"was not closed, and entry {last} is its last word, 60 s were promised", silence["what"])
        self.assertFalse(self.until(j, at)["silence"]["missing"])
        j.run("run", *feed)
        self.assertFalse(self.until(j, "2026-01-07T21:00:00Z")["silence"]["missing"])

    def test_cut_at_an_older_seal(self):
        j = self.journal()
        feed = desk.synthetic(days=2, minutes=30)
        desk.run(j, feed, more=["--until", "2026-01-05T17:00:00Z"])
        self.vkey = j.vkey
        shutil.copytree(j.path, self.path("cut"))
        desk.run(j, feed)
        cut = Journal(self, self.path("cut"))
        told = self.until(cut, "2026-01-06T21:00:00Z", code=WRONG)
        self.assertEqual((told["integrity"], told["complete"], told["silence"]["missing"]), (True, True, True))
        self.assertEqual((told["silence"]["silent_from"], told["silence"]["silent_to"]), ("2026-01-05T17:00:00Z", "2026-01-06T21:00:00Z"))
        self.assertFalse(self.until(cut, "2026-01-05T17:30:00Z")["silence"]["missing"])
        self.assertFalse(self.until(j, "2026-01-06T21:00:00Z")["silence"]["missing"])

    def test_a_whole_session_is_missing(self):
        j = self.journal()
        desk.run(j, desk.synthetic(minutes=30))
        desk.run(j, "synthetic:seed=7,underlying=ACME,date=2026-01-07,minutes=30")
        silence = self.until(j, "2026-01-07T21:00:00Z", code=WRONG)["silence"]
        opens = [e for e in j.log("--kind", "control.session") if e["body"]["phase"] == "open"]
        self.assertEqual(silence["after"], opens[1]["seq"])
        self.assertIn("the session of 2026-01-06 is missing", silence["what"])
        self.assertEqual((silence["silent_from"], silence["silent_to"]), ("2026-01-06T14:30:00Z", "2026-01-06T21:00:00Z"))

    def test_what_was_not_promised_cannot_be_told(self):
        j = self.journal()
        j.append(note("no loop was ever here"))
        self.expect_error(COULD_NOT, "no session was opened by then",
                          args=["-C", j.path, "verify", "--complete-until", "2026-01-06"])
        with open(desk.WIDE, encoding="utf-8") as f:
            off = self.write("off.yaml", f.read() + "\nheartbeat: {every_s: 0}\n")
        desk.run(j, desk.synthetic(minutes=30), config=off)
        self.assertEqual(j.log("--kind", "control.heartbeat"), [])
        self.expect_error(COULD_NOT, "promises no heartbeats", "2026-01-05",
                          args=["-C", j.path, "verify", "--complete-until", "2026-01-06"])
        self.expect_error(MISUSED, "--complete-until", args=["-C", j.path, "verify", "--complete-until", "soon"])


class Clock(Case):
    def test_the_kernels_word_is_entered(self):
        j = self.journal()
        told = j.run("run", "--feed", desk.synthetic(minutes=30), "--config", desk.WIDE)
        rows = j.log("--kind", "perception.clock_quality")
        self.assertEqual(len(rows), 1 + 7)  # the start; the open and each hour to the close
        for row in rows:
            body = row["body"]
            self.assertEqual((row["actor"], body["source"], body["bound_s"]), ("journal", "adjtimex", "0.1"))
            self.assertEqual(body["ok"], body["synchronised"] and float(body["error_s"]) <= 0.1)
        self.assertEqual("remark: this machine's clock" in told.err, not all(r["body"]["ok"] for r in rows))

    def test_a_clock_that_is_not_good(self):
        """No clock is exact: a bound of nothing is passed on every machine."""
        with open(desk.WIDE, encoding="utf-8") as f:
            text = f.read()
        free, strict = self.journal("free"), self.journal("strict")
        for j, more in ((free, "{bound_ms: 0}"), (strict, "{bound_ms: 0, required: true}")):
            config = self.write("clock.yaml", text + f"\nclock: {more}\n")
            told = j.run("run", "--feed", desk.synthetic(minutes=30), "--config", config)
            self.assertIn("remark: this machine's clock", told.err)
            self.assertEqual(told.err.count("remark:"), 1)
            pack = self.path(os.path.basename(j.path) + "-pack")
            j.run("nightly", "--date", "2026-01-05", "--out", pack)
            with open(os.path.join(pack, "stops.csv"), newline="", encoding="utf-8") as f:
                rows = [row for row in csv.DictReader(f) if row["kind"] == "perception.clock_quality"]
            self.assertEqual(len(rows), 7)
            self.assertEqual({row["halted_after"] for row in rows}, {"true" if j is strict else "false"})
            self.assertIn("cannot be trusted", rows[0]["reason"])
        self.assertTrue(free.log("--kind", "order.new"))
        self.assertEqual(strict.log("--kind", "order.new"), [])
        self.assertIn("clock_ok", strict.log("--kind", "decision.no_trade", "--reverse", "--limit", "1")[0]["body"]["reason"])
        self.assertIn("clock_ok", strict.run("explain", "--no-trade", "ACME").out)
        for j in (free, strict):
            self.assertIsNone(j.redecide()["differs"])


if __name__ == "__main__":
    support.main()
