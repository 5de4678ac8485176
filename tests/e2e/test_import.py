"""ledger import: every row of the real files is one entry or one counted finding, once."""
import collections
import datetime
import hashlib
import os
import shutil
import zipfile
from decimal import Decimal

import reckon
import support
from support import COULD_NOT, LEAN, SPX, Case, needs_lean, needs_spx

GOOG_DAY = datetime.date(2015, 12, 24)
GOOG_QUOTES = 275552  # as the data's own page counts them
REFUSED = ("empty", "crossed", "malformed")  # findings in a row's place; the others stand beside its entry


def decimal(text):
    return None if text is None else Decimal(text)


@needs_lean
class Goog(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.args = ["import", "lean", LEAN, "--underlying", "GOOG", "--date", "2015-12-24"]

    def test_every_quote_row_is_one_entry_or_one_finding(self):
        said = self.j.run(*self.args, "--json")
        counts = said.json()
        expected = collections.Counter()
        rows = 0
        for symbol, at, bid, ask, bid_size, ask_size in reckon.lean_quotes(LEAN, "GOOG", GOOG_DAY):
            rows += 1
            if bid is None and ask is None:
                expected[symbol, at, "empty"] += 1
            elif bid is not None and ask is not None and bid > ask:
                expected[symbol, at, "crossed"] += 1
            else:
                expected[symbol, at, bid, ask, bid_size, ask_size] += 1
        self.assertEqual(rows, GOOG_QUOTES)
        got = collections.Counter()
        for e in self.j.log("--kind", "perception.quote"):
            b = e["body"]
            if reckon.is_option(b["symbol"]):
                got[b["symbol"], e["at"], decimal(b["bid"]), decimal(b["ask"]), b["bid_size"], b["ask_size"]] += 1
        for e in self.j.log("--kind", "perception.data_quality"):
            if reckon.is_option(e["body"]["symbol"]) and e["body"]["finding"] in REFUSED:
                got[e["body"]["symbol"], e["at"], e["body"]["finding"]] += 1
        self.assertEqual(sum(got.values()), GOOG_QUOTES)
        missing, extra = expected - got, got - expected
        self.assertEqual((list(missing)[:5], list(extra)[:5]), ([], []))
        self.assertEqual(counts["rows"], counts["entries"] + counts["findings_instead"])
        self.j.verify()

    def test_what_was_left_out_is_said(self):
        said = self.j.run(*self.args)
        self.assertIn("279,175 rows of 8 files", said.out)
        self.assertIn("rows", said.err + said.out)
        # Every file is in the journal by the hash of its bytes, and what they hold adds up.
        sources = self.j.log("--kind", "control.source")
        self.assertEqual(len(sources), 8)
        for e in sources:
            path = e["body"]["path"].split("#")[0]  # behind it the part that was read
            with open(os.path.join(LEAN, path), "rb") as f:
                self.assertEqual(hashlib.sha256(f.read()).hexdigest(), e["body"]["sha256"])
            if path.endswith(".zip"):  # tables of names and factors hold no market data
                self.assertEqual(e["body"]["rows"], e["body"]["entries"] + e["body"]["findings"])
        quotes = [e["body"] for e in sources if e["body"]["path"].endswith("option/usa/minute/goog/20151224_quote_american.zip")]
        self.assertEqual([q["rows"] for q in quotes], [GOOG_QUOTES])

    def test_the_same_file_twice_is_refused(self):
        self.j.run(*self.args)
        before = self.j.run("replay", "--digest").out
        size = self.j.run("seal").lines[1]
        self.expect_error(COULD_NOT, "imported already", "entry", args=["-C", self.j.path, *self.args])
        self.assertEqual(self.j.run("seal").lines[1], size)
        self.assertEqual(self.j.run("replay", "--digest").out, before)

    def test_a_copy_elsewhere_is_still_the_same_file(self):
        copy = self.path("copy")
        shutil.copytree(LEAN, copy, ignore=lambda folder, names: [
            n for n in names if "goog" not in os.path.join(folder, n) and not os.path.isdir(os.path.join(folder, n))])
        self.j.run(*self.args)
        self.expect_error(COULD_NOT, "imported already", args=["-C", self.j.path, *self.args[:2], copy, *self.args[3:]])

    def test_coarser_bars(self):
        for resolution in ("hour", "daily"):
            with self.subTest(resolution=resolution):
                j = self.journal(resolution)
                counts = j.run(*self.args, "--resolution", resolution, "--json").json()
                self.assertEqual(counts["rows"], counts["entries"] + counts["findings_instead"])
                self.assertGreater(counts["entries"], 2000)
                j.verify()

    def test_days_and_folders_that_cannot_be(self):
        table = [
            (["--underlying", "GOOG", "--date", "2015-12-25"], "no session (Christmas)"),
            (["--underlying", "GOOG", "--date", "2015-12-26"], "Saturday"),
            (["--underlying", "GOOG", "--date", "2015-12-22"], "not there", "nearest day is 2015-12-23"),
            (["--underlying", "GOOG", "--date", "2015-13-24"], "month 13"),
            (["--underlying", "goog", "--date", "2015-12-24"], "underlying", "capital"),
            (["--underlying", "ZZZZ", "--date", "2015-12-24"], "zzzz"),
            (["--underlying", "GOOG", "--date", "2015-12-24", "--resolution", "second"], "minute, hour, daily"),
            (["--underlying", "GOOG"], "date"), (["--date", "2015-12-24"], '"underlying" is missing'),
            (["--underlying", "GOOGL", "--date", "2013-06-28"], "GOOG"),
        ]
        for options, *pieces in table:
            with self.subTest(options=options):
                self.expect_error(COULD_NOT, *pieces, args=["-C", self.j.path, "import", "lean", LEAN, *options])
        self.assertEqual(self.j.size(), 1)

    def damaged(self, change):
        """A copy of the day's files with the quotes changed by `change(bytes) -> bytes`."""
        copy = self.path("copy")
        shutil.copytree(LEAN, copy, ignore=lambda folder, names: [
            n for n in names if "goog" not in os.path.join(folder, n) and not os.path.isdir(os.path.join(folder, n))])
        path = os.path.join(copy, "option/usa/minute/goog/20151224_quote_american.zip")
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(change(data))
        return ["import", "lean", copy, *self.args[3:]], path

    def test_a_damaged_file_leaves_nothing(self):
        for name, change in (("cut", lambda d: d[:len(d) // 2]), ("empty", lambda d: b""), ("no zip", lambda d: b"x" * 99)):
            with self.subTest(name=name):
                args, path = self.damaged(change)
                self.expect_error(COULD_NOT, "20151224_quote_american.zip", args=["-C", self.j.path, *args])
                self.assertEqual(self.j.size(), 1)
                shutil.rmtree(self.path("copy"))

    def test_bad_rows_are_findings_with_their_line(self):
        args, path = self.damaged(lambda d: d)
        name = "20151224_goog_minute_quote_american_put_7500000_20160115.csv"
        with zipfile.ZipFile(path, "w") as z:
            z.writestr(name, "34200000,100,100,100,100,5,200,200,200,200,5\n"
                             "34260000,rubbish\n"
                             "34320000,100,100,100,300,5,200,200,200,200,5\n"
                             "34380000,,,,,0,,,,,0\n"
                             "34440000,,,,,0,200,200,200,200,5")
        self.j.run(*args)
        quotes = [e["body"] for e in self.j.log("--kind", "perception.quote", "--symbol", "GOOG  160115P00750000")]
        self.assertEqual([(q["bid"], q["ask"]) for q in quotes], [("0.01", "0.02"), (None, "0.02")])
        findings = [e["body"] for e in self.j.log("--kind", "perception.data_quality", "--symbol", "GOOG  160115P00750000")]
        self.assertEqual([f["finding"] for f in findings if f["finding"] in REFUSED], ["malformed", "crossed", "empty"])
        malformed = next(f for f in findings if f["finding"] == "malformed")
        self.assertIn("2", malformed["text"])
        self.assertIn(name, malformed["text"])


@needs_spx
class SpxFiles(Case):
    def test_48_files_two_of_which_are_no_session(self):
        j = self.journal()
        said = j.run("import", "spx-eod", SPX, "--json")
        counts = said.json()
        days = reckon.spx_days(SPX)
        self.assertEqual(len(days), 48)
        self.assertEqual([d.day.isoformat() for d in days if not d.is_session], ["2019-05-27", "2019-07-04"])
        for day, name in (("2019-05-27", "Memorial Day"), ("2019-07-04", "Independence Day")):
            line = next(line for line in said.err.splitlines() if line.startswith(day))
            self.assertIn(name, line)
            self.assertIn("skipped", line)
        missing = next(line for line in said.err.splitlines() if "have no file" in line)
        for day in ("2019-05-10", "2019-05-17", "2019-06-14", "2019-06-17", "2019-06-18"):
            self.assertIn(day, missing)
        self.assertEqual(counts["files"], 48)
        self.assertEqual(counts["rows"], sum(len(d.rows) for d in days if d.is_session))
        self.assertEqual(counts["skipped"], sum(len(d.rows) for d in days if not d.is_session))
        # Row by row: what is quoted is an entry, what is not is a finding.
        expected = collections.Counter()
        for d in days:
            for r in d.rows if d.is_session else []:
                symbol = reckon.occ(r["root"], datetime.datetime.strptime(r["expiry"], "%Y%m%d").date(), r["right"], r["strike"])
                bid, ask = (Decimal(r[side]) or None for side in ("bid", "ask"))
                expected[(d.day.isoformat(), symbol, bid, ask) if bid or ask else (d.day.isoformat(), symbol, "empty")] += 1
        got = collections.Counter()
        for e in j.log("--kind", "perception.quote"):
            b = e["body"]
            got[e["at"][:10], b["symbol"], decimal(b["bid"]), decimal(b["ask"])] += 1
        for e in j.log("--kind", "perception.data_quality"):
            if e["body"]["finding"] in REFUSED:
                got[e["at"][:10], e["body"]["symbol"], e["body"]["finding"]] += 1
        self.assertEqual((list(expected - got)[:5], list(got - expected)[:5]), ([], []))
        marks = {e["at"][:10]: Decimal(e["body"]["price"]) for e in j.log("--kind", "perception.mark")}
        self.assertEqual(marks, {d.day.isoformat(): d.price for d in days if d.is_session})
        j.verify()
        self.expect_error(COULD_NOT, "20190425.csv.gz", "imported already", args=["-C", j.path, "import", "spx-eod", SPX])

    def test_ranges(self):
        j = self.journal()
        self.assertEqual(j.run("import", "spx-eod", SPX, "--from", "2019-05-01", "--to", "2019-05-02", "--json").json()["files"], 2)
        j.run("import", "spx-eod", SPX, "--from", "2019-05-03", "--to", "2019-05-03")
        self.expect_error(COULD_NOT, "imported already", args=["-C", j.path, "import", "spx-eod", SPX, "--from", "2019-05-02"])
        self.assertEqual(sorted({e["at"][:10] for e in j.log("--kind", "perception.mark")}),
                         ["2019-05-01", "2019-05-02", "2019-05-03"])

    def test_what_cannot_be_read(self):
        j = self.journal()
        table = [(["/nonexistent"], "/nonexistent"), ([self.dir], "has no file"),
                 ([SPX, "--from", "2020-01-01"], "48 files", "none of the days"), ([SPX, "--from", "x"], "from=x"),
                 ([SPX, "--from", "2019-06-01", "--to", "2019-05-01"], "")]
        for options, *pieces in table:
            with self.subTest(options=options):
                self.expect_error(COULD_NOT, *pieces, args=["-C", j.path, "import", "spx-eod", *options])
        shutil.copy(os.path.join(SPX, "20190503.csv.gz"), self.path("20190506.csv.gz"))
        self.expect_error(COULD_NOT, "20190506.csv.gz", "quote_date is 2019-05-03",
                          args=["-C", j.path, "import", "spx-eod", self.dir])
        with open(os.path.join(SPX, "20190503.csv.gz"), "rb") as f:
            data = f.read()
        self.write("20190506.csv.gz", data[:5000])
        self.expect_error(COULD_NOT, "20190506.csv.gz", "damaged", args=["-C", j.path, "import", "spx-eod", self.dir])
        self.assertEqual(j.size(), 1)


if __name__ == "__main__":
    support.main()
