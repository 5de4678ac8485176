"""Every command line that README.md and docs/ show runs: each fenced `sh` block, as it stands, in a scratch folder.

A page's blocks run in order in one folder, with `ledger` on the PATH and the folders examples, docs, scripts and
tests of the source tree beside; `../shared` is there when the real data is. Blocks fenced as sh-session or text are
only shown.
"""
import glob
import os
import re
import subprocess
import unittest

import support
from support import Case

PAGES = [os.path.join(support.SOURCE, "README.md")] + sorted(glob.glob(os.path.join(support.SOURCE, "docs", "*.md")))


def blocks(path):
    """(line number, text) of every fenced sh block; a fence may be indented in a list."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for found in re.finditer(r"^([ ]*)```sh[ ]*\n(.*?)^\1```[ ]*$", text, re.S | re.M):
        body = "\n".join(line[len(found[1]):] for line in found[2].split("\n"))
        yield text.count("\n", 0, found.start()) + 2, body


class Pages(Case):
    def prepare(self, where):
        os.makedirs(os.path.join(where, "bin"))
        os.symlink(support.BINARY, os.path.join(where, "bin", "ledger"))
        os.symlink(support.BINARY + "-verify", os.path.join(where, "bin", "ledger-verify"))
        work = os.path.join(where, "work")
        os.mkdir(work)
        for name in ("examples", "docs", "scripts", "tests"):
            if os.path.exists(os.path.join(support.SOURCE, name)):
                os.symlink(os.path.join(support.SOURCE, name), os.path.join(work, name))
        if os.path.exists(support.SHARED):
            os.symlink(support.SHARED, os.path.join(where, "shared"))
        return work

    def run_page(self, page):
        name = os.path.relpath(page, support.SOURCE)
        where = self.path(name.replace("/", "_"))
        work = self.prepare(where)
        env = self.environment({"PATH": os.path.join(where, "bin") + ":" + self.env["PATH"],
                                "LEDGER_SOURCE": support.SOURCE,
                                "LEDGER_KEYS_PASSPHRASE_FILE": "words"})  # which PEOPLE.md exports in its first block
        env["ASAN_OPTIONS"] += ":fast_unwind_on_malloc=0"  # so that what SoftHSM leaks is told from what we do
        ran = 0
        for line, body in blocks(page):
            if "../shared" in body and not os.path.exists(support.SHARED):
                print(f"skipped: {name}:{line} (the real data is not here: {support.SHARED})")
                continue
            if re.search(r"^\s*(scripts/|cmake |ctest |git clone|apt)", body, re.M):
                print(f"skipped: {name}:{line} (it builds or installs: continuous integration runs those)")
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=work, env=env, capture_output=True,
                                  text=True, timeout=300)
            self.assertEqual(done.returncode, 0, f"{name}:{line}\n{body}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
            ran += 1
        return ran

    def test_every_block_of_every_page(self):
        total = 0
        for page in PAGES:
            if not os.path.exists(page):
                continue
            with self.subTest(page=os.path.relpath(page, support.SOURCE)):
                total += self.run_page(page)
        if not total:
            self.skipTest("no page has a fenced sh block yet")

    def test_every_test_that_a_page_calls_upon_is_there(self):
        """DURABILITY.md says which test shows each promise; a name that runs nothing would be worth nothing."""
        build = os.path.dirname(support.BINARY)
        listed = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"Test +#\d+: (\S+)", listed))
        if "faults_memory" not in known:
            self.skipTest("a sanitized build lists no tests of the released program")
        with open(os.path.join(support.SOURCE, "docs", "DURABILITY.md"), encoding="utf-8") as f:
            rows = [line for line in f if line.startswith("| ") and "test |" not in line]
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row.rsplit("|", 2)[1])}
        self.assertGreater(len(named), 10)
        self.assertEqual(named - known, set())

    def test_every_command_named_in_the_pages_exists(self):
        commands = set(re.findall(r"(?m)^  ([a-z]+(?:-[a-z]+)*) ", self.ledger("help").out))
        for page in PAGES:
            if not os.path.exists(page):
                continue
            with open(page, encoding="utf-8") as f:
                text = f.read()
            for found in re.finditer(r"`ledger (?:-C \S+ )?([a-z]+(?:-[a-z]+)*)\b", text):
                with self.subTest(page=os.path.basename(page), command=found[1]):
                    self.assertIn(found[1], commands)

    def test_links_between_the_pages_lead_somewhere(self):
        for page in PAGES:
            if not os.path.exists(page):
                continue
            with open(page, encoding="utf-8") as f:
                text = re.sub(r"```.*?```", "", f.read(), flags=re.S)
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
                with self.subTest(page=os.path.basename(page), target=target):
                    self.assertTrue(os.path.exists(os.path.join(os.path.dirname(page), target)))


if __name__ == "__main__":
    support.main()
