"""ledger reconcile: a broker's statement against our books: what agrees, what differs, what cannot be read, how a break ends."""
import csv
import io
import json
import os
from decimal import Decimal

import desk
import support
from support import COULD_NOT, MISUSED, WRONG, Case

DAY = "2026-01-05"


def books(j):
    """What our books hold, as a statement of a broker who agrees."""
    state = j.json("replay")
    positions = {}
    for e in j.log("--kind", "fill.execution"):
        b = e["body"]
        positions[b["symbol"]] = positions.get(b["symbol"], 0) + (b["qty"] if b["side"] == "buy" else -b["qty"])
    fills = [{k: e["body"][k] for k in ("fill_id", "symbol", "side", "qty", "price", "fee")}
             for e in j.log("--kind", "fill.execution")]
    return {"statement_id": "s-1", "broker": "IBKR", "session": DAY, "cash": str(state["cash"]),
            "positions": [{"symbol": s, "qty": q} for s, q in positions.items() if q], "fills": fills}


def as_csv(statement):
    out = io.StringIO()
    names = ["amount", "row", "symbol", "side", "qty", "price", "fee", "fill_id"]
    w = csv.DictWriter(out, names, restval="")
    w.writeheader()
    w.writerow({"row": "cash", "amount": statement["cash"]})
    for p in statement["positions"]:
        w.writerow({"row": "position", **p})
    for f in statement["fills"]:
        w.writerow({"row": "fill", **f})
    return out.getvalue()


class Reconcile(Case):
    def traded(self):
        j = self.journal()
        config = os.path.join(support.SOURCE, "examples", "naked-put-wide.yaml")
        desk.run(j, f"synthetic:seed=7,underlying=ACME,date={DAY}", config=config,
                 more=["--until", f"{DAY}T14:35:30Z"])
        return j

    def take(self, j, statement, code=0, more=()):
        text = statement if isinstance(statement, str) else json.dumps(statement, indent=1)
        return j.run("reconcile", self.write("statement", text), "--json", *more, code=code)

    def test_what_agrees_what_differs_and_how_it_ends(self):
        j = self.traded()
        st = books(j)
        self.assertTrue(st["positions"] and st["fills"])
        self.assertEqual(self.take(j, st).json()["differences"], [])
        self.assertIn("taken in already", self.take(j, st, COULD_NOT).err)
        agreed = self.take(j, as_csv(st), more=["--session", DAY, "--broker", "IBKR"]).json()
        self.assertEqual((agreed["differences"], agreed["fills"]), ([], len(st["fills"])))
        self.assertEqual(j.json("reconcile", "broker")["differences"], [])
        self.assertEqual(j.json("reconcile", "--list"), {"breaks": [], "worth": "0"})

        # One difference of each sort is one break each.
        st["statement_id"] = "s-2"
        st["cash"] = str(Decimal(st["cash"]) + Decimal("0.01"))
        lost = st["fills"].pop()
        st["fills"][0]["fee"] = "99"
        st["fills"].append({**lost, "fill_id": "theirs-1"})
        st["positions"][0]["qty"] -= 1
        told = self.take(j, st, WRONG)
        found = {(d["checks"][0]["name"], d["about"]): d for d in told.json()["differences"]}
        self.assertEqual({name for name, _ in found}, {"cash", "position", "fill_unknown", "fill_missing", "fill_differs"})
        self.assertEqual(len(found), 5)
        self.assertIn("5 breaks", told.err)
        st["statement_id"] = "s-3"
        seq = j.json("replay")["seq"]
        self.take(j, st, WRONG)
        self.assertEqual([e for e in j.log("--kind", "risk.break") if e["seq"] > seq], [])  # not told again
        listed = j.json("reconcile", "--list")["breaks"]
        self.assertEqual({b["break_id"] for b in listed}, {d["break_id"] for d in found.values()})
        self.assertTrue(all(b["owner"] == "operator" and b["age_s"] >= 0 for b in listed))
        self.assertIn("5 open, worth", j.run("reconcile", "--list").out)

        # From now on each verdict says what they are worth.
        desk.run(j, f"synthetic:seed=7,underlying=ACME,date={DAY}", more=["--until", f"{DAY}T17:00:00Z"])
        rows = [c for e in j.log("--kind", "risk.verdict") for c in e["body"]["checks"] if c["name"].startswith("open_breaks")]
        self.assertTrue(rows)

        # A break ends by a word that names each side that there is.
        fee = found["fill_differs", st["fills"][0]["fill_id"]]
        clear = ["reconcile", "--clear", fee["break_id"], "--reason", "the broker's fee is wrong"]
        self.assertIn("ours", j.run(*clear, code=COULD_NOT).err)
        self.assertIn("theirs", j.run(*clear, "--ours", fee["ours"], code=COULD_NOT).err)
        self.assertIn("no entry", j.run(*clear, "--ours", fee["ours"], "--theirs", 10**9, code=COULD_NOT).err)
        self.assertIn("two entries", j.run(*clear, "--ours", fee["ours"], "--theirs", fee["ours"], code=COULD_NOT).err)
        self.assertIn("ours: entry 1, control.genesis, is not of our side",
                      j.run(*clear, "--ours", 1, "--theirs", fee["theirs"], code=COULD_NOT).err)
        self.assertIn("theirs: entry 2, control.configuration, is not of the broker's side",
                      j.run(*clear, "--ours", fee["ours"], "--theirs", 2, code=COULD_NOT).err)
        row = next(e["seq"] for e in j.log("--kind", "perception.statement"))
        self.assertIn("is not of our side", j.run(*clear, "--ours", row, "--theirs", fee["theirs"], code=COULD_NOT).err)
        self.assertIn("4 still open", j.run(*clear, "--ours", fee["ours"], "--theirs", fee["theirs"]).out)
        self.assertIn("no break", j.run(*clear, "--ours", fee["ours"], "--theirs", fee["theirs"], code=COULD_NOT).err)
        correction, = j.log("--kind", "control.correction")
        self.assertIn("signature", correction)
        self.assertIn("is cleared", j.run("show", correction["seq"]).out)
        j.verify()
        self.assertIsNone(j.redecide()["differs"])

    def test_a_bust_must_be_what_the_execution_was(self):
        j = self.traded()
        sold = j.log("--kind", "fill.execution")[0]
        body = {k: sold["body"][k] for k in ("order_id", "symbol", "side", "qty", "price", "fee")}

        def bust(code, fill_id="b-1", **changes):
            line = {"kind": "fill.bust", "actor": "broker:paper", "at": f"{DAY}T20:00:00Z",
                    "body": {**body, "fill_id": fill_id, "busted": sold["body"]["fill_id"], "reason": "erroneous", **changes}}
            return j.run("append", input=json.dumps(line), code=code)
        deposit = j.log("--kind", "fill.deposit")[0]["body"]["fill_id"]
        before = j.json("replay")
        for changes, says in (({"qty": body["qty"] + 1}, f"(entry {sold['seq']})"), ({"price": "99"}, "(price)"),
                              ({"order_id": "another"}, "(order_id)"), ({"fee": "0"}, "(fee)"),
                              ({"busted": deposit}, "is no execution"), ({"busted": "b-1"}, "is no execution")):
            err = bust(COULD_NOT, **changes).err
            self.assertIn("fill.bust b-1", err)
            self.assertIn(says, err)
        self.assertEqual(j.json("replay"), before)  # nothing was written
        bust(0)
        bust(0)  # told again
        again = bust(COULD_NOT, "b-2").err
        self.assertIn("taken back already, by entry", again)
        self.assertIsNone(j.redecide()["differs"])

    def test_what_cannot_be_read_is_refused_at_its_place(self):
        j = self.journal()
        size = j.json("replay")["seq"]
        row = '{"symbol":"GOOG","qty":1}'
        cases = [
            ("", "it is empty"),
            ("{", ":1:"),
            ('{"cash":"1","positions":[]}', "fills: it is missing"),
            ('{"cash":"1.2345678","positions":[],"fills":[]}', ":1:9: cash: "),
            ('{"cash":"1","positions":[],"fills":[],"more":1}', "no such key"),
            ('{"cash":"1","cash":"1","positions":[],"fills":[]}', "cash: it stands there twice"),
            ('{"cash":"1",\n "positions":[' + row + ",\n  " + row + '],"fills":[]}', ":3: the position GOOG stands there already, in line 2"),
            ('{"cash":"1","positions":[{"symbol":"GOOG","qty":0}],"fills":[]}', "positions[0]: qty"),
            ('{"cash":"1","positions":[{"symbol":"GOOG","qty":-1,"side":"buy"}],"fills":[]}', "the side says which"),
            ('{"cash":"1","positions":[{"symbol":"goog!","qty":1}],"fills":[]}', "positions[0].symbol"),
            ('{"cash":"1","positions":[{"symbol":"GOOG","qty":1,"price":"1"}],"fills":[]}', "a position has no price"),
            ('{"cash":"1","positions":[],"fills":[{"symbol":"GOOG","qty":1,"price":"1","fee":"0"}]}', "fills[0]: fill_id is missing"),
            ('{"cash":"1","positions":[],"fills":[]} x', ":1:"),
            ('{"cash":"1","session":"2026-13-01","positions":[],"fills":[]}', "session"),
            ("row,amount\ncash,1\ncash,1\n", "cash stands there twice"),
            ("row,amount\n", "the row cash is missing"),
            ("row,symbol,qty\nposition,GOOG,1\n", "row and amount"),
            ("row,amount,colour\n", ":1:12: no such column"),
            ("row,amount,symbol,qty\ncash,1,,\nposition,,GOOG,x\n", ":3:16: qty: "),
            ("row,amount,symbol,qty\ncash,1,,\nposition,,GOOG\n", "another number of columns"),
            ('row,amount,symbol,qty\ncash,1,,\nposition,,"GOOG,1\n', ":3:11:"),
            ("row,amount,symbol,qty\ncash,1,,\nshares,,GOOG,1\n", "position, fill or cash"),
        ]
        for text, words in cases:
            with self.subTest(text=text):
                told = self.take(j, text, COULD_NOT, more=["--session", DAY, "--broker", "IBKR"])
                self.assertIn(words, told.err)
        good = '{"cash":"0","positions":[],"fills":[]}'
        self.assertIn("--session", self.take(j, good, COULD_NOT).err)
        self.assertIn("--broker", self.take(j, good, COULD_NOT, more=["--session", DAY]).err)
        self.assertIn("brought in by a person", self.take(j, good, COULD_NOT, more=["--session", DAY, "--broker", "B", "--actor", "feed:lean"]).err)
        for args in ([], ["x", "--list"], ["--list", "--reason", "x"], ["broker", "--session", DAY], ["--clear", "b"],
                     ["x", "--session", "yesterday"]):
            with self.subTest(args=args):
                j.run("reconcile", *args, code=MISUSED if "yesterday" not in args else None)
        self.assertIn("no session", j.run("reconcile", "broker", code=COULD_NOT).err)
        self.assertEqual(j.json("replay")["seq"], size)  # nothing of all that was entered
        self.assertIn("no statement was ever taken in", j.run("reconcile", "--list").out)

    def test_nobody_appends_a_statement_beside_it(self):
        j = self.journal()
        for kind, body in (("perception.statement", {"statement_id": "s", "broker": "B", "session": DAY, "cash": "0", "positions": 0,
                                                     "fills": 0, "sha256": "0" * 64}),
                           ("perception.stated_position", {"statement_id": "s", "symbol": "GOOG", "side": "buy", "qty": 1})):
            line = json.dumps({"kind": kind, "actor": "operator", "body": body})
            self.assertIn("ledger reconcile", j.run("append", self.write("line", line + "\n"), code=COULD_NOT).err)

    def test_the_broker_is_asked_at_the_close(self):
        j = self.journal()
        config = self.write("close.yaml", desk.configuration(reconcile={"at_close": True}))
        desk.run(j, desk.synthetic(days=2, minutes=30), config=config)
        statements = j.log("--kind", "perception.statement")
        self.assertEqual(len(statements), 2)
        self.assertEqual(len({s["body"]["session"] for s in statements}), 2)
        self.assertEqual(j.json("reconcile", "--list")["breaks"], [])
        self.assertIsNone(j.redecide()["differs"])


if __name__ == "__main__":
    support.main()
