"""What-if courses of journals that persons wrote into: what is kept, what is counted, and what is not known."""
import json
import os
import shutil
import signal
import unittest

import desk
import support
from support import COULD_NOT, Case

FEED = desk.synthetic()
ABSURD = "9223372036"


def at(kind, when, body, actor="operator"):
    return {"kind": kind, "actor": actor, "at": when, "body": body}


def bought(order_id, qty=100, price="900", when="2026-01-05T22:30:00Z"):
    return at("fill.execution", when, {"order_id": order_id, "fill_id": order_id + "-1", "symbol": "ACME", "side": "buy",
                                       "qty": qty, "price": price, "fee": "5"})


class Course(Case):
    def lines(self, *rows):
        return self.write("insert.jsonl", "".join(json.dumps(r) + "\n" for r in rows))

    def what_if(self, j, *args):
        return j.json("replay", *args)

    # -- what persons said of what was computed -----------------------------------------------------------------

    def talked_about(self):
        """A day with a bust, a cancel, an override, statements that were asked for or came in a file, and corrections."""
        j = self.journal()
        desk.run(j, FEED, more=["--until", "2026-01-05T14:40:10Z"])
        fills = j.log("--kind", "fill.execution")
        busted, kept = fills[1], fills[2]
        body = busted["body"]
        j.append(at("fill.bust", "2026-01-05T14:40:20Z", {
            **{k: body[k] for k in ("order_id", "symbol", "side", "qty", "price", "fee")}, "busted": body["fill_id"],
            "fill_id": "bust-a", "reason": "clearly erroneous"}) | {"cause": busted["seq"]})
        j.append(at("order.cancel", "2026-01-05T14:40:25Z", {"order_id": kept["body"]["order_id"], "reason": "never mind"}),
                 bought("elsewhere", 10, "100", "2026-01-05T14:40:26Z"))
        j.run("override", "order_qty", "ACME", "--reason", "agreed by phone", "--for", "1h")
        breaks = j.run("reconcile", "broker", "--json", code=support.WRONG).json()
        self.assertGreater(len(breaks["differences"]), 1)
        desk.run(j, FEED, more=["--until", "2026-01-05T15:10:10Z"])
        told = j.log("--kind", "risk.break")
        for e in told:
            b = e["body"]
            j.run("reconcile", "--clear", b["break_id"], "--reason", "seen to", "--ours", b["ours"] or kept["seq"],
                  "--theirs", b["theirs"] or kept["seq"])
        desk.run(j, FEED)
        return j, busted, told

    def test_without_a_change_what_people_named_by_number_or_id_is_what_they_meant(self):
        j, busted, told = self.talked_about()
        size = j.size()
        for start in (2, 3, busted["seq"] - 1, busted["seq"] + 1, told[0]["seq"] - 3, told[-1]["seq"] + 1, size - 100):
            course = self.what_if(j, "--from", start)
            self.assertTrue(course["same"], (start, course["recorded"], course["what_if"]))
            self.assertEqual(course["sides"]["recorded"], course["sides"]["what_if"], start)
            self.assertEqual((course["orders"], course["entries"]["objectless"]), ([], 0), start)
            self.assertEqual(course["entries"]["computed"], course["entries"]["derived"] + course["entries"]["answered"])
        # In the course itself they name what is there, one number later.
        self.what_if(j, "--from", 3, "--out", self.path("H"))
        h = support.Journal(self, self.path("H"))
        h.run("verify")
        self.assertIsNone(h.redecide()["differs"])
        bust, = h.log("--kind", "fill.bust")
        self.assertEqual(bust["body"]["busted"], f"fill-{busted['seq'] + 1}")
        self.assertEqual(bust["cause"], busted["seq"] + 1)
        self.assertEqual(h.json("replay")["cash"], j.json("replay")["cash"])
        corrections = [(c["body"]["ours"], c["body"]["theirs"]) for c in h.log("--kind", "control.correction")]
        was = [(c["body"]["ours"], c["body"]["theirs"]) for c in j.log("--kind", "control.correction")]
        self.assertEqual(corrections, [(a and a + 1, b and b + 1) for a, b in was])

    def test_what_names_a_thing_that_is_not_in_the_course_leaves_a_note(self):
        j, busted, told = self.talked_about()
        stop = at("control.stop", "2026-01-05T14:30:30Z", {"reason": "before anything is sold"})
        course = self.what_if(j, "--insert", self.lines(stop), "--out", self.path("H"))
        self.assertEqual(course["sides"]["what_if"]["orders"], 0)
        # The bust, the cancel, and the corrections of breaks about fills that were not.
        self.assertGreaterEqual(course["entries"]["objectless"], 2)
        h = support.Journal(self, self.path("H"))
        self.assertEqual(h.log("--kind", "fill.bust") + h.log("--kind", "order.cancel"), [])
        self.assertTrue(h.log("--kind", "fill.execution"))  # what was bought elsewhere was
        notes = [n["body"]["text"] for n in h.log("--kind", "control.note")]
        self.assertTrue([n for n in notes if "fill.bust" in n and "not carried over" in n], notes)
        self.assertIn("what is not in this course", j.run("replay", "--insert", self.lines(stop)).out)

    def test_what_is_inserted_names_things_as_the_record_does(self):
        j = self.journal()
        desk.run(j, FEED)
        fill = j.log("--kind", "fill.execution")[1]
        body = fill["body"]
        bust = at("fill.bust", "2026-01-05T15:00:20Z", {
            **{k: body[k] for k in ("order_id", "symbol", "side", "qty", "price", "fee")}, "busted": body["fill_id"],
            "fill_id": "bust-a", "reason": "clearly erroneous"})
        course = self.what_if(j, "--insert", self.lines(bust), "--from", 3)
        self.assertEqual(course["entries"]["objectless"], 0)
        changed = [r for r in course["orders"] if r["what"] == "changed"]
        self.assertEqual([r["recorded"]["order_id"] for r in changed], [body["order_id"]])

    # -- a course that is written ------------------------------------------------------------------------------

    def test_what_bears_the_name_is_whole_and_nothing_is_left_of_what_was_stopped(self):
        j = self.journal()
        desk.run(j, FEED)
        whole, half = self.path("H"), self.path("H.unfinished")
        args = ["-C", j.path, "replay", "--from", 2, "--out", whole]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
            for _ in range(20):  # on a busy machine it may be done before we look
                shutil.rmtree(whole, ignore_errors=True)
                with self.start(*args) as process:
                    self.wait_for("a course that is being written", lambda: os.path.exists(half + "/vault") or process.poll() is not None)
                    process.send_signal(signal.SIGSTOP)
                    second = None
                    if number == signal.SIGTERM and process.poll() is None and os.path.exists(half):
                        second = self.ledger(*args, code=COULD_NOT).err
                    process.send_signal(number)
                    process.send_signal(signal.SIGCONT)
                    process.communicate()
                if process.returncode != 0:
                    break
            self.assertNotEqual(process.returncode, 0)
            self.assertFalse(os.path.exists(whole), number)
            self.assertEqual(os.path.exists(half), number == signal.SIGKILL)
            if second:
                self.assertIn("just now", second)
        self.what_if(j, "--from", 2, "--out", whole)  # what the killed one left is replaced
        self.assertFalse(os.path.exists(half))
        support.Journal(self, whole).run("verify")
        os.mkdir(half)
        self.write("H.unfinished/mine", "x")
        self.assertIn("not empty", j.run("replay", "--from", 2, "--out", whole, code=COULD_NOT).err)
        shutil.move(whole, self.path("other"))
        self.assertIn("in the way", j.run("replay", "--from", 2, "--out", whole, code=COULD_NOT).err)
        self.assertEqual(os.listdir(half), ["mine"])

    def test_a_name_of_a_file_is_one_line_whatever_it_is_made_of(self):
        j = self.journal()
        desk.run(j, FEED, more=["--until", "2026-01-05T14:35:10Z"])
        with open(desk.WIDE) as f:
            told = self.what_if(j, "--with", self.write("a\n\x1b[2Jb.yaml", f.read()))
        self.assertNotIn("\n", told["changes"])
        self.assertIn("a\\x0a\\x1b[2Jb.yaml", told["changes"])
        run = j.log("--kind", "control.run")[0]["seq"]
        self.assertEqual(j.run("replay", "--drop", run, code=COULD_NOT).err.count("entry"), 1)

    # -- the end ----------------------------------------------------------------------------------------------

    def test_what_is_inserted_behind_the_last_clock_counts(self):
        j = self.journal()
        desk.run(j, FEED)
        told = self.what_if(j, "--insert", self.lines(bought("late")))
        was, would = told["sides"]["recorded"], told["sides"]["what_if"]
        self.assertEqual(float(was["cash"]) - float(would["cash"]), 90005)
        self.assertGreater(float(was["profit"]) - float(would["profit"]), 75000)  # ACME is at about 100
        self.assertEqual(float(was["equity"]) - float(would["equity"]), float(was["profit"]) - float(would["profit"]))
        self.assertEqual(would["positions"], was["positions"] + 1)
        self.assertEqual(would["orders"], was["orders"])  # nobody sent one
        self.assertEqual(float(would["fees"]) - float(was["fees"]), 5)

    # -- what does not fit ------------------------------------------------------------------------------------

    def test_an_absurd_quote_makes_a_moment_unknown_and_ends_nothing(self):
        j = self.journal()
        desk.run(j, FEED, more=["--until", "2026-01-05T15:00:10Z"])
        held = [p["symbol"] for p in j.json("replay")["positions"] if p["qty"]]
        quote = {"bid": ABSURD, "ask": ABSURD + ".8", "bid_size": 1, "ask_size": 1}
        first = j.size() + 1
        j.append(*(json.dumps(at("perception.quote", "2026-01-05T15:00:30Z", {"symbol": s, **quote})) for s in [*held, "ACME"]))
        desk.run(j, FEED)
        last = first + len(held)
        told = self.what_if(j, "--from", 5)
        self.assertTrue(told["same"])
        unknown = [p for p in told["points"]["recorded"] if p["equity"] is None or p["margin"] is None]
        self.assertTrue(unknown)
        self.assertLess(len(unknown), len(told["points"]["recorded"]) / 10)
        self.assertIsNotNone(told["sides"]["recorded"]["profit"])
        self.assertEqual(told["sides"]["recorded"], told["sides"]["what_if"])
        self.assertIn("after no entry", j.run("bisect", "--when", "margin_use > 90 %", code=support.WRONG).err)
        self.assertIn("margin in use", j.run("diff", first - 1, last).out)
        for part in ("summary", "positions", "limits", "strategy"):
            j.run("state", "--at", last, part)
        self.assertIn("not known", j.run("replay", "--insert", self.lines(
            at("perception.quote", "2026-01-05T21:00:00Z", {"symbol": "ACME", **quote}), *(
                at("perception.quote", "2026-01-05T21:00:00Z", {"symbol": s, **quote}) for s in held))).out)
        # Ahead of the market's clock it is not known, and changes nothing.
        ahead = self.what_if(j, "--insert", self.lines(*(
            at("perception.quote", "2026-01-05T23:00:00Z", {"symbol": s, **quote}) for s in ["ACME"])))
        self.assertEqual(ahead["sides"]["what_if"]["profit"], ahead["sides"]["recorded"]["profit"])

    # -- configurations ---------------------------------------------------------------------------------------

    def test_a_sweep_keeps_the_configurations_that_come_later(self):
        j = self.journal()
        narrow = "strategy: {underlyings: [ACME], contracts: 1, trend_required: false}\n"
        desk.run(j, FEED, config=self.write("narrow.yaml", narrow), more=["--until", "2026-01-05T14:40:30Z"])
        j.run("config", "set", desk.WIDE)
        desk.run(j, FEED)
        recorded = j.log("--kind", "control.configuration")
        self.assertEqual(len(recorded), 2)
        told = self.what_if(j, "--sweep", "strategy.take_profit=0.5..0.5/1")
        self.assertEqual(told["courses"][0]["side"], told["recorded"])
        self.assertEqual((told["configurations_changed"], told["configurations_left_out"]), (2, 0))
        with_file = self.what_if(j, "--with", desk.WIDE, "--from", recorded[0]["seq"])
        self.assertEqual(with_file["entries"]["configurations_left_out"], 2)
        out = j.run("replay", "--with", desk.WIDE).out
        self.assertIn("left out: 2 configurations of the record", out)
        over = self.what_if(j, "--sweep", "strategy.take_profit=0.5..0.5/1", "--with", desk.WIDE)
        self.assertEqual((over["configurations_changed"], over["configurations_left_out"]), (0, 2))
        self.assertEqual(over["courses"][0]["side"], with_file["sides"]["what_if"])
        # One of the later ones forbids it: a row says which.
        refused = self.what_if(j, "--sweep", "strategy.otm_min=0.02..0.92/0.9")["courses"][1]["refused"]
        self.assertIn("configuration of entry", refused)

    def test_a_sweep_says_what_it_does_not_reach_and_what_has_no_effect(self):
        j = self.journal()
        desk.run(j, FEED)
        done = j.run("replay", "--sweep", "strategy.take_profit=0.5..0.7/0.15")
        self.assertIn("do not reach 0.7; the last value is 0.65", done.err)
        self.assertIn("strategy.take_profit: no effect", done.out)
        self.assertIn("since the departure", done.out)
        told = self.what_if(j, "--sweep", "strategy.take_profit=0.5..0.6/0.1", "--sweep", "strategy.contracts=1..2/1")
        self.assertEqual(told["without_effect"], ["strategy.take_profit"])
        told = self.what_if(j, "--sweep", "strategy.otm_min=0.9..0.95/0.05")  # above otm_max
        self.assertTrue(all(row["refused"] for row in told["courses"]))
        self.assertEqual(told["without_effect"], [])


if __name__ == "__main__":
    unittest.main()
