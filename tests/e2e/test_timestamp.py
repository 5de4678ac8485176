"""ledger seal --timestamp: an authority's word that a seal was there, asked for, checked, kept, and checked by OpenSSL alone."""
import os
import threading
import unittest

import support
from authority import REPLY, Authority
from support import COULD_NOT, MISUSED, Case, note


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


if __name__ == "__main__":
    support.main()
