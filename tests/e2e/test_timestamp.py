"""ledger seal --timestamp: an authority's word that a seal was there, asked for, checked, kept, and checked by OpenSSL alone."""
import json
import os
import shutil
import subprocess
import threading

import support
from authority import REPLY, Authority
from support import COULD_NOT, MISUSED, Case, Journal, note


@support.needs_tool("openssl")
class Stamped(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self)
        self.j = self.journal()
        self.j.append(note("one"), note("two"))

    def stamp(self, *options, authority=None, code=support.DONE):
        return self.j.run("seal", "--timestamp", (authority or self.authority).url, *options, code=code)

    def refused(self, *pieces, authority=None, chain=None):
        """Nothing was kept of it."""
        url = (authority or self.authority).url
        self.expect_error(COULD_NOT, url, *pieces,
                          args=["-C", self.j.path, "seal", "--timestamp", url, *(["--tsa-ca", chain] if chain else [])])
        self.expect_error(COULD_NOT, "seal 3 has no timestamp", args=["-C", self.j.path, "seal", "--token", self.path("none")])
        self.assertFalse(os.path.exists(self.path("none")))

    def openssl_agrees(self, ca, token, size=None, code=0):
        self.write("bare.txt", self.j.run("seal", "--bare", *(["--size", size] if size else [])).out)
        return self.authority.openssl("ts", "-verify", "-data", self.path("bare.txt"), "-in", token, "-token_in", "-CAfile", ca,
                                      code=code)


class Asking(Stamped):
    def test_openssl_alone_agrees_with_what_is_kept(self):
        token = self.path("token.der")
        told = self.stamp("--tsa-ca", self.authority.ca, "--token", token)
        self.assertEqual(self.authority.question_type, "application/timestamp-query")
        self.assertEqual(told.out, self.j.run("seal").out)
        self.assertRegex(told.err, r"^seal 3: timestamp 0 of 20\d\d-.*Z, by CN=The test's authority authority\n$")
        self.openssl_agrees(self.authority.ca, token)
        other = Authority(self, "other")
        self.openssl_agrees(other.ca, token, code=1)
        self.openssl_agrees(self.authority.ca, token, size=1, code=1)

    def test_a_seal_has_several_timestamps_and_an_older_one_its_own(self):
        for n in range(2):
            self.assertIn(f"seal 3: timestamp {n} of ", self.stamp().err)
        self.assertIn("seal 1: timestamp 0 of ", self.stamp("--size", "1").err)
        files = [self.path(f"token{n}") for n in range(4)]
        self.j.run("seal", "--token", files[0], "--number", "0")
        self.j.run("seal", "--token", files[1], "--number", "1")
        self.j.run("seal", "--token", files[2])
        self.j.run("seal", "--size", "1", "--token", files[3])
        tokens = [self.read(f) for f in files]
        self.assertNotEqual(tokens[0], tokens[1])
        self.assertEqual(tokens[1], tokens[2])
        for n, size in enumerate([3, 3, 3, 1]):
            self.openssl_agrees(self.authority.ca, files[n], size=size)
        self.expect_error(COULD_NOT, "no timestamp of number 2",
                          args=["-C", self.j.path, "seal", "--token", self.path("x"), "--number", "2"])
        self.expect_error(COULD_NOT, "is there already", args=["-C", self.j.path, "seal", "--token", files[0]])
        self.assertEqual(self.read(files[0]), tokens[0])
        with open(self.path("said"), "wb") as out:
            self.j.run("seal", "--token", "-", stdout=out)
        self.assertEqual(self.read("said"), tokens[1])

    def test_without_certificates_it_says_what_was_not_asked(self):
        self.assertIn("whose word it is was not asked", self.stamp().err)

    def test_no_passphrase_is_needed(self):
        self.j.run("seal", "--timestamp", self.authority.url, env={"LEDGER_PASSPHRASE_FILE": None})

    def test_an_rsa_authority(self):
        rsa = Authority(self, "rsa", kind="rsa")
        token = self.path("token.der")
        self.stamp("--tsa-ca", rsa.ca, "--token", token, authority=rsa)
        self.openssl_agrees(rsa.ca, token)

    def test_what_is_stamped_is_the_note_up_to_its_first_signature(self):
        whole, bare = self.j.run("seal").out, self.j.run("seal", "--bare").out
        self.assertEqual(whole, bare)  # until somebody cosigns it
        self.assertEqual(len(bare.splitlines()), 5)

    def test_misuse(self):
        for options in (["--tsa-ca", "x"], ["--number", "1"], ["--timeout", "9"], ["--timestamp"],
                        ["--timestamp", "http://127.0.0.1:1/", "--timeout", "0"],
                        ["--timestamp", "http://127.0.0.1:1/", "--timeout", "601"]):
            self.expect_error(MISUSED, args=["-C", self.j.path, "seal", *options])


class Refusing(Stamped):
    def test_an_answer_to_another_question(self):
        self.authority.answers = self.authority.to_another_question
        self.refused("has not the nonce of this question")

    def test_an_answer_about_something_else(self):
        self.authority.answers = self.authority.of_something_else
        self.refused("made for something else")

    def test_the_authoritys_refusal_is_told_in_its_words(self):
        self.authority.answers = self.authority.refusing
        self.refused("it refused (status 2): the desk has not paid")

    def test_garbage(self):
        good = self.authority.honest
        answers = {
            "HTTP status 500": lambda q: (500, REPLY, b""),
            "HTTP status 404": lambda q: (404, "text/html", b"<html>"),
            'of the type "text/html?[31m"': lambda q: (200, "text/html\x1b[31m", b"<html>"),
            'of the type "application/timestamp-replying"': lambda q: (200, REPLY + "ing", good(q)[2]),
            "(0 bytes that are no DER TimeStampResp)": lambda q: (200, REPLY, b""),
            "that are no DER TimeStampResp": lambda q: (200, REPLY, b"<html>"),
            "bytes that are no DER": lambda q: (200, REPLY, good(q)[2][:-1]),
            "no DER TimeStampResp)": lambda q: (200, REPLY, good(q)[2] + b"\0"),
            "more than": lambda q: (200, REPLY, b"\0" * (1 << 20)),
            "it refused (status 0)": lambda q: (200, REPLY, bytes.fromhex("30053003020100")),
            "its token cannot be used": lambda q: (200, REPLY, bytes.fromhex("3007300302010030003000")[:9]),
        }
        for words, answer in answers.items():
            with self.subTest(words):
                self.authority.answers = answer
                self.refused(words)

    def test_a_slow_authority_is_not_waited_for(self):
        over = threading.Event()
        self.addCleanup(over.set)
        self.authority.answers = lambda q: (over.wait(60) and 200, REPLY, b"")
        self.expect_error(COULD_NOT, self.authority.url, "timed out",
                          args=["-C", self.j.path, "seal", "--timestamp", self.authority.url, "--timeout", "1"])

    def test_no_authority_there(self):
        self.authority.close()
        self.refused("connect")
        self.expect_error(COULD_NOT, "ftp://x", "http://", args=["-C", self.j.path, "seal", "--timestamp", "ftp://x"])

    def test_certificates_that_prove_nothing(self):
        other = Authority(self, "other")
        self.refused("unable to get local issuer certificate", chain=other.ca)
        with open(other.ca, "rb") as f:
            data = f.read()
        self.refused("cannot be read: PEM is expected", chain=self.write("half.pem", data[:len(data) // 2]))
        self.refused("No such file", chain=self.path("nothing.pem"))
        # A signature changed on the way: the last byte of the token is its own.
        def altered(question):
            status, kind, answer = self.authority.honest(question)
            return status, kind, answer[:-1] + bytes([answer[-1] ^ 1])
        self.authority.answers = altered
        self.refused("does not hold", chain=self.authority.ca)

    def test_an_authority_whose_certificates_have_expired(self):
        old = Authority(self, "old", "20200101000000Z", "20200201000000Z")
        self.refused("certificate has expired", authority=old, chain=old.ca)
        coming = Authority(self, "coming", "20980101000000Z", "20980201000000Z")
        self.refused("certificate is not yet valid", authority=coming, chain=coming.ca)


class Verifying(Stamped):
    def setUp(self):
        super().setUp()
        self.stamp()
        self.j.append(note("three"))
        self.stamp("--tsa-ca", self.authority.ca)

    def verify(self, *options, code=support.DONE, raw=None):
        where = ["verify", "--raw", raw] if raw else ["-C", self.j.path, "verify"]
        return self.ledger(*where, "--key", self.j.vkey, *options, code=code)

    def changed(self, change):
        """A raw export whose timestamps {(size, number): token} went through `change`; its path."""
        raw = self.path("journal.raw")
        if not os.path.exists(raw):
            self.j.run("export", "--raw", raw)
        rows = list(records(self.read(raw)))
        stamps = {key: value for kind, key, value in rows if kind == b"X"}
        change(stamps)
        rows = [row for row in rows if row[0] != b"X"] + [(b"X", key, stamps[key]) for key in sorted(stamps)]
        return self.write("changed.raw", export(rows))

    def verdicts(self, raw, *options):
        """What the three verifiers say of it: they must agree."""
        told = self.verify(*options, "--json", raw=raw, code=None)
        where = json.loads(told.out).get("wrong", {}).get("where", "")
        self.others_agree(told, where, raw, *options)
        return told.code, where

    def others_agree(self, told, where, raw, *options):
        """The second verifier asks certificates, too; the one in JavaScript has none to ask."""
        second = os.path.join(os.path.dirname(support.BINARY), "ledger-verify")
        script = os.path.join(support.SOURCE, "tests", "independent", "verify.mjs")
        commands = [[second, "--key", self.j.vkey, *options, raw]]
        if not options:
            commands.append(["node", script, raw, "--key", self.j.vkey])
        for command in commands:
            if shutil.which(command[0]):
                done = subprocess.run(command, capture_output=True, text=True)
                self.assertEqual(done.returncode, told.code, f"{command}\n{done.stdout}{done.stderr}\n{told}")
                self.assertIn(where, done.stdout)

    def test_timestamps_are_told_with_whose_word_they_are(self):
        told = self.verify("--tsa-ca", self.authority.ca)
        self.assertRegex(told.out, r"timestamps    2; entries 1\.\.4 were there at 20\S+Z, says CN=The test's authority authority\n")
        self.assertRegex(self.verify().out, r"timestamps    2; .*\(whose word it is was not asked: --tsa-ca\)\n")
        told = self.verify("--tsa-ca", self.authority.ca, "--json").json()
        self.assertEqual((told["timestamps"], told["stamped"], told["stamped_by"]), (2, 4, "CN=The test's authority authority"))
        self.assertNotIn("timestamps", Journal(self, self.path("K")).init().verify().out)

    def test_a_timestamp_may_be_required(self):
        self.verify("--tsa-ca", self.authority.ca, "--require-timestamp")
        self.j.append(note("four"), note("five"))
        told = self.verify("--tsa-ca", self.authority.ca, "--require-timestamp", "--json", code=support.WRONG)
        self.assertEqual(told.json()["wrong"]["where"], "entry 5")
        self.assertIn("entries 5..6 are under no seal that has a timestamp", told.err)
        self.expect_error(MISUSED, "--require-timestamp needs --tsa-ca", args=["-C", self.j.path, "verify", "--require-timestamp"])

    def test_another_authoritys_certificates_prove_nothing(self):
        other = Authority(self, "other")
        told = self.verify("--tsa-ca", other.ca, code=support.WRONG)
        self.assertIn("timestamp 3: number 0: its signature or its chain", told.err)
        self.assertIn("unable to get local issuer certificate", told.err)
        raw = self.changed(lambda s: None)
        self.assertEqual(self.verdicts(raw, "--tsa-ca", other.ca), (support.WRONG, "timestamp 3"))
        self.assertEqual(self.verdicts(raw, "--tsa-ca", self.authority.ca), (support.DONE, ""))
        both = self.write("both.pem", self.read(other.ca) + self.read(self.authority.ca))
        self.verify("--tsa-ca", both)
        self.expect_error(COULD_NOT, "No such file", args=["-C", self.j.path, "verify", "--tsa-ca", self.path("none")])

    def test_what_is_put_beside_the_wrong_seal_is_named(self):
        first, second = key_of(3, 0), key_of(4, 0)
        stories = {
            "re-used": (lambda s: s.update({second: s[first]}), "timestamp 4"),
            "re-used once more": (lambda s: s.update({key_of(4, 1): s[first]}), "timestamp 4"),
            "cut": (lambda s: s.update({first: s[first][:-1]}), "timestamp 3"),
            "empty": (lambda s: s.update({first: b""}), "timestamp 3"),
            "of no seal": (lambda s: s.update({key_of(2, 0): s[first]}), "timestamp 2"),
            "of a seal to come": (lambda s: s.update({key_of(9, 0): s[first]}), "timestamp 9"),
            "the first of a seal's is gone": (lambda s: s.update({key_of(4, 1): s.pop(second)}), "timestamp 4"),
            "a key too short": (lambda s: s.update({b"\0" * 8: b""}), "table timestamps"),
        }
        for name, (change, where) in stories.items():
            with self.subTest(name):
                self.assertEqual(self.verdicts(self.changed(change)), (support.WRONG, where))
        self.assertEqual(self.verdicts(self.changed(lambda s: s.clear())), (support.DONE, ""))
        self.assertEqual(self.verdicts(self.changed(lambda s: None)), (support.DONE, ""))

    def test_every_bit_of_a_timestamp_counts_or_says_nothing(self):
        """With certificates, what is told after a flipped bit is what was told before, or it is refused."""
        raw = self.changed(lambda s: None)
        good = self.verify("--tsa-ca", self.authority.ca, "--json", raw=raw).json()
        refused = 0
        size = len({k: v for t, k, v in records(self.read(raw)) if t == b"X"}[key_of(4, 0)])
        bits = range(0, 8 * size, 97 if support.QUICK else 11)
        for bit in bits:
            def flip(stamps):
                token = bytearray(stamps[key_of(4, 0)])
                token[bit // 8] ^= 1 << bit % 8
                stamps[key_of(4, 0)] = bytes(token)
            flipped = self.changed(flip)
            told = self.verify("--tsa-ca", self.authority.ca, "--json", raw=flipped, code=None)
            self.others_agree(told, "timestamp 4" if told.code else "", flipped, "--tsa-ca", self.authority.ca)
            if told.code == support.WRONG:
                self.assertEqual(told.json()["wrong"]["where"], "timestamp 4")
                refused += 1
            else:
                self.assertEqual(told.json(), good)
        self.assertGreater(refused, len(bits) // 2)

    def test_an_export_of_the_first_version_is_read(self):
        rows = [row for row in records(self.read(self.changed(lambda s: None))) if row[0] != b"X"]
        old = self.write("old.raw", export(rows, version=1))
        self.assertEqual(self.verdicts(old), (support.DONE, ""))
        rows.append((b"X", key_of(3, 0), b""))
        self.expect_error(COULD_NOT, "unknown type, or out of order",
                          args=["verify", "--raw", self.write("odd.raw", export(rows, version=1))])
        # An older export of that name is replaced.
        self.j.run("export", "--raw", old)
        self.assertTrue(self.read(old).startswith(b"LEDGERRAW 2\n"))

    def test_copies_keep_them(self):
        copy = Journal(self, self.path("copy"))
        self.j.run("backup", copy.path)
        self.assertIn("timestamps    2;", copy.run("verify", "--key", self.j.vkey, "--tsa-ca", self.authority.ca).out)
        saved = self.path("saved.raw")
        self.j.run("doctor", "--salvage", saved)
        self.assertIn("timestamps    2;", self.verify("--tsa-ca", self.authority.ca, raw=saved).out)
        # The newest seal is lost, and its timestamp with it.
        with open(self.path("J", "journal.mdb"), "rb") as f:
            data = bytearray(f.read())
        note_of = self.j.run("seal").out.encode()
        at = data.find(note_of)
        while at >= 0:
            data[at] ^= 1
            at = data.find(note_of, at + 1)
        with open(self.path("J", "journal.mdb"), "wb") as f:
            f.write(data)
        self.j.run("doctor", "--salvage", self.path("less.raw"), code=None)
        self.assertIn("timestamps    1; entries 1..3", self.verify("--tsa-ca", self.authority.ca, raw=self.path("less.raw")).out)


def key_of(size, number):
    return size.to_bytes(8, "big") + number.to_bytes(4, "big")


def records(data):
    """(type, key, value) of a raw export, without its end."""
    at = 12
    while True:
        kind, key, size = data[at:at + 1], int.from_bytes(data[at + 1:at + 3], "big"), int.from_bytes(data[at + 3:at + 7], "big")
        if kind == b"E":
            return
        yield kind, data[at + 7:at + 7 + key], data[at + 7 + key:at + 7 + key + size]
        at += 7 + key + size


def export(rows, version=2):
    out, counts = b"LEDGERRAW %d\n" % version, b""
    for kind, key, value in rows:
        out += kind + len(key).to_bytes(2, "big") + len(value).to_bytes(4, "big") + key + value
    for kind in (b"M", b"B", b"T", b"S", b"C", b"X")[:4 + version]:
        counts += sum(row[0] == kind for row in rows).to_bytes(8, "big")
    return out + b"E\0\0" + len(counts).to_bytes(4, "big") + counts


if __name__ == "__main__":
    support.main()
