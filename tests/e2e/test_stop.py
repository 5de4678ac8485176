"""ledger stop, resume: no order after a stop, whatever runs and restarts, until a signed resume."""
import json
import os
import unittest

import desk
import support
from support import COULD_NOT, Case


def orders_after(j, seq, until=None):
    return [e["seq"] for e in j.log("--kind", "order.new") if e["seq"] > seq and (until is None or e["seq"] < until)]


class Stop(Case):
    FEED = desk.synthetic(days=3 if support.QUICK else 10, minutes=1)

    def busy(self):
        """A configuration that opens and closes all the time."""
        return self.write("busy.yaml", desk.configuration(
            strategy={"underlyings": ["ACME"], "otm_min": 0.01, "otm_max": 0.2, "premium_min": 0.1, "premium_max": 5,
                      "days_min": 4, "days_max": 60, "contracts": 1, "positions_max": 1000,
                      "underlying_positions_max": 1000, "trend_required": False, "take_profit": 0.01, "stop_loss": 0.01},
            risk={"sector_share": 1, "open_positions": 1000, "new_positions_day": 1000, "daily_loss": 1},
            account={"deposit": 90000000}))

    def test_a_stop_from_outside_ends_orders_at_once(self):
        j, config = self.journal(), self.busy()
        p = j.start("run", "--feed", self.FEED, "--config", config)
        self.wait_for("the first order", lambda: j.run("log", "--kind", "order.new", "--limit", 1, code=None).out)
        told = j.json("stop", "--reason", "quotes look wrong")
        self.assertIsNone(p.poll(), "the run was over before the stop: make it longer")
        self.assertEqual(p.wait(280), 0)
        stop, = j.log("--kind", "control.stop")
        self.assertEqual(stop["seq"], told["seq"])
        self.assertIn("signature", stop)
        end, = j.log("--kind", "control.run_end")
        self.assertGreater(end["seq"], stop["seq"])
        self.assertEqual(orders_after(j, stop["seq"]), [])
        self.assertGreater(len([e for e in j.log("--kind", "perception.clock") if e["seq"] > stop["seq"]]), 1)
        # It looked on, and said why it did not trade.
        told = [e["body"]["reason"] for e in j.log("--kind", "decision.no_trade") if e["seq"] > stop["seq"]]
        self.assertTrue(told)
        self.assertTrue(all("stop" in reason for reason in told[:50]))
        j.verify()
        self.assertIsNone(j.redecide()["differs"])
        desk.check_books(self, j)

    def test_it_survives_restarts_and_resume_ends_it(self):
        j, config = self.journal(), self.busy()
        feed = desk.synthetic(days=1, minutes=5)
        desk.run(j, feed, config=config, more=["--until", "2026-01-05T15:00:00Z"])
        self.assertTrue(orders_after(j, 0))
        self.assertIn("signed by compliance", j.run("stop", "--reason", "a question", "--actor", "compliance").out)
        stop = j.log("--kind", "control.stop")[0]
        self.assertEqual(stop["actor"], "compliance")
        self.assertTrue(j.json("replay")["stopped"])
        self.assertIn("stopped", j.run("replay").out)
        self.assertIn(f"entry {stop['seq']}", j.run("doctor").out)
        for until in ("2026-01-05T15:30:00Z", "2026-01-05T16:00:00Z"):
            desk.run(j, feed, config=config, more=["--until", until])
        self.assertEqual(orders_after(j, stop["seq"]), [])
        j.run("resume", "--reason", "answered")
        resume = j.log("--kind", "control.resume")[0]
        self.assertIn("signature", resume)
        self.assertFalse(j.json("replay")["stopped"])
        desk.run(j, feed, config=config)
        self.assertEqual(orders_after(j, stop["seq"], resume["seq"]), [])
        self.assertTrue(orders_after(j, resume["seq"]))
        self.expect_error(COULD_NOT, "nothing to resume from", args=["-C", j.path, "resume", "--reason", "again"])
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def test_open_orders_are_cancelled(self):
        """An order for more than is shown rests with its remainder; the stop takes it back."""
        j = self.journal()
        config = self.write("large.yaml", desk.configuration(
            strategy={"underlyings": ["ACME"], "otm_min": 0.03, "otm_max": 0.2, "premium_min": 0.25, "premium_max": 3,
                      "days_min": 4, "days_max": 30, "contracts": 5000, "trend_required": False},
            risk={"sector_share": 1, "position_loss": 10000000, "max_contracts": 5000, "margin_use": 1},
            account={"deposit": 900000000}))
        feed = desk.synthetic(days=1, minutes=5)
        desk.run(j, feed, config=config, more=["--until", "2026-01-05T14:45:00Z"])
        done = {}
        for e in j.log("--kind", "fill.execution"):
            done[e["body"]["order_id"]] = done.get(e["body"]["order_id"], 0) + e["body"]["qty"]
        resting = [e["body"]["order_id"] for e in j.log("--kind", "order.new") if done.get(e["body"]["order_id"], 0) < 5000]
        self.assertTrue(resting)
        told = j.json("stop", "--reason", "x")
        self.assertEqual(told["cancelled"], len(resting))
        cancelled = [e for e in j.log("--kind", "order.cancelled") if e["seq"] > told["seq"]]
        self.assertEqual(sorted(e["body"]["order_id"] for e in cancelled), sorted(resting))
        asked = [e for e in j.log("--kind", "order.cancel") if e["seq"] > told["seq"]]
        self.assertEqual([e["cause"] for e in asked], [told["seq"]] * len(resting))
        fills = len(j.log("--kind", "fill.execution"))
        desk.run(j, feed, config=config)
        self.assertEqual(len(j.log("--kind", "fill.execution")), fills)
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def test_a_stop_before_the_first_run(self):
        j = self.journal()
        j.run("stop", "--reason", "not today")
        desk.run(j, desk.synthetic(days=1, minutes=15), config=self.busy())
        self.assertEqual(orders_after(j, 0), [])
        j.run("stop", "--reason", "and again")  # twice is not wrong
        j.run("resume", "--reason", "now")
        self.assertFalse(j.json("replay")["stopped"])

    def test_the_newest_actors_may_stop_too(self):
        j = self.journal()
        j.run("actor", "add", "person:ada", "--role", "compliance")
        self.assertIn("person:ada", j.run("actor").out)
        j.run("stop", "--reason", "mine", "--actor", "person:ada")
        self.assertEqual(j.log()[-1]["actor"], "person:ada")
        row = [a for a in j.json("actor", "list") if a["name"] == "person:ada"]
        self.assertEqual([a["role"] for a in row], ["compliance"])
        j.verify()


class Override(Case):
    FEED = desk.synthetic(days=1, minutes=5)

    def refused(self):
        """A desk that wants five contracts where one is allowed; until ten past ten."""
        j = self.journal()
        self.config = self.write("strict.yaml", desk.configuration(
            strategy={"underlyings": ["ACME"], "otm_min": 0.01, "otm_max": 0.2, "premium_min": 0.1, "premium_max": 5,
                      "days_min": 4, "days_max": 60, "contracts": 5, "trend_required": False},
            risk={"sector_share": 1, "max_contracts": 1}, account={"deposit": 90000000}))
        desk.run(j, self.FEED, config=self.config, more=["--until", "2026-01-05T15:10:00Z"])
        self.assertEqual(orders_after(j, 0), [])
        return j

    def test_one_order_may_pass_one_limit(self):
        j = self.refused()
        told = j.json("override", "order_qty", "ACME", "--reason", "agreed by phone", "--for", "1h")
        override, = j.log("--kind", "control.override")
        self.assertEqual((override["seq"], override["body"]["valid_s"]), (told["seq"], 3600))
        self.assertIn("signature", override)
        desk.run(j, self.FEED, config=self.config)
        self.assertEqual(len(j.log("--kind", "order.new")), 1)
        allowed = [e for e in j.log("--kind", "risk.verdict") if e["body"]["allowed"]]
        self.assertEqual(len(allowed), 1)
        self.assertIn("order_qty:overridden", [c["name"] for c in allowed[0]["body"]["checks"]])
        self.assertIn("overridden", j.run("explain", allowed[0]["body"]["order_id"]).out)
        j.verify()
        self.assertIsNone(j.redecide()["differs"])
        desk.check_books(self, j)

    def test_bad_overrides_leave_nothing(self):
        j = self.refused()
        size = j.size()
        for words, args in (("is no limit that can be overridden", ["stopped", "ACME"]),
                            ("is no limit", ["order qty", "ACME"]),
                            ("not a ticker", ["order_qty", "acme?"]),
                            ("a second to a day", ["order_qty", "ACME", "--for", "2d"])):
            self.expect_error(COULD_NOT, words, args=["-C", j.path, "override", *args, "--reason", "x"])
        self.expect_error(support.MISUSED, "LIMIT and SYMBOL", args=["-C", j.path, "override", "order_qty", "--reason", "x"])
        self.expect_error(support.MISUSED, "--reason TEXT is missing", args=["-C", j.path, "override", "order_qty", "ACME"])
        self.assertEqual(j.size(), size)
        fresh = self.journal("fresh")
        self.expect_error(COULD_NOT, "no market clock yet", args=["-C", fresh.path, "override", "order_qty", "ACME", "--reason", "x"])


if __name__ == "__main__":
    support.main()
