"""The 48 real SPX chains of 2019: what is selected, traded, exited and settled, against a second reckoning."""
import collections
import datetime
import os
from decimal import Decimal
from fractions import Fraction

import desk
import reckon
import support
from support import SPX, Case, needs_spx

DAYS = []  # read once


def days():
    if not DAYS:
        DAYS.extend(reckon.spx_days(SPX))
    return DAYS


BASELINE_SPX = desk.configuration(strategy={"underlyings": ["SPX"]})  # every number is the baseline's by default


@needs_spx
class Selection(Case):
    def test_the_defaults_are_the_baseline(self):
        shown = self.ledger("config", "check", self.write("c.yaml", BASELINE_SPX)).out
        for setting in ("otm_min=0.15", "otm_max=0.2", "premium_min=0.3", "premium_max=0.5", "days_min=7", "days_max=14",
                        "contracts=5", "positions_max=10", "sma_fast=20", "sma_slow=50", "trend_required=true",
                        "take_profit=0.5", "stop_loss=2", "exit_days=3"):
            self.assertIn(f"strategy.{setting}\n", shown)

    def test_counts_of_every_day(self):
        """With no room for positions every look is told, with how many contracts passed."""
        j = self.journal()
        config = desk.configuration(strategy={"underlyings": ["SPX"], "positions_max": 0})
        desk.run(j, desk.SPX_FEED, config=self.write("watch.yaml", config))
        told = {e["at"]: e["body"] for e in j.log("--kind", "decision.no_trade")}
        selected = 0
        for d in days():
            if not d.is_session:
                self.assertNotIn(d.at, told)
                continue
            body = told[d.at]
            self.assertEqual(body["passed"], len(d.select()), d.day)
            self.assertEqual(body["seen"], body["passed"] + sum(row["count"] for row in body["failed"]))
            selected += body["passed"]
        self.assertGreater(selected, 20)

    def test_sets_of_every_day(self):
        self.same_sets(BASELINE_SPX, {})

    def test_sets_of_every_day_with_wider_criteria(self):
        self.same_sets(desk.configuration(strategy={
            "underlyings": ["SPX"], "otm_min": "0.03", "otm_max": "0.12", "premium_min": "0.25", "premium_max": 3,
            "days_min": 0, "days_max": 45}), {"otm": ("0.03", "0.12"), "premium": ("0.25", "3"), "days": (0, 45)})

    def same_sets(self, config, criteria):
        if self.ledger("help", "screen", code=None).code:
            self.skipTest("the program has no command \"screen\" yet")
        j = self.journal()
        j.run("import", "spx-eod", SPX)
        path = self.write("screen.yaml", config)
        sample = [d for d in days() if d.is_session]
        if support.QUICK:
            sample = sample[::10]
        for d in sample:
            screened = j.run("screen", "SPX", "--config", path, "--at", d.at, "--json").json()
            got = {row["symbol"]: row for row in screened["passed"]}
            want = d.select(**criteria)
            self.assertEqual(set(got), set(want), d.day)
            self.assertEqual(Decimal(screened["price"]), d.price)
            for symbol, (left, away, bid) in want.items():
                self.assertEqual((got[symbol]["days"], Decimal(got[symbol]["otm"]), Decimal(got[symbol]["premium"])),
                                 (left, reckon.rounded(away, 9), bid))


@needs_spx
class Trading(Case):
    def test_the_wide_example_trades_and_exits(self):
        j = self.journal()
        report, said = desk.run(j, desk.SPX_FEED, f"lean:{support.LEAN},underlying=SPY,resolution=daily,from=2019-01-02,to=2019-07-08,clock=no")
        for day in ("2019-05-27", "2019-07-04"):
            self.assertIn(day, said)
        self.assertGreater(report["fills"], 20)
        rules = collections.Counter(e["body"]["rule"] for e in j.log("--kind", "decision.exit"))
        self.assertGreater(rules["profit"], 0)
        self.assertGreater(rules["loss"], 0)
        desk.check_books(self, j)
        desk.check_chains(self, j)
        self.rows_are_right(j)
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def rows_are_right(self, j):
        """Numbers of the candidates, recomputed from the raw files; best first."""
        by_day = {d.day.isoformat(): d for d in days()}
        seen = 0
        for e in j.log("--kind", "decision.candidates"):
            d = by_day[e["at"][:10]]
            self.assertEqual(Decimal(e["body"]["price"]), d.price)
            bids = {reckon.occ(r["root"], datetime.datetime.strptime(r["expiry"], "%Y%m%d").date(), r["right"], r["strike"]):
                    Decimal(r["bid"]) for r in d.rows}
            scores = []
            for row in e["body"]["rows"]:
                seen += 1
                c = reckon.Contract(row["symbol"])
                premium = Decimal(row["premium"])
                margin = reckon.naked_put_margin(d.price, c.strike, premium)
                self.assertEqual(premium, bids[row["symbol"]])
                self.assertEqual(Decimal(row["margin"]), reckon.rounded(margin, 6))
                self.assertEqual(Decimal(row["otm"]), reckon.rounded(Fraction(d.price - c.strike) / Fraction(d.price), 9))
                self.assertEqual(row["days"], (c.expiry - d.day).days)
                score = Fraction(premium) * 100 / Fraction(Decimal(row["margin"]))
                self.assertEqual(Decimal(row["score"]), reckon.rounded(score, 9))
                scores.append(Decimal(row["score"]))
            self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertGreater(seen, 100)

    def test_exits_by_profit_loss_and_time(self):
        j = self.journal()
        config = desk.configuration(
            strategy={"underlyings": ["SPX"], "otm_min": 0.02, "otm_max": 0.10, "premium_min": 0.5, "premium_max": 8,
                      "days_min": 3, "days_max": 12, "contracts": 1, "positions_max": 20, "underlying_positions_max": 20,
                      "trend_required": False, "take_profit": 0.8, "stop_loss": 1, "exit_days": 2},
            risk={"position_loss": 1000000, "sector_share": 1, "open_positions": 20}, account={"deposit": 5000000})
        desk.run(j, desk.SPX_FEED, config=self.write("exits.yaml", config))
        rules = collections.Counter(e["body"]["rule"] for e in j.log("--kind", "decision.exit"))
        for rule in ("profit", "loss", "time"):
            self.assertGreater(rules[rule], 0, rules)
        self.exits_are_due(j, profit="0.8", loss="1", days=2)
        desk.check_books(self, j)
        desk.check_chains(self, j)
        self.assertIsNone(j.redecide()["differs"])

    def exits_are_due(self, j, profit, loss, days):
        """Each exit stands to its rule as the configuration says, by the prices of the fills."""
        opened = {}
        for e in j.log():
            b = e["body"]
            if e["kind"] == "fill.execution" and b["side"] == "sell":
                opened[b["symbol"]] = Decimal(b["price"])
            if e["kind"] != "decision.exit":
                continue
            premium, cost = opened[b["symbol"]], Decimal(b["limit"])
            left = (reckon.Contract(b["symbol"]).expiry - datetime.date.fromisoformat(e["at"][:10])).days
            due = {"loss": cost >= premium * (1 + Decimal(loss)), "profit": cost <= premium * (1 - Decimal(profit)),
                   "time": left <= days}
            self.assertTrue(due[b["rule"]], e)

    def test_a_crash_makes_losses_be_taken_and_the_breaker_trip(self):
        j = self.journal()
        config = desk.configuration(
            strategy={"underlyings": ["ACME"], "otm_min": 0.03, "otm_max": 0.2, "premium_min": 0.25, "premium_max": 3,
                      "days_min": 4, "days_max": 30, "contracts": 20, "trend_required": False},
            risk={"sector_share": 1, "position_loss": 1000000}, account={"deposit": 200000})
        desk.run(j, desk.synthetic(scenario="crash", days=2, minutes=5), config=self.write("crash.yaml", config))
        self.assertIn("loss", [e["body"]["rule"] for e in j.log("--kind", "decision.exit")])
        trip, = j.log("--kind", "risk.breaker_trip")
        self.assertFalse([e for e in j.log("--kind", "decision.enter") if e["seq"] > trip["seq"]])
        self.assertGreater(j.json("replay")["breakers_tripped"], 0)
        desk.check_books(self, j)
        # It outlives the process; only a signed resume resets it.
        self.assertIn("tripped", j.run("doctor").out)
        j.run("resume", "--reason", "looked at it")
        self.assertEqual(j.json("replay")["breakers_tripped"], 0)

    def test_expired_contracts_are_settled_in_cash(self):
        j = self.journal()
        desk.run(j, desk.SPX_FEED, config=self.write("hold.yaml", desk.holding("SPX")))
        state, book = desk.check_books(self, j)
        settled = j.log("--kind", "fill.settlement")
        expired = j.log("--kind", "fill.expiration")
        self.assertGreater(len(settled), 0)
        self.assertGreater(len(expired), 0)
        self.assertEqual(j.log("--kind", "fill.assignment"), [])
        sold = {e["body"]["symbol"]: Decimal(e["body"]["price"]) for e in j.log("--kind", "fill.execution")}
        of_position = {p["symbol"]: p for p in state["positions"]}
        for e in settled + expired:
            symbol = e["body"]["symbol"]
            c = reckon.Contract(symbol)
            price = Decimal(e["body"]["underlying_price"])
            self.assertEqual(c.intrinsic(price) > 0, e["kind"] == "fill.settlement")
            position = of_position[symbol]
            self.assertEqual(position["qty"], 0)
            self.assertEqual(Decimal(position["realized_pnl"]),
                             100 * e["body"]["qty"] * (sold[symbol] - c.intrinsic(price)))
            self.assertGreaterEqual(e["at"][:10], c.expiry.isoformat())
            known = [d for d in days() if d.is_session and d.at <= e["at"]]
            self.assertEqual(price, known[-1].price)
        # Where the settlement value itself is not in the files, it is said which value stood in.
        proxies = [e["body"]["symbol"] for e in j.log("--kind", "perception.data_quality") if e["body"]["finding"] == "proxy"]
        missing = [e["body"]["symbol"] for e in settled + expired
                   if reckon.Contract(e["body"]["symbol"]).expiry not in {d.day for d in days()}]
        self.assertTrue(set(missing) <= set(proxies), (missing, proxies))
        # None is held past its expiry.
        for p in state["positions"]:
            if p["qty"]:
                self.assertGreater(reckon.Contract(p["symbol"]).expiry, datetime.date(2019, 7, 8))
        j.verify()
        self.assertIsNone(j.redecide()["differs"])


if __name__ == "__main__":
    support.main()
