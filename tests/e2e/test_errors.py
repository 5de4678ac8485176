"""Every way to go wrong is answered with one line that says what, where and what to do, and changes nothing."""
import json
import os
import pty
import resource
import select
import shutil
import subprocess
import unittest

import support
from support import COULD_NOT, DONE, MISUSED, Case, note

QUOTE = '{"kind":"perception.quote","body":{"symbol":"GOOG","bid":"1.25","ask":"1.30","bid_size":10,"ask_size":10}}'
FILL = ('{"kind":"fill.execution","body":{"order_id":"o-1","fill_id":"f-1","symbol":"GOOG","side":"sell","qty":1,'
        '"price":"1.25","fee":"0"}}')


def swap(line, old, new):
    assert line.count(old) == 1, (line, old)
    return line.replace(old, new)


def at(line, piece):
    """The column, from 1, at which a piece of the line begins."""
    line, piece = (x.encode() if isinstance(x, str) else x for x in (line, piece))
    return f"column {line.index(piece) + 1}:"


class Append(Case):
    """A good line, then the bad one, in one group: both must be refused; the group before must stay."""

    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.j.append(note("before"))
        self.before = self.j.run("replay", "--digest").out

    def refuse(self, bad, *pieces):
        bad = bad if isinstance(bad, bytes) else bad.encode()
        path = self.write("bad.jsonl", json.dumps(note("good")).encode() + b"\n" + bad + b"\n")
        result = self.expect_error(COULD_NOT, "append", path, "line 2", *pieces, "nothing of its group is written",
                                   args=["-C", self.j.path, "append", path])
        self.assertEqual(result.out, "")
        return result

    def tearDown(self):
        self.assertEqual([r["body"].get("text") for r in self.j.log()[1:]], ["before"])
        self.assertEqual(self.j.run("replay", "--digest").out, self.before)
        self.j.verify()

    def test_keys(self):
        line = swap(QUOTE, '"bid":', '"bidd":')
        self.refuse(line, at(line, '"bidd"'), "body", 'unknown key "bidd"', "symbol, bid, ask, bid_size, ask_size")
        line = swap(QUOTE, '"ask_size":10', '"ask_size":10,"ask_size":10')
        self.refuse(line, f"column {line.rindex(chr(34) + 'ask_size') + 1}:", "body.ask_size", "twice")
        line = swap(QUOTE, '"bid":"1.25",', "")
        self.refuse(line, f"column {len(line) - 1}:", "body.bid", "missing")
        line = swap(QUOTE, '{"kind"', '{"kin":1,"kind"')
        self.refuse(line, "column 2:", 'unknown key "kin"', "kind, actor, cause, at, body, signature")
        line = swap(QUOTE, '{"kind"', '{"kind":"control.note","kind"')
        self.refuse(line, "column 24:", "kind", "twice")
        self.refuse('{"body":{}}', "kind", "missing")
        self.refuse('{"kind":"control.note"}', "body", "missing")
        self.refuse('{"kind":"control.note","body":{}}', "body.text", "missing")
        # The same key written otherwise is the same key.
        line = swap(QUOTE, '"ask_size":10', '"ask_size":10,"\\u0061sk_size":10')
        self.refuse(line, "body.ask_size", "twice")

    def test_types(self):
        table = [("perception.quote", QUOTE, '"1.25"', "1.25", "body.bid", "decimal string"),
                 ("", QUOTE, '"bid_size":10', '"bid_size":"10"', "body.bid_size", "expected a number, found a string"),
                 ("", QUOTE, '"bid_size":10', '"bid_size":1e1', "body.bid_size", "no exponent"),
                 ("", QUOTE, '"bid_size":10', '"bid_size":10.0', "body.bid_size", "expected an integer"),
                 ("", QUOTE, '"bid_size":10', '"bid_size":true', "body.bid_size", "expected a number"),
                 ("", QUOTE, '"bid_size":10', '"bid_size":null', "body.bid_size", "expected a number"),
                 ("", QUOTE, '"bid_size":10', '"bid_size":[10]', "body.bid_size", ""),
                 ("", QUOTE, '"GOOG"', "7", "body.symbol", "expected a string, found a number"),
                 ("", FILL, '"price":"1.25"', '"price":null', "body.price", ""),
                 ("", FILL, '"price":"1.25"', '"price":"1,25"', "body.price", ""),
                 ("", FILL, '"price":"1.25"', '"price":""', "body.price", ""),
                 ("", FILL, '"price":"1.25"', '"price":" 1.25"', "body.price", ""),
                 ("", FILL, '"price":"1.25"', '"price":"1e2"', "body.price", ""),
                 ("", FILL, '"price":"1.25"', '"price":"+1"', "body.price", ""),
                 ("", FILL, '"sell"', '"short"', "body.side", '"short" is not one of buy, sell')]
        for _, line, old, new, key, reason in table:
            with self.subTest(new=new):
                self.refuse(swap(line, old, new), "column ", key, reason)
        self.refuse('{"kind":"control.note","body":[]}', "column 31:", "body", "expected an object, found an array")
        self.refuse('{"kind":5,"body":{}}', "column 9:", "kind", "expected a string")
        self.refuse("[]", "column 1:", "expected an object, found an array")
        self.refuse('"x"', "column 1:", "expected an object")

    def test_numbers_out_of_range(self):
        table = [(QUOTE, '"1.25"', '"1.2500000001"', "body.bid", "10 decimals where at most 9"),
                 (QUOTE, '"1.25"', '"9223372036.854775808"', "body.bid", "out of range"),
                 (QUOTE, '"1.25"', '"99999999999999999999999"', "body.bid", "out of range"),
                 (QUOTE, '"bid_size":10', '"bid_size":-1', "body.bid_size", "-1 where 0 or more"),
                 (QUOTE, '"bid_size":10', '"bid_size":9223372036854775808', "body.bid_size", "out of range"),
                 (FILL, '"qty":1', '"qty":0', "body.qty", "0 where 1 or more"),
                 (FILL, '"fee":"0"', '"fee":"0.0000001"', "body.fee", "7 decimals where at most 6"),
                 (FILL, '"fee":"0"', '"fee":"9223372036854.775808"', "body.fee", "out of range")]
        for line, old, new, key, reason in table:
            with self.subTest(new=new):
                bad = swap(line, old, new)
                self.refuse(bad, at(bad, new.split(":")[-1] if ":" in new else new), key, reason)

    def test_text_that_is_none(self):
        line = b'{"kind":"control.note","body":{"text":"a\xffb"}}'
        self.refuse(line, at(line, b"\xff"), "body.text", "UTF-8")
        for bad in (b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
            self.refuse(b'{"kind":"control.note","body":{"text":"' + bad + b'"}}', "column 40:", "body.text", "UTF-8")
        for escape, reason in (("\\u0000", "U+0000"), ("\\ud800", "surrogate"), ("\\udc00\\ud800", "surrogate"),
                               ("\\x", "escape"), ("\\u12g4", ""), ("a\tb", "")):
            with self.subTest(escape=escape):
                self.refuse('{"kind":"control.note","body":{"text":"%s"}}' % escape, "column ", "body.text", reason)
        self.refuse(b"\xef\xbb\xbf" + QUOTE.encode(), "column 1:", "byte order mark")

    def test_lines_that_are_no_json(self):
        self.refuse("", "column 1:", "found the end of the line")
        self.refuse("   ", "column 4:", "found the end of the line")
        self.refuse('{"kind":', "column 9:", "kind", "end of the line")
        self.refuse('{"kind":"control.note","body":{"text":"x"}} x', "column 45:", "expected nothing after the value")
        self.refuse(QUOTE + QUOTE, f"column {len(QUOTE) + 1}:", "expected nothing after the value")
        self.refuse('{"kind":"control.note",}', "column 24:", "")
        self.refuse("{'kind':1}", "column 2:", "")
        self.refuse('{"kind":"control.note","body":{"text":"x"', "column ", "end of the line")
        self.refuse('{"kind":"control.note","body":{"text":NaN}}', "column 39:", "")
        self.refuse('{"a":' * 40, "column ", "")

    def test_kinds_actors_causes_times(self):
        line = swap(QUOTE, "perception.quote", "perception.quot")
        self.refuse(line, "column 9:", "kind", 'unknown kind "perception.quot"', 'did you mean "perception.quote"')
        self.refuse(swap(QUOTE, '{"kind"', '{"actor":"nobody","kind"'), "column 10:", "actor", 'no actor "nobody"',
                    "operator", "compliance")
        self.refuse(swap(QUOTE, '{"kind"', '{"cause":0,"kind"'), "column 10:", "cause", "numbered from 1")
        self.refuse(swap(QUOTE, '{"kind"', '{"cause":"2","kind"'), "column 10:", "cause", "expected a number")
        self.refuse(swap(QUOTE, '{"kind"', '{"at":"2015-13-01T00:00:00Z","kind"'), "column 7:", "at", "month 13")
        for bad in ("2015-12-24", "2015-02-29T00:00:00Z", "2015-12-24T24:00:00Z", "2015-12-24T00:00:60Z",
                    "2015-12-24T00:00:00", "2015-12-24T00:00:00.1234567890Z", "1500-01-01T00:00:00Z"):
            with self.subTest(at=bad):
                self.refuse(swap(QUOTE, '{"kind"', f'{{"at":"{bad}","kind"'), "column 7:", "at")
        self.refuse('{"kind":"perception.clock","body":{"phase":"open","session":"2015-12-24"}}', "column ", "at")

    def test_a_cause_in_the_future(self):
        bad = swap(QUOTE, '{"kind"', '{"cause":99,"kind"')
        self.refuse(bad, "column 10:", "cause", "99", "no earlier entry", "entry 4")

    def test_lines_too_long(self):
        self.refuse('{"kind":"control.note","body":{"text":"' + "x" * 66000 + '"}}', "column 39:", "body.text",
                    "66000 bytes, more than")
        self.refuse('{"kind":"control.note","body":{"text":"' + "x" * (1 << 20) + '"}}', "column 1048577", "1048576")

    def test_lists(self):
        def line(check):
            return ('{"kind":"risk.breaker_trip","body":{"breaker":"b","reason":"r","checks":[' + check + "]}}")

        good = '{"name":"a","value":"1","bound":"2","unit":"rate","rule":"at_most","ok":true}'
        self.refuse(line(swap(good, '"ok":true', '"ok":false')), "column ", "body.checks", "ok", "says false")
        self.refuse(line(swap(good, '"rule"', '"rules"')), "column ", "body.checks", 'unknown key "rules"')
        self.refuse(line(swap(good, ',"ok":true', "")), "column ", "ok", "missing")
        self.refuse(line(swap(good, '"unit":"rate"', '"unit":"rats"')), "column ", "unit", "rate")
        self.refuse(line(swap(good, '"value":"1"', '"value":1')), "column ", "value", "decimal")
        self.refuse(line(",".join([good] * 33)), "column ", "body.checks", "32")
        self.refuse(line("7"), "column ", "body.checks")


class Journals(Case):
    COMMANDS = [["append", "/dev/null"], ["log"], ["show", "1"], ["replay"], ["replay", "--redecide"], ["verify"],
                ["seal"], ["stop", "--reason", "x"], ["resume", "--reason", "x"], ["config"], ["actor"],
                ["explain", "np-1"], ["nightly", "--date", "2015-12-24", "--out", "pack"],
                ["report", "blotter"], ["export", "--raw", "raw"], ["import", "spx-eod", "/tmp"],
                ["run", "--feed", "synthetic:seed=1"]]

    def test_no_journal(self):
        for command in self.COMMANDS:
            with self.subTest(command=command):
                self.expect_error(COULD_NOT, "no journal", args=["-C", self.path("none"), *command])
        self.assertFalse(os.path.exists(self.path("none")))
        self.assertFalse(os.path.exists(self.path("pack")))
        self.assertFalse(os.path.exists(self.path("raw")))
        result = self.expect_error(support.WRONG, "doctor", args=["-C", self.path("none"), "doctor"])
        self.assertIn("no journal", result.out)

    def test_the_folder_by_default(self):
        self.ledger("init", "--origin", "a.example/b")
        self.assertTrue(os.path.exists(self.path("journal", "vault")))
        self.ledger("log")
        self.ledger("log", env={"LEDGER_DIR": self.path("journal")}, cwd="/")
        self.expect_error(COULD_NOT, "no journal in /nowhere", args=["log"], env={"LEDGER_DIR": "/nowhere"})

    def test_a_journal_that_is_there_already(self):
        j = self.journal()
        j.append(note("x"))
        with open(self.path("J", "journal.mdb"), "rb") as f:
            before = f.read()
        self.expect_error(COULD_NOT, "there is a journal", "already", args=["-C", j.path, "init", "--origin", "a.b/c"])
        with open(self.path("J", "journal.mdb"), "rb") as f:
            self.assertEqual(f.read(), before)
        self.write("file", "x")
        self.expect_error(COULD_NOT, "no directory", args=["-C", self.path("file"), "init", "--origin", "a.b/c"])
        self.expect_error(COULD_NOT, "no/such", args=["-C", self.path("no/such"), "init", "--origin", "a.b/c"])

    def test_origins(self):
        self.expect_error(MISUSED, "--origin", "missing", args=["-C", self.path("X"), "init"])
        for bad in ("", "a b", "a+b", "x" * 300, "a\nb", "gr\xfc\udcff"):
            with self.subTest(origin=bad):
                self.expect_error(COULD_NOT, "origin", args=["-C", self.path("X"), "init", "--origin", bad])
                self.assertFalse(os.path.exists(self.path("X")))

        self.expect_error(MISUSED, "without a scheme", args=["-C", self.path("X"), "init", "--origin", "https://desk.example/a"])
        self.assertFalse(os.path.exists(self.path("X")))

    def test_passphrases(self):
        j = self.journal()
        append = ["-C", j.path, "append"]
        wrong = self.write("wrong", "not it\n")
        self.expect_error(COULD_NOT, "passphrase does not open it", "--passphrase-file",
                          args=["--passphrase-file", wrong, *append], input=json.dumps(note("x")))
        self.expect_error(COULD_NOT, "passphrase file", "cannot be opened: No such file",
                          args=["--passphrase-file", self.path("none"), *append], input=json.dumps(note("x")))
        self.expect_error(COULD_NOT, "first line is empty", args=[f"--passphrase-file={self.write('empty', '')}", *append],
                          input=json.dumps(note("x")))
        self.expect_error(COULD_NOT, "longer than", args=["--passphrase-file", self.write("long", "x" * 5000), *append],
                          input=json.dumps(note("x")))
        self.expect_error(MISUSED, "--passphrase-file needs a value", args=[*append, "--passphrase-file"])
        self.expect_error(COULD_NOT, "no terminal to ask on", "--passphrase-file", "LEDGER_PASSPHRASE_FILE",
                          args=append, input=json.dumps(note("x")), env={"LEDGER_PASSPHRASE_FILE": None},
                          start_new_session=True)
        self.assertEqual(j.size(), 1)
        # Only the first line counts; a pipe by /dev/fd is a file as well.
        j.run("append", "--passphrase-file", self.write("two", support.PASSPHRASE + "\nmore\n"), input=json.dumps(note("y")))
        self.assertEqual(j.size(), 2)

    def test_reading_needs_no_passphrase(self):
        j = self.journal()
        for command in (["log"], ["show", "1"], ["replay"], ["verify"], ["seal"], ["config"], ["actor"], ["doctor"],
                        ["export", "--raw", self.path("raw")]):
            with self.subTest(command=command):
                j.run(*command, env={"LEDGER_PASSPHRASE_FILE": None}, start_new_session=True)

    def run_at_terminal(self, args, answers):
        """Answers each prompt on a terminal of its own; returns exit code and everything it showed."""
        pid, fd = pty.fork()
        if pid == 0:
            env = self.environment({"LEDGER_PASSPHRASE_FILE": None})
            os.chdir(self.dir)
            os.execvpe(support.BINARY, [support.BINARY, *args], env)
        shown = b""
        while True:
            ready, _, _ = select.select([fd], [], [], 30)
            try:
                data = os.read(fd, 4096) if ready else b""
            except OSError:
                data = b""
            if not data:
                break
            shown += data
            if answers and shown.rstrip(b" ").endswith(b":"):
                os.write(fd, answers.pop(0).encode() + b"\n")
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_the_prompt_hides_what_is_typed(self):
        path = self.path("T")
        code, shown = self.run_at_terminal(["-C", path, "init", "--origin", "a.b/c"], ["one secret", "another"])
        self.assertEqual(code, COULD_NOT, shown)
        self.assertIn("differ", shown)
        self.assertFalse(os.path.exists(path))
        code, shown = self.run_at_terminal(["-C", path, "init", "--origin", "a.b/c"], ["one secret", "one secret"])
        self.assertEqual(code, DONE, shown)
        self.assertNotIn("one secret", shown)
        lines = self.write("lines", json.dumps(note("x")) + "\n")
        code, shown = self.run_at_terminal(["-C", path, "append", lines], ["one secret"])
        self.assertEqual(code, DONE, shown)
        self.assertIn("2..2 ", shown)
        self.assertNotIn("one secret", shown)
        code, shown = self.run_at_terminal(["-C", path, "append", lines], ["guess"])
        self.assertEqual(code, COULD_NOT, shown)
        self.assertIn("does not open it", shown)

    def test_a_folder_that_may_only_be_read(self):
        j = self.journal()
        j.append(note("x"))
        as_other = {}
        if os.getuid() == 0:  # permissions do not bind root: be somebody else
            os.chmod(self.dir, 0o755)
            binary = shutil.copy(support.BINARY, self.path("ledger"))
            for name in ("J", "J/journal.mdb", "J/journal.mdb-lock", "J/vault", "passphrase"):
                os.chown(self.path(name), 65534, 65534)
            as_other = {"user": 65534, "group": 65534, "extra_groups": [], "binary": binary}
        os.chmod(self.path("J"), 0o555)
        for name in os.listdir(self.path("J")):
            os.chmod(self.path("J", name), 0o444)
        self.expect_error(COULD_NOT, "no permission", args=["-C", j.path, "append"], input=json.dumps(note("y")),
                          **as_other)
        j.run("verify", "--key", j.vkey, **as_other)
        self.assertEqual(len(j.run("log", **as_other).lines), 2)
        self.expect_error(COULD_NOT, "cannot make the directory", "denied",
                          args=["-C", self.path("J", "inner"), "init", "--origin", "a.b/c"], **as_other)
        os.chmod(self.path("J"), 0o700)
        os.chmod(self.path("J", "journal.mdb"), 0o000)
        if os.getuid() == 0:
            self.expect_error(COULD_NOT, "permission", args=["-C", j.path, "log"], **as_other)

    def test_a_full_disk(self):
        where = self.path("small")
        os.mkdir(where)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", where], capture_output=True)
        if mounted.returncode:
            self.skipTest("no small file system may be mounted here: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", where], check=False)
        j = support.Journal(self, os.path.join(where, "J")).init()
        text = "".join(json.dumps(note(f"{i} " + "x" * 2000)) + "\n" for i in range(5000))
        result = self.expect_error(COULD_NOT, "disk is full", "nothing of its group is written",
                                   args=["-C", j.path, "append", "--group", 20], input=text)
        acked = [support.Acknowledgement(line) for line in result.lines]
        self.assertTrue(acked)
        rows = j.log()
        self.assertEqual(rows[-1]["seq"], acked[-1].last)
        self.assertEqual([r["body"]["text"].split()[0] for r in rows[1:]], [str(i) for i in range(acked[-1].last - 1)])
        j.verify()
        self.expect_error(COULD_NOT, "disk is full", args=["-C", j.path, "append"], input=text)
        j.verify()
        # There is still no room for a second journal, and nothing is left of the attempt.
        self.expect_error(COULD_NOT, args=["-C", os.path.join(where, "second"), "init", "--origin", "a.b/c"])
        self.assertFalse(os.path.exists(os.path.join(where, "second")))

    def test_a_file_size_limit(self):
        j = self.journal()
        text = "".join(json.dumps(note("x" * 2000)) + "\n" for i in range(3000))

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))

        result = self.expect_error(COULD_NOT, "file size limit", args=["-C", j.path, "append", "--group", 50],
                                   input=text, preexec_fn=limit)
        last = support.Acknowledgement(result.lines[-1]).last if result.out else 1
        self.assertEqual(j.size(), last)
        j.verify()
        j.append(note("goes on"))

    def test_output_that_cannot_be_written(self):
        j = self.journal()
        with open("/dev/full", "wb") as full:
            for command in (["log"], ["seal"], ["replay"], ["help"], ["verify"]):
                with self.subTest(command=command):
                    self.expect_error(COULD_NOT, "standard output", args=["-C", j.path, *command], stdout=full)

    def test_an_interrupted_init_is_named(self):
        j = self.journal()
        os.unlink(self.path("J", "journal.mdb"))
        self.expect_error(COULD_NOT, "vault but no journal", args=["-C", j.path, "init", "--origin", "a.b/c"])

    def test_a_vault_that_is_gone_or_damaged(self):
        j = self.journal()
        j.append(note("x"))
        vault = self.path("J", "vault")
        with open(vault, "rb") as f:
            good = f.read()
        for bad, pieces in ((good[:-1], []), (b"", []), (good[:100] + bytes([good[100] ^ 1]) + good[101:], []), (b"x" * 1072, [])):
            self.write("J/vault", bad)
            self.expect_error(COULD_NOT, "vault", *pieces, args=["-C", j.path, "append"], input=json.dumps(note("y")))
        os.unlink(vault)
        self.expect_error(COULD_NOT, "vault", args=["-C", j.path, "append"], input=json.dumps(note("y")))
        j.verify()
        self.write("J/vault", good)
        j.append(note("y"))

    def test_the_vault_of_another_journal(self):
        j, other = self.journal(), self.journal("other")
        shutil.copy(self.path("other", "vault"), self.path("J", "vault"))
        self.expect_error(COULD_NOT, args=["-C", j.path, "append"], input=json.dumps(note("y")))
        self.assertEqual(j.size(), 1)
        j.verify()
        other.verify()

    def test_an_export_replaces_nothing_but_an_export(self):
        j = self.journal()
        j.append(note("one"))
        kept = {name: self.read(os.path.join(j.path, name)) for name in os.listdir(j.path)}
        mine = self.write("mine.txt", "not a ledger's")
        for target in [mine, *(os.path.join(j.path, name) for name in kept)]:
            for command in (["export", "--raw", target], ["doctor", "--salvage", target]):
                self.expect_error(COULD_NOT, "is no raw export", "name another file", args=["-C", j.path, *command])
        self.assertEqual(self.read(mine), b"not a ledger's")
        for name in ("journal.mdb", "vault"):
            self.assertEqual(self.read(os.path.join(j.path, name)), kept[name])
        out = self.write("again.raw", "")
        for _ in range(2):  # an empty file, then an export
            j.run("export", "--raw", out)
        j.verify()

    def test_a_journal_deleted_or_replaced_under_a_writer(self):
        """What would be written to a file without a name is not acknowledged."""
        for replace in (False, True):
            with self.subTest(replace=replace):
                j = self.journal(f"replaced {replace}")
                writer = j.start("append", "--group", 1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                line = json.dumps(note("one")).encode() + b"\n"
                writer.stdin.write(line)
                writer.stdin.flush()
                self.assertTrue(writer.stdout.readline().startswith(b"2..2 "))
                file = os.path.join(j.path, "journal.mdb")
                copy = shutil.copy(file, self.path("copy"))
                os.replace(copy, file) if replace else os.remove(file)
                out, err = writer.communicate(line)
                self.assertEqual((writer.returncode, out), (COULD_NOT, b""))
                self.assertIn(b"deleted or replaced", err)
                self.assertIn(b"nothing of its group is written (lines up to 1 are in the journal)", err)
                if replace:
                    self.assertEqual(j.size(), 2)
                    j.verify()

    @support.needs_tool("cc")
    @unittest.skipIf(support.QUICK, "a sanitizer's runtime must be the first library")
    def test_a_clock_that_has_stepped_back(self):
        source = self.write("clock.c", """
            #define _GNU_SOURCE
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <time.h>
            #include <unistd.h>
            int clock_gettime(clockid_t id, struct timespec *t)
            {
                const int rc = (int)syscall(SYS_clock_gettime, id, t);
                if (id == CLOCK_REALTIME)
                    t->tv_sec += atol(getenv("CLOCK_SHIFT"));
                return rc;
            }
            """)
        library = self.path("clock.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
        j = self.journal()
        j.append(note("now"))
        shift = {"LD_PRELOAD": library, "CLOCK_SHIFT": "-3600"}
        self.expect_error(COULD_NOT, "clock has stepped back", "entry 2", args=["-C", j.path, "append"],
                          input=json.dumps(note("earlier")), env=shift)
        self.assertEqual(j.size(), 2)
        self.assertIn("clock", j.run("doctor", env=shift, code=support.WRONG).out)
        # A little is no step: entries keep their order.
        j.run("append", input=json.dumps(note("soon")), env={**shift, "CLOCK_SHIFT": "-1"})
        rows = j.log()
        self.assertGreaterEqual(rows[2]["recorded_at"], rows[1]["recorded_at"])
        j.verify()


class Misuse(Case):
    def test_misuse_is_exit_2_and_says_how(self):
        j = self.journal()
        table = [
            (["frob"], '"frob" is no command', "ledger help"), (["-C"], "-C needs a value"),
            (["init", "--origin"], "--origin needs a value", "ledger help init"),
            (["init", "--origin", "a", "--origin", "b"], "origin is given twice"),
            (["init", "x", "--origin", "a"], "x is one argument too many"),
            (["append", "--frob"], "--frob is no option", "ledger help append"), (["append", "-x"], "-x is no option"),
            (["append", "--json=1"], "--json=1 takes no value"), (["append", "a", "b"], "one argument too many"),
            (["append", "--group", "0"], "--group", "at least one"), (["append", "--group", "x"], '"x" is not a number'),
            (["append", "--group", "-1"], "not a number"), (["append", "--group="], "--group", "number"),
            (["append", "--group", "99999999999999999999"], "not a number"),
            (["log", "--kind", "frob"], '"frob" is no kind', "perception"),
            (["log", "--symbol", "goog"], '"goog"', "ticker"), (["log", "--from", "yesterday"], '"yesterday" is no time'),
            (["log", "--to", "2015-02-30"], '"2015-02-30" is no time'), (["log", "--limit", "x"], "not a number"),
            (["show"], "which entry"), (["show", "x"], '"x" is not a number'), (["show", "1", "2"], "too many"),
            (["replay", "--to", "0"], "numbered from 1"), (["replay", "--to", "x"], '"x" is no time'),
            (["replay", "--redecide", "--digest"], "--redecide"), (["replay", "--json", "--digest"], "--json"),
            (["replay", "--redecide", "--since", "1", "--from-start"], "--redecide"), (["seal", "--size", "x"], "not a number"),
            (["stop"], "--reason", "missing"), (["resume"], "--reason", "missing"), (["stop", "--reason"], "needs a value"),
            (["config", "frob"], "show, list, check FILE or set FILE"), (["config", "check"], "check FILE"),
            (["config", "set"], "set FILE"), (["actor", "add"], "add NAME --role ROLE"),
            (["actor", "add", "x"], "--role"), (["export"], "--raw", "missing"), (["import"], "import", "lean"),
            (["import", "dbn", "x"], '"dbn" is no source', "lean, spx-eod"), (["import", "lean"], "import"),
            (["import", "lean", "a,b"], "comma"), (["run"], "--feed", "missing"),
            (["run", "--feed", "synthetic:seed=1", "--broker", "ib"], '"ib" is no broker', "paper"),
            (["run", "--feed", "synthetic:seed=1", "--until", "x"], '"x" is no time'),
            (["run", "--feed", "synthetic:seed=1"], "--config FILE is missing", "examples/naked-put.yaml"),
            (["run"] + ["--feed", "synthetic:seed=1"] * 99, "feed", "too often"),
            (["explain"], "explain"), (["nightly"], "--"), (["nightly", "--date", "2015-12-24"], "--out"),
            (["nightly", "--date", "24.12.2015", "--out", "p"], "24.12.2015"),
            (["report"], "report"), (["report", "frob"], "frob"), (["report", "verify"], "report"),
            (["explain", "--no-trade", "goog"], "goog"), (["explain", "--no-trade", "GOOG", "--at", "x"], '"x"'),
            (["help", "frob"], '"frob" is no command'), (["help", "a", "b"], "too many"), (["version", "x"], "too many"),
            (["doctor", "x"], "too many"),
        ]
        for args, *pieces in table:
            with self.subTest(args=args[:4]):
                self.expect_error(MISUSED, *pieces, args=["-C", j.path, *args] if args != ["-C"] else args)
        self.assertEqual(j.size(), 1)

    def test_what_is_not_there_is_exit_3(self):
        j = self.journal()
        table = [
            (["show", "0"], "no entry 0", "1 .. 1"), (["show", "999"], "no entry 999"),
            (["replay", "--to", "999"], "no entry 999"), (["replay", "--redecide", "--to", "999"], "999"),
            (["seal", "--size", "999"], "999"), (["append", "none"], "none: No such file"),
            (["append", self.dir], "directory"),
            (["append", "--actor", "nobody"], 'no actor "nobody"', "operator"),
            (["log", "--actor", "nobody"], 'no actor "nobody"'),
            (["stop", "--reason", "x", "--actor", "nobody"], 'no actor "nobody"'),
            (["stop", "--reason", ""], "reason"), (["stop", "--reason", "x" * 5000], "reason", "4000"),
            (["resume", "--reason", "x"], "nothing to resume from"),
            (["config", "set", "none"], "none: No such file"), (["config", "check", "none"], "none: No such file"),
            (["actor", "add", "x", "--role", "king"], "role is one of owner, operator"),
            (["actor", "add", "operator", "--role", "owner"], 'an actor "operator" already'),
            (["actor", "add", "a b", "--role", "owner"], "no space"),
            (["actor", "add", "x" * 65, "--role", "owner"], "64 characters"),
            (["export", "--raw", "/nonexistent/x"], "/nonexistent/x"),
            (["verify", "--key", "x"], "could not be checked", "name+id+key"),
            (["verify", "--raw", "none"], "none: No such file"),
            (["explain", "np-1"], "np-1"), (["explain", "999"], "999"),
            (["explain", "--no-trade", "GOOG"], "GOOG"),
            (["report", "verify", self.path("none")], "none"),
            (["nightly", "--date", "2015-12-24", "--out", "pack"], "2015-12-24"),
            (["run", "--feed", "journal:/nonexistent"], "no journal in /nonexistent"),
            (["run", "--feed", "synthetic:seed=1", "--config", "none"], "none: No such file"),
        ]
        for args, *pieces in table:
            with self.subTest(args=args):
                self.expect_error(COULD_NOT, *pieces, args=["-C", j.path, *args])
        self.assertEqual(j.size(), 1)

    def test_a_fill_that_no_account_can_hold_does_not_disable_the_journal(self):
        """Refused, or kept as the fact that it is: but state, and above all the stop, must be had afterwards."""
        j = self.journal()
        huge = {"kind": "fill.execution", "body": {"order_id": "o", "fill_id": "f", "symbol": "GOOG", "side": "buy",
                                                   "qty": 9223372036854775807, "price": "9223372036", "fee": "0"}}
        result = j.run("append", input=json.dumps(huge), code=None)
        self.assertIn(result.code, (0, COULD_NOT))
        if result.code:
            self.assertIn("line 1", result.err)
            self.assertEqual(j.size(), 1)
        j.run("replay")
        j.run("stop", "--reason", "x")
        j.verify()

    def test_a_key_of_another_journal_is_wrong(self):
        j, other = self.journal(), self.journal("other", "desk.example/other")
        self.expect_error(support.WRONG, "key", args=["-C", j.path, "verify", "--key", other.vkey])
        forged = self.journal("forged")  # the same name, another key
        self.expect_error(support.WRONG, "key", args=["-C", j.path, "verify", "--key", forged.vkey])
        j.verify()

    def test_feed_specifications(self):
        j = self.journal()
        table = [
            ("x", 'feed "x"', "lean, spx-eod, synthetic, journal"), ("frob:a", 'feed "frob"'),
            ("synthetic:seed=x", "seed=x"), ("synthetic:seed=1,seed=2", '"seed" is given twice'),
            ("synthetic:frob=2", 'unknown key "frob"', "seed, underlying, date"), ("synthetic:seed", '"seed" is no key=value'),
            ("synthetic:seed=", '"seed" has no value'), ("synthetic:scenario=boom", "none of: rise, fall, crash, flat"),
            ("synthetic:date=2026-01-03", "no session (Saturday)"), ("synthetic:date=x", "date=x"),
            ("synthetic:days=0", "days=0"), ("synthetic:days=1000", "days=1000"), ("synthetic:minutes=0", "minutes=0"),
            ("synthetic:underlying=acme", "underlying"),
            ("lean:", "no folder"), ("lean:underlying=GOOG", "no folder"), ("lean:/nonexistent,underlying=GOOG,date=2015-12-24",
                                                                           "/nonexistent is no folder"),
            (f"lean:{self.dir},underlying=GOOG,date=2015-12-24", "neither equity/usa nor index/usa"),
            ("spx-eod:/nonexistent", "/nonexistent: No such file"), (f"spx-eod:{self.dir}", "has no file"),
            ("lean:/x,underlying=GOOG", "date=D"),
            ("lean:/x,date=2015-12-24", '"underlying" is missing'),
            ("lean:/x,underlying=GOOG,date=2015-12-24,resolution=second", "none of: minute, hour, daily"),
            ("synthetic:" + "x" * 5000, "at most"),
        ]
        config = self.write("c.yaml", "strategy:\n  underlyings: [ACME]\n")
        for spec, *pieces in table:
            with self.subTest(spec=spec[:60]):
                result = self.ledger("-C", j.path, "run", "--feed", spec, "--config", config, code=None)
                self.assertIn(result.code, (MISUSED, COULD_NOT), str(result))
                for piece in pieces:
                    self.assertIn(piece, result.err)
        self.assertEqual([r["kind"] for r in j.log()], ["control.genesis"])


if __name__ == "__main__":
    support.main()
