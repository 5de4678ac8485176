"""The incident page: what the command refuses and promises, and the page in real Chromium.

$LEDGER_SHOTS names a folder for pictures of the page: those that stand in docs/, and some more.
"""
import base64
import hashlib
import json
import os
import re
import time

import desk
import support
from browser import Browsing, Keys, needs_browser
from support import COULD_NOT, DONE, MISUSED, Case, note

FEED = desk.synthetic(seed=11, scenario="crash")
SLOW_MS = 2500  # no script may hold the page longer; measured are some 150 ms on two busy cores
BAD_DAY = desk.configuration(
    strategy={"underlyings": ["ACME"], "otm_min": 0.01, "otm_max": 0.2, "premium_min": 0.1, "premium_max": 20, "days_min": 1,
              "days_max": 30, "contracts": 3, "positions_max": 8, "underlying_positions_max": 8, "trend_required": False},
    risk={"new_positions_day": 6, "sector_share": 0.6, "margin_use": 0.5, "daily_loss": 0.04, "position_loss": 400},
    account={"deposit": 60000})
HOSTILE = "</script><script>window.pwned=1</script><!-- <img src=x onerror=window.pwned=2> \u2028 &lt;b&gt; \"'"


def leave_out(data, seqs, gone):
    """Takes entries off the page: their hashes go into the proof, so that it is a good one for the rest."""
    entries = data["entries"]
    raw, proof = base64.b64decode(entries["bytes"]), base64.b64decode(entries["proof"])
    leaves, at = {}, 0
    for seq, size in zip(seqs, entries["size"]):
        leaves[seq] = raw[at:at + size]
        at += size
    given = iter([proof[i:i + 32] for i in range(0, len(proof), 32)])
    places = sorted(leaves)

    def within(places, begin, end):
        return [p for p in places if begin <= p - 1 < end]

    def walk(begin, end, places):
        """The hash over the leaves from `begin` to `end`, and what of the new proof belongs there; None: all that it is."""
        if not places:
            return next(given), None
        if end - begin == 1:
            digest = hashlib.sha256(b"\0" + leaves[begin + 1]).digest()
            return digest, None if begin + 1 in gone else []
        middle = 1
        while middle * 2 < end - begin:
            middle *= 2
        left, before = walk(begin, begin + middle, within(places, begin, begin + middle))
        right, behind = walk(begin + middle, end, within(places, begin + middle, end))
        digest = hashlib.sha256(b"\1" + left + right).digest()
        if before is None and behind is None:
            return digest, None
        return digest, ([left] if before is None else before) + ([right] if behind is None else behind)

    root, made = walk(0, data["size"], places)
    assert root.hex() == data["root"] and next(given, None) is None
    kept = [i for i, seq in enumerate(seqs) if seq not in gone]
    for name, column in entries.items():
        if isinstance(column, list) and len(column) == len(seqs) and name not in ("seq", "seen"):
            entries[name] = [column[i] for i in kept]
    numbers = [seqs[i] for i in kept]
    entries["seq"] = [b - a for a, b in zip([0, *numbers], numbers)]
    entries["bytes"] = base64.b64encode(b"".join(leaves[n] for n in numbers)).decode()
    entries["proof"] = base64.b64encode(b"".join(made)).decode()
    entries["seen"] = [row for row in entries["seen"] if row[0] not in gone]


class Incidents(Case):
    """A day that goes wrong: verdicts refuse, a breaker trips, somebody stops it and lets it go on."""

    def bad_day(self, name="J"):
        j = self.journal(name)
        config = self.write("bad.yaml", BAD_DAY)
        j.run("run", "--feed", FEED, "--config", config, "--until", "2026-01-05T18:00:00Z")
        j.append(note(HOSTILE))
        j.run("stop", "--reason", "it sells puts that nobody wants")
        j.run("run", "--feed", FEED, "--until", "2026-01-05T18:30:00Z")
        j.run("resume", "--reason", "looked at")
        j.run("run", "--feed", FEED)
        return j

    def page(self, j, *args, out="incident.html"):
        self.said = j.run("incident", *args, "--out", self.path(out)).err
        return self.path(out)

    def data(self, page):
        with open(page, encoding="utf-8") as f:
            found = re.search(r'<script type="application/json" id="data">(.*?)</script>', f.read(), re.S)
        return json.loads(found[1])

    def seqs(self, data):
        total, out = 0, []
        for step in data["entries"]["seq"]:
            total += step
            out.append(total)
        return out


class Command(Incidents):
    def test_bad_input_is_refused_in_one_sentence(self):
        j = self.journal()
        j.append(*[note(f"words {i}") for i in range(5)])
        size = j.size()
        out = self.path("page.html")
        for args, code, words in (
                ((), MISUSED, "--out says where"),
                (("--out", out, "--from", "0"), MISUSED, "numbered from 1"),
                (("--out", out, "--from", "4", "--to", "3"), MISUSED, "the span is empty"),
                (("--out", out, "--from", str(size + 1)), COULD_NOT, f"there is no entry {size + 1}"),
                (("--out", out, "--to", "99"), COULD_NOT, "there is no entry 99"),
                (("--out", out, "--from", "yesterday"), MISUSED, "--from"),
                (("--out", out, "--from", "2199-01-01"), COULD_NOT, "nothing happened"),
                (("--out", out, "--symbol", "no symbol"), MISUSED, "--symbol"),
                (("--out", self.path("nowhere", "page.html")), COULD_NOT, "nowhere"),
                (("--out", self.dir), COULD_NOT, "is no file")):
            with self.subTest(args=args):
                done = j.run("incident", *args, code=code)
                self.assertIn(words, done.err)
                self.assertEqual(len(done.err.strip().split("\n")), 1, done.err)
                self.assertFalse(os.path.exists(out))

    def test_a_file_that_is_there_is_kept_unless_forced(self):
        j = self.journal()
        out = self.write("page.html", "mine")
        self.assertIn("--force", j.run("incident", "--out", out, code=COULD_NOT).err)
        self.assertEqual(self.read("page.html"), b"mine")
        j.run("incident", "--out", out, "--force")
        self.assertTrue(self.read("page.html").startswith(b"<!doctype html>"))

    def test_nothing_is_half_written(self):
        j = self.journal()
        folder = self.path("full")
        os.mkdir(folder)
        os.chmod(folder, 0o500)
        if os.geteuid() != 0:
            j.run("incident", "--out", os.path.join(folder, "page.html"), code=COULD_NOT)
        self.assertEqual(os.listdir(folder), [])
        j.run("incident", "--out", "/dev/full", code=COULD_NOT)

    def test_the_same_question_gives_the_same_bytes(self):
        j = self.bad_day()
        first, again = self.page(j, out="a.html"), self.page(j, out="b.html")
        self.assertEqual(self.read("a.html"), self.read("b.html"))
        self.assertNotEqual(first, again)

    def test_the_page_tells_what_the_journal_does(self):
        j = self.bad_day()
        data = self.data(self.page(j))
        wanted = {kind: j.log("--kind", kind) for kind in ("decision.enter", "decision.exit", "risk.verdict", "order.new", "fill.execution")}
        refused = [e for e in wanted["risk.verdict"] if not e["body"]["allowed"]]
        summary = " ".join(data["summary"])
        self.assertIn(f"{len(wanted['decision.enter']) + len(wanted['decision.exit'])} decisions to trade", summary)
        self.assertIn(f"{len(refused)} REFUSED by ", summary)
        self.assertIn(f"{len(wanted['order.new'])} orders sent, {len(wanted['fill.execution'])} fills", summary)
        self.assertIn("1 EMERGENCY STOP, 1 breaker tripped, 1 resume", summary)
        on_page = set(self.seqs(data))
        for entries in wanted.values():
            self.assertTrue({e["seq"] for e in entries} <= on_page)
        self.assertEqual(data["after"], j.run("replay", "--digest").out.split()[0])
        self.assertEqual(data["left"] + sum(1 for s in on_page if data["from"] <= s <= data["to"]), j.size())
        self.assertIn("not on the page", self.said)

    def test_a_span_is_cut_by_numbers_and_by_times(self):
        j = self.bad_day()
        stop = j.log("--kind", "control.stop")[0]["seq"]
        data = self.data(self.page(j, "--from", str(stop - 3), "--to", str(stop + 200)))
        self.assertEqual((data["from"], data["to"], data["left"]), (stop - 3, stop + 200, 0))
        seqs = self.seqs(data)
        self.assertEqual([s for s in seqs if s >= stop - 3], list(range(stop - 3, stop + 201)))
        before = j.run("replay", "--digest", "--to", str(stop - 4)).out.split()[0]
        self.assertEqual(data["before"], before)
        data = self.data(self.page(j, "--from", "2026-01-05T15:00:00Z", "--to", "2026-01-05T15:30:00Z", out="t.html"))
        clocks = j.log("--kind", "perception.clock", "--from", "2026-01-05T15:00:00Z", "--to", "2026-01-05T15:30:01Z")
        self.assertTrue(data["from"] <= clocks[0]["seq"] and clocks[-1]["seq"] <= data["to"])
        self.assertEqual(data["base"], 1767625200000)
        self.assertNotIn("t", data["entries"])  # nor is there any other time: the page reads them from the proven bytes

    def test_other_underlyings_are_left_out_when_one_is_named(self):
        j = self.bad_day()
        data = self.data(self.page(j, "--from", "40000", "--to", "40600", "--symbol", "GOOG"))
        with open(self.path("incident.html"), encoding="utf-8") as f:
            self.assertIn("perception.quote", f.read().split("const SCHEMA = ")[1].split("\n")[0])
        self.assertNotIn("kinds", data)  # what bytes mean is the script's, and who is who the entries'
        self.assertNotIn("actors", data)
        self.assertEqual(data["only"], "GOOG")
        self.assertGreater(data["left"], 300)


@needs_browser
class Page(Browsing, Incidents):
    def open(self, page, badge="agrees with its seal"):
        self.browser.get("file://" + page)
        self.until(lambda: "checking" not in self.one("#badge").text)
        self.assertEqual(self.one("#badge").text.split(" · ")[0], badge)

    def chosen(self):
        found = re.match(r"Entry (\d+) (\S+)", self.one("#detail h2").text)
        return int(found[1]), found[2]

    def test_a_person_reads_the_bad_day(self):
        j = self.bad_day()
        page = self.page(j)
        for width in (1280, 390):
            with self.subTest(width=width):
                self.window(width)
                self.open(page)
                self.assert_fits()
                self.assertIn("REFUSED", self.one("#summary li.bad").text)
                self.keys("n")
                seq, kind = self.chosen()
                first = j.log("--kind", "decision.enter")[0]["seq"]
                self.assertEqual((seq, kind), (first, "decision.enter"))
                self.assert_fits()
                self.keys(Keys.ESCAPE)
                self.assertFalse(self.all("#detail h2"))
        self.window(1280, 1500)
        self.open(page)
        self.keys("b")
        self.shoot("incident-1280.png")
        self.window(390, 1500)
        self.open(page)
        self.shoot("incident-390.png")
        self.keys("b")
        self.shoot("incident-390-entry.png")
        self.window(1280, 1500, "dark")
        self.open(page)
        self.keys("b")
        self.shoot("incident-1280-dark.png")
        self.assert_quiet()

    def test_keys_lead_through_decisions_and_breaches(self):
        j = self.bad_day()
        self.window(1280)
        self.open(self.page(j))
        enters = [e["seq"] for e in j.log("--kind", "decision.enter")]
        refused = [e["seq"] for e in j.log("--kind", "risk.verdict") if not e["body"]["allowed"]]
        self.keys("n", "n")
        self.assertEqual(self.chosen()[0], enters[1])
        self.keys("p")
        self.assertEqual(self.chosen()[0], enters[0])
        self.keys("j")
        self.assertEqual(self.chosen(), (enters[0] + 1, "risk.verdict"))
        self.keys(Keys.ARROW_UP)
        self.assertEqual(self.chosen()[0], enters[0])
        self.keys("b")
        self.assertEqual(self.chosen()[0], refused[0])
        self.assertIn("FAILED", self.one("#checks tr.failed").text)
        self.keys("c")
        self.assertEqual(self.chosen(), (refused[0] - 1, "decision.enter"))
        self.keys("f")
        self.assertEqual(self.chosen()[0], refused[0])
        self.keys("?")
        self.assertTrue(self.script("return document.getElementById('help').open"))
        self.keys(Keys.ESCAPE)
        wide = self.script("return charts.window")
        self.keys("+")
        narrow = self.script("return charts.window")
        self.assertLess(narrow[1] - narrow[0], (wide[1] - wide[0]) * 0.6)
        windows = self.script("return charts.all.map((c) => c.graph.xAxisRange())")
        self.assertTrue(all(abs(w[0] - narrow[0]) < 1 and abs(w[1] - narrow[1]) < 1 for w in windows), windows)
        self.keys("0")
        self.assertEqual(self.script("return charts.window"), wide)
        self.keys("/", "EMERGENCY", Keys.ENTER)
        self.until(lambda: self.all("#detail h2"))
        self.assert_quiet()

    def test_search_filters_and_clicks(self):
        j = self.bad_day()
        self.window(1280)
        self.open(self.page(j))
        order = j.log("--kind", "order.new")[0]
        self.keys("/", order["body"]["order_id"])
        self.until(lambda: 0 < self.script("return list.rows.length") < 12)
        kinds = {row.find_element("css selector", ".kind").text for row in self.all(".row") if row.is_displayed()}
        self.assertTrue({"decision.enter", "risk.verdict", "order.new", "fill.execution"} <= kinds, kinds)
        next(row for row in self.all(".row") if row.is_displayed() and "fill.execution" in row.text).click()
        seq, kind = self.chosen()
        self.assertEqual(kind, "fill.execution")
        chain = [int(b.get_attribute("data-seq")) for b in self.all("#chain button.to")]
        causes, at = [], next(e for e in j.log("--kind", "fill.execution") if e["seq"] == seq).get("cause")
        entries = {e["seq"]: e for kind in ("decision", "risk", "order", "control", "perception.clock") for e in j.log("--kind", kind)}
        while at:
            causes.insert(0, at)
            at = entries[at].get("cause", 0)
        self.assertEqual(chain[:len(causes)], causes)
        self.assertEqual(len(chain), len(causes) + 2, "and the price and the quote that the decision saw")
        button = next(b for b in self.all("#chain button.to") if "decision.enter" in b.text)
        wanted = int(button.get_attribute("data-seq"))
        button.click()
        self.assertEqual(self.chosen(), (wanted, "decision.enter"))
        said = self.one("#detail").text
        for words in (entries[wanted]["body"]["reason"], order["body"]["order_id"], "Proven: these bytes are entry"):
            self.assertIn(words, said)
        self.assert_quiet()

    def test_a_mark_on_the_chart_is_its_entry(self):
        j = self.bad_day()
        self.window(1280)
        self.open(self.page(j))
        spot = self.script("const c = charts.all[0], s = c.spots.find((s) => s.mark.mark === 'fill'), b = c.holder.getBoundingClientRect();"
                           "return [s.x + b.left, s.y + b.top, store.seqs[s.mark.row]]")
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.execute_cdp_cmd("Input.dispatchMouseEvent", {
                "type": kind, "x": spot[0], "y": spot[1], "button": "left", "clickCount": 1})
        self.until(lambda: self.all("#detail h2"))
        self.assertEqual(self.chosen()[1], "fill.execution")
        self.assert_quiet()

    def test_what_would_have_been_stands_beside_it(self):
        j = self.bad_day()
        config = self.write("better.yaml", BAD_DAY.replace("new_positions_day: 6", "new_positions_day: 2"))
        page = self.page(j, "--with", config)
        self.window(1280, 1700)
        self.open(page)
        rows = {row[0]: row[1:] for row in self.data(page)["other"]["table"]}
        self.assertEqual(rows["orders"][0], len(j.log("--kind", "order.new")))
        self.assertLess(rows["orders"][1], rows["orders"][0])
        self.assertEqual(rows["fills"][0], len(j.log("--kind", "fill.execution")))
        self.assertEqual(rows["other facts"][0], len(j.log("--kind", "fill")) - rows["fills"][0])
        self.assertNotEqual(*rows["profit and loss"])
        self.assertIn("None of it happened", self.one("#comparison").text)
        self.assertEqual(len(self.all("#comparison tbody tr")), len(rows))
        self.assertEqual(self.script("return charts.all[1].graph.getLabels()"), ["time", "profit", "profit, what-if"])
        self.assertTrue(self.script("return charts.others.length"))
        self.shoot("incident-what-if.png")
        same = self.data(self.page(j, "--with", self.write("same.yaml", BAD_DAY), out="same.html"))
        for name, was, would in same["other"]["table"]:
            self.assertEqual(was, would, name)
        self.assert_quiet()

    def test_proof_says_whose_journal_it_is(self):
        j = self.bad_day()
        self.window(1280)
        page = self.page(j, "--from", "40000", "--to", "42000")
        self.open(page)
        self.one("#badge").click()
        self.one("#held").send_keys(j.vkey, Keys.ENTER)
        self.until(lambda: self.one("#badge").text == "proven with your key")
        self.assertIn("whose key you hold", self.one("#checked").text)
        self.one("#held").clear()
        self.one("#held").send_keys(self.journal("other").vkey, Keys.ENTER)
        self.until(lambda: self.one("#badge").text == "NOT PROVEN")
        self.assert_quiet()

    def test_a_journal_that_changed_its_key_is_not_called_proven(self):
        j = self.journal()
        j.append(note("before"))
        j.run("key", "rotate")
        j.append(note("after"))
        self.window(1280)
        self.open(self.page(j))
        self.one("#badge").click()
        self.one("#held").send_keys(j.vkey, Keys.ENTER)
        self.until(lambda: self.one("#badge").text == "key changed: not proven")
        self.assertIn("NOT proven to be the journal whose key you hold", self.one("#checked").text)
        self.assert_quiet()

    def test_tampering_is_found(self):
        j = self.bad_day()
        page = self.page(j, "--from", "42000", "--to", "44000")
        with open(page, encoding="utf-8") as f:
            text = f.read()
        data = self.data(page)
        raw = bytearray(base64.b64decode(data["entries"]["bytes"]))
        seqs = self.seqs(data)
        at = sum(data["entries"]["size"][:len(seqs) // 2])
        self.window(1280)
        proof = bytearray(base64.b64decode(data["entries"]["proof"]))

        def changed(key, value):
            return text.replace(json.dumps(data["entries"][key]), json.dumps(base64.b64encode(bytes(value)).decode()))

        for name, flip in (("body", at + 60), ("header", at + 20), ("number", at + 15)):
            with self.subTest(name=name):
                edited = bytearray(raw)
                edited[flip] ^= 1
                tampered = changed("bytes", edited)
                self.assertNotEqual(tampered, text)
                self.open(self.write("tampered.html", tampered), "NOT PROVEN")
                self.script("choose(store.rowOf(arguments[0]))", seqs[len(seqs) // 2])
                self.assertIn("NOT proven", self.one("#proof").text)
        proof[5] ^= 1
        self.open(self.write("tampered.html", changed("proof", proof)), "NOT PROVEN")
        signature = data["note"].strip().split(" ")[-1]
        forged = signature[:20] + ("A" if signature[20] != "A" else "B") + signature[21:]
        self.open(self.write("tampered.html", text.replace(signature, forged)), "NOT PROVEN")
        self.assertIn("signature", self.one("#checked").get_attribute("textContent"))

    def test_names_that_were_changed_in_the_file_are_found(self):
        """Kinds and choices stand in the script, which runs unchanged or not at all; actors in entries that are proven."""
        j = self.bad_day()
        page = self.page(j, "--from", "42000", "--to", "44000")
        with open(page, encoding="utf-8") as f:
            text = f.read()
        self.window(1280)
        self.open(page)
        self.assertEqual(self.all("#unrun"), [])
        entries = {e["seq"]: e["actor"] for e in j.log("--from", "2026-01-05T14:00:00Z")}
        shown = self.script("return [...store.seqs].map((seq, i) => [seq, store.actor(i)])")
        self.assertEqual([(s, a) for s, a in shown if entries.get(s, a) != a], [])
        self.assertGreater(len({a for s, a in shown if s in entries}), 2)
        schema = text.split("const SCHEMA = ")[1].split("\n")[0]
        for was, now in ((" risk.verdict ", " risk.applaud "), (" BOOL allowed ", " BOOL refused "), ('"buy","sell"', '"sell","buy"')):
            with self.subTest(was=was):
                self.assertEqual(schema.count(was), 1)
                self.browser.get("file://" + self.write("changed.html", text.replace(was, now)))
                self.assertEqual(self.one("#badge").text, "NOT CHECKED")
                self.assertEqual(self.all(".row"), [])
                self.until(lambda: "scripts were changed" in self.one("#unrun").text)
        data = self.data(page)
        raw = base64.b64decode(data["entries"]["bytes"])
        self.assertEqual(raw.count(b"risk:governor"), 1)  # where genesis names it, and nowhere else
        forged = base64.b64encode(raw.replace(b"risk:governor", b"risk:nobody..")).decode()
        self.open(self.write("changed.html", text.replace(data["entries"]["bytes"], forged)), "NOT PROVEN")
        self.browser.get_log("browser")  # that scripts were refused is told there, and is right

    def rewritten(self, page, change=lambda data: None, without=()):
        """The page as somebody hostile would hand it on: other data, valid proof, the scripts as they were."""
        with open(page, encoding="utf-8") as f:
            text = f.read()
        data = self.data(page)
        if without:
            leave_out(data, self.seqs(data), set(without))
        change(data)
        head, rest = text.split('<script type="application/json" id="data">')
        told = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
        return self.write("rewritten.html", f'{head}<script type="application/json" id="data">{told}</script>{rest.split("</script>", 1)[1]}')

    def found(self, page, words):
        self.open(page, "NOT PROVEN")
        self.assertRegex(self.one("#checked").get_attribute("textContent"), words)

    def test_entries_that_were_taken_off_are_missed(self):
        j = self.bad_day()
        order = j.log("--kind", "order.new")[3]["seq"]
        verdict, decision = order - 1, order - 2
        self.assertEqual([e["seq"] for e in j.log("--kind", "risk.verdict") if e["seq"] == verdict], [verdict])
        after = [e["seq"] for e in j.log("--cause", str(order))]
        self.window(1280)
        page = self.page(j, "--from", str(order - 3000), "--to", str(order + 3000))
        self.open(self.rewritten(page))  # rewriting alone changes nothing
        self.assertIn("none is missing", self.one("#checked").get_attribute("textContent"))
        gone = [decision, verdict, order, *after]
        missed = rf"{len(gone)} entries of the span are not on this page \({decision} to {order}, "
        self.found(self.rewritten(page, without=gone), missed)

        def told(data, **values):
            data.update(values)
        # And whoever says how many were left out, has to say which: a whole span leaves out nothing but market data.
        self.found(self.rewritten(page, lambda d: told(d, left=len(gone)), gone), f"entries {decision} to {order} were taken off")
        only = lambda d: told(d, left=len(gone) - 1, only="ACME")
        self.found(self.rewritten(page, only, gone[1:]), f"entry {verdict} was taken off this page: it stands right behind a decision")
        self.found(self.rewritten(page, lambda d: told(d, left=1, only="ACME"), [order]), f"entry {order} was taken off")
        quote = next(e["seq"] for e in j.log("--kind", "perception.quote") if e["seq"] > order)
        for name, change, words in (
                ("left", {"left": 7}, "0 entries of the span are not on this page"),
                ("longer", {"to": order + 3100}, "100 entries of the span"),
                ("shorter", {"to": order + 2000}, "the span's ends were changed"),
                ("later", {"from": order + 1}, "the span's ends were changed"),
                ("earlier", {"from": order - 3010}, r"\d+ entries of the span"),
                ("none", {"to": 1}, "the span is none"),
                ("half", {"left": 0.5}, "the span is none"),
                ("endless", {"to": 10 ** 9}, "the span is none")):
            with self.subTest(name=name):
                self.found(self.rewritten(page, lambda d, change=change: d.update(change)), words)
        seen = lambda d: d["entries"].update(seen=[[s, quote, price] for s, _, price in d["entries"]["seen"]])
        self.found(self.rewritten(page, seen), "cannot have seen|another contract")
        # Of one who says that it is about one underlying a page knows less, and says so where nobody overlooks it.
        self.open(self.rewritten(page, lambda d: told(d, left=1, only="ACME"), [quote]))
        self.assertIn("1 entry not shown", self.one("#badge").text)
        self.assertIn("A page cannot prove what is not on it", self.one("#checked").get_attribute("textContent"))

    def test_of_a_whole_day_nothing_but_market_data_is_left_out(self):
        j = self.bad_day()
        page = self.page(j)
        left = self.data(page)["left"]
        self.assertGreater(left, 10000)
        self.window(1280)
        self.open(page)
        self.assertEqual(self.one("#badge").text, f"agrees with its seal · {left:,} entries not shown")
        said = self.one("#checked").get_attribute("textContent")
        self.assertIn(f"{left:,} entries of the span are NOT on this page", said)
        self.assertRegex(said, r"Of the run from entry \d+ to \d+ all \d+ entries that strategies and the governor wrote are here")
        order = j.log("--kind", "order.new")[3]["seq"]
        gone = [order - 2, order - 1, order, *[e["seq"] for e in j.log("--cause", str(order))]]
        more = lambda d: d.update(left=left + len(gone))
        self.found(self.rewritten(page, more, gone), "do not stand between market data")
        # All of a moment at once, from market data to market data: the end of the run has counted.
        seqs = self.seqs(self.data(page))
        kinds = self.script("return [...store.seqs].map((seq, i) => store.kind(i))") if self.open(page) is None else []
        chain = ("perception.quote", "perception.bar", "perception.mark", "perception.data_quality")
        at = seqs.index(order)
        begin = next(i for i in range(at, 0, -1) if kinds[i] in chain) + 1
        end = next(i for i in range(at, len(seqs)) if kinds[i] in chain)
        moment = seqs[begin:end]
        more = lambda d: (d.update(left=left + len(moment)), d["entries"].update(seen=[s for s in d["entries"]["seen"] if s[0] not in moment]))
        self.found(self.rewritten(page, more, moment), r"taken off this page: the run from entry \d+ to \d+ wrote \d+")

    def test_times_are_those_of_the_proven_bytes(self):
        j = self.bad_day()
        page = self.page(j, "--from", "42000", "--to", "43600")
        self.window(1280)
        moved = lambda d: d["entries"].update(t=[7200000] * len(d["entries"]["seq"]), time=7200000)
        entries = [e for e in j.log("--from", "2026-01-05T14:00:00Z", "--to", "2026-01-05T22:00:00Z")
                   if 42000 <= e["seq"] <= 43600 and "at" in e and not e["kind"].startswith("control.")]
        self.assertGreater(len(entries), 1000)
        for name, change in (("as it is", lambda d: None), ("times are told", moved), ("the base is moved", lambda d: d.update(base=d["base"] + 7200000))):
            with self.subTest(name=name):
                self.open(self.rewritten(page, change))
                shown = dict(self.script("return [...store.seqs].map((seq, i) => [seq, new Date(store.time(i)).toISOString().slice(0, 19)])"))
                self.assertEqual([e["seq"] for e in entries if shown[e["seq"]] != e["at"][:19]], [])
                clocks = [e["at"] for e in entries if e["kind"] == "perception.clock"]
                self.assertEqual(self.script("return [new Date(store.begin), new Date(store.end)].map((d) => d.toISOString().slice(0, 19))"),
                                 [clocks[0][:19], clocks[-1][:19]])
                note = next(e["seq"] for e in j.log("--kind", "control.note") if e["body"]["text"] == HOSTILE)
                last = [e["at"] for e in entries if e["kind"] == "perception.clock" and e["seq"] < note][-1]
                self.assertEqual(shown[note], last[:19], "what people say stands where the market's clock was")
        data = self.data(page)
        raw = bytearray(base64.b64decode(data["entries"]["bytes"]))
        raw[sum(data["entries"]["size"][:-3]) + 26] ^= 1  # in `at`
        self.open(self.rewritten(page, lambda d: d["entries"].update(bytes=base64.b64encode(raw).decode())), "NOT PROVEN")
        self.assert_quiet()

    def test_a_what_ifs_page_says_so_whatever_its_data_says(self):
        j = self.bad_day()
        config = self.write("better.yaml", BAD_DAY.replace("new_positions_day: 6", "new_positions_day: 2"))
        j.run("replay", "--with", config, "--out", self.path("H"))
        h = support.Journal(self, self.path("H"))
        self.window(1280)
        self.open(self.page(h, "--from", "42000", "--to", "42100"))
        self.assertIn("HYPOTHETICAL: none of this happened", self.one("#banner").text)
        with open(self.path("incident.html"), encoding="utf-8") as f:
            text = f.read()
        self.open(self.write("changed.html", text.replace('"origin":"hypothetical/', '"origin":"')), "NOT PROVEN")
        self.assert_quiet()

    def test_text_from_entries_is_only_text(self):
        j = self.journal()
        j.append(note(HOSTILE))
        page = self.page(j)
        self.window(1280)
        self.open(page)
        self.assertIsNone(self.script("return window.pwned ?? null"))
        self.keys("/", "pwned", Keys.ENTER)
        self.until(lambda: self.all("#detail h2"))
        self.assertIn("</script><script>window.pwned=1</script>", self.one("#numbers").text)
        self.assertEqual(self.all("#detail img"), [])
        with open(page, encoding="utf-8") as f:
            text = f.read()
        self.assertNotIn("<script>window", text)
        self.assertEqual(re.findall(r"<[^>]*\son[a-z]+=", text.split('<script type="application/json"')[0].split("</style>")[1]), [])
        # And what was put into the page behind our back does not run.
        self.open(self.write("more.html", text.replace("</body>", "<script>window.pwned=3</script></body>")))
        self.assertIsNone(self.script("return window.pwned ?? null"))

    def test_on_paper_it_is_whole(self):
        j = self.bad_day()
        self.window(1280)
        self.open(self.page(j))
        done = self.browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        self.assertGreater(len(base64.b64decode(done["data"])), 50000)
        self.script("window.dispatchEvent(new Event('beforeprint'))")
        words = self.script("return document.getElementById('printed').textContent")
        for entry in j.log("--kind", "order") + j.log("--kind", "fill"):
            self.assertIn(str(entry["seq"]), words)
        self.assertIn(self.data(self.path("incident.html"))["root"], words)
        self.assert_quiet()

    def test_fifty_thousand_entries_stay_smooth(self):
        j = self.journal()
        desk.run(j, FEED, config=self.write("bad.yaml", BAD_DAY))
        page = self.page(j, "--from", "1000", "--to", "51000")
        self.window(1280)
        began = time.monotonic()
        self.open(page)
        opened = time.monotonic() - began
        self.assertGreater(self.script("return store.count"), 50000)
        self.script("document.querySelectorAll('#families input').forEach((box) => { if (box.id !== 'only-bad' && !box.checked) box.click(); })")
        self.assertGreater(self.script("return list.rows.length"), 50000)
        self.assertLess(len(self.all(".row")), 120)
        frames = self.browser.execute_async_script("""
            const done = arguments[arguments.length - 1], frames = [], box = document.getElementById('list'), long = [];
            new PerformanceObserver((l) => l.getEntries().forEach((e) => long.push(e.duration))).observe({ type: 'longtask' });
            let last = performance.now(), n = 0;
            const frame = (now) => {
              frames.push(now - last); last = now;
              if (n < 120) box.scrollTop = (box.scrollHeight - box.clientHeight) * (n % 2 ? n / 120 : 1 - n / 120);
              else if (n < 180) zoomBy(n % 20 < 10 ? 0.8 : 1.25);
              else if (n < 220) step(1);
              else { frames.sort((a, b) => a - b); done({ median: frames[frames.length >> 1], p95: frames[Math.floor(frames.length * 0.95)], most: frames[frames.length - 1], long }); return; }
              n++; requestAnimationFrame(frame);
            };
            requestAnimationFrame(frame);""")
        print(f"50,000 entries: {os.path.getsize(page) / 1e6:.1f} MB, checked after {opened:.1f} s; frames while scrolling, zooming, "
              f"stepping: median {frames['median']:.0f} ms, p95 {frames['p95']:.0f} ms, most {frames['most']:.0f} ms; "
              f"long tasks {[round(v) for v in frames['long']]}")
        self.assertLess(max(frames["long"], default=0), SLOW_MS)
        self.script("document.getElementById('search').value = 'fill.execution'; search()")
        self.assertLess(self.script("return list.rows.length"), 100)
        self.assert_quiet()


if __name__ == "__main__":
    support.main()
