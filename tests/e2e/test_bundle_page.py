"""A bundle's verify.html in real Chromium: what a person sees of a good bundle and of tampered ones.

$LEDGER_SHOTS names a folder for pictures of the page: those that stand in docs/, and some more.
"""
import os

import desk
import support
from browser import Browsing, needs_browser
from bundles import entries_file, entries_of, files_of, zip_of
from support import note
from test_bundle_whole import WITNESS, Whole


@needs_browser
class Page(Browsing, Whole):
    def open(self, bundle, key):
        """The page as it is in the bundle, given that bundle and a key; returns the verdict's words."""
        page = self.write("verify.html", files_of(self.good)["verify.html"])
        self.browser.get("file://" + page)
        if key:
            self.one("#key").send_keys(key)
        self.one("#file").send_keys(bundle)
        self.until(lambda: self.all("#verdict"))
        return self.one("#verdict").text

    def rows(self):
        return self.all("details.entry > summary")

    def test_a_person_sees_what_is_proven(self):
        j = self.journal()
        if os.path.exists(support.LEAN):
            desk.run(j, desk.GOOG_FEED)
        else:
            desk.run(j, desk.synthetic())
        order = j.log("--kind", "order.new")[0]["body"]["order_id"]
        self.good = self.bundle(j, "--order", order)
        for width, picture in ((1280, "bundle-1280.png"), (390, "bundle-390.png")):
            with self.subTest(width=width):
                self.window(width)
                self.assertIn("Proven", self.open(self.good, j.vkey))
                self.assert_fits()
                self.shoot(picture)
                rows = self.rows()
                self.assertGreater(len(rows), 5)
                verdict = next(r for r in rows if "risk.verdict" in r.text)
                verdict.click()
                self.until(lambda: self.all("details[open] .proof"))
                said = self.one("details[open] .proof").text
                for words in ("What it says", order, "What is proven", "proven: it is entry", "risk:governor"):
                    self.assertIn(words, said)
                self.assert_fits()
                self.script("arguments[0].scrollIntoView()", verdict)
                self.shoot(picture.replace("bundle-", "bundle-entry-"))
        self.assert_quiet()
        self.assertIn("agrees with itself", self.open(self.good, None))

    @support.needs_tool("openssl")
    def test_a_person_sees_witness_timestamp_keys_and_both_persons(self):
        j = self.make()
        self.good = self.bundle(j, "--kind", "control.configuration")
        files = files_of(self.good)
        note_of = f"seals/{self.at['configuration']}.note"
        forged = self.write("forged.zip", zip_of({**files, note_of: files[note_of][:-9] + b"AAAAAAA=\n"}))
        for width in (1280, 390):
            with self.subTest(width=width):
                self.window(width)
                self.assertIn("Proven", self.open(self.good, j.vkey))
                self.assert_fits()
                said = self.one("ul.checks").text
                for words in (f"The witness {WITNESS} has cosigned", "A time-stamping authority gave", "changed its key 2 times",
                              "ann proposed it", "bob approved it", "is not shown"):
                    self.assertIn(words, said)
                self.shoot(f"whole-{width}.png")
                rows = {r.find_element("class name", "seq").text: r for r in self.rows()}
                wanted = rows[f"entry {self.at['configuration']}"]
                self.assertIn("control.configuration: ", rows[f"entry {self.at['proposal']}"].text)
                self.assertIn(f"entry {self.at['proposal']}, control.configuration: ", rows[f"entry {self.at['approval']}"].text)
                wanted.click()
                self.until(lambda: self.all("details[open] .proof"))
                proof = self.one("details[open] .proof").text
                for words in ("bob, a second person", WITNESS, "time-stamped", "good: ann signed these words"):
                    self.assertIn(words, proof)
                self.assert_fits()
                self.script("arguments[0].scrollIntoView()", wanted)
                self.shoot(f"whole-entry-{width}.png")
                self.assertRegex(self.open(forged, j.vkey), rf"(?s)^Wrong.*seal {self.at['configuration']}: .*{WITNESS}")
                self.shoot(f"whole-wrong-{width}.png")
        self.assert_quiet()

    def test_a_person_sees_what_is_wrong(self):
        j = self.journal()
        j.append(*[note(f"words {i}") for i in range(300)])
        self.good = self.bundle(j, "--entry", "7", "--entry", "200")
        files = files_of(self.good)
        entries = entries_of(files["entries"])
        edited = entries_file([e.replace(b"words 5", b"Words 5") for e in entries])
        tampered = self.write("tampered.zip", zip_of({**files, "entries": edited}))
        for width in (1280, 390):
            self.window(width)
            self.assertRegex(self.open(tampered, j.vkey), r"(?s)^Wrong.*proof: .*altered")
            self.assert_fits()
        self.assertRegex(self.open(self.good, self.journal("other").vkey), r"(?s)^Wrong.*entry 1")
        self.assertRegex(self.open(self.write("noise.zip", b"PK" * 300), j.vkey), r"(?s)^Wrong.*bundle: ")
        self.assertIn("Proven", self.open(self.good, j.vkey))
        self.assert_quiet()

    def test_many_entries_are_drawn_in_parts(self):
        j = self.journal()
        j.append(*[note(f"words {i}") for i in range(1500)])
        self.good = self.bundle(j, "--kind", "control")
        self.assertIn("Proven", self.open(self.good, j.vkey))
        self.assertEqual(len(self.rows()), 200)
        self.one("button").click()
        self.assertEqual(len(self.rows()), 400)


if __name__ == "__main__":
    support.main()
