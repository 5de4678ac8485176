"""A copy fetched from what is published: as the journal, whatever comes in between; nothing served is believed unproven."""
import base64
import http.server
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import desk
import published
import support
from authority import Authority
from published import Nginx, Reader, files_of, of_folder
from support import COULD_NOT, DONE, MISUSED, WRONG, Case, note
from test_witness import Witness

KILLS = 5 if support.QUICK else 15


class Server:
    """Serves a folder over HTTP as a test tells it to: `answer(path)` may give (status, bytes), bytes, or None."""

    def __init__(self, case, folder, answer=lambda path: None, pause=0.0):
        outer = self
        self.asked, self.under_way, self.most_at_once, self.lock = [], 0, 0, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                with outer.lock:
                    outer.asked.append(self.path)
                    outer.under_way += 1
                    outer.most_at_once = max(outer.most_at_once, outer.under_way)
                time.sleep(pause)
                with outer.lock:
                    outer.under_way -= 1
                told = answer(self.path)
                if told is None:
                    told = of_folder(folder)(self.path.lstrip("/"))
                status, body = told if isinstance(told, tuple) else (404 if told is None else 200, told or b"")
                if status == 0:  # half an answer
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body) + 100))
                    self.end_headers()
                    self.wfile.write(body)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class Fetched(Case):
    def notes(self, j, count, text="note"):
        lines = "".join(json.dumps(note(f"{text} {i}")) + "\n" for i in range(count))
        return j.run("append", self.write("notes.jsonl", lines))

    def published(self, count, name="J"):
        """A journal of so many entries, and the folder P it is published to."""
        j = self.journal(name)
        if count > 1:
            self.notes(j, count - 1)
        j.run("publish", self.path("P"))
        return j

    def fetch(self, j, source, name="C", **options):
        return self.ledger("-C", self.path(name), "fetch-from", source, "--key", j.vkey, "--json", **options)

    def copy(self, j, name="C"):
        c = support.Journal(self, self.path(name))
        c.vkey = j.vkey
        return c

    def same(self, j, name="C"):
        """The copy verifies, and holds what the journal holds."""
        c = self.copy(j, name)
        c.verify()
        self.assertEqual(c.log(), j.log())
        self.assertEqual(c.run("seal").out, j.run("seal").out)
        return c


class Whole(Fetched):
    @published.needs_nginx
    def test_over_http_from_nginx(self):
        """A traded day, its state and its reports; then again and again, only what is new."""
        j = self.journal()
        desk.run(j, desk.synthetic(date="2026-01-05", days=1, minutes=60))
        j.run("publish", self.path("P"))
        server = Nginx(self, self.path("P"))
        said = self.fetch(j, server.url).json()
        self.assertEqual((said["before"], said["entries"]), (0, j.size()))
        c = self.same(j)
        for command in (["replay", "--digest"], ["replay", "--redecide"], ["report", "blotter", "--csv"], ["report", "positions", "--json"],
                        ["explain", "--no-trade", "ACME"], ["log", "--kind", "fill", "--json"]):
            mine, theirs = c.run(*command, code=None), j.run(*command, code=None)
            self.assertEqual((mine.code, mine.out.replace(c.path, "")), (theirs.code, theirs.out.replace(j.path, "")), command)
        whole = len(server.asked())
        again = self.fetch(j, server.url + "/").json()
        self.assertEqual((again["before"], again["entries"], again["files"]), (j.size(), j.size(), 3))
        self.notes(j, 400)
        j.run("publish", self.path("P"))
        before = len(server.asked())
        self.fetch(j, server.url)
        self.same(j)
        self.assertLess(len(server.asked()) - before, min(20, whole))
        self.assertEqual({status for _, status in server.asked()} - {200, 404}, set())

    def test_sizes(self):
        """At the edges of bundles and tiles; each as a first copy, and one copy that follows."""
        j = self.journal()
        for size in (1, 2, 255, 256, 257, 512, 513, 1000):
            have = int(j.run("seal").lines[1])
            if size > have:
                self.notes(j, size - have)
            j.run("publish", self.path("P"))
            self.assertEqual(self.fetch(j, self.path("P"), "follows").json()["before"], have if size > 1 else 0)
            self.fetch(j, "file://" + self.path("P") + "/", f"copy{size}")
            self.same(j, "follows")
            self.same(j, f"copy{size}")
        self.assertEqual(self.copy(j, "follows").run("verify", "--json").json()["seals"], 8)

    def test_what_is_in_it(self):
        j = self.published(300)
        done = self.ledger("-C", self.path("C"), "fetch-from", self.path("P"), "--key", j.vkey)
        self.assertIn("entries   300, of which 300 are new", done.out)
        self.assertIn("verified", done.out)
        self.assertEqual(sorted(os.listdir(self.path("C"))), ["copy", "journal.mdb", "journal.mdb-lock"])
        self.assertIn(support.ORIGIN, self.read("C/copy").decode())
        self.assertIn(self.path("P"), self.read("C/copy").decode())
        for name in ("copy", "journal.mdb"):
            self.assertEqual(os.stat(self.path("C", name)).st_mode & 0o777, 0o600)

    def test_a_copy_cannot_be_appended_to(self):
        j = self.published(10)
        self.fetch(j, self.path("P"))
        before = self.copy(j).run("seal").out
        path = self.write("x.jsonl", json.dumps(note("x")))
        self.expect_error(COULD_NOT, "this is a copy", "nothing can be appended", args=["-C", self.path("C"), "append", path])
        self.expect_error(COULD_NOT, "this is a copy", args=["-C", self.path("C"), "stop", "--reason", "x"])
        self.assertEqual(self.copy(j).run("seal").out, before)
        rows = {row["check"]: row for row in self.copy(j).json("doctor") if row["check"] == "vault"}
        self.assertEqual(rows["vault"]["grade"], "remark")

    def test_a_copy_is_said_to_be_one_before_anybody_is_asked_for_a_passphrase(self):
        j = self.published(10)
        self.fetch(j, self.path("P"))
        path = self.write("x.jsonl", json.dumps(note("x")))
        for args in (["reconcile", "--clear", "break-1", "--ours", "1", "--theirs", "2", "--reason", "x"],
                     ["reconcile", "--clear", "break-1", "--ours", "1", "--reason", "x", "--keys", self.path("keys")],
                     ["reconcile", "broker"], ["stop", "--reason", "x"], ["append", path], ["snapshot"],
                     ["guard", "set", self.path("G")], ["key", "rotate"]):
            done = self.ledger("-C", self.path("C"), *args, code=COULD_NOT, env={"LEDGER_PASSPHRASE_FILE": None}, start_new_session=True)
            self.assertIn("this is a copy", done.err, args)
            self.assertNotIn("terminal", done.err, args)

    def test_many_connections_fetch_the_same(self):
        j = self.published(10000)
        for n, connections in enumerate(([], ["--connections", "1"], ["--connections", "16"])):
            server = Server(self, self.path("P"), pause=0.02)
            self.ledger("-C", self.path(f"C{n}"), "fetch-from", server.url, "--key", j.vkey, *connections)
            self.same(j, f"C{n}")
            self.assertEqual(sorted(server.asked), sorted(set(server.asked)), "no file is asked for twice")
            self.assertEqual(server.most_at_once == 1, connections == ["--connections", "1"], server.most_at_once)
            self.assertLessEqual(server.most_at_once, 17 if connections else 5)
        for wrong in ("0", "17", "x", ""):
            self.expect_error(MISUSED, "connections", args=["-C", self.path("D"), "fetch-from", server.url, "--key", j.vkey, "--connections", wrong])

    def test_cosignatures_come_along_and_a_false_one_is_refused(self):
        j = self.published(300)
        w, stranger = (Witness(self, f"W{n}", f"witness.example/{n}").start(j.vkey) for n in range(2))
        j.run("actor", "add", w.name, "--role", "witness", "--key", w.vkey)
        size = j.size()
        j.run("publish", self.path("P"))
        self.fetch(j, self.path("P"))
        for who in (w, stranger):
            j.run("seal", "--witness", who.url, "--witness-key", who.vkey)
        j.run("publish", self.path("P"))
        self.assertEqual(self.fetch(j, self.path("P")).json()["seals"], 1)
        c = self.same(j)
        self.assertEqual([line.split()[1] for line in c.run("seal").lines if line.startswith("\u2014 ")], [support.ORIGIN, w.name, stranger.name])
        good = self.read("P/checkpoint").decode()
        line = next(line for line in good.split("\n") if line.startswith("\u2014 " + w.name))
        blob = bytearray(base64.b64decode(line.split()[2]))
        blob[-1] ^= 1
        bad = good.replace(line, f"\u2014 {w.name} {base64.b64encode(blob).decode()}")
        for name in ("checkpoint", f"seal/{size}"):
            self.write("P/" + name, bad)
            self.expect_error(WRONG, f"P/{name}: the line of the witness {w.name} is not its signature",
                              args=["-C", self.path("C"), "fetch-from", self.path("P"), "--key", j.vkey])
            self.write("P/" + name, good)
        # A line that nobody can judge is carried along, and takes nobody's place.
        self.write("P/checkpoint", good + "\u2014 somebody AAAAAAAA\n")
        self.fetch(j, self.path("P"))
        self.assertEqual(c.run("seal").out, good + "\u2014 somebody AAAAAAAA\n")
        c.verify()

    def test_a_copy_can_be_published_and_fetched_again(self):
        j = self.published(700)
        self.fetch(j, self.path("P"))
        self.copy(j).run("publish", self.path("Q"))
        self.assertEqual(files_of(self.path("Q")), files_of(self.path("P")))
        self.fetch(j, self.path("Q"), "D")
        self.same(j, "D")

    @support.needs_tool("openssl")
    def test_timestamps_come_along_also_late(self):
        j = self.published(300)
        authority = Authority(self)
        j.run("seal", "--timestamp", authority.url)
        j.run("publish", self.path("P"))
        self.assertEqual(self.fetch(j, self.path("P")).json()["timestamps"], 1)
        self.notes(j, 10)
        j.run("publish", self.path("P"))
        self.assertEqual(self.fetch(j, self.path("P")).json()["timestamps"], 0)
        for size in (300, 1):
            j.run("seal", "--size", size, "--timestamp", authority.url)
        j.run("publish", self.path("P"))
        said = self.fetch(j, self.path("P")).json()
        self.assertEqual((said["timestamps"], said["seals"]), (2, 1), "and seal 1, which was not published before")
        c = self.same(j)
        for size, number in ((1, 0), (300, 0), (300, 1)):
            for who, name in ((j, "j"), (c, "c")):
                who.run("seal", "--size", size, "--token", self.path(f"{name}{size}{number}"), "--number", number)
            self.assertEqual(self.read(f"j{size}{number}"), self.read(f"c{size}{number}"))
        good = self.read("P/timestamp/300/1")
        for wrong in (good[:-1], self.read("P/timestamp/001/0"), b""):
            self.write("P/timestamp/300/1", wrong)
            self.expect_error(WRONG, "P/timestamp/300/1: ",
                              args=["-C", self.path("D"), "fetch-from", self.path("P"), "--key", j.vkey])
            shutil.rmtree(self.path("D"))

    def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(self):
        j = self.published(300)
        seal = self.read("P/checkpoint")
        log = j.log()
        self.notes(j, 500)
        j.run("publish", self.path("P"))
        self.assertFalse(os.path.exists(self.path("P", "tile/0/001.p")))
        self.write("P/checkpoint", seal)  # a reader who has asked for it a moment before
        self.assertEqual(self.fetch(j, self.path("P")).json()["entries"], 300)
        self.assertEqual(self.copy(j).log(), log)


class Untrusted(Fetched):
    def refused(self, j, code, *pieces, source=None, name="D"):
        """The copy, new or not, is afterwards a beginning of the journal, or not there."""
        self.expect_error(code, *pieces, args=["-C", self.path(name), "fetch-from", source or self.path("P"), "--key", j.vkey])
        if os.path.exists(self.path(name, "journal.mdb")):
            c = self.copy(j, name)
            found = c.run("verify", "--key", j.vkey, "--json", code=None).json()
            self.assertTrue(found["integrity"], found)
            rows = c.log()
            self.assertEqual(rows, j.log()[:len(rows)])

    def changed(self, j, names):
        """Each file flipped, cut, emptied, longer, another one's: it is named, or it was not needed. The latter are returned."""
        good = files_of(self.path("P"))
        spared, needed = set(), set()
        for n, name in enumerate(names):
            body = good[name]
            at = random.Random(n).randrange(len(body))
            other = good["tile/0/001"] if body != good["tile/0/001"] else good["tile/entries/000"]
            for wrong in (body[:at] + bytes([body[at] ^ 1]) + body[at + 1:], body[:-1], b"", body + b"x", other):
                self.write("P/" + name, wrong)
                result = self.fetch(j, self.path("P"), "D", code=None)
                if result.code == DONE:
                    spared.add(name)
                    self.same(j, "D")
                else:
                    needed.add(name)
                    self.assertEqual(result.code, WRONG, f"{name}\n{result}")
                    if "and the last tiles of the levels above" not in result.err:
                        self.assertIn("P/" + name + ": ", result.err)
                shutil.rmtree(self.path("D"), ignore_errors=True)
            self.write("P/" + name, body)
        self.assertEqual(spared & needed, set())
        return spared

    def test_every_file_changed(self):
        j = self.published(1500)
        names = sorted(set(files_of(self.path("P"))) - {"seals"})
        # Full tiles of leaf hashes follow from the bundles; the seal of the checkpoint's size is the checkpoint.
        self.assertEqual(self.changed(j, names), {f"tile/0/00{n}" for n in range(5)} | {"seal/x001/500"})

    @unittest.skipIf(support.QUICK, "a sanitized build would take long")
    def test_files_of_every_level_changed(self):
        j = self.published(66000)
        names = [n for n in sorted(files_of(self.path("P"))) if re.fullmatch(r"tile/[12]/.*|tile/entries/(x.*|100|257.*)", n)]
        self.assertEqual(names, ["tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/100", "tile/entries/257.p/208"])
        self.assertEqual(self.changed(j, names), set())

    def test_every_file_missing(self):
        j = self.published(3000)
        for name in sorted(files_of(self.path("P"))):
            os.rename(self.path("P", name), self.path("aside"))
            if re.fullmatch(r"tile/0/[0-9]{3}|seals", name):
                self.fetch(j, self.path("P"), "D")
                self.same(j, "D")
            elif name.startswith("seal/"):
                self.fetch(j, self.path("P"), "D")  # it is the checkpoint, which is at hand
            else:
                self.refused(j, COULD_NOT, "P/" + name.split(".p")[0])
            shutil.rmtree(self.path("D"), ignore_errors=True)
            os.rename(self.path("aside"), self.path("P", name))

    def test_the_wrong_entry_is_named(self):
        j = self.published(700)
        for name, seq in (("tile/entries/001", 300), ("tile/entries/002.p/188", 600)):
            good = self.read("P/" + name)
            at = good.index(f"note {seq - 2}".encode())
            self.write("P/" + name, good[:at] + b"N" + good[at + 1:])
            self.refused(j, WRONG, f"P/{name}: entry {seq} in it is not the one that was sealed")
            os.path.exists(self.path("D")) and shutil.rmtree(self.path("D"))
            self.write("P/" + name, good)

    def test_another_key(self):
        j = self.published(300)
        other = self.journal("K")
        self.expect_error(WRONG, "P/checkpoint: it is not signed by " + other.vkey,
                          args=["-C", self.path("D"), "fetch-from", self.path("P"), "--key", other.vkey])
        stranger = self.journal("L", origin="desk.example/other")
        self.expect_error(WRONG, "P/checkpoint: it is of another journal than desk.example/other",
                          args=["-C", self.path("D"), "fetch-from", self.path("P"), "--key", stranger.vkey])
        self.expect_error(COULD_NOT, "a verifier key has the form", args=["-C", self.path("D"), "fetch-from", self.path("P"), "--key", "nonsense"])
        self.assertFalse(os.path.exists(self.path("D", "journal.mdb")))

    def test_another_history(self):
        """A restored backup that went on: the copy of the one is not brought to the other, and both are named."""
        j = self.published(300)
        j.run("backup", self.path("B"))
        self.notes(j, 50, "in the original")
        j.run("publish", self.path("P"))
        self.fetch(j, self.path("P"), "D")
        mine = j.run("seal").lines
        fork = support.Journal(self, self.path("B"))
        for count in (20, 30, 1000):
            self.notes(fork, count, "in the copy")
            shutil.rmtree(self.path("P"))
            fork.run("publish", self.path("P"))
            size = int(fork.run("seal").lines[1])
            self.refused(j, WRONG, "another history", f"350 entries with root {mine[2]}",
                         f"only {size} entries with root " if size < 350 else "350 entries with root ")
        self.same(j, "D")

    def test_an_older_state(self):
        j = self.published(300)
        shutil.copytree(self.path("P"), self.path("old"))
        self.notes(j, 100)
        j.run("publish", self.path("P"))
        self.fetch(j, self.path("P"), "D")
        self.refused(j, WRONG, "an older state is published", "300 entries", "has 400", source=self.path("old"))
        self.same(j, "D")

    def test_a_list_that_lies(self):
        j = self.published(300)
        self.notes(j, 100)
        j.run("publish", self.path("P"))
        good = self.read("P/seals")
        self.assertEqual(good, b"300\n400\n")
        self.write("P/seals", b"300\n301\n400\n")
        self.refused(j, COULD_NOT, "P/seal/301")
        shutil.copyfile(self.path("P", "seal/300"), self.path("P", "seal/301"))
        self.refused(j, WRONG, "P/seal/301: it is of 300 entries")
        for bad in (b"x", b"400\n300\n", b"300", b"\xff" * 100, b"300\n\n400\n"):
            self.write("P/seals", bad)
            self.refused(j, WRONG, "P/seals: ")
        self.write("P/seals", b"")
        self.fetch(j, self.path("P"), "E")
        self.write("P/seals", b"300\n400\n500\n9000000000000000000\n")  # ahead of the checkpoint: passed over
        self.fetch(j, self.path("P"), "F")
        self.same(j, "F")


class Interrupted(Fetched):
    def test_a_killed_fetch_goes_on_where_it_was(self):
        j = self.published(40000)
        server = Server(self, self.path("P"), pause=0.002)
        resumed = 0
        for n in range(KILLS):
            process = self.start("-C", self.path("C"), "fetch-from", server.url, "--key", j.vkey)
            wanted = len(server.asked) + 20 + 30 * n % 130
            self.wait_for("requests", lambda: len(server.asked) >= wanted or process.poll() is not None)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if not os.path.exists(self.path("C", "journal.mdb")):
                continue
            found = self.copy(j).run("verify", "--key", j.vkey, "--json", code=None).json()
            self.assertTrue(found["integrity"], found)
            if found["entries"] == 40000:
                shutil.rmtree(self.path("C"))
                continue
            self.assertFalse(found["complete"])
            self.assertIn("no seal covers it", found["wrong"]["what"])
            before = len(server.asked)
            said = self.fetch(j, server.url).json()
            self.assertEqual(said["before"], found["entries"])
            self.assertLess(len(server.asked) - before, 20 + (40000 - said["before"]) // 256)
            self.same(j)
            resumed += said["before"] > 0
            shutil.rmtree(self.path("C"))
        self.assertGreater(resumed, 0, "no fetch was killed in the middle")

    def test_a_server_that_stumbles_is_asked_again(self):
        j = self.published(3000)
        failed = set()

        def answer(path):
            if path == "/checkpoint" or path in failed:
                return None
            failed.add(path)
            n = len(failed) % 3
            return (503, b"later") if n == 0 else (0, b"half") if n == 1 else (429, b"")
        server = Server(self, self.path("P"), answer)
        self.fetch(j, server.url)
        self.same(j)

    def test_a_server_that_does_not_answer(self):
        j = self.published(10)
        for status in (500, 403, 302, 204):
            server = Server(self, self.path("P"), lambda path, status=status: (status, b""))
            self.expect_error(COULD_NOT, server.url + "/checkpoint: the server answers " + str(status),
                              args=["-C", self.path("D"), "fetch-from", server.url, "--key", j.vkey])
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.expect_error(COULD_NOT, f"http://127.0.0.1:{port}/checkpoint: ",
                          args=["-C", self.path("D"), "fetch-from", f"http://127.0.0.1:{port}", "--key", j.vkey])
        page = Server(self, self.path("P"), lambda path: b"<html>welcome</html>")
        self.expect_error(WRONG, page.url + "/checkpoint: ", args=["-C", self.path("D"), "fetch-from", page.url, "--key", j.vkey])
        huge = Server(self, self.path("P"), lambda path: b"x" * 100000)
        self.expect_error(COULD_NOT, huge.url + "/checkpoint: ", "more than", args=["-C", self.path("D"), "fetch-from", huge.url, "--key", j.vkey])
        self.assertFalse(os.path.exists(self.path("D", "journal.mdb")))

    def test_places(self):
        j = self.published(10)
        self.expect_error(COULD_NOT, "has a vault", "name another directory", args=["-C", j.path, "fetch-from", self.path("P"), "--key", j.vkey])
        self.expect_error(COULD_NOT, "none: No such file", args=["-C", self.path("D"), "fetch-from", self.path("none"), "--key", j.vkey])
        self.expect_error(COULD_NOT, "no/such", args=["-C", self.path("no/such/D"), "fetch-from", self.path("P"), "--key", j.vkey])
        self.expect_error(MISUSED, "--key VKEY is missing", args=["-C", self.path("D"), "fetch-from", self.path("P")])
        self.expect_error(MISUSED, "address", "is missing", args=["-C", self.path("D"), "fetch-from", "--key", j.vkey])
        self.expect_error(MISUSED, "name the directory of the copy", args=["fetch-from", self.path("P"), "--key", j.vkey])
        self.write("C-file", "x")
        self.expect_error(COULD_NOT, "C-file", args=["-C", self.path("C-file"), "fetch-from", self.path("P"), "--key", j.vkey])

    def test_two_at_a_time(self):
        j = self.published(20000)
        server = Server(self, self.path("P"), pause=0.002)
        processes = [self.start("-C", self.path("C"), "fetch-from", server.url, "--key", j.vkey) for _ in range(3)]
        codes = sorted(p.wait(120) for p in processes)
        self.assertEqual(codes[0], DONE)
        self.assertEqual(set(codes) - {DONE, COULD_NOT}, set())
        self.same(j)

    @support.needs_tool("script")
    def test_progress_is_shown_on_a_terminal(self):
        j = self.published(20000)
        server = Server(self, self.path("P"), pause=0.01)
        done = subprocess.run(["script", "-qec", f"{support.BINARY} -C {self.path('C')} fetch-from {server.url} --key {j.vkey}", "/dev/null"],
                              env=self.environment({"TERM": "xterm"}), capture_output=True, stdin=subprocess.DEVNULL)
        self.assertRegex(done.stdout.decode(), r"fetch: \d+ of 20000 \(\d+ %\)")
        self.same(j)


if __name__ == "__main__":
    support.main()
