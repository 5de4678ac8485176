"""A configuration that is wrong is refused with one line that says where and why; a good one is entered once."""
import os

import support
from support import COULD_NOT, Case


class Configuration(Case):
    def refuse(self, yaml, *pieces):
        path = self.write("c.yaml", yaml)
        self.expect_error(COULD_NOT, *pieces, args=["config", "check", path])
        # Entered into a journal it is refused in the same words.
        self.expect_error(COULD_NOT, *pieces, args=["-C", self.j.path, "config", "set", path])
        self.expect_error(COULD_NOT, *pieces,
                          args=["-C", self.j.path, "run", "--feed", "synthetic:seed=1", "--config", path])

    def test_places_and_reasons(self):
        self.j = self.journal()
        table = [
            ("strategy:\n  otm_mim: 0.1\n", ":2:3:", "strategy.otm_mim", 'nearest is "strategy.otm_min"'),
            ("strategi:\n  otm_min: 0.1\n", ":1:1:", "strategi", "nearest is"),
            ("strategy:\n  otm_min: 0.1\n  otm_min: 0.2\n", ":3:12:", "strategy.otm_min", "twice"),
            ("strategy:\n  otm_min: 0.1\nrisk:\n  margin_use: 0.5\nstrategy:\n  otm_min: 0.1\n", ":6:", "strategy.otm_min", "twice"),
            ("strategy:\n  otm_min: much\n", ":2:12:", "strategy.otm_min"),
            ("strategy:\n  otm_min: 1.5\n", ":2:12:", "strategy.otm_min", "1.5 is above the most that is allowed, 1"),
            ("strategy:\n  otm_min: -0.1\n", ":2:12:", "strategy.otm_min", "below the least that is allowed, 0"),
            ("strategy:\n  contracts: 0\n", ":2:14:", "strategy.contracts", "below the least that is allowed, 1"),
            ("strategy:\n  contracts: 2.5\n", ":2:14:", "strategy.contracts"),
            ("strategy:\n  contracts: 99999999999999999999\n", ":2:14:", "strategy.contracts"),
            ("strategy:\n  premium_min: 0.1234567891\n", ":2:16:", "strategy.premium_min", "decimals"),
            ("strategy:\n  trend_required: yes\n", ":2:19:", "strategy.trend_required", "true or false"),
            ("strategy:\n  otm_min: [1]\n", ":2:12:", "strategy.otm_min"),
            ("strategy:\n  otm_min:\n    a: 1\n", ":3:5:", "strategy.otm_min"),
            ("strategy: 7\n", ":1:11:", "strategy", "group of settings"),
            ("strategy:\n  otm_min: &a 0.1\n", ":2:12:", "anchor"),
            ("strategy:\n  otm_min: &a 0.1\n  otm_max: *a\n", ":2:12:", ""),
            ("strategy:\n  otm_max: *a\n", ":2:12:", "alias"),
            ("strategy:\n  otm_min: !!str 0.1\n", ":2:12:", "tags"),
            ("strategy:\n  underlyings: [GOOG, goog]\n", ":2:16:", "strategy.underlyings", "symbol 2"),
            ("strategy:\n  underlyings: [GOOG, GOOG]\n", ":2:16:", "strategy.underlyings", "already"),
            ("strategy:\n  otm_min: 0.3\n  otm_max: 0.2\n", "strategy.otm_min is above strategy.otm_max"),
            ("strategy:\n  sma_fast: 50\n  sma_slow: 50\n", "strategy.sma_fast is above strategy.sma_slow"),
            ("risk:\n  sectors:\n    GOOG: 'a:b'\n", ":3:5:", "risk.sectors"),
            ("strategy:\n\totm_min: 0.1\n", ":2:1:", ""),
            ("strategy: {otm_min: 0.1\n", ":", ""),
            ("a: b: c\n", ":1:", ""),
            ("", "empty"), ("- 1\n", ":1:1:", "mapping of settings"), ("--- {}\n--- {}\n", ":2:1:", "one document"),
            ("# " + "x" * 100000, "larger than"),
        ]
        for yaml, *pieces in table:
            with self.subTest(yaml=yaml[:60]):
                self.refuse(yaml, *pieces)
        self.assertEqual(self.j.size(), 1)
        self.assertIn("defaults", self.j.run("config").out)

    def test_a_good_one_is_shown_entered_and_entered_once(self):
        j = self.journal()
        for name in sorted(os.listdir(os.path.join(support.SOURCE, "examples"))):
            if not name.endswith(".yaml"):
                continue
            path = os.path.join(support.SOURCE, "examples", name)
            shown = self.ledger("config", "check", path).out
            self.assertIn("strategy.otm_min=", shown)
            before = j.size()
            self.assertIn(f"entry {before + 1}", j.run("config", "set", path).out)
            self.assertIn("already", j.run("config", "set", path).out)
            self.assertEqual(j.size(), before + 1)
            entry = j.log()[-1]
            self.assertEqual(entry["kind"], "control.configuration")
            self.assertIn("signature", entry)
            with open(path, encoding="utf-8") as f:
                self.assertEqual(entry["body"]["source"], f.read())
            self.assertEqual(entry["body"]["settings"], shown)
            self.assertIn(shown, j.run("config", "show").out)
        j.verify()

    def test_every_setting_of_the_list_is_accepted_with_its_default(self):
        groups = {}
        for line in self.ledger("config", "list").lines:
            path, initial = line.split()[:2]
            group, key = path.split(".")
            if ":" not in initial and "," not in initial:
                groups.setdefault(group, []).append(
                    f"  {key}: {'[' + initial + ']' if key == 'underlyings' else initial}\n")
        yaml = "".join(f"{group}:\n" + "".join(rows) for group, rows in groups.items())
        defaults = self.ledger("config", "check", self.write("all.yaml", yaml)).out
        self.assertEqual(defaults, self.ledger("config", "check", self.write("some.yaml", "strategy: {}\n")).out)


if __name__ == "__main__":
    support.main()
