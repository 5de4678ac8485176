"""The incident page: what the command refuses and promises, and the page in real Chromium.

$LEDGER_SHOTS names a folder for pictures of the page: those that stand in docs/, and some more.
"""
import base64
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
        self.assertEqual((data["base"] + data["begin"], data["base"] + data["end"]), (1767625200000, 1767627000000))

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
        self.assertEqual(self.one("#badge").text, badge)

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
