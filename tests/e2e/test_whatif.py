"""ledger replay --with, --drop, --insert, --out, --sweep: what would have been, beside what was."""
import csv
import io
import json
import os
import unittest

import desk
import support
from support import COULD_NOT, MISUSED, Case

FEED = desk.synthetic()
STOP = {"kind": "control.stop", "actor": "operator", "at": "2026-01-05T14:31:30Z", "body": {"reason": "too early"}}


class WhatIf(Case):
    def lived(self, feed=FEED):
        j = self.journal()
        desk.run(j, feed)
        return j

    def what_if(self, j, *args):
        told = j.json("replay", *args)
        self.assertTrue(told["hypothetical"])
        return told

    def lines(self, *rows):
        return self.write("insert.jsonl", "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))

    def refused(self, j, *args, code=COULD_NOT):
        return j.run("replay", *args, code=code).err

    # -- courses ----------------------------------------------------------------------------------------------

    def test_without_a_change_nothing_differs(self):
        j = self.lived()
        told = self.what_if(j, "--from", 2)
        self.assertTrue(told["same"])
        self.assertEqual((told["recorded"], told["what_if"], told["orders"]), (None, None, []))
        self.assertEqual(told["sides"]["recorded"], told["sides"]["what_if"])
        self.assertEqual(told["points"]["recorded"][-1]["equity"], told["points"]["what_if"][-1]["equity"])
        self.assertIn("no difference", j.run("replay", "--from", "2026-01-05T15:00:00Z").out)
        before = j.size()
        self.assertEqual(told["base_size"], before)  # and the journal is as it was
        self.assertTrue(j.verify())

    def test_a_careful_configuration_would_have_sold_less(self):
        j = self.lived()
        config = self.write("careful.yaml", "strategy: {underlyings: [ACME], contracts: 1, trend_required: false}\n"
                                            "account: {deposit: 3000000}\n")
        told = self.what_if(j, "--with", config)
        again = self.what_if(j, "--with", config)
        self.assertEqual(told, again)
        self.assertFalse(told["same"])
        self.assertIn(f"with {config}", told["changes"])
        book = j.json("replay")
        self.assertEqual(told["sides"]["recorded"]["cash"], book["cash"])
        was = {o["seq"] for o in j.log("--kind", "order.new")}
        rows = told["orders"]
        self.assertEqual({r["recorded"]["seq"] for r in rows if r["recorded"]} - was, set())
        self.assertEqual(len([r for r in rows if r["what"] == "lost"]) - len([r for r in rows if r["what"] == "gained"]),
                         told["sides"]["recorded"]["orders"] - told["sides"]["what_if"]["orders"])
        self.assertIn("first difference", j.run("replay", "--with", config).out)

    def test_from_a_snapshot_or_from_the_start_it_is_the_same_course(self):
        whole, parts = self.lived(), self.journal("parts")
        desk.run(parts, FEED, more=["--until", "2026-01-05T16:30:30Z"])
        parts.run("snapshot")
        desk.run(parts, FEED)
        config = self.write("one.yaml", "strategy: {underlyings: [ACME], contracts: 1}\n")
        args = ["--with", config, "--from", "2026-01-05T17:00:00Z"]
        a, b = self.what_if(whole, *args), self.what_if(parts, *args)
        self.assertEqual(a["sides"], b["sides"])
        self.assertEqual([p["equity"] for p in a["points"]["what_if"]], [p["equity"] for p in b["points"]["what_if"]])

    def test_an_inserted_stop_ends_all_that_follows(self):
        j = self.lived()
        told = self.what_if(j, "--insert", self.lines(STOP))
        after = [r for r in told["orders"] if r["what"] == "gained"]
        self.assertEqual(after, [])
        self.assertLess(told["sides"]["what_if"]["orders"], told["sides"]["recorded"]["orders"])
        self.assertEqual(told["entries"]["dropped"], 0)

    def test_a_stop_that_is_dropped_never_came(self):
        j = self.journal()
        desk.run(j, FEED, more=["--until", "2026-01-05T14:32:30Z"])
        stop = j.json("stop", "--reason", "quotes look wrong")["seq"]
        desk.run(j, FEED)
        told = self.what_if(j, "--drop", stop)
        self.assertEqual(told["entries"]["dropped"], 1)
        self.assertGreater(told["sides"]["what_if"]["orders"], told["sides"]["recorded"]["orders"])
        without = self.what_if(j, "--without-actor", "operator", "--from", stop)
        self.assertEqual(without["sides"]["what_if"], told["sides"]["what_if"])

    def test_without_a_broker_nothing_is_filled(self):
        j = self.lived()
        told = self.what_if(j, "--without-actor", "broker:paper", "--from", "2026-01-05T14:31:00Z")
        self.assertEqual(told["sides"]["what_if"]["orders_filled"], 0)

    @support.needs_lean
    def test_a_real_day(self):
        j = self.lived(desk.GOOG_FEED)
        self.assertTrue(self.what_if(j, "--from", 2)["same"])
        told = self.what_if(j, "--with", desk.BASELINE, "--from", "2015-12-24T15:00:00Z")
        self.assertFalse(told["same"])

    # -- a journal of its own ---------------------------------------------------------------------------------

    def test_a_scratch_journal_verifies_and_never_passes_for_a_real_one(self):
        j = self.lived()
        config = self.write("one.yaml", "strategy: {underlyings: [ACME], contracts: 1, trend_required: false}\n")
        told = self.what_if(j, "--with", config, "--out", self.path("H"))
        h = support.Journal(self, self.path("H"))
        verified = h.json("verify")
        self.assertEqual(verified["origin"], "hypothetical/" + support.ORIGIN)
        self.assertTrue(verified["integrity"] and verified["complete"] and verified["hypothetical"])
        self.assertEqual(verified["entries"], told["entries"]["size"])
        self.assertIn("HYPOTHETICAL", h.run("verify").out)
        raw = self.path("H.raw")
        h.run("export", "--raw", raw, foreign=False)  # made by no init, so its key is not known to that code
        second = self.ledger("--json", raw, binary=support.BINARY + "-verify", foreign=False)
        self.assertTrue(json.loads(second.out)["hypothetical"])
        self.assertIn("HYPOTHETICAL", self.ledger(raw, binary=support.BINARY + "-verify", foreign=False).out)
        self.assertFalse(j.json("verify")["hypothetical"])
        self.assertIsNone(h.redecide()["differs"])
        self.assertEqual(h.json("replay")["cash"], told["sides"]["what_if"]["cash"])
        hypothesis, = h.log("--kind", "control.hypothesis")
        self.assertEqual(hypothesis["body"]["base"], support.ORIGIN)
        self.assertEqual(hypothesis["body"]["size"], told["base_size"])
        self.assertEqual(hypothesis["body"]["from"], told["from"])
        for done in (h.run("report", "orders"), h.run("log", "--limit", 1)):
            self.assertIn("HYPOTHETICAL", done.err)
        self.assertIn("HYPOTHETICAL", h.run("report", "orders").out)
        for args in (["state"], ["replay"], ["replay", "--redecide"]):
            said = h.json(*args)
            self.assertEqual((said["hypothetical"], said["origin"]), (True, "hypothetical/" + support.ORIGIN))
            self.assertNotIn("hypothetical", j.json(*args))
        note = self.write("note.jsonl", '{"kind":"control.note","body":{"text":"x"}}\n')
        for args in (["run", "--feed", FEED], ["append", note], ["stop", "--reason", "x"], ["config", "set", config],
                     ["snapshot"], ["nightly", "--date", "2026-01-05", "--out", self.path("pack")], ["key", "rotate", "--reason", "x"],
                     ["resume", "--reason", "x"]):
            self.assertIn("is hypothetical", h.run(*args, code=COULD_NOT).err, args)
        self.assertEqual(h.json("verify")["entries"], verified["entries"])
        size = j.size()
        self.assertIn("is hypothetical", j.run("run", "--feed", "journal:" + self.path("H"), code=COULD_NOT).err)
        self.assertEqual(j.size(), size)
        self.assertIn("is not empty", self.refused(j, "--with", config, "--out", self.path("H")))
        for origin in ("hypothetical/x", "hypothetical", "Hypothetical/x", "/HYPOTHETICAL/x"):
            self.assertIn("cannot name a journal that is lived",
                          self.ledger("-C", self.path("K"), "init", "--origin", origin, code=COULD_NOT).err)
            self.assertFalse(os.path.exists(self.path("K")))

    def test_whatever_leaves_a_scratch_journal_says_that_it_was_not_lived(self):
        j = self.lived()
        self.what_if(j, "--from", 2, "--out", self.path("H"))
        h, n = support.Journal(self, self.path("H")), 0
        for journal, said in ((h, self.assertIn), (j, self.assertNotIn)):
            n += 1
            key = journal.json("verify")["vkey"]
            www, back, raw, zipped = (self.path(f"{name}{n}") for name in ("www", "back", "raw", "bundle.zip"))
            proof = self.write(f"proof{n}", journal.run("prove", 2, foreign=False).out)
            for args in (["publish", www], ["backup", back], ["export", "--raw", raw], ["bundle", "--entry", 2, zipped],
                         ["prove", 2], ["seal"], ["incident", "--out", self.path(f"page{n}.html")]):
                said("HYPOTHETICAL", journal.run(*args, foreign=False).err, args)
            copy = ["-C", self.path(f"copy{n}"), "fetch-from", www, "--key", key]
            said("HYPOTHETICAL", self.ledger(*copy, foreign=False).err)
            self.assertEqual(self.ledger(*copy, "--json", foreign=False).json()["hypothetical"], journal is h)
            self.assertEqual(journal.run("publish", www, "--json", foreign=False).json()["hypothetical"], journal is h)
            self.assertEqual(journal.run("backup", back + "b", "--json", foreign=False).json()["hypothetical"], journal is h)
            said("HYPOTHETICAL", self.ledger("check-proof", proof, "--key", key, foreign=False).err)


    def test_a_course_that_cannot_be_written_leaves_nothing(self):
        j = self.lived()
        self.refused(j, "--from", 2, "--out", self.path("no", "such", "folder"))
        j.run("replay", "--from", 2, "--out", self.path("H"), code=COULD_NOT, env={"LEDGER_PASSPHRASE_FILE": None})
        self.assertFalse(os.path.exists(self.path("H")))

    # -- sweeps -----------------------------------------------------------------------------------------------

    def test_a_sweep_runs_every_combination_in_order(self):
        j = self.lived()
        args = ["--sweep", "strategy.contracts=1..3/1", "--sweep", "strategy.otm_min=0.02..0.03/0.01"]
        told = self.what_if(j, *args)
        self.assertEqual([(c["strategy.contracts"], c["strategy.otm_min"]) for c in told["courses"]],
                         [(a, b) for a in ("1", "2", "3") for b in ("0.02", "0.03")])
        self.assertEqual(told, self.what_if(j, *args))
        rows = list(csv.DictReader(io.StringIO(j.run("replay", *args, "--csv").out)))
        self.assertEqual([r["profit"] for r in rows], [c["side"]["profit"] for c in told["courses"]])
        self.assertEqual(len(j.run("replay", *args).lines), 5 + 6 + 1)  # and that otm_min has no effect
        with open(desk.WIDE) as f:
            wide = f.read()
        self.assertIn("contracts: 2", wide)  # so that this course is one of those
        one = self.what_if(j, "--with", self.write("wide.yaml", wide.replace("contracts: 2", "contracts: 1")))
        alone = self.what_if(j, "--sweep", "strategy.contracts=1..1/1")["courses"][0]
        self.assertEqual(alone["side"], one["sides"]["what_if"])

    def test_settings_that_forbid_each_other_are_a_row_that_says_so(self):
        j = self.lived()
        told = self.what_if(j, "--sweep", "strategy.otm_min=0.02..0.92/0.9")
        self.assertIsNone(told["courses"][0]["refused"])
        self.assertIn("above", told["courses"][1]["refused"])
        self.assertIsNone(told["courses"][1]["side"])

    # -- bad input --------------------------------------------------------------------------------------------

    def test_sweeps_that_make_no_sense_are_refused(self):
        j = self.lived()
        for spec, words in (("strategy.nothing=1..2/1", "no setting"), ("strategy.contracts=1..2/0", "not above 0"),
                            ("strategy.contracts=2..1/1", "ends before"), ("strategy.contracts=1..2", "FIRST..LAST/STEP"),
                            ("strategy.contracts", "KEY=FIRST..LAST/STEP"), ("strategy.contracts=a..2/1", "number"),
                            ("strategy.trend_required=0..1/1", "only numbers"),
                            ("strategy.otm_min=0..0.5/0.000000001", "at most 10000")):
            self.assertIn(words, self.refused(j, "--sweep", spec), spec)
        twice = ["--sweep", "strategy.contracts=1..2/1"] * 2
        self.assertIn("swept twice", self.refused(j, *twice))
        many = ["--sweep", "strategy.contracts=1..200/1", "--sweep", "strategy.otm_min=0.001..0.1/0.001"]
        self.assertIn("more than 10000", self.refused(j, *many))
        self.refused(j, *twice[:2], "--out", self.path("H"), code=MISUSED)
        self.refused(j, *twice[:2], "--csv", "--json", code=MISUSED)
        self.refused(j, "--from", 2, "--csv", code=MISUSED)

    def test_changes_that_make_no_sense_are_refused(self):
        j = self.lived()
        bad = self.write("bad.yaml", "strategy:\n  contracts: many\n")
        run = j.log("--kind", "control.run")[0]["seq"]
        decision = j.log("--kind", "decision")[0]["seq"]
        fill = j.log("--kind", "fill.execution")[0]["seq"]
        for args, words in ((["--with", bad], "strategy.contracts"), (["--with", self.path("none.yaml")], "No such file"),
                            (["--from", 99999999], "no entry 99999999"), (["--from", 1], "genesis"),
                            (["--from", "2036-01-05"], "or later"), (["--without-actor", "nobody"], "no actor"),
                            (["--without-actor", "strategy:naked-put", "--from", 10], "decides by the configuration"),
                            (["--without-actor", "compliance"], "nothing is to be left out"),
                            (["--drop", 1], "genesis"), (["--drop", run], "names it as its cause"),
                            (["--drop", decision], "computed again"), (["--drop", fill], "broker answers again"),
                            (["--drop", 99999999], "no entry 99999999"), (["--drop", run, "--from", run + 1], "behind it")):
            self.assertIn(words, self.refused(j, *args), args)
        for args in (["--drop"], ["--drop", ""], ["--drop", "3,,4"], ["--drop", "x"], ["--from", "soon"], ["--from", 0],
                     ["--with", bad, "--redecide"], ["--with", bad, "--with", bad]):
            self.refused(j, *args, code=MISUSED)
        empty = self.journal("empty")
        self.assertIn("no loop has run", self.refused(empty, "--with", desk.WIDE))

    def test_lines_that_cannot_be_inserted_name_their_place(self):
        j = self.lived()
        late = {**STOP, "at": "2026-01-05T14:30:30Z"}
        quote = {"kind": "perception.quote", "actor": "feed:synthetic", "at": "2026-01-05T14:31:30Z",
                 "body": {"symbol": "ACME", "bid": "1", "ask": "2", "bid_size": 1, "ask_size": 1}}
        for rows, words in (([STOP, "{"], "line 2: column 2"), ([{k: v for k, v in STOP.items() if k != "at"}], "line 1: column 1: \"at\""),
                            ([STOP, late], "line 2: column 1: \"at\" is before that of line 1"),
                            ([{**quote, "actor": "broker:paper"}], "may not write"),
                            ([{**STOP, "kind": "control.run_end", "actor": "journal",
                               "body": {"reason": "x", "perceptions": 1, "decisions": 1}}], "line 1: column 1: control.run_end"),
                            ([{**quote, "body": {**quote["body"], "bid": "x"}}], "line 1: column")):
            self.assertIn(words, self.refused(j, "--insert", self.lines(*rows)), rows)
        self.assertIn("no line", self.refused(j, "--insert", self.write("none.jsonl", "")))
        self.assertIn("belongs before", self.refused(j, "--insert", self.lines(STOP), "--from", "2026-01-05T16:00:00Z"))
        self.assertFalse(self.what_if(j, "--insert", self.lines(quote))["entries"]["dropped"])


if __name__ == "__main__":
    unittest.main()
