"""The index beside the journal: the same answers as reading everything, whatever has become of the file."""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import support
from support import COULD_NOT, DONE, MISUSED, WRONG, note

SYMBOLS = ["GOOG", "BRK.B", "GOOG  151224P00750000", "GOOG  151224C00750000", "SPXW  160115P01900000"]
ORDERS = ["np-1", "np-10", "np-2"]
LAG = 8192  # entries that a search reads itself sooner than it writes the index


def lines(count, seed=1):
    """Entries of few symbols, orders, actors and causes, some of them with a time of their own."""
    r = random.Random(seed)
    for i in range(count):
        kind = r.choice(["perception.quote"] * 5 + ["order.acknowledged", "order.cancelled", "control.note", "fill.execution"])
        line = {"kind": kind, "actor": r.choice(["feed:lean" if kind == "perception.quote" else "broker:paper", "operator"])}
        symbol, order = r.choice(SYMBOLS), r.choice(ORDERS)
        if kind == "perception.quote":
            line["body"] = {"symbol": symbol, "bid": "1.5", "ask": "1.6", "bid_size": 1, "ask_size": i}
        elif kind == "order.acknowledged":
            line["body"] = {"order_id": order, "broker_id": f"b{i}"}
        elif kind == "order.cancelled":
            line["body"] = {"order_id": order, "reason": "why not"}
        elif kind == "control.note":
            line = {"kind": kind, "body": {"text": f"note {i}"}}
        else:
            line["body"] = {"order_id": order, "fill_id": f"f-{seed}-{i}", "symbol": symbol, "side": "buy", "qty": 1,
                            "price": "1.25", "fee": "0.65"}
        if r.random() < 0.7 or kind == "perception.quote":
            second = i // 4 + r.randrange(-60, 60) + 600
            line["at"] = f"2015-12-24T{14 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}Z"
        if i > 3 and r.random() < 0.3:
            line["cause"] = r.choice([2, r.randrange(1, 4)])
        yield json.dumps(line)


class Index(support.Case):
    def grown(self, count, seed=1, name="J"):
        j = self.journal(name)
        self.grow(j, count, seed)
        return j

    def grow(self, j, count, seed):
        j.run("append", "--group", 1000, input="\n".join(lines(count, seed)) + "\n")

    def index(self, j):
        return os.path.join(j.path, "index.mdb")

    def filters(self, seed, count):
        r = random.Random(seed)
        for _ in range(count):
            args = []
            for name, values in (("--kind", ["fill", "order.cancelled", "perception", "control.note"]),
                                 ("--symbol", SYMBOLS + ["SPX", "ZZZ"]), ("--order", ORDERS + ["np", "np-11"]),
                                 ("--actor", ["feed:lean", "broker:paper", "operator", "journal"]),
                                 ("--cause", ["1", "2", "3", "70"]),
                                 ("--from", ["2015-12-24T14:20:00Z", "2015-12-24T14:40:00Z", "2015-12-25"]),
                                 ("--to", ["2015-12-24T14:45:00Z", "2015-12-24T16:00:00Z", "2015-12-23"]),
                                 ("--since", ["2015-12-24T14:20:00Z", "2199-01-01"]),
                                 ("--until", ["2015-12-24T14:20:00Z", "2199-01-01"]),
                                 ("--limit", ["1", "7", "1000"])):
                if r.random() < 0.3:
                    args += [name, r.choice(values)]
            yield args + (["--reverse"] if r.random() < 0.5 else [])

    def assert_same(self, j, count=40, seed=3, remarks=False, **options):
        """Every search gives the bytes that a full scan gives; without remarks nothing is said besides."""
        for args in self.filters(seed, count):
            found = j.run("log", *args, **options)
            scanned = j.run("log", *args, "--no-index", **options)
            self.assertEqual(found.out, scanned.out, args)
            if not remarks:
                self.assertEqual(found.err, "", args)
            self.assertEqual(scanned.err, "")

    def test_every_filter_gives_what_a_full_scan_gives(self):
        j = self.grown(LAG + 3000)
        self.assertFalse(os.path.exists(self.index(j)))
        self.assert_same(j, 12 if support.QUICK else 60)
        self.assertTrue(os.path.exists(self.index(j)))
        self.assertEqual(os.stat(self.index(j)).st_mode & 0o777, 0o600)
        self.grow(j, 1500, 2)  # a tail that is read
        self.assert_same(j, 8 if support.QUICK else 40, seed=4)
        rows = j.log("--reverse")
        self.assertEqual([r["seq"] for r in rows], list(range(len(rows), 0, -1)))
        self.assertEqual([r["seq"] for r in j.log("--kind", "control.genesis")], [1])
        self.assertTrue(all(r["cause"] == 2 for r in j.log("--cause", "2")))

    def test_since_and_until_are_about_recording(self):
        j = self.journal()
        j.append(dict(note("a"), at="2001-01-01T00:00:00Z"))
        row = j.log("--kind", "control.note")[0]
        self.assertEqual([r["seq"] for r in j.log("--since", row["recorded_at"], "--until", row["recorded_at"])], [2])
        self.assertEqual(j.log("--until", "2001-01-02"), [])
        self.assertEqual([r["seq"] for r in j.log("--to", "2001-01-02")], [2])

    def test_misuse(self):
        j = self.journal()
        self.expect_error(MISUSED, "--cause", "from 1", args=["-C", j.path, "log", "--cause", "0"])
        self.expect_error(MISUSED, "--cause", args=["-C", j.path, "log", "--cause", "x"])
        self.expect_error(MISUSED, "--since", args=["-C", j.path, "log", "--since", "x"])
        self.expect_error(MISUSED, "--reindex", args=["-C", j.path, "doctor", "--reindex", "--salvage", "x"])

    def test_it_may_be_deleted_at_any_time_and_doctor_makes_it_anew(self):
        j = self.grown(2000)
        self.assertEqual(j.run("doctor", "--reindex").out, "2001 entries are in index.mdb\n")
        self.assertEqual(j.json("doctor", "--reindex"), {"indexed": 2001})
        self.assertIn("agrees with the entries", j.run("doctor").out)
        self.assert_same(j, 10)
        os.remove(self.index(j))  # its lock file stays behind
        self.assert_same(j, 10)
        j.run("doctor", "--reindex")
        self.assert_same(j, 10)
        j.verify()

    def test_run_leaves_it_up_to_date(self):
        j = self.journal()
        j.config("strategy: {underlyings: [GOOG]}\n")
        j.run("run", "--feed", "synthetic:underlying=GOOG,date=2015-12-21")
        size = j.size()
        found = [f for f in j.json("doctor") if f["check"] == "index"]
        self.assertEqual([f["grade"] for f in found], ["good"])
        self.assertIn(f"it has {size};", found[0]["what"])

    def test_a_damaged_one_is_said_and_stops_nothing(self):
        j = self.grown(3000)
        j.run("doctor", "--reindex")
        with open(self.index(j), "rb") as f:
            whole = f.read()
        wanted = j.run("log", "--symbol", "GOOG", "--no-index").out
        damages = {"garbage": b"no LMDB file" * 5000, "cut": whole[:-8192], "short": whole[:5000],
                   "zeros": bytes(len(whole))}
        for what, content in damages.items():
            with self.subTest(what):
                with open(self.index(j), "wb") as f:
                    f.write(content)
                found = j.run("log", "--symbol", "GOOG")
                self.assertEqual(found.out, wanted)
                self.assertIn("remark: ", found.err)
                self.assertIn("ledger doctor --reindex", found.err)
                with open(self.index(j), "rb") as f:
                    self.assertEqual(f.read(), content, "nothing is repaired in silence")
                rows = [f for f in j.run("doctor", "--json", code=WRONG).json() if f["check"] == "index"]
                self.assertEqual([(r["grade"], r["do"]) for r in rows], [("bad", "ledger doctor --reindex")])
                j.run("doctor", "--reindex")
                self.assertEqual(j.run("log", "--symbol", "GOOG").err, "")

    def test_damaged_pages_end_in_words_or_in_the_right_answer(self):
        j = self.grown(3000)
        j.run("doctor", "--reindex")
        with open(self.index(j), "rb") as f:
            whole = bytearray(f.read())
        wanted = j.run("log", "--symbol", "GOOG", "--no-index").out
        r = random.Random(5)
        for _ in range(10 if support.QUICK else 60):
            page = r.randrange(2, len(whole) // 4096) * 4096
            broken = bytearray(whole)
            for i in range(r.choice([1, 16, 4096])):
                broken[page + r.randrange(0, 64 if r.random() < 0.7 else 4096)] = r.randrange(256)
            with open(self.index(j), "wb") as f:
                f.write(broken)
            found = j.run("log", "--symbol", "GOOG", code=None)
            self.assertIn(found.code, (DONE, COULD_NOT), str(found))
            if found.code == COULD_NOT:
                self.assertIn("index.mdb", found.err)
            elif found.out != wanted:  # pages carry no checks: that is what doctor is for
                rows = [f for f in j.run("doctor", "--json", code=WRONG).json() if f["check"] == "index"]
                self.assertTrue(any(f["grade"] in ("bad", "unseen") for f in rows), rows)

    def test_doctor_names_what_is_wrong_in_one_of_another_past(self):
        j = self.grown(1000)
        other = self.grown(1000, seed=9, name="K")
        other.run("doctor", "--reindex")
        shutil.copy(self.index(other), self.index(j))
        rows = [f for f in j.run("doctor", "--json", code=WRONG).json() if f["check"] == "index"]
        self.assertIn("another journal", rows[0]["what"])
        found = j.run("log", "--symbol", "GOOG")
        self.assertIn("it was made anew", found.err)
        self.assert_same(j, 10)
        j.run("doctor")

    def test_who_may_only_read_uses_what_is_there(self):
        j = self.grown(LAG + 3000)
        as_other = {}
        if os.getuid() == 0:  # permissions do not bind root: be somebody else
            os.chmod(self.dir, 0o755)
            binary = shutil.copy(support.BINARY, self.path("ledger"))
            for name in ("J", "J/journal.mdb", "J/journal.mdb-lock", "J/vault"):
                os.chown(self.path(name), 65534, 65534)
            profile = self.path("profile")  # a build that measures coverage complains where it cannot write
            os.mkdir(profile)
            os.chmod(profile, 0o777)
            as_other = {"user": 65534, "group": 65534, "extra_groups": [], "binary": binary, "env": {"GCOV_PREFIX": profile}}
            # root makes no file that the owner could not open
            self.assertEqual(j.run("log", "--symbol", "GOOG", "--limit", 1).err, "")
            self.assertFalse(os.path.exists(self.index(j)))
        self.only_reading(j, as_other)

    def only_reading(self, j, as_other):
        os.chmod(j.path, 0o555)
        self.assert_same(j, 6, **as_other)
        self.assertFalse(os.path.exists(self.index(j)))
        os.chmod(j.path, 0o755)
        j.run("log", "--symbol", "GOOG", "--limit", 1, **as_other)
        self.assertTrue(os.path.exists(self.index(j)))
        os.remove(self.index(j) + "-lock")  # a reader makes none, which might not be the owner's
        if as_other:
            self.assert_same(j, 6)
        self.assertFalse(os.path.exists(self.index(j) + "-lock"))
        j.run("log", "--symbol", "GOOG", "--limit", 1, **as_other)
        os.chmod(j.path, 0o555)
        os.chmod(self.index(j), 0o444)
        os.chmod(self.index(j) + "-lock", 0o444)
        self.assert_same(j, 6, **as_other)
        os.chmod(self.index(j), 0o000)
        found = j.run("log", "--symbol", "GOOG", **as_other)
        self.assertIn("remark: ", found.err)
        self.assertEqual(found.out, j.run("log", "--symbol", "GOOG", "--no-index", **as_other).out)
        os.chmod(j.path, 0o755)

    def test_no_room_for_it_stops_neither_a_search_nor_an_append(self):
        j = self.grown(LAG + 3000)
        shell = 'ulimit -f 40; trap "" XFSZ; exec "$0" "$@"'  # 40 KiB: less than the index needs
        args = ["bash", "-c", shell, support.BINARY, "-C", j.path, "log", "--symbol", "GOOG", "--limit", "500"]
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(None), cwd=self.dir)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn(b"remark: ", done.stderr)
        self.assertIn(b"limit", done.stderr)
        self.assertEqual(done.stdout.decode(), j.run("log", "--symbol", "GOOG", "--limit", 500, "--no-index").out)
        self.grow(j, 100, 3)
        self.assert_same(j, 6)
        j.verify()

    def test_killed_while_it_is_built(self):
        j = self.grown(30000)
        searches = 6 if support.QUICK else 25
        r = random.Random(8)
        for i in range(searches):
            if i % 3 == 0 and os.path.exists(self.index(j)):
                os.remove(self.index(j))
            process = j.start("doctor", "--reindex") if i % 2 else j.start("log", "--symbol", "GOOG")
            time.sleep(r.random() * 0.08)
            process.send_signal(signal.SIGKILL)
            process.wait()
            args = ["--symbol", "GOOG", "--kind", "fill", "--limit", "50"]
            self.assertEqual(j.run("log", *args).out, j.run("log", *args, "--no-index").out)
        rows = [f for f in j.json("doctor") if f["check"] == "index"]
        self.assertEqual([f["grade"] for f in rows], ["good"])

    def test_many_search_while_one_appends(self):
        j = self.grown(LAG + 1000)
        processes = [j.start("log", "--symbol", "GOOG", "--kind", "fill") for _ in range(4)]
        self.grow(j, 3000, 6)
        processes += [j.start("log", "--order", "np-1") for _ in range(4)]
        for process in processes:
            self.assertEqual(process.wait(timeout=120), DONE)
        self.assert_same(j, 6)
        self.assertEqual([f["grade"] for f in j.json("doctor") if f["check"] == "index"], ["good"])


if __name__ == "__main__":
    support.main()
