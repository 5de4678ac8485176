"""What-if courses of journals that persons wrote into: what is kept, what is counted, and what is not known."""
import json
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
            at("perception.quote", "2026-01-05T23:00:00Z", {"symbol": "ACME", **quote}), *(
                at("perception.quote", "2026-01-05T23:00:00Z", {"symbol": s, **quote}) for s in held))).out)

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


if __name__ == "__main__":
    unittest.main()
