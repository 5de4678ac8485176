"""A bundle's verify.html in real Chromium: what a person sees of a good bundle and of tampered ones.

$LEDGER_SHOTS names a folder for pictures of the page: those that stand in docs/, and some more.
"""
import json
import os
import shutil
import unittest

import desk
import support
from bundles import entries_file, entries_of, files_of, zip_of
from support import note
from test_bundle_whole import WITNESS, Whole

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait
    MISSING = None if shutil.which("chromium") and shutil.which("chromedriver") else "chromium and chromedriver"
except ImportError:
    MISSING = "the Python module selenium"
SECONDS = 60


@unittest.skipIf(MISSING, f"not installed: {MISSING}")
class Page(Whole):
    def setUp(self):
        super().setUp()
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", f"--user-data-dir={self.path('chromium')}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.browser = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.addCleanup(self.browser.quit)

    def width(self, width, height=1400):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def open(self, bundle, key):
        """The page as it is in the bundle, given that bundle and a key; returns the verdict's words."""
        page = self.write("verify.html", files_of(self.good)["verify.html"])
        self.browser.get("file://" + page)
        if key:
            self.browser.find_element(By.ID, "key").send_keys(key)
        self.browser.find_element(By.ID, "file").send_keys(bundle)
        WebDriverWait(self.browser, SECONDS).until(lambda b: b.find_elements(By.ID, "verdict"))
        return self.browser.find_element(By.ID, "verdict").text

    def rows(self):
        return self.browser.find_elements(By.CSS_SELECTOR, "details.entry > summary")

    def shoot(self, name):
        if os.environ.get("LEDGER_SHOTS"):
            self.browser.save_screenshot(os.path.join(os.environ["LEDGER_SHOTS"], name))

    def assert_quiet(self):
        """Nothing was asked of any network, and nothing failed on the page."""
        for line in self.browser.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent" and message["params"]["documentURL"].startswith("file:"):
                self.assertRegex(message["params"]["request"]["url"], "^(file|data|blob):")
        self.assertEqual([line for line in self.browser.get_log("browser") if line["level"] == "SEVERE"], [])

    def assert_fits(self):
        wide = self.browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        self.assertLessEqual(wide, 0, "the page is wider than the window")

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
                self.width(width)
                self.assertIn("Proven", self.open(self.good, j.vkey))
                self.assert_fits()
                self.shoot(picture)
                rows = self.rows()
                self.assertGreater(len(rows), 5)
                verdict = next(r for r in rows if "risk.verdict" in r.text)
                verdict.click()
                WebDriverWait(self.browser, SECONDS).until(lambda b: b.find_elements(By.CSS_SELECTOR, "details[open] .proof"))
                said = self.browser.find_element(By.CSS_SELECTOR, "details[open] .proof").text
                for words in ("What it says", order, "What is proven", "proven: it is entry", "risk:governor"):
                    self.assertIn(words, said)
                self.assert_fits()
                self.browser.execute_script("arguments[0].scrollIntoView()", verdict)
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
                self.width(width)
                self.assertIn("Proven", self.open(self.good, j.vkey))
                self.assert_fits()
                said = self.browser.find_element(By.CSS_SELECTOR, "ul.checks").text
                for words in (f"The witness {WITNESS} has cosigned", "A time-stamping authority gave", "changed its key 2 times",
                              "ann proposed it", "bob approved it", "is not shown"):
                    self.assertIn(words, said)
                self.shoot(f"whole-{width}.png")
                rows = {r.find_element(By.CLASS_NAME, "seq").text: r for r in self.rows()}
                wanted = rows[f"entry {self.at['configuration']}"]
                self.assertIn("control.configuration: ", rows[f"entry {self.at['proposal']}"].text)
                self.assertIn(f"entry {self.at['proposal']}, control.configuration: ", rows[f"entry {self.at['approval']}"].text)
                wanted.click()
                WebDriverWait(self.browser, SECONDS).until(lambda b: b.find_elements(By.CSS_SELECTOR, "details[open] .proof"))
                proof = self.browser.find_element(By.CSS_SELECTOR, "details[open] .proof").text
                for words in ("bob, a second person", WITNESS, "time-stamped", "good: ann signed these words"):
                    self.assertIn(words, proof)
                self.assert_fits()
                self.browser.execute_script("arguments[0].scrollIntoView()", wanted)
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
            self.width(width)
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
        self.browser.find_element(By.TAG_NAME, "button").click()
        self.assertEqual(len(self.rows()), 400)


if __name__ == "__main__":
    support.main()
