"""ledger replay --redecide: what somebody with the keys wrote in the deciders' name is shown beside what they decide."""
import copy
import json
import os
import subprocess
import unittest

import desk
import support
from support import MISUSED, WRONG, Case

THIEF = os.environ.get("LEDGER_THIEF", "")


@unittest.skipUnless(os.path.exists(THIEF), "LEDGER_THIEF is not set")
class Redecide(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.report, _ = desk.run(self.j, desk.synthetic(), config=self.trading(),
                                  more=["--until", "2026-01-05T14:31:30Z"])
        self.assertEqual(self.report["orders"], 1)

    def trading(self):
        return self.write("trading.yaml", desk.holding("ACME", positions_max=3))

    def steal(self, *entries):
        text = "".join(json.dumps(e) + "\n" for e in entries)
        done = subprocess.run([THIEF, self.j.path], input=text, capture_output=True, text=True, cwd=self.dir,
                              env=self.environment(None))
        self.assertEqual(done.returncode, 0, done.stderr)

    def next_moment(self):
        """A clock entry of the run's, and the seq that the next entry gets."""
        run = self.j.log("--kind", "control.run")[-1]["seq"]
        size = self.j.size()
        return {"kind": "perception.clock", "actor": "feed:synthetic", "cause": run, "at": "2026-01-05T14:32:00Z",
                "body": {"phase": "tick", "session": "2026-01-05"}}, size + 2

    def forge(self, change):
        """The next moment's answer as the deciders give it, but for what `change` does to it; its seq."""
        clock, seq = self.next_moment()
        probe = self.path("probe")
        subprocess.run(["cp", "-r", self.j.path, probe], check=True)
        honest, self.j.path = self.j.path, probe
        self.steal(clock, {"kind": "risk.equity", "actor": "risk:governor", "cause": seq - 1, "at": clock["at"],
                           "body": {"session": "2026-01-05", "phase": "tick", "equity": "1", "cash": "1", "margin": "1",
                                    "positions": 1}})
        decided = self.j.run("replay", "--redecide", "--json", code=WRONG).json()["decided_now"]
        self.j.path = honest
        entry = copy.deepcopy({key: decided[key] for key in ("kind", "actor", "cause", "at", "body")})
        change(entry)
        self.steal(clock, entry)
        return seq, decided

    def test_a_changed_number_is_shown_beside_the_one_that_is_decided(self):
        def change(entry):
            entry["body"]["rows"][0]["days"] += 7

        seq, decided = self.forge(change)
        told = self.j.run("replay", "--redecide", "--json", code=WRONG).json()
        self.assertEqual((told["differs"], told["difference"]), (seq, "changed"))
        self.assertEqual(told["decided_now"], {**decided, "recorded_at": told["decided_now"]["recorded_at"]})
        field, = told["fields"]
        row = decided["body"]["rows"][0]
        self.assertEqual(field["field"], f"rows.{row['symbol']}")
        self.assertTrue(field["recorded"].endswith(f"days {row['days'] + 7}"), field)
        self.assertTrue(field["decided_now"].endswith(f"days {row['days']}"), field)
        self.check_scene(told, seq)
        self.check_text(seq, field)
        # Looked at up to the moment before, everything is as it was decided; also when that is said as a time.
        self.assertIsNone(self.j.run("replay", "--redecide", "--to", seq - 2, "--json").json()["differs"])
        before = self.j.run("replay", "--redecide", "--to", "2026-01-05T14:31:59Z", "--json").json()
        self.assertIsNone(before["differs"])
        self.assertEqual(before["entries"], seq - 2)
        late = self.j.run("replay", "--redecide", "--to", "2026-01-05T14:32:00Z", "--json", code=WRONG).json()
        self.assertEqual(late["differs"], seq)

    def check_scene(self, told, seq):
        state = told["state"]
        replayed = self.j.run("replay", "--to", seq - 1, "--json").json()
        self.assertEqual(state["seq"], seq - 1)
        self.assertEqual(state["market_clock"], "2026-01-05T14:32:00Z")
        self.assertEqual(state["cash"], replayed["cash"])
        self.assertEqual(state["stop"], None)
        self.assertEqual((state["symbol"], state["underlying"]), ("ACME", "ACME"))
        self.assertEqual(state["positions_open"], len([p for p in replayed["positions"] if p["qty"]]))
        configuration = self.j.log("--kind", "control.configuration")[-1]
        self.assertEqual(told["configuration"], {"seq": configuration["seq"], "sha256": configuration["body"]["sha256"]})
        run = self.j.log("--kind", "control.run")[-1]
        self.assertEqual(told["run"], {"seq": run["seq"], "program": run["body"]["program"], "build": run["body"]["build"]})
        version = self.ledger("version", "--json").json()
        self.assertEqual(told["this_program"]["build"], version["build"])
        self.assertEqual(told["run"]["build"], version["build"])

    def check_text(self, seq, field):
        told = self.j.run("replay", "--redecide", code=WRONG)
        self.assertNotIn("\033", told.out)
        self.assertIn(f"entry {seq} differs", told.lines[0])
        at, = [i for i, line in enumerate(told.lines) if line.startswith("* ")]
        self.assertTrue(told.lines[at].startswith(f"* {field['field']}"))
        self.assertIn(field["recorded"], told.lines[at])
        self.assertIn(field["decided_now"], told.lines[at + 1])  # too long to stand beside it
        for words in ("market clock", "cash", "margin in use", "tripped breakers", "configuration in force", "run in force",
                      "this program", f"after entry {seq - 1}"):
            self.assertIn(words, told.out)

    def test_an_order_that_nobody_decided_is_named(self):
        seq = self.j.size() + 1
        self.steal({"kind": "order.new", "actor": "strategy:naked-put", "cause": 1, "at": "2026-01-05T14:31:40Z",
                    "body": {"order_id": "forged", "symbol": "ACME", "side": "buy", "qty": 1, "type": "limit",
                             "limit": "1"}})
        told = self.j.run("replay", "--redecide", "--json", code=WRONG).json()
        self.assertEqual((told["differs"], told["difference"], told["fields"]), (seq, "uncalled", []))
        self.assertEqual(told["recorded"]["body"]["order_id"], "forged")
        self.assertNotIn("decided_now", told)
        out = self.j.run("replay", "--redecide", code=WRONG).out
        self.assertIn("nothing called for", out)
        self.assertIn("forged", out)
        self.assertNotIn("decided now", out)

    def test_quotes_of_after_the_moment_that_stand_before_its_answer_are_named(self):
        clock, seq = self.next_moment()
        quote = {"kind": "perception.quote", "actor": "feed:synthetic", "cause": clock["cause"], "at": "2026-01-05T14:32:30Z",
                 "body": {"symbol": "ACME", "bid": "90.00", "ask": "90.02", "bid_size": 1, "ask_size": 1}}
        equity = {"kind": "risk.equity", "actor": "risk:governor", "cause": seq - 1, "at": clock["at"],
                  "body": {"session": "2026-01-05", "phase": "tick", "equity": "1", "cash": "1", "margin": "1", "positions": 1}}
        self.steal(clock, quote, equity)
        told = self.j.run("replay", "--redecide", "--json", code=WRONG).json()
        self.assertEqual((told["differs"], told["difference"], told["clock"], told["perception"]),
                         (seq + 1, "hindsight", seq - 1, seq))
        done = self.j.run("replay", "--redecide", code=WRONG)
        self.assertIn(f"entry {seq + 1} differs: it answers the clock entry {seq - 1}, and entry {seq}, which the run "
                      "perceived after that moment, was there before it", done.out)

    def test_quotes_by_hand_before_an_answer_are_remarked_upon(self):
        clock, seq = self.next_moment()
        self.steal(clock)
        self.j.append({"kind": "perception.quote", "actor": "operator", "at": "2026-01-05T14:32:30Z",
                       "body": {"symbol": "ACME", "bid": "90.00", "ask": "90.02", "bid_size": 1, "ask_size": 1}})
        desk.run(self.j, desk.synthetic(), config=self.trading(), more=["--until", "2026-01-05T14:34:30Z"])
        told = self.j.redecide()
        self.assertEqual((told["perceived_between"], told["first_perceived_between"]), (1, seq))
        self.assertIn(f"the first is entry {seq}", self.j.run("replay", "--redecide").err)

    def test_settings_that_are_not_those_of_the_source_are_found_by_whoever_shows_them(self):
        first, = self.j.log("--kind", "control.configuration")
        self.assertIn("settings: 1 configurations are what their sources say", self.j.run("doctor").out)
        body = {**first["body"], "settings": first["body"]["settings"].replace("strategy.contracts=1\n",
                                                                               "strategy.contracts=9\n")}
        self.assertNotEqual(body, first["body"])
        seq = self.j.size() + 1
        self.steal({key: first[key] for key in ("kind", "actor", "at")} | {"body": body})
        words = "its setting strategy.contracts is 9, and 1 by its source"
        told = self.j.run("replay", "--redecide", "--json", code=WRONG).json()
        self.assertEqual((told["differs"], told["difference"], told["reason"]), (seq, "configuration", words))
        shown = self.j.run("config", "show", code=WRONG)
        self.assertIn(f"entry {seq}: {words}", shown.err)
        self.assertIn("strategy.contracts=9", shown.out)  # for it is what takes effect
        self.assertIn(f"entry {seq}: control.configuration: {words}", self.j.run("doctor", code=WRONG).out)

    def test_a_snapshot_that_vouches_for_another_state_is_found(self):
        self.j.run("snapshot")
        first = self.j.log("--kind", "control.snapshot")[-1]
        self.assertIn("vouch for the state that the entries make", self.j.run("doctor").out)
        seq = self.j.size() + 1
        self.steal({"kind": first["kind"], "actor": first["actor"],
                    "body": {**first["body"], "covered": seq - 1, "digest": "00" * 32}})
        words = "it vouches for another state than the one that the entries before it make"
        told = self.j.run("replay", "--redecide", "--json", code=WRONG).json()
        self.assertEqual((told["differs"], told["difference"], told["reason"]), (seq, "snapshot", words))
        self.assertIn(f"entry {seq}: control.snapshot: {words}", self.j.run("doctor", code=WRONG).out)

    def test_an_order_by_an_agent_went_past_the_governor(self):
        self.j.run("actor", "add", "agent:x", "--role", "agent")
        seq = self.j.size() + 1
        self.j.append({"kind": "order.new", "actor": "agent:x", "at": "2026-01-05T14:31:40Z",
                       "body": {"order_id": "np-9999", "symbol": "ACME", "side": "sell", "qty": 500, "type": "limit",
                                "limit": "0.05"}})
        told = self.j.run("replay", "--redecide", "--json", code=WRONG).json()
        self.assertEqual((told["differs"], told["ungoverned"], told["first_ungoverned"]), (None, 1, seq))
        self.assertIn(f"entry {seq}: an order by an agent, which no verdict let through",
                      self.j.run("replay", "--redecide", code=WRONG).err)

    def test_an_order_in_a_persons_name_is_told_since_nobody_can_decide_it_again(self):
        self.assertEqual((self.j.redecide()["derived_by_others"], self.j.redecide()["first_derived_by_others"]), (0, None))
        self.assertNotIn("somebody else", self.j.run("replay", "--redecide").err)
        line = {"kind": "order.new", "actor": "operator", "cause": 1, "at": "2026-01-05T14:31:40Z",
                "body": {"order_id": "mine", "symbol": "ACME", "side": "buy", "qty": 1, "type": "limit", "limit": "1"}}
        seq = self.j.size() + 1
        self.steal(line, {**line, "body": {**line["body"], "order_id": "mine-2"}})
        told = self.j.redecide()
        self.assertEqual((told["differs"], told["derived_by_others"], told["first_derived_by_others"]), (None, 2, seq))
        said = self.j.run("replay", "--redecide").err
        self.assertIn(f"2 entries of the kinds that deciders write are by somebody else, the first is entry {seq}, order.new by "
                      "operator", said)
        self.assertIn("cannot vouch for them", said)

    def test_a_record_that_ends_before_an_answer_is_remarked_upon(self):
        self.assertIsNone(self.j.redecide()["awaits_answer"])
        clock, seq = self.next_moment()
        self.steal(clock)
        told = self.j.redecide()
        self.assertEqual((told["differs"], told["unanswered"], told["awaits_answer"]), (None, 0, seq - 1))
        self.assertIn(f"the record ends before the answer to entry {seq - 1}", self.j.run("replay", "--redecide").err)
        self.assertNotIn("ends before", self.j.run("replay", "--redecide", "--to", seq - 2).err)

    def test_another_programs_run_is_remarked_upon(self):
        clean = self.j.run("replay", "--redecide")
        self.assertNotIn("another program", clean.err)
        self.assertEqual(self.j.redecide()["runs_by_others"], 0)
        run = self.j.log("--kind", "control.run")[-1]
        body = {**run["body"], "program": "ledger 0.0.9"}
        self.steal({"kind": "control.run", "actor": "journal", "cause": run["cause"], "body": body})
        told = self.j.run("replay", "--redecide")
        self.assertIn("1 of 2 runs were written by another program", told.err)
        self.assertIn(f"ledger show {self.j.log('--kind', 'control.run')[-1]['seq']}", told.err)
        again = self.j.redecide()
        self.assertEqual((again["runs"], again["runs_by_others"], again["differs"]), (2, 1, None))

    def test_an_entry_that_was_changed_in_the_file_is_named_by_whoever_reads_it(self):
        seq, = [ack.first for ack in self.j.append({"kind": "control.note", "actor": "operator",
                                                  "body": {"text": "the operator saw nothing"}})]
        stop = self.write("stop.jsonl", json.dumps({"kind": "control.stop", "actor": "operator", "at": "2026-01-05T14:31:10Z",
                                                    "body": {"reason": "x"}}) + "\n")
        with open(self.path(self.j.path, "journal.mdb"), "r+b") as f:
            data = f.read()
            self.assertEqual(data.count(b"the operator saw nothing"), 1)
            f.seek(data.index(b"the operator saw nothing"))
            f.write(b"the operator saw it all!")
        for command in (["replay"], ["replay", "--redecide"], ["state", "--at", seq], ["explain", seq],
                        ["diff", 1, seq], ["bisect", "--when", "stopped"], ["replay", "--insert", stop], ["log", "--no-index"],
                        ["incident", "--out", self.path("page.html")], ["report", "positions", "--csv"], ["config", "show"]):
            with self.subTest(command=command):
                self.expect_error(support.COULD_NOT, f"entry {seq} is not what was stored; run: ledger -C", "verify",
                                  args=["-C", self.j.path, *command])
        self.assertIn(f"entry {seq}", self.j.run("verify", "--key", self.j.vkey, code=WRONG).err)
        self.j.run("show", seq, code=WRONG)  # which proves it by the tree, and says what it is now
        self.j.run("state", "--at", seq - 1)  # what lies before it is what it was

    def test_there_is_nothing_before_the_first_entry(self):
        told = self.j.run("replay", "--redecide", "--to", "2025-01-01", code=MISUSED)
        self.assertIn("nothing of this journal happened at 2025-01-01", told.err)
        self.expect_error(support.MISUSED, "--since", "--to",
                          args=["-C", self.j.path, "replay", "--redecide", "--since", 900, "--to", "2026-01-05T14:30:00Z"])


if __name__ == "__main__":
    support.main()
