"""ledger step, on a terminal: tmux is the terminal, its keys are typed, and what it shows is read.

Every move, small and large, resized; what it leaves behind; what it says without a terminal.
"""
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest

import desk
import support
from support import COULD_NOT, MISUSED, Case, note

# A falling market: positions, closings by loss, orders that the governor refuses, and then a person says stop.
FEED = desk.synthetic(scenario="crash")
UNTIL = "2026-01-05T16:40:00Z"


class Terminal:
    """A tmux server of its own, with one window in which the program runs."""

    def __init__(self, case, command, columns=80, rows=24, env=None):
        self.case, self.socket = case, os.path.join(tempfile.mkdtemp(dir=case.dir), "tmux")
        full = {**case.env, "LANG": "C.UTF-8", "HISTFILE": "", "TMUX": "", **(env or {})}
        words = " ".join(f"{k}={shlex.quote(v)}" for k, v in full.items() if v is not None and k != "TERM")
        if full.get("TERM"):
            words += f" TERM={shlex.quote(full['TERM'])}"
        else:
            words += " TERM=$TERM"
        inner = f"exec env -i {words} sh -c {shlex.quote('trap : INT HUP; stty -g > before; ' + command + '; code=$?; stty -g > after; echo left with $code; exec cat')}"
        case.addCleanup(self.tmux, "kill-server", check=False)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "s", "-x", str(columns), "-y", str(rows), "-c", case.dir, inner)

    def tmux(self, *args, check=True):
        done = subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "LANG": "C.UTF-8"})
        if check:
            self.case.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def screen(self, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else []), "-t", "s").split("\n")[:-1]

    def shows(self, pattern, seconds=20):
        """Waits until the screen shows it; returns the screen."""
        shown = []

        def look():
            shown[:] = self.screen()
            return re.search(pattern, "\n".join(shown))

        try:
            self.case.wait_for(pattern, look, seconds)
        except AssertionError:
            raise AssertionError(f"the screen does not show {pattern!r}:\n" + "\n".join(shown)) from None
        return list(shown)

    def press(self, *keys):
        for key in keys:
            self.tmux("send-keys", "-t", "s", *(["-l", key] if len(key) == 1 else [key]))
        return self

    def type(self, text):
        self.tmux("send-keys", "-t", "s", "-l", text)
        return self

    def resize(self, columns, rows):
        self.tmux("resize-window", "-t", "s", "-x", str(columns), "-y", str(rows))


@support.needs_tool("tmux")
class Step(Case):
    made = None

    @classmethod
    def tearDownClass(cls):
        if cls.made:
            shutil.rmtree(cls.made)

    def crash_day(self):
        """The journal is made once, and copied for each test."""
        if not Step.made:
            j = self.journal()
            desk.run(j, FEED, more=("--until", UNTIL))
            j.run("stop", "--reason", "fat \x1b[31mfinger\x07 \u202e \u00e9\u20ac")
            j.append(note("and so it ends"))
            j.run("log", "--kind", "fill")  # and its index
            Step.made = tempfile.mkdtemp(prefix="ledger-step-")
            shutil.copytree(j.path, os.path.join(Step.made, "J"))
            shutil.rmtree(j.path)
        shutil.copytree(os.path.join(Step.made, "J"), self.path("J"))
        return support.Journal(self, self.path("J"))

    def step(self, *args, **options):
        command = " ".join([shlex.quote(support.BINARY), "-C", "J", "step", *map(shlex.quote, args)])
        return Terminal(self, command, **options)

    def at(self, t, seq):
        return t.shows(rf"(?ms)^ entry {seq} of .*^>[ !] *{seq} ")

    def quit(self, t):
        t.press("q")
        screen = t.shows("left with 0")
        self.assertEqual([line for line in screen if line.strip()], ["left with 0"])
        self.assertEqual(self.read("before"), self.read("after"))

    # -- moves ----------------------------------------------------------------------------------------------

    def test_every_move_ends_where_the_log_says(self):
        j = self.crash_day()
        size = j.size()
        seqs = {kind: [e["seq"] for e in j.log("--kind", kind)] for kind in ("decision", "order", "fill", "risk.verdict")}
        decisions = [e["seq"] for e in j.log("--kind", "decision") if e["kind"] != "decision.candidates"]
        refused = [e["seq"] for e in j.log("--kind", "risk.verdict") if not e["body"]["allowed"]]
        stop = j.log("--kind", "control.stop")[0]["seq"]
        orders = sorted(seqs["order"] + seqs["fill"])
        t = self.step()
        self.at(t, size)
        self.at(t.press("k"), size - 1)
        self.at(t.press("Up"), size - 2)
        self.at(t.press("j", "Down"), size)
        t.press("j")
        t.shows("this is the newest entry")
        self.at(t.press("Home"), 1)
        t.press("k")
        t.shows("this is the first entry")
        self.at(t.press("n"), decisions[0])
        self.at(t.press("d"), decisions[1])
        self.at(t.press("N"), decisions[0])
        t.press("D")
        t.shows(f"no decision before entry {decisions[0]}")
        self.at(t.press("b"), refused[0])
        self.at(t.press("b"), refused[1])
        self.at(t.press("B"), refused[0])
        self.at(t.press("o"), [seq for seq in orders if seq > refused[0]][0])
        self.at(t.press("O"), [seq for seq in orders if seq < refused[0]][-1])
        self.at(t.press("G"), size)
        self.at(t.press("B"), stop)
        t.shows(f"! STOPPED by entry {stop}")
        self.at(t.press("<"), 1)
        self.at(t.press(" "), 10)  # a page of 24 rows
        self.at(t.press("PageDown"), 19)
        self.at(t.press("PageUp"), 10)
        self.at(t.press(">"), size)
        self.at(t.press("u"), 10)  # where the last jump began
        self.quit(t)

    def test_places_and_words_are_asked_for(self):
        j = self.crash_day()
        first_fill = j.log("--kind", "fill.execution")[0]
        order = j.log("--kind", "order.new")[0]
        stop = j.log("--kind", "control.stop")[0]["seq"]
        t = self.step("--at", "2026-01-05T14:31:00Z")
        screen = t.shows(r"2026-01-05 09:31:00")
        here = int(re.search(r"entry (\d+) of", screen[0])[1])
        self.assertEqual(here, j.json("state", "--at", "2026-01-05T14:31:00Z")["seq"])
        t.press("g")
        t.shows(r"(?m)^go to: _")
        t.type("100x")
        t.press("BSpace", "Enter")
        self.at(t, 100)
        self.at(t.press("u"), here)
        t.press("g").type("10:00").press("Enter")
        self.at(t, j.json("state", "--at", "2026-01-05T15:00:00Z")["seq"])
        t.press("g").type("tomorrow").press("Enter")
        t.shows('"tomorrow" is no entry\'s number and no time')
        t.press("g").type("5").press("Escape")
        t.press("Home")
        self.at(t, 1)
        t.press("/").type("np-").press("Enter")
        t.shows("np-")
        t.press("/").type(f"{order['body']['order_id']}").press("Enter")
        t.press("Home", "f", "f")
        self.at(t, order["cause"])  # decision, verdict
        t.press("f")
        self.at(t, order["seq"])
        t.press("F")
        self.at(t, order["cause"])
        t.press("Home", "/").type("FAT").press("Enter")
        self.at(t, stop)
        t.press("f")
        t.shows('no "FAT" after entry')
        t.press("Home", "/").type(first_fill["body"]["symbol"]).press("Enter")
        t.shows(re.escape(first_fill["body"]["symbol"]))
        t.press("g").type(str(first_fill["seq"])).press("Enter")
        self.at(t, first_fill["seq"])
        self.at(t.press("c"), first_fill["cause"])
        self.at(t.press("u"), first_fill["seq"])
        self.quit(t)

    # -- what is shown --------------------------------------------------------------------------------------

    def test_panes_show_what_explain_and_state_say(self):
        j = self.crash_day()
        fill = [e for e in j.log("--kind", "fill.execution")][-1]
        t = self.step("--at", str(fill["seq"]))
        screen = self.at(t, fill["seq"])
        self.assertEqual(len(screen), 24)
        t.shows(r"\[entry\]")
        t.press("]", "]")
        t.shows("(?m)^  fee  ")
        t.press("Enter")
        t.shows(r"\[why\]")
        t.shows(f"entry {fill['seq']}, fill.execution: follows from")
        t.press("]", "]", "]")
        t.shows(r"(?m)^ {4}\d+\. |^\s+\d+  \d\d:\d\d:\d\d  ")
        t.press("Enter")
        t.shows(r"\[entry\]")
        for name, words in (("why", "follows from"), ("summary", "market clock"), ("accounts", "assets:cash"),
                            ("positions", "position +qty"), ("orders", "order +status"), ("limits", "margin_use"),
                            ("strategy", "naked_put"), ("chain", "chain of ACME"), ("entry", "fill.execution")):
            t.press("Tab")
            t.shows(rf"\[{name}\]")
            t.shows(words)
        t.press("BTab", "BTab", "BTab", "BTab", "BTab")
        t.shows(r"\[positions\]")
        t.press("Right", "Right", "Right")
        t.shows("unrealized +realized +fees +margin")
        open_now = [p for p in j.json("state", "--at", str(fill["seq"]), "positions")["positions"] if p["qty"]]
        for p in open_now[:5]:
            t.shows(rf"(?m)^{re.escape(next(iter(p.values())))} ")
        t.press("?")
        t.shows("Nothing here changes the journal")
        t.press("x")
        t.shows(r"\[positions\]")
        self.quit(t)

    def test_the_picture_in_the_docs_is_what_is_shown(self):
        self.crash_day()
        with open(os.path.join(support.SOURCE, "docs", "INCIDENT.md"), encoding="utf-8") as f:
            page = f.read()
        picture = re.search(r"```text\n( entry \d+ of .*?)```", page[page.index("## Stepping through"):], re.S)[1].split("\n")[:-1]
        t = self.step("--at", "2026-01-05 11:30", columns=100, rows=len(picture))
        t.shows("2026-01-05 11:30:00")
        t.press("b", *["Tab"] * 6)
        t.shows(r"\[limits\]")
        screen = t.shows("order that sells")

        def plain(lines):
            """Without seqs, which are others with a stop and a note more."""
            return [re.sub(r"\d{5,}", "N", line).rstrip() for line in lines]

        self.assertEqual(plain(screen)[1:], plain(picture)[1:])
        self.quit(t)

    def test_a_large_screen_shows_both_panes_and_a_resized_one_what_fits(self):
        j = self.crash_day()
        refused = [e["seq"] for e in j.log("--kind", "risk.verdict") if not e["body"]["allowed"]][0]
        t = self.step("--at", str(refused), columns=200, rows=50)
        screen = t.shows(r"\[entry\].*\[summary\]")
        self.assertEqual(len(screen), 50)
        t.shows("risk.verdict +\u2502")
        t.shows("FAILED +\u2502")
        t.press("Enter", "Tab")
        t.shows(r"\[why\].*\[accounts\]")
        t.press("BTab", "BTab")
        t.shows(r"\[why\].*\[chain\]")
        for columns, rows in ((80, 24), (120, 30), (40, 8), (300, 90), (64, 12)):
            t.resize(columns, rows)
            screen = t.shows(r"\[why\].*\[chain\]" if columns >= 120 else rf"entry {refused} of")
            self.case_fits(t, columns, rows, refused)
        t.resize(20, 5)
        t.shows("make me larger")
        t.resize(80, 24)
        self.at(t, refused)
        self.quit(t)

    def case_fits(self, t, columns, rows, seq):
        def fits():
            screen = t.screen()
            last = screen[-1] if screen else ""
            return len(screen) == rows and last.startswith("? help") and any(
                line.startswith(">") and str(seq) in line for line in screen)
        self.wait_for(f"a screen of {columns} x {rows}", fits)

    def test_no_text_plays_tricks_on_the_terminal_and_ascii_is_enough(self):
        self.crash_day()
        t = self.step()
        t.shows("EMERGENCY STOP")
        t.press("k")
        t.shows(re.escape("\\u001b[31mfinger\\u0007 \\u202e \u00e9\u20ac"))
        t.shows("\u2500")
        self.quit(t)
        for options, env in ((["--ascii"], {}), ([], {"LANG": "C"}), ([], {"LANG": None}), ([], {"LC_ALL": "POSIX"})):
            with self.subTest(options=options, env=env):
                t = self.step(*options, env=env)
                t.shows("EMERGENCY STOP: fat ")
                t.press("k")
                t.shows(r"(?m)^-\[entry\]")
                screen = t.shows("(?m)^[?] help")
                self.assertTrue("\n".join(screen).isascii())
                self.quit(t)

    def test_colours_where_there_are_some(self):
        j = self.crash_day()
        refused = [e["seq"] for e in j.log("--kind", "risk.verdict") if not e["body"]["allowed"]][0]
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "vt100"}, False)):
            with self.subTest(env=env):
                t = self.step("--at", str(refused + 1), env=env)
                self.at(t, refused + 1)
                red = any(re.search(r"\x1b\[[0-9;]*31m", line) for line in t.screen(colours=True))
                self.assertEqual(red, coloured)
                self.assertTrue(any(line.startswith(" !") for line in t.screen()))  # a breach is told without colour, too
                self.quit(t)

    def test_what_is_appended_meanwhile_is_seen_on_request(self):
        j = self.crash_day()
        size = j.size()
        t = self.step()
        self.at(t, size)
        j.append(note("one"), note("two"))
        t.press("j")
        t.shows("r looks for newer ones")
        t.press("r")
        t.shows("2 newer entries")
        t.press("j", "j")
        screen = self.at(t, size + 2)
        self.assertIn(f"of {size + 2}", screen[0])
        t.shows("two")
        t.press("r")
        t.shows("0 newer entries")
        self.quit(t)
        self.assertEqual(j.size(), size + 2)

    # -- beginnings and ends --------------------------------------------------------------------------------

    def test_the_terminal_is_given_back_however_it_ends(self):
        self.crash_day()
        for how in ("C-c", "TERM", "HUP", "INT"):
            with self.subTest(how=how):
                t = self.step()
                t.shows(r"\[entry\]")
                if how == "C-c":
                    t.press("g")
                    t.shows("go to: _")
                    t.press("C-c")
                else:
                    pid = t.tmux("list-panes", "-t", "s", "-F", "#{pane_pid}").strip()
                    child = subprocess.run(["pgrep", "-P", pid], capture_output=True, text=True).stdout.split()[0]
                    os.kill(int(child), getattr(signal, "SIG" + how))
                screen = t.shows("left with 0")
                self.assertEqual([line for line in screen if line.strip()], ["left with 0"])
                self.assertEqual(self.read("before"), self.read("after"))

    def test_nobody_is_left_behind_when_the_terminal_goes(self):
        self.crash_day()
        t = self.step()
        t.shows(r"\[entry\]")
        pid = t.tmux("list-panes", "-t", "s", "-F", "#{pane_pid}").strip()
        child = int(subprocess.run(["pgrep", "-P", pid], capture_output=True, text=True).stdout.split()[0])
        t.tmux("kill-server")
        self.wait_for("its end", lambda: not os.path.exists(f"/proc/{child}") or "(zombie)" in open(f"/proc/{child}/status").read())

    def test_a_damaged_journal_leaves_the_terminal_as_it_was(self):
        j = self.crash_day()
        with open(os.path.join(j.path, "journal.mdb"), "r+b") as f:
            f.truncate(12288)
        t = self.step("--at", "100")
        screen = t.shows(r"left with [123]")
        self.assertTrue(any("ledger: " in line for line in screen), screen)
        self.assertEqual(self.read("before"), self.read("after"))

    def test_without_a_terminal_it_says_what_to_use_instead(self):
        self.journal()
        self.expect_error(MISUSED, "step: standard input and output must be a terminal", "log, show, explain and state",
                          args=["-C", self.path("J"), "step"])
        self.expect_error(MISUSED, "too many", args=["-C", self.path("J"), "step", "4711"])
        self.expect_error(COULD_NOT, "there is no entry 999", args=["-C", self.path("J"), "step", "--at", "999"])
        self.expect_error(COULD_NOT, "no entry's number and no time", args=["-C", self.path("J"), "step", "--at", "noon"])

    def test_a_terminal_that_is_not_known_is_told(self):
        self.journal()
        for terminal in ("no-such-terminal", "dumb"):
            t = self.step(env={"TERM": terminal})
            t.shows(f'the terminal "{terminal}"')
            t.shows("left with 3")


if __name__ == "__main__":
    support.main()
