"""ledger nightly, report: the day's compliance pack, byte for byte the same, complete, and provable."""
import collections
import csv
import hashlib
import io
import json
import os
import re
import shutil
import time
import unittest
import zipfile
from decimal import Decimal

import desk
import reckon
import support
from support import COULD_NOT, WRONG, Case, needs_lean, note

TABLES = ("blotter", "orders", "decisions", "verdicts", "stops", "configuration", "positions", "pnl", "quality")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def table(data):
    """Rows of an RFC 4180 file, by column."""
    text = data.decode("utf-8")
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "") or '"' in text
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


class Packs(Case):
    DAY = "2026-01-05"

    def traded(self):
        j = self.journal()
        desk.run(j, desk.synthetic(days=2, minutes=15, scenario="crash"), more=["--until", self.DAY + "T18:00:00Z"])
        j.run("stop", "--reason", "=1+1; \"quoted\", and\na line more")  # what a spreadsheet must not take for a formula
        j.run("resume", "--reason", "it was nothing")
        desk.run(j, desk.synthetic(days=2, minutes=15, scenario="crash"))
        return j

    def pack(self, j, name="pack", day=None):
        j.run("nightly", "--date", day or self.DAY, "--out", self.path(name))
        return {n: read(self.path(name, n)) for n in sorted(os.listdir(self.path(name)))}

    def test_what_is_in_it(self):
        j = self.traded()
        files = self.pack(j)
        self.assertIn("compliance.xlsx", files)
        self.assertIn("manifest.json", files)
        for name in TABLES:
            self.assertIn(f"{name}.csv", files)
        manifest = json.loads(files["manifest.json"])
        named = {f["name"]: f for f in manifest["files"]}
        self.assertEqual(set(named), set(files) - {"manifest.json"})
        for name, row in named.items():
            self.assertEqual(row["sha256"], hashlib.sha256(files[name]).hexdigest(), name)
            self.assertEqual(row["size"], len(files[name]))
        self.assertIn(support.ORIGIN, files["manifest.json"].decode())
        self.assertIn(j.vkey, files["manifest.json"].decode())
        self.assertTrue(files["checkpoint.txt"].decode().startswith(support.ORIGIN + "\n"))
        j.run("report", "verify", self.path("pack"))
        self.ledger("report", "verify", self.path("pack"), "--key", j.vkey)
        self.check_tables(j, files)
        self.check_workbook(files["compliance.xlsx"])

    def check_tables(self, j, files):
        start, end = f"{self.DAY}T05:00:00Z", "2026-01-06T05:00:00Z"
        fills = [e for e in j.log("--kind", "fill") if start <= e.get("at", "") < end]
        blotter = [r for r in table(files["blotter.csv"]) if r["kind"] != "fill.deposit"]
        self.assertEqual([int(r["seq"]) for r in blotter], [e["seq"] for e in fills])
        self.assertGreater(len(fills), 0)
        for row, e in zip(blotter, fills):
            self.assertEqual((row["symbol"], row["qty"], row["fill_id"]),
                             (e["body"]["symbol"], str(e["body"]["qty"]), e["body"]["fill_id"]))
            if e["kind"] == "fill.execution":
                self.assertEqual((Decimal(row["price"]), Decimal(row["fee"]), row["side"], row["order_id"]),
                                 (Decimal(e["body"]["price"]), Decimal(e["body"]["fee"]), e["body"]["side"], e["body"]["order_id"]))
        orders = [e for e in j.log("--kind", "order.new") if start <= e["at"] < end]
        trail = collections.defaultdict(list)
        for row in table(files["orders.csv"]):
            trail[row["order_id"]].append(row)
        for e in orders:
            stages = [row["kind"] for row in trail[e["body"]["order_id"]]]
            for kind in ("decision.e", "risk.verdict", "order.new"):
                self.assertTrue(any(s.startswith(kind) for s in stages), (kind, stages))
            steps = [int(row["step"]) for row in trail[e["body"]["order_id"]]]
            self.assertEqual(steps, list(range(1, len(steps) + 1)))
        decisions = [e for e in j.log("--kind", "decision") if start <= e["at"] < end and e["kind"] != "decision.candidates"]
        self.assertEqual(len(table(files["decisions.csv"])), len(decisions))
        verdicts = [e for e in j.log("--kind", "risk.verdict") if start <= e["at"] < end]
        rows = [r for r in table(files["verdicts.csv"]) if r["kind"] in ("risk.verdict", "verdict")]
        self.assertEqual({int(r["seq"]) for r in rows}, {e["seq"] for e in verdicts})
        self.assertEqual(len(rows), sum(len(e["body"]["checks"]) for e in verdicts))
        quality = [e for e in j.log("--kind", "perception.data_quality") if start <= e["at"] < end]
        self.assertEqual([int(r["seq"]) for r in table(files["quality.csv"])], [e["seq"] for e in quality])
        self.assertIn("account.deposit", files["configuration.csv"].decode())
        # The positions of the day's end, by the second reckoning over what was filled until then.
        book = reckon.book_of([e for e in j.log("--kind", "fill") if e.get("at", "") < end])
        for row in table(files["positions.csv"]):
            self.assertEqual(int(row["qty"]), book.qty(row["symbol"]), row)
            self.assertEqual(Decimal(row["realized"]), book.realized_of[row["symbol"]])
            self.assertEqual(Decimal(row["fees"]), book.fees_of[row["symbol"]])
        pnl = {row["session"]: row for row in table(files["pnl.csv"])}
        self.assertEqual(Decimal(pnl[self.DAY]["cash"]), book.cash)

    def check_workbook(self, data):
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            self.assertIsNone(z.testzip())
            names = z.namelist()
            workbook = z.read("xl/workbook.xml").decode()
            sheets = re.findall(r'<sheet name="([^"]+)"', workbook)
            self.assertGreaterEqual(len(sheets), len(TABLES) + 1)
            self.assertTrue(any(n.startswith("xl/charts/chart") for n in names), "the chart")
            for n in names:
                if re.match(r"xl/worksheets/sheet\d+\.xml", n) and n != "xl/worksheets/sheet1.xml":
                    xml = z.read(n).decode()
                    self.assertIn('state="frozen"', xml, n)
                    self.assertIn("<autoFilter", xml, n)
                    self.assertNotIn("<f>", xml, "no cell is a formula")
            strings = z.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in names else ""
            self.assertIn("=1+1", strings + "".join(z.read(n).decode() for n in names if "worksheets" in n))
            self.assertEqual({i.date_time[0] for i in z.infolist()} & {time.gmtime().tm_year}, set())

    def test_again_gives_the_same_bytes(self):
        j = self.traded()
        first = self.pack(j)
        time.sleep(1.1)
        self.assertEqual(self.pack(j), first)
        self.assertEqual(self.pack(j, "elsewhere"), first)
        env = {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8"}
        j.run("nightly", "--date", self.DAY, "--out", self.path("tokyo"), env=env)
        self.assertEqual({n: read(self.path("tokyo", n)) for n in os.listdir(self.path("tokyo"))}, first)
        # Other days, later: this day's pack is what it was.
        desk.run(j, desk.synthetic(seed=9, date="2026-01-07", days=1, minutes=60, history=0))
        self.assertEqual(self.pack(j, "later"), first)
        j.run("report", "verify", self.path("later"))

    def test_a_copy_with_fewer_seals_tells_the_same_of_a_day(self):
        j = self.traded()
        pack = self.pack(j)
        j.run("publish", self.path("www"))
        self.ledger("-C", self.path("copy"), "fetch-from", self.path("www"), "--key", j.vkey)
        copy = support.Journal(self, self.path("copy"))
        self.assertIn(f"covers 1 to {copy.size()}".split()[-1], copy.run("seal").out)  # the only seal there
        for name in [row["name"] for row in self.ledger("report", "list", "--json").json()]:
            mine = j.run("report", name, "--date", self.DAY, "--csv").out
            theirs = copy.run("report", name, "--date", self.DAY, "--csv").out
            if name == "cover":  # which names the seal that is there, and when its newest entry was recorded
                self.assertNotEqual(mine, theirs)
                continue
            self.assertEqual(mine, theirs, name)
            self.assertEqual(mine.encode().replace(b"\r\n", b"\n"), pack[f"{name}.csv"].replace(b"\r\n", b"\n"), name)
            self.assertEqual(j.run("report", name, "--date", self.DAY, "--json").out,
                             copy.run("report", name, "--date", self.DAY, "--json").out)
        self.assertIn("every table is", copy.run("report", "verify", self.path("pack")).out)
        shutil.copytree(self.path("pack"), self.path("forged"))
        with open(self.path("forged", "positions.csv"), "ab") as f:
            f.write(b"x")
        self.assertIn("positions.csv", copy.run("report", "verify", self.path("forged"), code=WRONG).err)

    def test_what_the_next_day_brought_under_the_same_seal_is_not_the_days(self):
        j = self.journal()
        lines = []
        for day, amount in ((5, "100"), (6, "50")):
            at = f"2026-01-0{day}T14:00:00Z"
            lines += [{"kind": "perception.clock", "actor": "feed:synthetic", "at": at,
                       "body": {"phase": "open", "session": at[:10]}},
                      {"kind": "fill.deposit", "actor": "operator", "at": at,
                       "body": {"fill_id": f"d{day}", "amount": amount, "text": ""}}]
        j.run("append", self.write("two.jsonl", "".join(json.dumps(line) + "\n" for line in lines)))
        self.assertIn("assets:cash,,100\r\n", self.pack(j)["accounts.csv"].decode())
        self.assertIn("assets:cash,,150\r\n", self.pack(j, "next", "2026-01-06")["accounts.csv"].decode())
        for name in ("pack", "next"):
            self.assertIn("every table is", j.run("report", "verify", self.path(name)).out)

    def test_daily_bars_that_come_days_later_do_not_move_the_days_end(self):
        """A later run reads its history, bars of this day among it: positions at the day's end stay what they were."""
        j = self.traded()
        first = table(self.pack(j)["positions.csv"])
        desk.run(j, desk.synthetic(seed=9, date="2026-01-07", days=1, minutes=60, history=60))
        self.assertEqual(table(self.pack(j, "later")["positions.csv"]), first)

    def test_whatever_is_changed_is_named(self):
        j = self.traded()
        files = self.pack(j)
        key = ["--key", j.vkey]
        for name in files:
            with self.subTest(name=name):
                data = bytearray(files[name])
                data[len(data) // 2] ^= 1
                self.write(f"pack/{name}", bytes(data))
                self.expect_error(WRONG, name, args=["-C", j.path, "report", "verify", self.path("pack")])
                self.expect_error(WRONG, name, args=["report", "verify", self.path("pack"), *key])
                self.write(f"pack/{name}", files[name])
        for name in files:
            with self.subTest(missing=name):
                os.unlink(self.path("pack", name))
                code = self.ledger("report", "verify", self.path("pack"), *key, code=None)
                self.assertIn(code.code, (WRONG, COULD_NOT))
                self.assertIn(name, code.err)
                self.write(f"pack/{name}", files[name])
        self.write("pack/extra.csv", "x")
        self.expect_error(WRONG, "extra.csv", args=["-C", j.path, "report", "verify", self.path("pack")])
        os.unlink(self.path("pack", "extra.csv"))
        j.run("report", "verify", self.path("pack"))

    def test_a_pack_of_another_journal_is_wrong(self):
        j = self.traded()
        self.pack(j)
        other = self.journal("other", "desk.example/other")
        desk.run(other, desk.synthetic(days=1, minutes=60))
        self.expect_error(WRONG, args=["-C", other.path, "report", "verify", self.path("pack")])
        self.expect_error(WRONG, args=["report", "verify", self.path("pack"), "--key", other.vkey])

    def test_days_and_folders_that_cannot_be(self):
        j = self.traded()
        out = self.path("out")
        self.expect_error(COULD_NOT, "2026-03-03", args=["-C", j.path, "nightly", "--date", "2026-03-03", "--out", out])
        self.assertFalse(os.path.exists(out))
        self.write("file", "x")
        self.expect_error(COULD_NOT, self.path("file"), args=["-C", j.path, "nightly", "--date", self.DAY, "--out", self.path("file")])
        os.mkdir(self.path("mine"))
        self.write("mine/precious", "x")
        self.expect_error(COULD_NOT, self.path("mine"), args=["-C", j.path, "nightly", "--date", self.DAY, "--out", self.path("mine")])
        self.assertEqual(os.listdir(self.path("mine")), ["precious"])
        self.expect_error(COULD_NOT, "/nonexistent", args=["-C", j.path, "nightly", "--date", self.DAY, "--out", "/nonexistent/x"])

    def test_one_table_at_a_time(self):
        j = self.traded()
        names = [line.split()[0] for line in j.run("report", "list").lines]
        for name in TABLES:
            self.assertIn(name, names)
        files = self.pack(j)
        for name in names:
            with self.subTest(table=name):
                shown = j.run("report", name, "--date", self.DAY, "--csv").out
                if f"{name}.csv" in files:
                    self.assertEqual(shown.encode(), files[f"{name}.csv"])
                    rows = j.json("report", name, "--date", self.DAY)
                    self.assertEqual(len(rows if isinstance(rows, list) else rows["rows"]), len(table(files[f"{name}.csv"])))
                self.assertTrue(j.run("report", name, "--date", self.DAY).out)

    @needs_lean
    def test_the_goog_day(self):
        j = self.journal()
        desk.run(j, desk.GOOG_FEED)
        files = self.pack(j, day="2015-12-24")
        self.assertEqual(self.pack(j, "again", day="2015-12-24"), files)
        j.run("report", "verify", self.path("pack"))
        executions = j.log("--kind", "fill.execution")
        blotter = [r for r in table(files["blotter.csv"]) if r["kind"].endswith("execution")]
        self.assertEqual(len(blotter), len(executions))
        sources = table(files["sources.csv"])
        self.assertIn("275552", [r["rows"] for r in sources])


if __name__ == "__main__":
    support.main()
