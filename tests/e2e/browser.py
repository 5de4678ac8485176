"""Chromium for tests of pages: what a person sees and does, what the page asks of the network, what fails on it."""
import json
import os
import shutil
import unittest

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
    MISSING = None if shutil.which("chromium") and shutil.which("chromedriver") else "chromium and chromedriver"
except ImportError:
    MISSING = "the Python module selenium"
    ActionChains = By = Keys = None
SECONDS = 60

needs_browser = unittest.skipIf(MISSING, f"not installed: {MISSING}")


class Browsing:
    """Beside support.Case: a browser that ends with the test."""

    def setUp(self):
        super().setUp()
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", f"--user-data-dir={self.path('chromium')}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.browser = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.addCleanup(self.browser.quit)

    def window(self, width, height=1400, scheme="light"):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def until(self, what):
        return WebDriverWait(self.browser, SECONDS).until(lambda b: what())

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def script(self, words, *args):
        return self.browser.execute_script(words, *args)

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def shoot(self, name):
        """A picture into $LEDGER_SHOTS, if it is set."""
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
        wide = self.script("return document.documentElement.scrollWidth - window.innerWidth")
        self.assertLessEqual(wide, 0, "the page is wider than the window")
