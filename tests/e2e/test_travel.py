"""Time travel: ledger state, bisect, diff and explain, at any moment, with the entry that each number is from."""
import json
import os
import subprocess
import unittest

import desk
from support import COULD_NOT, MISUSED, WRONG, Case


class Travel(Case):
    FEED = desk.synthetic(days=1, minutes=5)

    def session(self):
        j = self.journal()
        desk.run(j, self.FEED)
        return j


class State(Travel):
    def test_a_moment_by_seq_and_by_time_is_what_replay_says(self):
        j = self.session()
        for at in ("1", "50", "2026-01-05T15:00:00Z", "2026-01-05T20:00:00Z"):
            state = j.json("state", "--at", at)
            replay = j.json("replay", "--to", at)
            summary = {row["what"]: row["value"] for row in state["summary"]}
            self.assertEqual(state["seq"], replay["seq"])
            self.assertEqual(state["market_clock"], replay["market_clock"])
            self.assertEqual(summary["cash"], replay["cash"])
            self.assertEqual(summary["stopped"], replay["stopped"])
            self.assertEqual([p["symbol"] for p in state["positions"]], [p["symbol"] for p in replay["positions"]])
        self.assertEqual(j.json("state")["seq"], j.size())

    def test_every_number_names_an_entry_that_says_it(self):
        j = self.session()
        fill = j.log("--kind", "fill.execution")[0]
        at = fill["seq"]
        position = j.json("state", "--at", at, "positions")["positions"][0]
        self.assertEqual(position["from"]["qty"], [at])
        quote = j.json("show", position["from"]["mark"][0])["entry"]
        self.assertEqual((quote["kind"], quote["body"]["symbol"]), ("perception.quote", position["symbol"]))
        self.assertEqual(position["closing_price"], quote["body"]["ask"])
        chain = j.json("state", "--at", at, "chain", position["symbol"])["chain"]
        self.assertEqual([(row["ask"], row["from"]["ask"]) for row in chain],
                         [(quote["body"]["ask"], position["from"]["mark"])])
        for row in j.json("state", "--at", at, "limits")["limits"]:
            for seqs in row["from"].values():
                self.assertTrue(all(0 < seq <= at for seq in seqs), row)

    def test_no_snapshot_changes_what_is_said(self):
        j = self.session()
        sections = (["summary"], ["accounts"], ["positions"], ["orders"], ["limits"], ["strategy"], ["chain", "ACME"])
        last = j.size()
        before = [j.run("state", "--at", last, *s, "--json").out for s in sections]
        j.run("snapshot")
        self.assertEqual([j.run("state", "--at", last, *s, "--json").out for s in sections], before)

    def test_bad_questions(self):
        j = self.session()
        for args, code, words in (
                (["state", "--at", "0"], MISUSED, "numbered from 1"),
                (["state", "--at", "yesterday"], MISUSED, "--at"),
                (["state", "--at", ""], MISUSED, "--at"),
                (["state", "--at", 10**9], COULD_NOT, "there is no entry"),
                (["state", "moods"], MISUSED, "none of summary"),
                (["state", "chain"], MISUSED, "of which SYMBOL"),
                (["state", "chain", "ZZZ"], COULD_NOT, "nothing had been told of ZZZ"),
                (["state", "chain", "not a symbol!"], MISUSED, "neither a ticker"),
                (["state", "orders", "ACME"], MISUSED, "takes no symbol"),
        ):
            self.assertIn(words, j.run(*args, code=code).err, args)


class Odd(Travel):
    """A bar of the year 2200 in the midst of a session: append refuses it, and whoever has the keys can write it."""
    BAR = {"kind": "perception.bar", "actor": "operator", "at": "2200-01-01T00:00:00Z",
           "body": {"symbol": "ACME", "open": "150", "high": "150", "low": "150", "close": "150", "volume": 100, "period_s": 60}}

    def test_it_is_refused_where_it_comes_in(self):
        j = self.journal()
        for at, words in (("2200-01-01T00:00:00Z", "days ahead of this machine's clock"), ("1969-12-31T23:59:59Z", "before 1970")):
            done = j.run("append", input=json.dumps({**self.BAR, "at": at}), code=COULD_NOT)
            self.assertIn(words, done.err)
        self.assertEqual(j.size(), 1)

    def test_it_is_no_price_and_hides_no_time(self):
        j = self.journal()
        feed = desk.synthetic()
        desk.run(j, feed, more=["--until", "2026-01-05T14:31:00Z"])
        odd = j.size() + 1
        done = subprocess.run([os.environ["LEDGER_THIEF"], j.path], input=json.dumps(self.BAR) + "\n", capture_output=True,
                              text=True, cwd=self.dir, env=self.environment(None))
        self.assertEqual(done.returncode, 0, done.stderr)
        desk.run(j, feed, more=["--until", "2026-01-05T14:40:00Z"])
        self.assertIsNone(j.redecide()["differs"])
        clocks = {e["at"]: e["seq"] for e in j.log("--kind", "perception.clock")}
        for minute in range(31, 40):
            at = f"2026-01-05T14:{minute}:30Z"
            seq = j.json("state", "--at", at)["seq"]
            self.assertGreaterEqual(seq, clocks[f"2026-01-05T14:{minute}:00Z"])
            self.assertLess(seq, clocks.get(f"2026-01-05T14:{minute + 1}:00Z"))
            self.assertEqual(j.json("replay", "--redecide", "--to", at)["entries"], seq)
            shown = j.run("state", "--at", at, "chain", "ACME").out
            self.assertNotIn("at 150", shown)
        late = j.json("bisect", "--when", "open_orders >= 0 and running", "--good", 2, "--bad", "2026-01-05T14:39:30Z")
        self.assertGreater(late["bad"] if "bad" in late else j.size(), odd)
        same = j.run("replay", "--from", "2026-01-05T14:35:00Z", "--json").json()
        self.assertGreater(same["from"], clocks["2026-01-05T14:34:00Z"])
        self.assertTrue(same["same"], same["compared"])

    def test_before_everything_and_about_nothing(self):
        j = self.session()
        for args in (["state", "--at"], ["replay", "--to"], ["replay", "--redecide", "--to"], ["diff", "2026-01-05T15:00:00Z"],
                     ["screen", "ACME", "--at"]):
            self.assertIn("nothing of this journal happened at 1990", j.run(*args, "1990-01-01T00:00:00Z", code=MISUSED).err, args)
        self.assertIn("no entry is about ACNE", j.run("bisect", "--when", "position(ACNE) < -20", code=WRONG).err)
        self.assertNotIn("no entry is about", j.run("bisect", "--when", "position(ACME) < -2000", code=WRONG).err)
        self.assertIn("no entry is about ZZZ", j.run("incident", "--symbol", "ZZZ", "--out", self.path("z.html")).err)


class Bisect(Travel):
    def test_the_first_entry_after_which_it_holds(self):
        j = self.session()
        fills = j.log("--kind", "fill.execution")
        found = j.json("bisect", "--when", "position(ACME) < 0")
        self.assertEqual(found["found"], fills[0]["seq"])
        self.assertEqual(found["entry"]["seq"], fills[0]["seq"])
        self.assertEqual((found["before"], found["after"]), ({"position(ACME)": 0}, {"position(ACME)": -fills[0]["body"]["qty"]}))
        shown = j.run("bisect", "--when", "position(ACME) < 0").out
        self.assertIn(f"entry {fills[0]['seq']}", shown)
        self.assertIn(f"ledger explain {fills[0]['seq']}", shown)
        for when, seq in (("open_orders > 0", j.log("--kind", "order.new")[0]["seq"]),
                          ("orders > 1", j.log("--kind", "order.new")[1]["seq"]),
                          ("running", j.log("--kind", "control.run")[0]["seq"])):
            self.assertEqual(j.json("bisect", "--when", when)["found"], seq)

    def test_good_and_bad_are_entries_or_times(self):
        j = self.session()
        orders = [e["seq"] for e in j.log("--kind", "order.new")]
        self.assertEqual(j.json("bisect", "--when", "open_orders > 0", "--good", orders[1] - 1)["found"], orders[1])
        early = j.json("replay", "--to", "2026-01-05T14:40:00Z")["seq"]
        self.assertEqual(j.json("bisect", "--when", "not running", "--good", "2026-01-05T14:40:00Z")["good"], early)
        never = j.run("bisect", "--when", "open_orders > 0", "--bad", orders[0] - 1, "--json", code=WRONG)
        self.assertIsNone(never.json()["found"])
        self.assertIn("no entry", j.run("bisect", "--when", "stopped", code=WRONG).out)

    def test_bad_questions(self):
        j = self.session()
        for args, code, words in (
                ([], MISUSED, "--when PREDICATE"),
                (["--when", "weather > 3"], MISUSED, "column 1: \"weather\" is no quantity"),
                (["--when", "cash <"], MISUSED, "column 7: a number"),
                (["--when", "stopped", "--good", "tomorrow"], MISUSED, "--good"),
                (["--when", "stopped", "--good", "9", "--bad", "9"], COULD_NOT, "is not before bad"),
                (["--when", "stopped", "--bad", 10**9], COULD_NOT, "there is no entry"),
                (["--when", "not stopped"], COULD_NOT, "it holds after entry 1 already"),
        ):
            self.assertIn(words, j.run("bisect", *args, code=code).err, args)


    def configured(self, name, **strategy):
        return self.write(name, desk.configuration(
            strategy={"underlyings": ["ACME"], "otm_min": 0.01, "otm_max": 0.2, "premium_min": 0.1, "premium_max": 5,
                      "days_min": 4, "days_max": 60, "trend_required": False, **strategy},
            risk={"sector_share": 1}, account={"deposit": 90000000}))

    def test_of_two_configurations_the_settings_that_make_it_so(self):
        j = self.session()
        good = self.configured("good.yaml", contracts=1, positions_max=1, take_profit=0.5)
        bad = self.configured("bad.yaml", contracts=3, positions_max=4, take_profit=0.4)
        both = j.json("bisect", "--when", "position(ACME) < -4", "--good", good, "--bad", bad)
        rows = {row["setting"]: row for row in both["settings"]}
        self.assertEqual(sorted(rows), ["strategy.contracts", "strategy.positions_max", "strategy.take_profit"])
        self.assertEqual([name for name, row in rows.items() if row["needed"]],
                         ["strategy.contracts", "strategy.positions_max"])
        self.assertFalse(any(row["alone"] for row in rows.values()))
        self.assertEqual((rows["strategy.contracts"]["good"], rows["strategy.contracts"]["bad"]), ("1", "3"))
        self.assertEqual(both["courses"], 2 + 3 + 3)
        # The entry is that of the course: what replay writes says the same.
        j.run("replay", "--with", bad, "--out", self.path("course"))
        there = self.ledger("-C", self.path("course"), "bisect", "--when", "position(ACME) < -4", "--json")
        self.assertEqual(json.loads(there.out)["entry"]["at"], both["at"])
        one = j.run("bisect", "--when", "position(ACME) < -2", "--good", good, "--bad", bad).out
        self.assertIn("1 of 3 settings that differ make it so", one)
        self.assertIn("each of these does it alone as well", one)

    def test_configurations_that_answer_nothing(self):
        j = self.session()
        good = self.configured("good.yaml", contracts=1)
        bad = self.configured("bad.yaml", contracts=2)
        when = ["bisect", "--when", "position(ACME) < -1000"]
        self.assertIn("does not hold under the bad", j.run(*when, "--good", good, "--bad", bad, code=WRONG).err)
        for args, code, words in (
                (["--good", good, "--bad", good], COULD_NOT, "do not differ"),
                (["--good", good, "--bad", "12"], MISUSED, "two moments, or two configurations"),
                (["--good", self.path("no.yaml"), "--bad", bad], COULD_NOT, "no.yaml"),
                (["--good", self.write("odd.yaml", "strategy:\n  hue: 1\n"), "--bad", bad], COULD_NOT, "hue")):
            self.assertIn(words, j.run(*when, *args, code=code).err, args)
        holds = j.run("bisect", "--when", "position(ACME) <= 0", "--good", good, "--bad", bad, code=COULD_NOT)
        self.assertIn("holds under the good configuration, too", holds.err)


class Diff(Travel):
    def test_an_entry_s_effect_is_what_lies_between_before_and_after_it(self):
        j = self.session()
        fill = j.log("--kind", "fill.execution")[0]
        diff = j.json("diff", fill["seq"] - 1, fill["seq"])
        changes = {(c["section"], c["row"][0]): c for c in diff["changes"]}
        position = changes["positions", fill["body"]["symbol"]]
        self.assertEqual(position["change"], "added")
        self.assertEqual(position["columns"]["qty"], {"before": None, "after": -fill["body"]["qty"], "after_from": [fill["seq"]]})
        order = changes["orders", fill["body"]["order_id"]]
        self.assertEqual(order["columns"]["filled_qty"]["after"], fill["body"]["qty"])
        self.assertEqual(changes["summary", "cash"]["columns"]["value"]["after"], j.json("replay", "--to", fill["seq"])["cash"])
        shown = j.run("diff", fill["seq"] - 1, fill["seq"]).out
        self.assertIn(f"+ {fill['body']['symbol']}: qty -{fill['body']['qty']}", shown)
        self.assertIn(f"({fill['seq']})", shown)
        back = {(c["section"], c["row"][0]): c for c in j.json("diff", fill["seq"], fill["seq"] - 1)["changes"]}
        self.assertEqual(back["positions", fill["body"]["symbol"]]["change"], "removed")

    def test_exit_codes_are_those_of_what_was_asked(self):
        j = self.session()
        self.assertIn("no difference", j.run("diff", "50", "50").out)
        self.assertEqual(j.run("diff", "50", "50", "--exit-code", "--json").json()["changes"], [])
        self.assertTrue(j.json("diff", "1", "2026-01-05T20:00:00Z")["changes"])
        self.assertIn("the states differ", j.run("diff", "1", "--exit-code", code=WRONG).err)
        for args, code, words in ((["diff"], MISUSED, "which states"), (["diff", "0"], MISUSED, "numbered from 1"),
                                  (["diff", "1", "soon"], MISUSED, "diff"), (["diff", "1", 10**9], COULD_NOT, "no entry"),
                                  (["diff", "--with", self.path("none")], COULD_NOT, "none")):
            self.assertIn(words, j.run(*args, code=code).err, args)

    def test_two_journals_and_two_configurations(self):
        first = self.session()
        second = self.journal("second")
        with open(desk.WIDE, encoding="utf-8") as f:
            config = self.write("one.yaml", f.read().replace("contracts: 2", "contracts: 1"))
        desk.run(second, self.FEED, config=config)
        diff = first.json("diff", "--with", second.path)
        settings = {c["row"][0]: c["columns"]["value"] for c in diff["changes"] if c["section"] == "settings"}
        self.assertEqual(list(settings), ["strategy.contracts"])
        self.assertEqual((settings["strategy.contracts"]["before"], settings["strategy.contracts"]["after"]), ("2", "1"))
        self.assertEqual(first.json("diff", "--with", first.path)["changes"], [])


class Explain(Travel):
    def test_what_a_number_is_from_says_that_number(self):
        """The entries that are named are read, and they hold what the decision says that it saw."""
        j = self.session()
        for enter in j.log("--kind", "decision.enter")[:3]:
            steps = {s["seq"]: s for s in j.json("explain", enter["seq"])["steps"]}
            numbers = {n["name"]: n for n in steps[enter["seq"]]["numbers"]}
            quote = j.json("show", numbers["limit"]["from"][0])["entry"]["body"]
            self.assertEqual((quote["symbol"], quote["bid"]), (enter["body"]["symbol"], numbers["limit"]["value"]))
            configuration = j.json("show", numbers["qty"]["from"][0])["entry"]["body"]
            self.assertIn(f"strategy.contracts={numbers['qty']['value']}\n", configuration["settings"])
            checks = {c["name"]: c for c in steps[enter["seq"]]["checks"]}
            self.assertEqual(checks["premium_least"]["value_from"], numbers["limit"]["from"])
            self.assertEqual(checks["premium_least"]["bound_note"], "strategy.premium_min")
            self.assertEqual(checks["stopped"]["value_from"], [])
            candidates = steps[enter["cause"]]
            for number in candidates["numbers"]:
                self.assertTrue(number["from"], number)
                if number["name"].startswith("premium of "):
                    body = j.json("show", number["from"][0])["entry"]["body"]
                    self.assertEqual((body["symbol"], body["bid"]), (number["name"][len("premium of "):], number["value"]))

    def test_every_check_of_a_day_names_its_sources(self):
        j = self.session()
        seen = set()
        for e in j.log("--kind", "decision") + j.log("--kind", "risk"):
            if e["kind"] in seen and e["seq"] % 7:
                continue
            seen.add(e["kind"])
            for step in j.json("explain", e["seq"])["steps"]:
                for check in step.get("checks", ()):
                    self.assertTrue(check["value_from"] or check.get("value_note"), check)
                    self.assertTrue(check["bound_from"] or check.get("bound_note"), check)
                    self.assertTrue(all(s < step["seq"] for s in check["value_from"] + check["bound_from"]), check)
        self.assertGreater(len(seen), 3)

    def test_no_snapshot_changes_what_is_said(self):
        j = self.session()
        seqs = [e["seq"] for e in j.log("--kind", "decision.enter")]
        before = [j.run("explain", seq, "--json").out for seq in seqs]
        j.run("snapshot")
        self.assertEqual([j.run("explain", seq, "--json").out for seq in seqs], before)


if __name__ == "__main__":
    unittest.main()
