"""ledger witness: real servers, real requests, and everything that a log, a thief or a passer-by may try."""
import base64
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

import desk
import support
from support import COULD_NOT, MISUSED, ORIGIN, WRONG, Case, note

DASH = "\u2014 "
NAME = "witness.example/w1"


class Witness:
    """A witness's directory, and the server that runs on it."""

    def __init__(self, case, path="W", name=NAME):
        self.case, self.path, self.name, self.process, self.url = case, case.path(path), name, None, None
        self.vkey = case.ledger("witness", "init", "--state", self.path, "--name", name).out.strip()

    def start(self, *vkeys):
        self.vkeys = vkeys
        self.log = open(self.path + ".log", "ab")
        self.case.addCleanup(self.log.close)
        logs = [word for vkey in vkeys for word in ("--log", vkey)]
        self.process = self.case.start("witness", "serve", "--state", self.path, "--listen", "127.0.0.1:0", *logs,
                                       stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode().strip()
        self.case.assertRegex(line, r"^http://127\.0\.0\.1:\d+$", self.said())
        self.url = line
        return self

    def said(self):
        with open(self.path + ".log", encoding="utf-8") as f:
            return f.read()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code

    def restart(self, how=signal.SIGKILL):
        self.stop(how)
        return self.start(*self.vkeys)

    def post(self, body, path="/add-checkpoint"):
        """(status, content type, body)"""
        request = urllib.request.Request(self.url + path, data=body if isinstance(body, bytes) else body.encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.headers["Content-Type"], e.read().decode()

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def checkpoint(self, origin=ORIGIN):
        return self.get(f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")

    def list(self):
        return self.case.ledger("witness", "list", "--state", self.path, "--json").json()

    def size(self):
        return self.list()["logs"][0]["size"]

    def evidence(self, ending=""):
        return sorted(name for name in os.listdir(os.path.join(self.path, "evidence")) if name.endswith(ending))


def text_of(seal):
    """What a seal signs, without its signatures."""
    return seal[:seal.rindex("\n\n") + 1]


class Server(Case):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.w = Witness(self).start(self.j.vkey)

    def test_the_first_checkpoint_and_what_is_asked_wrong(self):
        seal = self.j.run("seal").out
        self.assertEqual(self.w.checkpoint()[0], 404)
        self.assertEqual(self.w.list()["logs"], [])
        status, kind, body = self.w.post("old 0\n\n" + seal)
        self.assertEqual((status, kind), (200, "text/plain; charset=utf-8"))
        self.assertTrue(body.startswith(DASH + NAME + " ") and body.endswith("\n") and body.count("\n") == 1)
        self.assertEqual(self.w.checkpoint(), (200, seal + body))
        self.assertEqual(self.w.post("old 0\n\n" + seal), (409, "text/x.tlog.size", "1\n"))
        self.assertEqual(self.w.post("old 2\n\n" + seal)[0], 400)
        self.assertEqual(self.w.post("old 1\n\n" + seal.replace(ORIGIN + "\n", "other.example\n", 1))[0], 404)
        self.assertEqual(self.w.post("old 1\n\n" + seal.replace("\n1\n", "\n2\n", 1))[0], 403)
        for body in (b"", b"old", b"old 1\n\n", b"old 1\n" + b"A" * 19000, os.urandom(5000)):
            self.assertEqual(self.w.post(body)[0], 400, body[:20])
        self.assertIn(self.w.post(b"x" * 100000)[0], (413,))
        for path in ("/", "/add-checkpoint", "/checkpoint", "/" + "0" * 64 + "/checkpoint", "/../vault", "/%00",
                     "/" + "a" * 20000):
            self.assertIn(self.w.get(path)[0], (404, 405, 414, 431), path[:80])
        self.assertEqual(self.w.post("x", "/elsewhere")[0], 404)
        told = self.w.list()
        self.assertEqual((told["vkey"], told["evidence"]), (self.w.vkey, 0))
        self.assertEqual([(row["origin"], row["size"]) for row in told["logs"]], [(ORIGIN, 1)])
        self.assertIn(ORIGIN, self.ledger("witness", "list", "--state", self.w.path).out)

    def test_garbage_never_ends_it(self):
        host, port = re.match(r"http://(.*):(\d+)", self.w.url).groups()
        seal = self.j.run("seal").out.encode()
        good = b"old 0\n\n" + seal
        for n in range(30 if support.QUICK else 150):
            with socket.create_connection((host, int(port))) as s:
                body = bytearray(good)
                for k in range(1 + n % 7):
                    body[(n * 2654435761 + k * 40503) % len(body)] ^= 1 << (n + k) % 8
                body = bytes(body)[:len(body) - n % 5 * 17] if n % 2 else bytes(body)
                head = b"POST /add-checkpoint HTTP/1.%d\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (n % 2, len(body))
                try:
                    if n % 11 == 0:  # no end of a question: nobody waits for the answer
                        s.sendall(os.urandom(n))
                        continue
                    s.sendall(head + body)
                    s.shutdown(socket.SHUT_WR)
                    s.settimeout(60)
                    while s.recv(65536):
                        pass
                except ConnectionError:
                    pass  # cut off
        self.assertIsNone(self.w.process.poll())
        self.assertEqual(self.w.post(good)[0], 200)

    def test_it_ends_cleanly_when_told(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(self.w.stop(how), 0)
            self.assertIn("stopped", self.w.said())
            self.w.start(self.j.vkey)

    def test_one_at_a_time_and_never_on_a_damaged_state(self):
        serve = ["witness", "serve", "--state", self.w.path, "--listen", "127.0.0.1:0", "--log", self.j.vkey]
        self.expect_error(COULD_NOT, "another witness serves", args=serve)
        self.assertEqual(self.w.post("old 0\n\n" + self.j.run("seal").out)[0], 200)
        self.w.stop()
        record = os.path.join(self.w.path, "logs", self.w.list()["logs"][0]["hash"])
        with open(record, "rb") as f:
            good = f.read()
        with open(record, "wb") as f:
            f.write(good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])
        self.expect_error(COULD_NOT, "logs/", "is damaged", args=serve)
        self.expect_error(COULD_NOT, "is damaged", args=["witness", "list", "--state", self.w.path])
        os.remove(record)
        self.expect_error(COULD_NOT, "logs/", "is missing", args=serve)
        with open(record, "wb") as f:
            f.write(good)
        self.w.start(self.j.vkey)
        self.assertEqual(self.w.size(), 1)

    def test_misuse(self):
        w = self.w.path
        for args, pieces in (
                (["witness"], ["init, serve or list"]),
                (["witness", "dance", "--state", w], ["init, serve or list"]),
                (["witness", "list"], ["--state"]),
                (["witness", "init", "--state", self.path("X")], ["--name"]),
                (["witness", "serve", "--state", w], ["no log"]),
                (["witness", "serve", "--state", w, "--log", self.j.vkey, "--listen", "nowhere"], ["nowhere"])):
            if args[-2:-1] == ["--listen"]:
                self.w.stop()
            self.expect_error(MISUSED, *pieces, args=args)
        self.expect_error(COULD_NOT, "--log", "verifier key", args=["witness", "serve", "--state", w, "--log", "x"])
        self.expect_error(COULD_NOT, "is a witness's", args=["witness", "serve", "--state", w, "--log", self.w.vkey])
        self.expect_error(COULD_NOT, "there is no witness", args=["witness", "list", "--state", self.path("none")])
        self.expect_error(COULD_NOT, "not an empty folder", args=["witness", "init", "--state", w, "--name", "n"])
        self.expect_error(COULD_NOT, "key name", args=["witness", "init", "--state", self.path("Y"), "--name", "a b"])
        policy = self.write("policy", "log x\n")
        self.expect_error(COULD_NOT, "policy", "line 1", args=["witness", "serve", "--state", w, "--policy", policy])
        self.write("wrong", "not the passphrase\n")
        self.expect_error(COULD_NOT, args=["witness", "serve", "--state", w, "--log", self.j.vkey], env={
            "LEDGER_PASSPHRASE_FILE": self.path("wrong")})

    def test_the_logs_of_a_policy(self):
        self.w.stop()
        policy = self.write("policy", f"# whom we know\nlog {self.j.vkey} https://desk.example/\nquorum none\n")
        self.w.process = self.start("witness", "serve", "--state", self.w.path, "--listen", "127.0.0.1:0", "--policy",
                                    policy, stdout=subprocess.PIPE)
        self.w.url = self.w.process.stdout.readline().decode().strip()
        self.assertEqual(self.w.post("old 0\n\n" + self.j.run("seal").out)[0], 200)


class Fake:
    """Something at a witness's address that does not behave like one: answers(path, body) gives (status, type, bytes)."""

    def __init__(self, case, answers):
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(handler):  # pylint: disable=no-self-argument
                body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
                self.asked.append((handler.path, body))
                status, kind, data = answers(handler.path, body)
                handler.send_response(status)
                handler.send_header("Content-Type", kind)
                handler.send_header("Content-Length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None  # who asked has gone
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


class Asking(Case):
    """ledger seal --witness."""

    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.ws = [Witness(self, f"W{n}", f"witness.example/w{n}").start(self.j.vkey) for n in range(2)]
        self.w = self.ws[0]

    def seal(self, *options, journal=None, code=support.DONE):
        return (journal or self.j).run("seal", *options, code=code)

    def lines(self, journal=None):
        """Who has cosigned the newest seal, besides the journal itself."""
        return [line.split()[1] for line in self.seal(journal=journal).lines if line.startswith(DASH)][1:]

    def know(self, *witnesses):
        for w in witnesses:
            self.j.run("actor", "add", w.name, "--role", "witness", "--key", w.vkey)

    def test_a_cosignature_is_checked_and_kept(self):
        bare = self.seal().out
        told = self.seal("--witness", self.w.url, "--witness-key", self.w.vkey)
        self.assertRegex(told.err, rf"^{self.w.url}: cosigned by {self.w.name} at 20\d\d-\S+Z\n$")
        self.assertTrue(told.out.startswith(bare))
        self.assertEqual(self.seal().out, told.out)
        self.assertEqual(self.w.checkpoint(), (200, told.out))
        self.assertEqual(self.lines(), [self.w.name])
        # The same seal once more: one line stays, of the first time.
        self.assertEqual(self.seal("--witness", self.w.url, "--witness-key", self.w.vkey).out, told.out)
        # The journal goes on; the witness's word is about the seal that it saw.
        self.j.append(note("later"))
        self.assertEqual(self.lines(), [])
        self.seal("--witness", self.w.url, "--witness-key", self.w.vkey)
        self.assertEqual(self.lines(), [self.w.name])
        self.assertEqual(self.seal("--size", "1").out, told.out)
        self.j.verify()
        raw = self.path("raw")
        self.j.run("export", "--raw", raw)
        self.ledger("verify", "--raw", raw, "--key", self.j.vkey)

    def test_whom_the_journal_knows(self):
        self.expect_error(COULD_NOT, "no witness's key is known", args=["-C", self.j.path, "seal", "--witness", self.w.url])
        self.know(*self.ws)
        rows = {row["name"]: row for row in self.j.json("actor", "list")}
        self.assertEqual(rows[self.w.name]["role"], "witness")
        self.seal("--witness", self.ws[0].url, "--witness", self.ws[1].url)
        self.assertEqual(self.lines(), [w.name for w in self.ws])
        self.j.verify()

    def test_a_witness_is_entered_by_its_own_key(self):
        add = ["-C", self.j.path, "actor", "add"]
        w = self.w
        self.expect_error(COULD_NOT, "a key of its own", args=[*add, w.name, "--role", "witness"])
        self.expect_error(COULD_NOT, "a key of its own", args=[*add, w.name, "--role", "witness", "--key", self.j.vkey])
        self.expect_error(COULD_NOT, "goes by the name in its key: " + w.name,
                          args=[*add, "other", "--role", "witness", "--key", w.vkey])
        self.expect_error(COULD_NOT, "is a witness's", args=[*add, w.name, "--role", "auditor", "--key", w.vkey])
        self.expect_error(COULD_NOT, "--key", args=[*add, w.name, "--role", "witness", "--key", "x"])
        self.expect_error(MISUSED, "actor", args=[*add, w.name, "--key", w.vkey])
        self.j.run("actor", "add", "auditor:ann", "--role", "auditor", "--key", self.j.vkey)
        self.assertEqual([row["role"] for row in self.j.json("actor", "list")][-1:], ["auditor"])

    def test_fewer_than_asked_is_said_and_what_there_is_is_kept(self):
        keys = [word for w in self.ws for word in ("--witness-key", w.vkey)]
        self.ws[1].stop()
        asked = ["--witness", self.ws[0].url, "--witness", self.ws[1].url, *keys]
        told = self.seal(*asked, code=COULD_NOT)
        self.assertIn("1 known witnesses, and 2 of 2 known witnesses are asked", told.err)
        self.assertRegex(told.err, f"{self.ws[1].url}: .*(onnect|answer)")
        self.assertEqual(self.seal().out, told.out)
        self.assertEqual(self.lines(), [self.ws[0].name])
        self.assertEqual(self.seal(*asked, "--quorum", "1").code, 0)
        self.seal(*asked, "--quorum", "2", code=COULD_NOT)
        self.expect_error(COULD_NOT, "3 witnesses cannot", args=["-C", self.j.path, "seal", *asked, "--quorum", "3"])
        # The other one is back, and what the first said earlier counts.
        self.ws[1].start(self.j.vkey)
        self.seal("--witness", self.ws[1].url, *keys, "--quorum", "2")
        self.assertEqual(self.lines(), [w.name for w in self.ws])

    def test_a_policy_says_who_and_how_many(self):
        third = Witness(self, "W3", "witness.example/w3").start(self.j.vkey)
        rows = [f"witness w{n} {w.vkey} {w.url}/\n" for n, w in enumerate([*self.ws, third])]
        policy = self.write("policy", f"log {self.j.vkey}\n{''.join(rows)}group two 2 w0 w1\ngroup all all two w2\nquorum all\n")
        told = self.seal("--policy", policy)
        self.assertEqual(told.err.count("cosigned by"), 3)
        self.j.append(note("later"))
        third.stop()
        told = self.seal("--policy", policy, code=COULD_NOT)
        self.assertIn("the policy's quorum", told.err)
        self.assertEqual(self.lines(), [w.name for w in self.ws])
        self.seal("--policy", self.write("p2", "".join(rows) + "group any any w0 w1 w2\nquorum any\n"), "--witness", self.w.url)
        bad = self.write("p3", "quorum none\nwitness\n")
        self.expect_error(COULD_NOT, "p3", "line 2", args=["-C", self.j.path, "seal", "--policy", bad])
        self.expect_error(COULD_NOT, "names no witness's address", args=[
            "-C", self.j.path, "seal", "--witness-key", self.w.vkey, "--policy", self.write("p4", "quorum none\n")])

    def test_misuse(self):
        seal = ["-C", self.j.path, "seal"]
        for options in (["--quorum", "1"], ["--witness-key", self.w.vkey], ["--ca", "x"], ["--evidence", "x"], ["--timeout", "3"]):
            self.expect_error(MISUSED, "go", args=[*seal, *options])
        self.expect_error(MISUSED, "quorum", args=[*seal, "--witness", self.w.url, "--witness-key", self.w.vkey, "--quorum", "x"])
        self.expect_error(COULD_NOT, "--witness-key", args=[*seal, "--witness", self.w.url, "--witness-key", "x"])
        self.expect_error(COULD_NOT, "ftp://x", args=[*seal, "--witness", "ftp://x", "--witness-key", self.w.vkey])

    def test_answers_that_are_no_cosignature(self):
        """Each is told, none is kept, and none of them ends anything but itself."""
        other = Witness(self, "W9", self.w.name)  # the same name, another key
        good = self.w.post("old 0\n\n" + self.seal().out)[2]
        blob = bytearray(base64.b64decode(good.split()[2]))
        blob[20] ^= 1
        wrong = f"{DASH}{self.w.name} {base64.b64encode(bytes(blob)).decode()}\n"
        size = "text/x.tlog.size"
        table = [
            ((200, "text/plain", b""), "not made of signature lines"),
            ((200, "text/plain", b"\n" + good.encode()), "not made of signature lines"),
            ((200, "text/plain", good.encode() + b"\n" + good.encode()), "not made of signature lines"),
            ((200, "text/plain", os.urandom(3000)), "not made of signature lines"),
            ((200, "text/plain", b"x" * 100000), "bytes"),
            ((200, "text/plain", wrong.encode()), f"its line as {self.w.name} is not that key's signature"),
            ((200, "text/plain", (DASH + "stranger AAAAAgI=\n").encode()), "a key that is not known"),
            ((500, "text/plain", b"no \x1b[31m luck\nat all"), "HTTP 500): no ?[31m luck\n"),
            ((302, "text/plain", b""), "HTTP 302)"),
            ((404, "text/plain", b"unknown log"), "HTTP 404): unknown log"),
            ((409, "text/plain", b"1\n"), "HTTP 409)"),
            ((409, size, b"1"), "HTTP 409)"),
            ((409, size, b"01\n"), "HTTP 409)"),
            ((409, size, b"0\n"), "HTTP 409)"),
            ((409, size, b"99\n"), "it has cosigned 99 entries by now, and this seal covers 1"),
            ((422, "text/plain", b"consistency"), "HTTP 422)"),
        ]
        before = self.seal().out
        for answer, words in table:
            with self.subTest(answer=str(answer)[:80]):
                fake = Fake(self, lambda path, body, answer=answer: answer)
                told = self.seal("--witness", fake.url, "--witness-key", self.w.vkey, code=COULD_NOT)
                self.assertIn(words, told.err)
                self.assertLess(len(fake.asked), 5)
                self.assertEqual(self.seal().out, before)
        self.w.stop()
        other.start(self.j.vkey)
        self.assertIn("not known", self.seal("--witness", other.url, "--witness-key", self.w.vkey, code=COULD_NOT).err)
        self.assertEqual(self.seal().out, before)

    def test_a_witness_that_counts_for_ever(self):
        """409 with another size each time."""
        self.j.append(*[note(str(n)) for n in range(20)])
        sizes = iter(range(1, 1000))
        fake = Fake(self, lambda path, body: (409, "text/x.tlog.size", b"%d\n" % next(sizes)))
        self.seal("--witness", fake.url, "--witness-key", self.w.vkey, code=COULD_NOT)
        self.assertLess(len(fake.asked), 5)

    def test_a_witness_that_does_not_answer_in_time(self):
        released = threading.Event()
        self.addCleanup(released.set)
        fake = Fake(self, lambda path, body: (released.wait(60), (500, "text/plain", b""))[1])
        told = self.seal("--witness", fake.url, "--witness", self.w.url, "--witness-key", self.w.vkey, "--quorum", "1",
                         "--timeout", "1")
        self.assertIn(f"{self.w.url}: cosigned", told.err)
        self.assertRegex(told.err, rf"{fake.url}: .*(time|Time)")


class Histories(Case):
    """What the witness is for: a journal that is not the one it was."""

    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.w = Witness(self).start(self.j.vkey)
        self.j.append(*[note(f"first {n}") for n in range(40)])
        self.j.run("actor", "add", self.w.name, "--role", "witness", "--key", self.w.vkey)
        self.old = self.path("old")
        shutil.copytree(self.j.path, self.old)
        for n in range(3):
            self.j.append(*[note(f"then {n} {k}") for k in range(30)])
            self.j.run("seal", "--witness", self.w.url)
        self.kept = self.j.run("seal").out

    def refused(self, path, held, own, evidence=None, *options):
        """The witness refuses, and the two seals are kept: the one of `held` entries that it holds, and one of `own`."""
        before = self.w.list()
        told = self.ledger("-C", path, "seal", "--witness", self.w.url, *options, code=WRONG)
        self.assertIn(f"it holds a checkpoint of {held} entries that this journal's key signed", told.err)
        self.assertEqual(told.out, "")
        folder = evidence or os.path.join(path, "evidence")
        sizes = set()
        for name in os.listdir(folder):
            self.assertIn(name, told.err)
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                seal = f.read()
            sizes.add(int(seal.split("\n")[1]))
            self.assertTrue(name.startswith(f"seal-{seal.split(chr(10))[1]}-"))
        self.assertEqual(sizes, {held, own})
        self.assertEqual(self.w.list()["logs"], before["logs"])  # it holds what it held
        return told

    def test_a_restored_backup_is_refused(self):
        told = self.refused(self.old, 132, 42)
        self.assertIn("and the journal has 42: it was rolled back or cut", told.err)
        self.assertEqual(len(self.w.evidence(".txt")), 1)
        with open(os.path.join(self.w.path, "evidence", self.w.evidence(".txt")[0]), encoding="utf-8") as f:
            self.assertIn("older", f.read())

    def test_a_restored_backup_that_went_on_is_refused_at_every_size(self):
        for count, own, kind in ((10, 52, "older"), (80, 132, "fork"), (50, 132, "unconnected")):
            with self.subTest(kind=kind):
                self.ledger("-C", self.old, "append", self.write("more", "".join(
                    json.dumps(note(f"another past {count} {n}")) + "\n" for n in range(count))))
                shutil.rmtree(os.path.join(self.old, "evidence"), ignore_errors=True)
                told = self.refused(self.old, 132, own)
                self.assertIn("rolled back", told.err)
                self.assertIn(kind, self.w.said().rstrip().split("\n")[-1] + self.w.said().rstrip().split("\n")[-2])
        self.assertEqual(len(self.w.evidence(".txt")), 3)
        # The true one goes on.
        self.j.append(note("and on"))
        self.j.run("seal", "--witness", self.w.url)
        self.assertEqual(self.w.size(), 133)

    def test_a_tail_cut_cleanly_is_refused_and_the_evidence_goes_where_it_is_wanted(self):
        """Cut at an older seal, the journal is good in itself."""
        self.ledger("-C", self.old, "verify", "--key", self.j.vkey)
        folder = self.path("kept")
        self.refused(self.old, 132, 42, folder, "--evidence", folder)
        self.assertFalse(os.path.exists(os.path.join(self.old, "evidence")))
        self.expect_error(WRONG, "132", args=["-C", self.old, "seal", "--witness", self.w.url, "--evidence", "/dev/null/x"])

    def test_kill_it_at_any_moment_and_nothing_that_it_signed_is_lost(self):
        other = self.path("other")
        shutil.copytree(self.old, other)
        for n in range(5 if support.QUICK else 25):
            self.j.append(note(f"onward {n}"))
            if n % 2:  # between requests
                told = self.j.run("seal", "--witness", self.w.url)
                self.w.restart()
            else:  # while it is asked
                process = self.j.start("seal", "--witness", self.w.url, stdout=subprocess.PIPE)
                for _ in range(n * 20000):
                    pass
                self.w.process.send_signal(signal.SIGKILL)
                process.wait(timeout=60)
                self.w.restart()
                told = self.j.run("seal", "--witness", self.w.url)
            self.assertEqual(told.lines[-1].split()[1], self.w.name)
            self.assertEqual(self.w.size(), self.j.json("verify")["entries"])
            status, held = self.w.checkpoint()
            self.assertEqual((status, text_of(held)), (200, text_of(told.out)))
        # And it still knows a fork when it sees one.
        self.ledger("-C", other, "append", input=json.dumps(note("another past")))
        self.refused(other, self.w.size(), 43)

    def test_two_desks_with_one_key_cannot_both_be_cosigned(self):
        """Clones that append alternately: whoever comes first at a size wins, for ever."""
        twin = self.path("twin")
        shutil.copytree(self.j.path, twin)
        self.j.append(note("here"))
        self.ledger("-C", twin, "append", input=json.dumps(note("there")))
        self.ledger("-C", twin, "seal", "--witness", self.w.url)
        told = self.j.run("seal", "--witness", self.w.url, code=WRONG)
        self.assertIn("it was forked", told.err)
        self.ledger("-C", twin, "append", input=json.dumps(note("there")))
        self.ledger("-C", twin, "seal", "--witness", self.w.url)


class Verifying(Case):
    """ledger verify: who has cosigned, and whether it is enough."""

    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.ws = [Witness(self, f"W{n}", f"witness.example/w{n}").start(self.j.vkey) for n in range(2)]
        self.j.append(*[note(f"first {n}") for n in range(10)])
        for w in self.ws:
            self.j.run("actor", "add", w.name, "--role", "witness", "--key", w.vkey)

    def cosign(self, *witnesses):
        self.j.run("seal", *[word for w in witnesses for word in ("--witness", w.url)])

    def verify(self, *options, code=support.DONE):
        told = self.j.run("verify", "--key", self.j.vkey, "--json", *options, code=code)
        shown = self.j.run("verify", "--key", self.j.vkey, *options, code=code)
        return told.json(), shown

    def test_how_many_witnesses_are_asked_for(self):
        told, shown = self.verify()
        self.assertEqual([w["size"] for w in told["witnesses"]], [0, 0])
        self.assertIn(f"{self.ws[0].name} has cosigned nothing", shown.out)
        told, shown = self.verify("--require-witness", "1", code=WRONG)
        self.assertEqual(told["wrong"]["where"], "entry 1")
        self.assertTrue(told["integrity"])
        self.cosign(self.ws[0])
        told, shown = self.verify("--require-witness", "1")
        self.assertEqual((told["witnessed"], told["cosignatures"]), (13, 1))
        self.assertEqual([w["size"] for w in told["witnesses"]], [13, 0])
        self.assertRegex(shown.out, rf"witness +{self.ws[0].name} has cosigned entries 1\.\.13, at 20\d\d-\S+Z\n")
        self.assertIn("the journal itself names", shown.err)
        told, shown = self.verify("--require-witness", "2", code=WRONG)
        self.assertIn("entries 1..13 are under no seal that is cosigned by 2 of 2 known witnesses", shown.err)
        self.cosign(self.ws[1])
        self.verify("--require-witness", "2")
        self.verify("--require-witness", "3", code=WRONG)
        # What came later is not witnessed yet.
        self.j.append(note("later"), note("and later"))
        told, shown = self.verify("--require-witness", "2", code=WRONG)
        self.assertEqual((told["wrong"]["first"], told["wrong"]["last"], told["witnessed"]), (14, 15, 13))
        self.cosign(self.ws[1])
        self.assertEqual(self.verify("--require-witness", "1")[0]["witnessed"], 15)
        self.assertEqual([w["size"] for w in self.verify("--require-witness", "1")[0]["witnesses"]], [13, 15])
        self.verify("--require-witness", "2", code=WRONG)  # never both of one seal, for the new entries
        for bad in ("0", "x", "1000"):
            self.expect_error(MISUSED, "require-witness", args=["-C", self.j.path, "verify", "--require-witness", bad])

    def test_a_policy_of_the_auditors_own(self):
        third = Witness(self, "W3", "witness.example/w3").start(self.j.vkey)
        policy = self.write("policy", f"log {self.j.vkey}\nwitness a {self.ws[0].vkey}\nwitness c {third.vkey}\n"
                                      "group both all a c\nquorum both\n")
        self.cosign(*self.ws)
        told, shown = self.verify("--policy", policy, code=WRONG)
        self.assertIn("cosigned by the policy's quorum", shown.err)
        self.assertNotIn("itself names", shown.err)
        self.assertEqual([w["size"] for w in told["witnesses"]], [13, 0])  # those of the policy alone
        self.j.run("seal", "--witness", third.url, "--witness-key", third.vkey)
        told, shown = self.verify("--policy", policy)
        self.assertEqual(told["witnessed"], 13)
        self.assertEqual(told["cosignatures"], 2)  # of those whom the journal knows
        self.verify("--policy", policy, "--require-witness", "2")
        self.verify("--policy", policy, "--require-witness", "3", code=WRONG)
        self.expect_error(COULD_NOT, "p2", "line 1", args=[
            "-C", self.j.path, "verify", "--policy", self.write("p2", "x\n")])
        raw = self.path("raw")
        self.j.run("export", "--raw", raw)
        self.ledger("verify", "--raw", raw, "--key", self.j.vkey, "--policy", policy)
        self.assertEqual(self.ledger("verify", "--raw", raw, "--require-witness", "2", "--json").json()["witnessed"], 13)

    def test_a_forged_cosignature_of_a_known_witness_is_found(self):
        policy = self.write("policy", f"log {self.j.vkey}\nwitness a {self.ws[0].vkey}\nquorum a\n")
        self.cosign(*self.ws)
        self.assertIn("has cosigned entries 1..13", self.verify("--policy", policy)[1].out)
        with open(self.path("J", "journal.mdb"), "rb") as f:
            data = f.read()
        line = self.j.run("seal").lines[-1].split()[-1]
        self.assertIn(line.encode(), data)
        forged = line[:60] + ("A" if line[60] != "A" else "B") + line[61:]
        with open(self.path("J", "journal.mdb"), "wb") as f:
            f.write(data.replace(line.encode(), forged.encode()))
        told, shown = self.verify(code=WRONG)
        self.assertEqual(told["wrong"]["where"], "seal 13")
        self.assertNotIn("has cosigned", self.verify("--policy", policy, code=WRONG)[1].out)  # nobody looked
        self.assertNotIn("witnessed", self.verify("--policy", policy, code=WRONG)[0])
        self.assertIn(f"its line as {self.ws[1].name} is not the signature of that witness", shown.err)
        raw = self.path("raw")
        self.j.run("export", "--raw", raw)
        for other in (["node", os.path.join(support.SOURCE, "tests", "independent", "verify.mjs"), raw],
                      [os.path.join(os.path.dirname(support.BINARY), "ledger-verify"), raw]):
            if shutil.which(other[0]):
                done = subprocess.run(other, capture_output=True, text=True)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("seal 13", done.stdout + done.stderr)


class Against(Case):
    """ledger verify --against, and the evidence."""

    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.j.append(*[note(f"first {n}") for n in range(10)])
        self.old = self.path("old")
        shutil.copytree(self.j.path, self.old)
        self.j.append(*[note(f"then {n}") for n in range(5)])
        os.mkdir(self.path("safe"))
        self.kept = self.write("safe/kept.txt", self.j.run("seal").out)

    def notes(self, folder):
        """Size and root of every seal in a folder; each is checked with OpenSSL's Ed25519 where that is to be had."""
        found = []
        for name in sorted(os.listdir(folder)):
            if not name.startswith("seal-"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                seal = f.read()
            origin, size, root = seal.split("\n")[:3]
            self.assertEqual(origin, ORIGIN)
            self.assertEqual(name, f"seal-{size}-{base64.b64decode(root)[:4].hex()}.txt")
            self.check_by_openssl(seal)
            found.append((int(size), root))
        return found

    def check_by_openssl(self, seal):
        if not shutil.which("openssl"):
            return
        key = base64.b64decode(self.j.vkey.split("+", 2)[2])[1:]
        self.write("key.der", bytes.fromhex("302a300506032b6570032100") + key)
        self.write("text", text_of(seal))
        line = seal[len(text_of(seal)) + 1:].split("\n")[0]
        self.write("signature", base64.b64decode(line.split()[-1])[4:])
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self.path("key.der"),
                               "-rawin", "-in", self.path("text"), "-sigfile", self.path("signature")], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_cut_tail(self):
        self.j.run("verify", "--key", self.j.vkey, "--against", self.kept)
        self.assertEqual(os.listdir(self.path("safe")), ["kept.txt"])
        told = self.ledger("-C", self.old, "verify", "--key", self.j.vkey, "--against", self.kept, code=WRONG)
        self.assertIn("the tail is cut: it covers 16 entries, and the journal has 11; the roots are", told.err)
        for seal in (self.read("safe/kept.txt").decode(), self.ledger("-C", self.old, "seal").out):
            self.assertIn(base64.b64decode(seal.split("\n")[2]).hex(), told.err)
        unsigned = self.write("unsigned.txt", f"{ORIGIN}\n99\n{'A' * 43}=\n\n{DASH}{ORIGIN} AAAAAgI=\n")
        told = self.ledger("-C", self.old, "verify", "--against", unsigned, "--evidence", self.path("e"), code=WRONG)
        self.assertIn("or it is no seal", told.err)
        self.assertIn("Kept as evidence", told.err)
        self.assertEqual([size for size, _ in self.notes(self.path("safe"))], [11, 16])

    def test_another_history_with_and_without_a_seal_of_that_size(self):
        for count, own in ((5, 16), (8, 24)):
            self.ledger("-C", self.old, "append", self.write("more", "".join(
                json.dumps(note(f"another past {n}")) + "\n" for n in range(count))))
            if count == 8:  # the seal of 16 is there as well; take another that is not
                kept = self.write("kept13.txt", self.seal_between())
            else:
                kept = self.kept
            folder = self.path(f"evidence{count}")
            told = self.ledger("-C", self.old, "verify", "--against", kept, "--evidence", folder, code=WRONG)
            self.assertIn("another history: at size", told.err)
            notes = self.notes(folder)
            self.assertEqual(len({root for _, root in notes}), 2)
            self.assertEqual([size for size, _ in notes], [16, 16] if count == 5 else [17, 24])

    def seal_between(self):
        """A seal of 17 entries of the true journal: the other one has none of that size."""
        self.j.append(note("one more"))
        return self.j.run("seal").out

    def test_a_raw_export_and_places_that_cannot_be_written(self):
        raw = self.path("raw")
        self.ledger("-C", self.old, "export", "--raw", raw)
        folder = self.path("evidence")
        self.ledger("verify", "--raw", raw, "--against", self.kept, "--evidence", folder, code=WRONG)
        self.assertEqual([size for size, _ in self.notes(folder)], [11, 16])
        told = self.ledger("verify", "--raw", raw, "--against", self.kept, "--evidence", "/dev/null/x", code=WRONG)
        self.assertIn("could not be kept", told.err)
        self.expect_error(MISUSED, "--against", args=["verify", "--raw", raw, "--evidence", folder])

    def test_a_fork_is_found_by_both(self):
        """The same seal from the witness's record, kept by the witness itself."""
        w = Witness(self).start(self.j.vkey)
        self.j.run("seal", "--witness", w.url, "--witness-key", w.vkey)
        record = self.write("record.txt", w.checkpoint()[1])
        self.ledger("-C", self.old, "verify", "--against", record, "--evidence", self.path("e"), code=WRONG)
        self.j.run("verify", "--against", record)


class RealDay(Case):
    @support.needs_lean
    def test_the_journal_of_the_goog_day(self):
        j = self.journal()
        desk.run(j, f"lean:{support.LEAN},underlying=GOOG,date=2015-12-24")
        w = Witness(self).start(j.vkey)
        j.run("actor", "add", w.name, "--role", "witness", "--key", w.vkey)
        told = j.run("seal", "--witness", w.url)
        entries = j.json("verify")["entries"]
        self.assertGreater(entries, 1000)
        self.assertEqual(int(told.lines[1]), entries)
        j.run("verify", "--key", j.vkey, "--require-witness", "1")
        kept = self.write("kept.txt", told.out)
        j.run("verify", "--key", j.vkey, "--against", kept)
        # A day that was traded otherwise, under the same name and key: made from a copy of the beginning.
        old = self.path("old")
        shutil.copytree(j.path, old)
        j.append(note("the day after"))
        j.run("seal", "--witness", w.url)
        self.ledger("-C", old, "append", input=json.dumps(note("another day after")))
        self.ledger("-C", old, "seal", "--witness", w.url, code=WRONG)
        self.ledger("-C", old, "verify", "--against", self.write("k2.txt", j.run("seal").out), code=WRONG)
        self.assertEqual(w.size(), entries + 1)


if __name__ == "__main__":
    support.main()
