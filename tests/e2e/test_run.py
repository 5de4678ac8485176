"""ledger run, replay, explain: the real GOOG day and synthetic days, from perception to fill and back."""
import json
import os
import random
import re
import signal
import subprocess
import time
import unittest
from decimal import Decimal

import desk
import reckon
import support
from support import COULD_NOT, Case, money_state, needs_lean


@needs_lean
class Goog(Case):
    def test_the_day_trades_verifies_replays_and_is_decided_alike_again(self):
        j = self.journal()
        report, said = desk.run(j, desk.GOOG_FEED)
        self.assertIn("279,175 rows of 8 files", said)
        self.assertGreater(report["fills"], 0)
        self.assertEqual(report["seq"], int(j.run("seal").lines[1]))
        j.verify()
        digest = j.run("replay", "--digest").out
        self.assertEqual(digest, j.run("replay", "--digest").out)
        self.assertEqual(digest.strip(), j.json("replay")["digest"])
        again = j.redecide()
        self.assertIsNone(again["differs"])
        self.assertEqual(again["compared"], report["derived"])
        self.assertEqual(again["unanswered"], 0)
        desk.check_books(self, j)
        orders = desk.check_chains(self, j)
        self.assertEqual(len(orders), report["orders"])
        self.explain(j, orders[0]["order_id"])
        self.explain_no_trade(j)
        # Replaying a part, then all, is replaying all: state has no memory beside the entries.
        for seq in (2, 1000, report["seq"] // 2):
            self.assertEqual(j.json("replay", "--to", seq)["seq"], seq)

    def explain(self, j, order_id):
        """Perception, candidates, decision, verdict, order, fill: each with its entry and its numbers."""
        entries = j.log("--order", order_id)
        text = j.run("explain", order_id).out
        for e in entries:
            self.assertIn(str(e["seq"]), text)
        enter = next(e["body"] for e in entries if e["kind"] == "decision.enter")
        for piece in (order_id, enter["symbol"], "candidates", "verdict", "fill", "margin_use", "sector_share", "daily_loss"):
            self.assertIn(piece, text)
        fill = next(e["body"] for e in entries if e["kind"] == "fill.execution")
        self.assertIn(str(fill["price"]), text)
        told = j.json("explain", order_id)
        self.assertIn(order_id, json.dumps(told))
        # By the number of any entry of the chain the same story is told.
        self.assertIn(enter["symbol"], j.run("explain", entries[-1]["seq"]).out)

    def explain_no_trade(self, j):
        newest = j.log("--kind", "decision.no_trade", "--symbol", "GOOG")
        newest = [e for e in newest if e["body"]["symbol"] == "GOOG"][-1]
        text = j.run("explain", "--no-trade", "GOOG").out
        for gate in newest["body"]["gates"]:
            self.assertIn(gate["name"], text)
        for row in newest["body"]["failed"]:
            self.assertIn(row["name"], text)
            self.assertIn(str(row["count"]), text.replace(",", ""))
        self.assertIn(str(newest["seq"]), text)
        # At any earlier moment it is the look of that moment.
        looks = [e for e in j.log("--kind", "decision.no_trade", "--symbol", "GOOG") if e["body"]["symbol"] == "GOOG"]
        early = looks[len(looks) // 2]
        told = j.json("explain", "--no-trade", "GOOG", "--at", early["at"])
        self.assertIn(early["seq"], [step["seq"] for step in told["steps"]])
        # An option is told its own values.
        option = j.log("--kind", "perception.quote", "--symbol", "GOOG", "--from", early["at"], "--limit", 1)[0]["body"]["symbol"]
        self.assertIn(option, j.run("explain", "--no-trade", option, "--at", early["at"]).out)
        self.expect_error(COULD_NOT, "GOOG", args=["-C", j.path, "explain", "--no-trade", "GOOG", "--at", "2015-12-24T12:00:00Z"])

    def test_the_baseline_watches_and_says_why(self):
        j = self.journal()
        report, _ = desk.run(j, desk.GOOG_FEED, config=desk.BASELINE)
        told = j.log("--kind", "decision.no_trade")
        self.assertTrue(told)
        minutes = [(e["at"][:16], e["body"]["symbol"]) for e in told]
        self.assertEqual(len(minutes), len(set(minutes)), "at most one a minute and symbol")
        for e in told:
            seen = e["body"]["passed"] + sum(row["count"] for row in e["body"]["failed"])
            self.assertEqual(e["body"]["seen"], seen)
            self.assertTrue(e["body"]["reason"])
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def test_the_other_build_gives_the_same_state(self):
        other = os.environ.get("LEDGER_OTHER_BINARY", "")
        if not os.path.exists(other):
            self.skipTest(f"there is no other build to compare with: {other or '$LEDGER_OTHER_BINARY is not set'}")
        j = self.journal()
        desk.run(j, desk.GOOG_FEED)
        args = ["-C", j.path, "replay"]
        self.assertEqual(self.ledger(*args, "--digest").out, self.ledger(*args, "--digest", binary=other).out)
        self.assertIsNone(self.ledger(*args, "--redecide", "--json", binary=other).json()["differs"])
        self.ledger("-C", j.path, "verify", "--key", j.vkey, binary=other)

    def test_assignment_turns_puts_into_stock_at_the_strike(self):
        """A put sold while the price stands at 751 is in the money at the close of 748.40. A stop keeps it open."""
        j = self.journal()
        config = self.write("hold.yaml", desk.holding("GOOG", days_min=0, days_max=0, otm_max=0.01, contracts=3))
        j.run("config", "set", config)
        j.run("stop", "--reason", "not yet")
        desk.run(j, desk.GOOG_FEED, config=config, more=["--until", "2015-12-24T16:54:00Z"])
        self.assertEqual(j.log("--kind", "order"), [])
        j.run("resume", "--reason", "the price is high")
        desk.run(j, desk.GOOG_FEED, config=config, more=["--until", "2015-12-24T16:55:00Z"])
        j.run("stop", "--reason", "hold what is sold")
        desk.run(j, desk.GOOG_FEED, config=config)
        sold, = [e for e in j.log("--kind", "fill.execution")]
        self.assertEqual((sold["body"]["side"], sold["body"]["qty"]), ("sell", 3))
        put = reckon.Contract(sold["body"]["symbol"])
        self.assertGreater(put.strike, Decimal("748.40"))
        assigned, = j.log("--kind", "fill.assignment")
        self.assertEqual(assigned["at"], "2015-12-24T18:00:00Z")
        self.assertEqual(assigned["body"]["symbol"], sold["body"]["symbol"])
        self.assertEqual(assigned["body"]["qty"], 3)
        self.assertEqual(Decimal(assigned["body"]["underlying_price"]), Decimal("748.40"))
        state, _ = desk.check_books(self, j)
        stock, = [p for p in state["positions"] if p["symbol"] == "GOOG"]
        self.assertEqual(stock["qty"], 300)
        self.assertEqual(Decimal(stock["average_price"]), put.strike)
        option, = [p for p in state["positions"] if p["symbol"] == sold["body"]["symbol"]]
        premium = Decimal(sold["body"]["price"]) * 300
        self.assertEqual((option["qty"], Decimal(option["realized_pnl"])), (0, premium))
        self.assertEqual(Decimal(state["cash"]), 30000000 + premium - Decimal(sold["body"]["fee"]) - 300 * put.strike)
        self.assertEqual(Decimal(sold["body"]["fee"]), reckon.commission(0, 3))
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def test_what_was_imported_is_decided_on_by_another_journal(self):
        source = self.journal("source")
        source.run("import", "lean", support.LEAN, "--underlying", "GOOG", "--date", "2015-12-24")
        j, direct = self.journal(), self.journal("direct")
        desk.run(j, f"journal:{source.path}")
        desk.run(direct, desk.GOOG_FEED)
        self.assertEqual(desk.trades(j), desk.trades(direct))
        self.assertEqual(money_state(j.json("replay")), money_state(direct.json("replay")))

    def test_a_day_that_was_run_is_not_run_twice(self):
        j = self.journal()
        desk.run(j, desk.GOOG_FEED)
        before = j.run("replay", "--digest").out
        self.expect_error(COULD_NOT, "already", args=["-C", j.path, "run", "--feed", desk.GOOG_FEED])
        self.assertEqual(j.run("replay", "--digest").out, before)


class Synthetic(Case):
    FEED = desk.synthetic(days=2 if support.QUICK else 4, minutes=5, scenario="crash")

    def test_the_same_command_after_the_end_says_that_it_was_done_and_what_to_do(self):
        j = self.journal()
        feed = desk.synthetic(days=1, minutes=30)
        desk.run(j, feed)
        size = j.size()
        self.expect_error(COULD_NOT, "has run this feed to its end already", "decided up to 2026-01-05T21:00:00Z", "later day",
                          "another journal", "ledger replay --redecide", args=["-C", j.path, "run", "--feed", feed])
        other = feed.replace("seed=", "seed=9")
        self.expect_error(COULD_NOT, "its clock says 2026-01-05T14:30:00Z", "decided up to 2026-01-05T21:00:00Z already",
                          "begins later", "another journal", args=["-C", j.path, "run", "--feed", other])
        self.assertEqual(j.size(), size)
        j.run("run", "--feed", feed.replace("2026-01-05", "2026-01-06"))  # what was advised is done

    def test_a_run_trades_and_its_books_balance(self):
        for scenario in ("rise", "fall", "crash", "flat"):
            with self.subTest(scenario=scenario):
                j = self.journal(scenario)
                report, _ = desk.run(j, desk.synthetic(days=2, minutes=15, scenario=scenario))
                self.assertGreater(report["orders"], 0)
                desk.check_books(self, j)
                desk.check_chains(self, j)
                self.assertIsNone(j.redecide()["differs"])
                j.verify()

    def test_a_sale_without_a_bid_does_not_fill(self):
        """Every fill stands at the opposite side of a quote of that moment, and not for more than was shown."""
        j = self.journal()
        desk.run(j, self.FEED)
        quotes, spent, checked = {}, {}, 0
        for e in j.log():
            body = e["body"]
            if e["kind"] == "perception.quote":
                quotes[body["symbol"]] = (e["seq"], body)
            if e["kind"] != "fill.execution":
                continue
            checked += 1
            seq, quote = quotes[body["symbol"]]
            side = "bid" if body["side"] == "sell" else "ask"
            self.assertEqual(quote[side], body["price"])
            left = quote[side + "_size"] - spent.get((seq, side), 0)
            self.assertLessEqual(body["qty"], left)
            spent[seq, side] = spent.get((seq, side), 0) + body["qty"]
        self.assertGreater(checked, 5)

    def test_commission_follows_the_schedule_over_partial_fills(self):
        j = self.journal()
        config = desk.configuration(
            strategy={"underlyings": ["ACME"], "otm_min": 0.03, "otm_max": 0.2, "premium_min": 0.25, "premium_max": 3,
                      "days_min": 4, "days_max": 30, "contracts": 45, "trend_required": False},
            risk={"sector_share": 1, "position_loss": 100000}, account={"deposit": 9000000},
            broker={"commission": 1.25, "commission_min": 7, "fee_contract": "0.0475"})
        desk.run(j, desk.synthetic(days=1, minutes=5), config=self.write("c.yaml", config))
        before, partial = {}, 0
        for e in j.log("--kind", "fill.execution"):
            b = e["body"]
            had = before.get(b["order_id"], 0)
            partial += had > 0
            self.assertEqual(Decimal(b["fee"]), reckon.commission(had, b["qty"], "1.25", "7", "0.0475"))
            before[b["order_id"]] = had + b["qty"]
        self.assertGreater(partial, 0, "no order was filled in parts")
        desk.check_books(self, j)

    def test_until_and_going_on_is_one_run(self):
        whole, parts = self.journal("whole"), self.journal("parts")
        desk.run(whole, self.FEED)
        for until in ("2026-01-05", "2026-01-05T15:00:00Z", "2026-01-05T15:00:00Z", "2026-01-06", "2026-01-06T14:30:00Z"):
            report, _ = desk.run(parts, self.FEED, more=["--until", until])
            self.assertIn("--until", report["end"])
            clocks = parts.log("--kind", "perception")
            limit = until if "T" in until else until + "T05:00:00Z"
            self.assertTrue(all(e["at"] <= limit for e in clocks if "at" in e), until)
        report, _ = desk.run(parts, self.FEED)
        self.assertIn("ended", report["end"])
        self.assertEqual(desk.trades(parts), desk.trades(whole))
        self.assertEqual(money_state(parts.json("replay")), money_state(whole.json("replay")))
        self.assertIsNone(parts.redecide()["differs"])
        parts.verify()

    def test_kill_in_the_middle_and_the_same_command_again(self):
        whole = self.journal("whole")
        began = time.monotonic()
        desk.run(whole, self.FEED)
        seconds = time.monotonic() - began
        expected, state = desk.trades(whole), money_state(whole.json("replay"))
        dice = random.Random(20151224)
        kills = 0
        for trial in range(2 if support.QUICK else 5):
            j = self.journal(f"killed{trial}")
            args = ["run", "--feed", self.FEED, "--config", desk.WIDE]
            for _ in range(12):
                p = j.start(*args)
                try:
                    p.wait(dice.uniform(0.05 * seconds, 0.6 * seconds))
                except subprocess.TimeoutExpired:
                    p.send_signal(signal.SIGKILL)
                    p.wait()
                    kills += 1
                    if dice.random() < 0.2:
                        j.verify()
                    continue
                if p.returncode != 0:  # killed after its last commit: then there is nothing to go on with
                    self.assertEqual(len(j.log("--kind", "control.run_end")), 1)
                break
            else:
                if not j.log("--kind", "control.run_end"):
                    self.assertEqual(j.run(*args).code, 0)
            self.assertEqual(desk.trades(j), expected)
            self.assertEqual(money_state(j.json("replay")), state)
            self.assertIsNone(j.redecide()["differs"])
            j.verify()
            desk.check_books(self, j)
        self.assertGreater(kills, 1)

    def test_a_polite_interruption_ends_between_two_moments(self):
        j, whole = self.journal(), self.journal("whole")
        feed = desk.synthetic(days=3 if support.QUICK else 8, minutes=2)
        p = j.start("run", "--feed", feed, "--config", desk.WIDE)
        self.wait_for("the first clock entry", lambda: j.run("log", "--kind", "perception.clock", "--limit", 5, code=None).out)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(60), 0)
        self.assertEqual(j.log("--kind", "control.run_end"), [])
        self.assertIn("run", j.run("doctor").out)
        j.verify()
        self.assertIsNone(j.redecide()["differs"])
        if not support.QUICK:
            desk.run(j, feed)
            desk.run(whole, feed)
            self.assertEqual(desk.trades(j), desk.trades(whole))

    def test_another_configuration_from_the_middle_on(self):
        j = self.journal()
        feed = desk.synthetic(days=2, minutes=15)
        desk.run(j, feed, more=["--until", "2026-01-05T18:00:00Z"])
        other = self.write("none.yaml", desk.configuration(strategy={"underlyings": ["ACME"], "positions_max": 0}))
        desk.run(j, feed, config=other)
        configurations = [e["seq"] for e in j.log("--kind", "control.configuration")]
        self.assertEqual(len(configurations), 2)
        self.assertFalse([e for e in j.log("--kind", "decision.enter") if e["seq"] > configurations[1]])
        self.assertIsNone(j.redecide()["differs"])

    def test_what_the_deciders_write_is_not_appended_from_outside(self):
        j = self.journal()
        desk.run(j, desk.synthetic(days=1, minutes=30))
        size = j.size()
        line = ('{"kind":"order.new","actor":"strategy:naked-put","cause":%d,"body":{"order_id":"np-forged","symbol":"ACME",'
                '"side":"buy","qty":1,"type":"market","limit":null}}\n' % size)
        self.expect_error(support.COULD_NOT, "line 1", "column 29", "actor", "deciders only",
                          args=["-C", j.path, "append"], input=line)
        self.assertEqual(j.size(), size)
        self.assertIsNone(j.redecide()["differs"])


if __name__ == "__main__":
    support.main()
