"""ledger append: what goes in comes out, in groups, each acknowledged once it is durable and sealed."""
import json
import os
import re
import subprocess
import time
import unittest

import support
from support import Acknowledgement, Case, note

HEX = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # a sound key: RFC 8032, 7.1, test 1
# Entries that a person or the journal itself must sign, or that only another command can make.
REFUSED = {"control.genesis": "genesis", "control.configuration": "must be signed", "control.stop": "must be signed",
           "control.resume": "must be signed", "control.snapshot": "ledger snapshot", "control.key": "ledger key",
           "control.session": "ledger run", "control.heartbeat": "ledger run", "perception.clock_quality": "ledger run",
           "control.run": "ledger run", "control.run_end": "ledger run", "control.hypothesis": "ledger replay --out",
           "risk.verdict": "the governor", "risk.breaker_trip": "the governor",
           "risk.equity": "the governor", "risk.break": "ledger reconcile", "perception.statement": "ledger reconcile",
           "perception.stated_position": "ledger reconcile", "perception.stated_fill": "ledger reconcile",
           **{f"control.{kind}": "must be signed" for kind in (
               "revocation", "actor_key", "proposal", "approval", "recovery", "hold", "disposal", "correction",
               "override")}}


def examples():
    """The lines of docs/ENTRIES.md, one for each kind, made complete."""
    lines = []
    with open(os.path.join(support.SOURCE, "docs", "ENTRIES.md"), encoding="utf-8") as page:
        for block in re.findall(r"```json\n(.*?)```", page.read(), re.S):
            lines += [json.loads(line) for line in block.splitlines()]
    return lines[1:]  # the first shows the keys of a line


def complete(draft, next_actor):
    draft = json.loads(json.dumps(draft).replace("<64 hex digits>", HEX).replace("<hex digits>", HEX))
    if draft["kind"] == "perception.clock":
        draft["at"] = "2015-12-24T14:31:00Z"
    if draft["kind"] == "control.actor":
        draft["body"]["actor_id"] = next_actor
    return draft


def checks(*rows):
    return [dict(zip(("name", "value", "bound", "unit", "rule", "ok"), row)) for row in rows]


# Each shows something that the simple examples do not: lists, nulls, ends of ranges, odd texts.
RICH = [
    {"kind": "perception.quote", "at": "2015-12-24T14:31:00.000000001Z",
     "body": {"symbol": "GOOG  151224P00750000", "bid": None, "ask": "0.05", "bid_size": 0, "ask_size": 20}},
    {"kind": "perception.quote",
     "body": {"symbol": "ABCDEFGHIJKL", "bid": "0.000000001", "ask": "9223372036.854775807", "bid_size": 0,
              "ask_size": 9223372036854775807}},
    {"kind": "perception.bar", "at": "1970-01-01T00:00:00Z",
     "body": {"symbol": "BRK.B", "open": "-0.000000001", "high": "0", "low": "-37.63", "close": "-10.01", "volume": 0,
              "period_s": 86400}},
    {"kind": "order.new", "body": {"order_id": "x" * 64, "symbol": "SPXW  190531P02945000", "side": "buy", "qty": 1,
                                   "type": "market", "limit": None}},
    {"kind": "fill.execution", "cause": 1,
     "body": {"order_id": "o-1", "fill_id": "~!@#$%^&*()_+", "symbol": "SPY", "side": "buy", "qty": 3,
              "price": "100.123456789", "fee": "-0.000001"}},
    {"kind": "fill.deposit", "body": {"fill_id": "d", "amount": "-9223372030000.000007", "text": ""}},
    {"kind": "control.note", "body": {"text": "Grüße \"Ω\" \\ / \b\f\n\r\t 漢字 🙂 \u007f\u0001\u2028"}},
    {"kind": "control.note", "body": {"text": "x" * 65000}},
    {"kind": "decision.candidates",
     "body": {"strategy": "naked_put", "symbol": "SPX", "price": "2945.83", "seen": 5000, "passed": 2,
              "rows": [{"symbol": "SPXW  190510P02400000", "premium": "0.4", "margin": "24040.000001",
                        "score": "0.001663894", "otm": "0.185288221", "days": 8},
                       {"symbol": "SPX   190517P02350000", "premium": "0.35", "margin": "23535", "score": "0.0014",
                        "otm": "0.2", "days": -1}]}},
    {"kind": "decision.enter",
     "body": {"strategy": "by-hand", "order_id": "o", "symbol": "GOOG", "side": "buy", "qty": 1, "limit": "1.25",
              "confidence": "0.999999999", "reason": "because",
              "checks": checks(["margin", "0.800000001", "0.8", "rate", "at_most", False],
                               ["cash", "-12.5", "0", "money", "at_least", False],
                               ["price", "1.25", "1.24", "price", "above", True],
                               ["open", 9, 10, "count", "below", True],
                               ["age", -3, 300, "seconds", "at_most", True],
                               ["stopped", False, False, "flag", "equal", True],
                               ["unknown", None, 5, "count", "at_most", False])}},
    {"kind": "decision.no_trade",
     "body": {"strategy": "naked_put", "symbol": "GOOG", "seen": 2192, "passed": 0, "reason": "none",
              "failed": [{"name": "right", "count": 1096}, {"name": "days", "count": 0}], "gates": checks()}},
]


def as_said(row):
    """An entry of the log without what the journal adds."""
    return {key: value for key, value in row.items() if key not in ("seq", "recorded_at")}


class Identity(Case):
    def test_every_kind_that_is_accepted_comes_out_as_it_went_in(self):
        j = self.journal()
        next_actor = max(a["id"] for a in j.json("actor", "list")) + 1
        drafts = [complete(d, next_actor) for d in examples()]
        self.assertGreaterEqual(len(drafts), 30)
        accepted = [d for d in drafts if d["kind"] not in REFUSED] + RICH
        acks = j.append(*accepted)
        self.assertEqual(len(acks), 1)
        rows = j.log()[1:]
        self.assertEqual(len(rows), len(accepted))
        for draft, row in zip(accepted, rows):
            with self.subTest(kind=draft["kind"]):
                self.assertEqual({"actor": "operator", **draft}, as_said(row))
        again = self.journal("again")
        again.append(*[json.dumps(as_said(row), ensure_ascii=False) for row in rows])
        self.assertEqual([as_said(row) for row in again.log()[1:]], [as_said(row) for row in rows])

    def test_text_out_is_text_in_when_it_is_canonical(self):
        j = self.journal()
        lines = [json.dumps({"kind": d["kind"], "actor": "operator", **({"cause": d["cause"]} if "cause" in d else {}),
                             **({"at": d["at"]} if "at" in d else {}), "body": d["body"]},
                            ensure_ascii=False, separators=(",", ":")) for d in RICH
                 if "\x7f" not in str(d)]
        j.append(*lines)
        got = j.run("log", "--json").lines[1:]
        for line, out in zip(lines, got):
            self.assertEqual(re.sub(r'^\{"seq":\d+,"recorded_at":"[^"]*",', "{", out), line)

    def test_keys_come_in_any_order_and_zeros_may_trail(self):
        j = self.journal()
        j.append('{ "body" : {"ask_size":1, "ask":"1.50","bid_size":0,"bid":null, "symbol":"GOOG"}, '
                 '"actor":"feed:lean" , "kind":"perception.quote" }')
        row = j.log()[-1]
        self.assertEqual(row["body"], {"symbol": "GOOG", "bid": None, "ask": "1.5", "bid_size": 0, "ask_size": 1})
        self.assertEqual(row["actor"], "feed:lean")

    def test_kinds_that_nobody_appends_without_a_signature(self):
        j = self.journal()
        for draft in examples():
            if draft["kind"] in REFUSED:
                draft = complete(draft, 99)
                self.expect_error(support.COULD_NOT, "line 1", REFUSED[draft["kind"]],
                                  args=["-C", j.path, "append"], input=json.dumps(draft))
        self.assertEqual(j.size(), 1)

    def test_a_foreign_signature_is_refused(self):
        j = self.journal()
        draft = {"kind": "control.stop", "body": {"reason": "x"}, "signature": "A" * 86 + "=="}
        self.expect_error(support.COULD_NOT, "line 1", "signature is not operator's", args=["-C", j.path, "append"],
                          input=json.dumps(draft))
        self.assertEqual(j.size(), 1)


class Groups(Case):
    def test_a_file_is_one_group_whose_root_is_the_seals(self):
        j = self.journal()
        ack, = j.append(*[note(str(i)) for i in range(1000)])
        self.assertEqual((ack.first, ack.last), (2, 1001))
        seal = j.run("seal").lines
        self.assertEqual(seal[0], support.ORIGIN)
        self.assertEqual(seal[1:3], ["1001", ack.root])

    def test_group_n_seals_after_every_n_lines(self):
        j = self.journal()
        acks = j.append(*[note(str(i)) for i in range(25)], options=["--group", 10])
        self.assertEqual([(a.first, a.last) for a in acks], [(2, 11), (12, 21), (22, 26)])
        for ack in acks:
            self.assertEqual(j.run("seal", "--size", ack.last).lines[1:3], [str(ack.last), ack.root])
        # A size between two seals is answered with the oldest that covers it.
        self.assertEqual(j.run("seal", "--size", 13).lines[1], "21")
        j.verify()

    def test_groups_acknowledged_as_json(self):
        j = self.journal()
        rows = j.run("append", "--json", "--group", 2, input="".join(json.dumps(note("x")) + "\n" for _ in range(3))).rows()
        self.assertEqual([(r["first"], r["last"]) for r in rows], [(2, 3), (4, 4)])
        self.assertEqual(rows[-1]["root"], j.run("seal").lines[2])

    def test_a_pipe_is_acknowledged_as_it_comes(self):
        j = self.journal()
        p = j.start("append", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        lines = [json.dumps(note(f"piece {i}")) + "\n" for i in range(3)]
        # A line in two halves, then two lines at once, each followed by silence.
        p.stdin.write(lines[0][:20].encode())
        p.stdin.flush()
        time.sleep(0.2)
        p.stdin.write(lines[0][20:].encode())
        p.stdin.flush()
        first = Acknowledgement(p.stdout.readline().decode().strip())
        self.assertEqual((first.first, first.last), (2, 2))
        p.stdin.write((lines[1] + lines[2]).encode())
        p.stdin.flush()
        second = Acknowledgement(p.stdout.readline().decode().strip())
        self.assertEqual((second.first, second.last), (3, 4))
        self.assertEqual([r["body"]["text"] for r in j.log()[1:]], ["piece 0", "piece 1", "piece 2"])
        p.stdin.close()
        self.assertEqual(p.wait(30), support.DONE)

    def test_the_last_line_may_lack_its_newline_and_nothing_is_nothing(self):
        j = self.journal()
        self.assertEqual(j.run("append", input=json.dumps(note("a")) + "\n" + json.dumps(note("b"))).lines[0][:5], "2..3 ")
        self.assertEqual(j.run("append", input="").out, "")
        self.assertEqual(j.run("append", "/dev/null").out, "")
        self.assertEqual(j.size(), 3)

    def test_a_file_by_name_and_the_default_actor(self):
        j = self.journal()
        path = self.write("notes.jsonl", json.dumps(note("x")) + "\n")
        j.run("append", "--actor", "compliance", path)
        self.assertEqual(j.log()[-1]["actor"], "compliance")
        j.run("append", "-", input=json.dumps(note("y")))
        self.assertEqual(j.log()[-1]["actor"], "operator")

    def test_what_was_acknowledged_before_a_bad_line_stays(self):
        j = self.journal()
        text = "".join(json.dumps(note(str(i))) + "\n" for i in range(7)) + '{"kind":"no"}\n' + json.dumps(note("8"))
        result = self.expect_error(support.COULD_NOT, "line 8", "column 9", "kind", "lines up to 6 are in the journal",
                                   args=["-C", j.path, "append", "--group", 3], input=text)
        self.assertEqual([line.split()[0] for line in result.lines], ["2..4", "5..7"])
        self.assertEqual([r["body"]["text"] for r in j.log()[1:]], ["0", "1", "2", "3", "4", "5"])
        j.verify()

    def test_a_cause_may_be_of_the_same_group_but_earlier(self):
        j = self.journal()
        j.append(note("a"), {**note("b"), "cause": 2})
        self.assertEqual(j.json("show", 3)["causes"], [2])
        self.expect_error(support.COULD_NOT, "line 2", "cause: 5", args=["-C", j.path, "append"],
                          input=json.dumps(note("c")) + "\n" + json.dumps({**note("d"), "cause": 5}))
        self.assertEqual(j.size(), 3)


class Reading(Case):
    def fill(self):
        j = self.journal()
        j.append(
            {"kind": "perception.quote", "at": "2015-12-24T14:31:00Z",
             "body": {"symbol": "GOOG  151224P00750000", "bid": "1", "ask": "2", "bid_size": 1, "ask_size": 1}},
            {"kind": "perception.quote", "actor": "feed:lean", "at": "2015-12-24T15:00:00Z",
             "body": {"symbol": "SPY", "bid": "1", "ask": "2", "bid_size": 1, "ask_size": 1}},
            {"kind": "order.new", "cause": 2, "at": "2015-12-24T16:00:00Z",
             "body": {"order_id": "o-1", "symbol": "GOOG  151224P00750000", "side": "sell", "qty": 5, "type": "limit",
                      "limit": "1"}},
            {"kind": "fill.execution", "cause": 4, "at": "2015-12-24T16:00:01Z",
             "body": {"order_id": "o-1", "fill_id": "f-1", "symbol": "GOOG  151224P00750000", "side": "sell", "qty": 5,
                      "price": "1", "fee": "1.25"}})
        return j

    def test_log_filters(self):
        j = self.fill()
        table = [
            ([], [1, 2, 3, 4, 5]), (["--kind", "perception"], [2, 3]), (["--kind", "perception.quote"], [2, 3]),
            (["--kind", "fill"], [5]), (["--kind", "learning"], []), (["--symbol", "GOOG"], [2, 4, 5]),
            (["--symbol", "GOOG  151224P00750000"], [2, 4, 5]), (["--symbol", "GOOG  151224P00760000"], []),
            (["--order", "o-1"], [4, 5]), (["--order", "o-2"], []), (["--actor", "feed:lean"], [3]),
            (["--limit", 2], [1, 2]), (["--limit", 0], []),
            (["--kind", "perception", "--from", "2015-12-24T15:00:00Z"], [3]),
            (["--to", "2015-12-24T15:00:00Z"], [2, 3]),
            (["--from", "2015-12-24T14:31:00.000000001Z", "--to", "2015-12-24T15:59:59.999999999Z"], [3]),
            (["--from", "2015-12-24", "--to", "2015-12-25"], [2, 3, 4, 5]),
        ]
        for filters, seqs in table:
            with self.subTest(filters=filters):
                self.assertEqual([r["seq"] for r in j.log(*filters)], seqs)
                self.assertEqual(len(j.run("log", *filters).lines), len(seqs))

    def test_show_names_the_signature_state_and_the_causes(self):
        j = self.fill()
        shown = j.json("show", 5)
        self.assertEqual(shown["causes"], [4, 2])
        self.assertTrue(shown["sealed"])
        self.assertEqual(shown["seal_size"], 5)
        self.assertEqual(shown["root"], j.run("seal").lines[2])
        self.assertEqual(shown["entry"], j.log()[-1])
        text = j.run("show", 5).out
        for piece in ("fill.execution", "sealed", "because of", "order.new", "perception.quote", "1.25"):
            self.assertIn(piece, text)

    def test_replay_of_appended_fills(self):
        j = self.fill()
        state = j.json("replay")
        self.assertEqual(state["cash"], "498.75")
        self.assertEqual(state["positions"][0]["qty"], -5)
        self.assertEqual(state["positions"][0]["average_price"], "1")
        self.assertEqual(j.json("replay", "--to", 4)["positions"], [])
        self.assertEqual(j.json("replay", "--to", "2015-12-24T16:00:00Z")["seq"], 4)


if __name__ == "__main__":
    support.main()
