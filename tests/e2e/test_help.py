"""Help, manual page and completion: there is one for everything, and what they say is true."""
import json
import os
import re
import shlex
import shutil
import subprocess
import unittest

import desk
import support
from support import MISUSED, Case, note

GLOBAL = {"--passphrase-file", "--help"}


def options_of(text):
    """Options in the usage lines and the option lists of a help text: {name: takes a value}."""
    usage = []
    for line in text.splitlines():
        if not line.strip() and usage:
            break
        usage.append(line)
    lists = [line for line in text.splitlines() if re.match(r"^\s{2,}--", line)]
    found = {}
    for line in usage + lists:
        for name, value in re.findall(r"(--[a-z][a-z0-9-]*)(?: ([A-Za-z]\S*))?", line):
            found[name] = found.get(name, False) or bool(value)
    return {name: value for name, value in found.items() if name not in GLOBAL}


class Help(Case):
    def commands(self):
        text = self.ledger("help").out
        return re.findall(r"(?m)^  ([a-z]+(?:-[a-z]+)*) ", text[:text.index("exit status")])

    def test_each_command_has_a_row_a_text_and_a_place_among_its_kind(self):
        here = os.path.join(support.SOURCE, "cli")
        with open(os.path.join(here, "commands.def"), encoding="utf-8") as f:
            rows = re.findall(r'(?m)^COMMAND\("([^"]+)", \w+, "([^"]+)"', f.read())
        self.assertEqual([name for _, name in rows], self.commands())
        self.assertEqual(sorted(name for _, name in rows), sorted(text[:-4] for text in os.listdir(os.path.join(here, "help"))))
        groups = [group for group, _ in rows]
        runs = [group for i, group in enumerate(groups) if i == 0 or groups[i - 1] != group]
        self.assertEqual(len(runs), len(set(groups)), "a group's commands follow each other")
        self.assertEqual(re.findall(r"(?m)^([a-z][^:\n]*):$", self.ledger("help").out), runs)

    def test_the_overview_is_reached_in_every_way(self):
        text = self.ledger("help").out
        for args in ([], ["--help"], ["-h"], ["help", "--help"][:1]):
            self.assertEqual(self.ledger(*args).out, text)
        for piece in ("usage: ledger", "-C DIR", "--passphrase-file", "exit status: 0 done; 1", "2 misused; 3"):
            self.assertIn(piece, text)
        for name in ("init", "append", "log", "show", "import", "run", "replay", "explain", "verify", "seal", "prove",
                     "check-proof", "nightly", "report", "stop", "resume", "config", "actor", "export", "bundle", "publish", "backup", "guard", "recover", "doctor", "version", "help"):
            self.assertIn(name, self.commands())

    def test_every_command_has_help_with_an_example(self):
        for name in self.commands():
            with self.subTest(command=name):
                text = self.ledger("help", name).out
                self.assertEqual(self.ledger(name, "--help").out, text)
                self.assertEqual(self.ledger(name, "-h").out, text)
                self.assertTrue(text.startswith("usage: ledger"))
                self.assertRegex(text, r"(?m)^examples?:\n  ledger |^examples?:\n  echo ")
                self.assertTrue(text.endswith("\n"))
                self.assertLessEqual(max(len(line) for line in text.splitlines()), 120)

    def test_every_option_in_the_help_is_taken(self):
        for name in self.commands():
            for at, (option, value) in enumerate(options_of(self.ledger("help", name).out).items()):
                with self.subTest(command=name, option=option):
                    done = self.ledger("-C", self.path("none"), name, option, *(["value"] if value else []), code=None)
                    self.assertNotIn("is no option", done.err)
                    self.assertNotIn("needs a value", done.err)
                    self.assertNotIn("too many", done.err)
                    if support.QUICK and at > 0:
                        continue
                    if value:  # and its other form
                        done = self.ledger("-C", self.path("none"), name, f"{option}=value", code=None)
                        self.assertNotIn("takes no value", done.err)
                    self.expect_error(MISUSED, "is no option", args=[name, option + "x"])

    def test_every_example_is_at_least_understood(self):
        """Typed into a shell in a folder with a journal J and the examples: nothing is misused."""
        self.journal()
        for name in ("examples", "tests"):
            os.symlink(os.path.join(support.SOURCE, name), self.path(name))
        os.mkdir(self.path("bin"))
        for program in ("ledger", "ledger-verify"):
            os.symlink(os.path.join(os.path.dirname(support.BINARY), program), self.path("bin", program))
        self.write("fills.jsonl", json.dumps(note("x")) + "\n")
        self.write("journal.vkey", self.ledger("-C", self.path("J"), "verify", "--json").json()["vkey"])
        self.write(".ledger-pass", support.PASSPHRASE + "\n")
        ran = 0
        for name in self.commands():
            text = self.ledger("help", name).out
            for line in text[re.search(r"(?m)^examples?:", text).end():].splitlines():
                if not line.startswith("  "):
                    continue
                with self.subTest(line=line):
                    ran += 1
                    if name == "step":  # a terminal of no kind, which it refuses: test_step.py has a real one
                        line = f"script -qec {shlex.quote(line.strip())} /dev/null <<< q"
                    done = subprocess.run(["bash", "-c", line], env=self.environment({"PATH": self.path("bin") + ":" + self.env["PATH"], "HEX": "0" * 64}),
                                          cwd=self.dir, capture_output=True, text=True, timeout=120)
                    if "nothing of this journal happened" not in done.stderr:  # the example's day is not this journal's
                        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        self.assertGreater(ran, 20)

    def test_version(self):
        told = self.ledger("version", "--json").json()
        self.assertIn(told["version"], self.ledger("--version").out)
        self.assertEqual(self.ledger("version").out, self.ledger("--version").out)
        with open(os.path.join(support.SOURCE, "CMakeLists.txt"), encoding="utf-8") as f:
            self.assertIn(f"VERSION {told['version']} ", f.read())
        self.assertRegex(told["build"], r"build [0-9a-f]{40}")

    def test_colours_only_on_a_terminal(self):
        j = self.journal()
        for command in (["help"], ["replay"], ["verify"], ["doctor"], ["log"], ["show", "1"]):
            done = j.run(*command)
            self.assertNotIn("\x1b", done.out + done.err)
        if shutil.which("script"):
            for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
                done = subprocess.run(["script", "-qec", f"{support.BINARY} help", "/dev/null"], env=self.environment(
                    {"TERM": "xterm", **env}), capture_output=True, stdin=subprocess.DEVNULL)
                self.assertEqual(b"\x1b[1m" in done.stdout, coloured)

    def test_doctor(self):
        j = self.journal()
        rows = j.json("doctor")
        self.assertTrue(rows)
        self.assertEqual({row["grade"] for row in rows} - {"good", "remark"}, set())
        for row in rows:
            self.assertEqual(set(row) - {"entries"}, {"check", "grade", "where", "what", "do"})
        shown = [line for line in j.run("doctor").lines if not line.startswith(" ")]
        self.assertEqual(len(shown), len(rows))
        before = j.size()
        j.run("doctor")
        self.assertEqual(j.size(), before)

    @support.needs_tool("mandoc")
    def test_the_manual_page(self):
        page = os.path.join(support.SOURCE, "cli", "ledger.1")
        lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, text=True)
        self.assertEqual((lint.returncode, lint.stdout), (0, ""), lint.stdout + lint.stderr)
        shown = subprocess.run(["mandoc", "-Tascii", page], capture_output=True, text=True).stdout
        shown = re.sub(r".\x08", "", shown)
        for name in self.commands():
            self.assertRegex(shown, rf"\b{name}\b")

    def complete(self, *words):
        script = os.path.join(support.SOURCE, "cli", "ledger.bash")
        quoted = " ".join(f"'{w}'" for w in words)
        done = subprocess.run(["bash", "--norc", "-uc", f"source '{script}'; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                               'complete -p ledger >/dev/null || exit 9; _ledger; printf "%s\\n" "${COMPREPLY[@]}"'],
                              cwd=self.dir, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split("\n")[:-1]

    def test_completion(self):
        commands = self.commands()
        self.assertEqual(set(commands) - set(self.complete("ledger", "")), set())
        self.assertEqual(self.complete("ledger", "ver"), ["verify", "version"])
        self.assertIn("append", self.complete("ledger", "-C", "J", "a"))
        self.assertIn("--passphrase-file", self.complete("ledger", "--"))
        for name in commands:
            offered = self.complete("ledger", name, "--")
            for option in options_of(self.ledger("help", name).out):
                with self.subTest(command=name, option=option):
                    self.assertIn(option, offered)
            # And nothing is offered that the command does not take.
            for option in offered:
                done = self.ledger("-C", self.path("none"), name, option, "x", code=None)
                self.assertNotIn("is no option", done.err, f"{name} {option}")
        os.mkdir(self.path("JOURNAL"))
        self.assertIn("JOURNAL", self.complete("ledger", "-C", "JO"))
        self.assertEqual(self.complete("ledger", "import", "lean", "x", "--resolution", "d"), ["daily"])


if __name__ == "__main__":
    support.main()
