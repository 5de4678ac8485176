"""ledger witness: real servers, real requests, and everything that a log, a thief or a passer-by may try."""
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
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


if __name__ == "__main__":
    support.main()
