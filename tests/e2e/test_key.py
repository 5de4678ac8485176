"""The journal's own keys: listing, rotation, a new passphrase, and a lost key put right by an owner with OpenSSL alone."""
import base64
import ctypes
import ctypes.util
import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import unittest

import desk
import support
from published import leaf_hash, root_of
from support import COULD_NOT, DONE, MISUSED, WRONG, Case, note
from test_timestamp import export, records

VERIFIERS = (os.path.join(os.path.dirname(support.BINARY), "ledger-verify"),)
SCRIPT = os.path.join(support.SOURCE, "tests", "independent", "verify.mjs")


class Owner:
    """A person whose key OpenSSL made, and which this program has never seen."""

    def __init__(self, case, name="owner:eva"):
        self.case, self.name, self.key = case, name, case.path(name.replace(":", "-") + ".pem")
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", self.key)
        public = self.openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")[-32:]
        ident = hashlib.sha256(name.encode() + b"\n\x01" + public).hexdigest()[:8]
        self.vkey = f"{name}+{ident}+{base64.b64encode(bytes([1]) + public).decode()}"

    @staticmethod
    def openssl(*args):
        return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout

    def sign(self, path):
        signature = path + ".signature"
        self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", path, "-out", signature)
        return signature


def word(text):
    """A note that nobody has to sign, in a journal that has an owner."""
    return {**note(text), "actor": "journal"}


class Thief:
    """Has the vault and its passphrase: takes the secrets out, written from the head of ledger/vault_format.c alone."""
    libsodium = ctypes.util.find_library("sodium")

    def __init__(self, journal):
        self.sodium = ctypes.CDLL(self.libsodium)
        with open(os.path.join(journal.path, "vault"), "rb") as f:
            vault = f.read()
        passes, kib = int.from_bytes(vault[12:16], "big"), int.from_bytes(vault[16:20], "big")
        box, key, words = vault[64:-32], ctypes.create_string_buffer(32), support.PASSPHRASE.encode()
        table = ctypes.create_string_buffer(len(box) - 16)
        if self.sodium.crypto_pwhash(key, ctypes.c_ulonglong(32), words, ctypes.c_ulonglong(len(words)), vault[20:36],
                                     ctypes.c_ulonglong(passes), ctypes.c_size_t(kib * 1024), 2):
            raise MemoryError("Argon2id")
        if self.sodium.crypto_secretbox_open_easy(table, box, ctypes.c_ulonglong(len(box)), vault[36:60], key):
            raise ValueError("the vault does not open")
        self.key = key.raw
        rows = [table.raw[i:i + 96] for i in range(0, len(table.raw), 96)]
        self.seeds = {row[:64].rstrip(b"\0").decode(): row[64:] for row in rows}

    def seal(self, seed, origin, size, root):
        public, secret, signature = (ctypes.create_string_buffer(n) for n in (32, 64, 64))
        self.sodium.crypto_sign_seed_keypair(public, secret, seed)
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        self.sodium.crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)), secret)
        ident = hashlib.sha256(origin.encode() + b"\n\x01" + public.raw).digest()[:4]
        return text + f"\n\u2014 {origin} {base64.b64encode(ident + signature.raw).decode()}\n".encode()

    def rewrite(self, raw, old, new, seals, drop=()):
        """The export with other words in it, the seals of those sizes made anew with today's secret, and some left out."""
        newest = self.seeds[max((n for n in self.seeds if n.startswith("journal#")), key=lambda n: int(n[8:]))]
        leaves, out, changed = [], [], 0
        for kind, key, value in records(raw):
            size = int.from_bytes(key[:8], "big")
            if kind == b"B":
                count = int.from_bytes(value[:2], "big")
                sizes = [int.from_bytes(value[2 + 2 * i:4 + 2 * i], "big") for i in range(count)]
                at, entries = 2 + 6 * count, []
                for n in sizes:
                    changed += old in value[at:at + n]
                    entries.append(value[at:at + n].replace(old, new))
                    at += n
                hashes = [leaf_hash(e) for e in entries]
                leaves += hashes
                value = value[:2 + 2 * count] + b"".join(h[:4] for h in hashes) + b"".join(entries)
            if kind == b"S" and size in seals:
                value = self.seal(newest, support.ORIGIN, size, root_of(leaves[:size]))
            if kind != b"S" or size not in drop:
                out.append((kind, key, value))
        assert changed == 1 and len(old) == len(new)
        return export(out)


class Key(Case):
    def keys(self, j, **options):
        return j.run("key", "--json", **options).json()

    def rotate(self, j, *options, **more):
        return j.run("key", "rotate", "--json", *options, **more).json()

    def test_each_key_is_listed_with_what_gave_it_the_right(self):
        j = self.journal()
        first = self.keys(j)
        self.assertEqual(len(first), 1)
        self.assertEqual({k: first[0][k] for k in ("epoch", "entry", "begins", "by", "vkey", "secret_here")},
                         {"epoch": 0, "entry": 1, "begins": 1, "by": "genesis", "vkey": j.vkey, "secret_here": True})
        j.append(note("a"), note("b"))
        self.assertEqual(self.rotate(j, "--reason", "each day"), {"rotated": True, "epoch": 1, "entry": 4})
        self.assertIn("key epoch 2: entry 5, sealed by the key before, which is destroyed", j.run("key", "rotate").out)
        rows = self.keys(j)
        self.assertEqual([(r["epoch"], r["entry"], r["begins"], r["by"], r["secret_here"]) for r in rows],
                         [(0, 1, 1, "genesis", False), (1, 4, 5, "journal", False), (2, 5, 6, "journal", True)])
        self.assertEqual(len({r["vkey"] for r in rows}), 3)
        for r in rows:
            self.assertEqual(r["vkey"].split("+")[:2], [support.ORIGIN, r["id"]])
        # Without a passphrase nobody is asked for one, and nothing is said of secrets.
        told = self.keys(j, env={"LEDGER_PASSPHRASE_FILE": None})
        self.assertEqual([{k: v for k, v in r.items() if k != "secret_here"} for r in rows], told)
        text = j.run("key", "list").lines
        self.assertEqual(len(text), 4)
        self.assertTrue(text[1].split()[-1] == j.vkey and "here" in text[3] and "here" not in text[1] + text[2])
        entry = j.log("--kind", "control.key")[0]
        self.assertEqual((entry["body"]["epoch"], entry["body"]["reason"], entry["actor"]), (1, "each day", "journal"))

    def test_the_first_key_verifies_all_that_later_ones_sealed(self):
        j = self.journal()
        for _ in range(3):
            j.append(note("x"), note("y"))
            self.rotate(j)
        j.append(note("z"))
        told = j.run("verify", "--key", j.vkey)
        newest = self.keys(j)[-1]["vkey"]
        self.assertIn(f"newest key    {newest}  (of epoch 3, named by entry 10)", told.out)
        self.assertEqual(j.json("verify", "--key", j.vkey)["epochs"], 4)
        result = j.run("verify", "--key", newest, code=WRONG)
        self.assertIn("a later epoch's: entry 10 names it. Give the key of epoch 0", result.out + result.err)
        j.run("doctor")
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        self.assertEqual(self.others(raw, j.vkey), [DONE] * len(self.others(raw, j.vkey)))
        self.ledger("verify", "--raw", raw, "--key", j.vkey)

    def others(self, raw, vkey):
        """What the two other verifiers say."""
        codes = [subprocess.run([v, "--key", vkey, raw], capture_output=True, timeout=60).returncode for v in VERIFIERS]
        if shutil.which("node"):
            codes.append(subprocess.run(["node", SCRIPT, raw, "--key", vkey], capture_output=True, timeout=60).returncode)
        return codes

    @unittest.skipUnless(Thief.libsodium, "libsodium is not where Python finds it")
    def test_who_steals_todays_secret_cannot_write_yesterday_anew(self):
        """docs/KEYS.md, "What a thief can do", first row. tests/tamper/tamper_epochs.c tries it at random."""
        self.REAL_VAULT = True
        j = self.journal()
        j.append(note("words of epoch 0"))  # 2
        self.rotate(j)  # 3
        j.append(note("words of epoch 1"))  # 4
        j.append(note("more"))  # 5
        self.rotate(j)  # 6
        j.append(note("words of epoch 2"))  # 7
        j.append(note("more"))  # 8
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        thief = Thief(j)
        self.assertEqual([name for name in thief.seeds if name.startswith("journal")], ["journal#2"])

        def judge(name, forged, place):
            with open(self.path(name), "wb") as f:
                f.write(forged)
            told = self.ledger("verify", "--raw", self.path(name), "--key", j.vkey, code=WRONG if place else DONE, foreign=False)
            self.assertEqual(set(self.others(self.path(name), j.vkey)), {told.code})
            if place:
                self.assertIn(place, told.out + told.err)

        judge("today", thief.rewrite(self.read("raw"), b"words of epoch 2", b"words of a thief", [7, 8]), None)
        for epoch, first, hand_over in ((0, 2, 3), (1, 4, 6)):
            old = f"words of epoch {epoch}".encode()
            for name, seals, drop, place in (
                    ("what he may seal", [7, 8], [], first), ("all over it", range(first, 9), [], first),
                    ("without those between", [7, 8], range(first, hand_over), hand_over),
                    ("without any before today", [7, 8], range(1, 7), 3)):
                with self.subTest(epoch=epoch, seals=name):
                    judge("forged", thief.rewrite(self.read("raw"), old, b"words of a thief", seals, drop), f"seal {place}")

    def test_a_daily_job_rotates_when_it_is_time(self):
        j = self.journal()
        self.assertEqual(self.rotate(j, "--if-older-than", "1d"), {"rotated": False, "epoch": 0, "entry": 1})
        self.assertIn("not older than that, so it stays", j.run("key", "rotate", "--if-older-than", "90m").out)
        self.assertEqual(j.size(), 1)
        self.assertEqual(self.rotate(j, "--if-older-than", "0s")["epoch"], 1)
        for bad in ("", "d", "1", "1y", "-1d", "1.5h", "1 d", "1000000d", "d1"):
            self.expect_error(MISUSED, "--if-older-than", "write 90m, 12h, 1d or 2w", args=["-C", j.path, "key", "rotate", "--if-older-than", bad])
        self.assertEqual(j.size(), 2)

    def test_misuse(self):
        j = self.journal()
        self.expect_error(MISUSED, "none of list, rotate, passphrase, recover", args=["-C", j.path, "key", "turn"])
        self.expect_error(MISUSED, "takes nothing behind it", args=["-C", j.path, "key", "list", "rotate"])
        self.expect_error(MISUSED, "--reason does not go with", args=["-C", j.path, "key", "list", "--reason", "x"])
        self.expect_error(MISUSED, "--json does not go with", args=["-C", j.path, "key", "passphrase", "--json"])
        self.expect_error(MISUSED, "recover --owner NAME --statement FILE", args=["-C", j.path, "key", "recover"])
        self.expect_error(MISUSED, "recover", args=["-C", j.path, "key", "recover", "--owner", "a", "--statement", "b", "--signature", "c"])
        self.expect_error(COULD_NOT, "a reason has 1 to 4000 bytes", args=["-C", j.path, "key", "rotate", "--reason", ""])
        self.expect_error(COULD_NOT, "a reason has 1 to 4000 bytes", args=["-C", j.path, "key", "rotate", "--reason", "x" * 4001])
        line = {"kind": "control.key", "body": {"epoch": 1, "key": "00" * 32, "reason": "mine"}}
        result = j.run("append", input=json.dumps(line), code=None)
        self.assertNotEqual(result.code, DONE)
        self.assertIn("is the program's own word: only ledger key writes it", result.err)
        wrong = {"LEDGER_PASSPHRASE_FILE": self.write("wrong", "wrong\n")}
        for command in (["rotate"], ["passphrase", "--new-passphrase-file", self.passphrase_file], ["list"]):
            self.expect_error(COULD_NOT, "passphrase does not open it", args=["-C", j.path, "key", *command], env=wrong)
        self.assertEqual(j.size(), 1)

    def test_who_has_it_open_goes_on(self):
        j = self.journal()
        p = j.start("append", "--group", "1", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def say(text):
            p.stdin.write(json.dumps(note(text)).encode() + b"\n")
            p.stdin.flush()
            return p.stdout.readline().decode().split()[0]

        self.assertEqual(say("before"), "2..2")
        self.rotate(j)
        self.assertEqual(say("after"), "4..4")
        self.rotate(j)
        self.rotate(j)
        self.assertEqual(say("much after"), "7..7")
        p.stdin.close()
        self.assertEqual(p.wait(30), 0, p.stderr.read())
        j.verify()

    def test_one_is_killed_while_it_rotates(self):
        """At random; the sweep over every call is tests/ledger/test_journal_epochs.c's, and tests/faults'."""
        j = self.journal()
        for n in range(4 if support.QUICK else 12):
            p = j.start("key", "rotate")
            try:
                p.wait(0.05 + 0.01 * n)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.wait()
            j.append(note("x"))
            rows = self.keys(j)
            self.assertEqual([r["secret_here"] for r in rows], [False] * (len(rows) - 1) + [True])
        j.verify()

    # -- what leaves the journal ---------------------------------------------------------------------------------

    def test_what_was_published_is_followed(self):
        j = self.journal()
        www = self.path("www")
        j.append(*[note(str(i)) for i in range(300)])
        j.run("publish", www)
        self.rotate(j)
        j.append(note("between"))
        self.rotate(j)
        j.append(note("after"))
        j.run("publish", www)
        with open(os.path.join(www, "seals"), encoding="ascii") as f:
            self.assertEqual(f.read().split(), ["301", "302", "304", "305"])
        self.assertEqual(self.others(www, j.vkey)[0], DONE)

    def test_proofs_reach_back_over_keys(self):
        j = self.journal()
        j.append(note("early"))
        self.rotate(j)
        self.rotate(j)
        j.append(note("late"))
        for seq in (2, 5):
            proof = self.path("proof")
            with open(proof, "w", encoding="utf-8") as f:
                f.write(j.run("prove", seq, "--size", 5).out)
            self.ledger("check-proof", proof, "--key", j.vkey)

    def test_a_copy_and_a_bundle_begin_with_the_first_key(self):
        j = self.journal()
        j.append(note("early"))
        self.rotate(j)
        j.append(note("between"))
        www = self.path("www")
        j.run("publish", www)
        copy = support.Journal(self, self.path("copy"))
        self.ledger("-C", copy.path, "fetch-from", www, "--key", j.vkey)
        self.rotate(j)
        j.append(note("late"))
        j.run("publish", www)
        self.ledger("-C", copy.path, "fetch-from", www, "--key", j.vkey)  # over a hand-over
        self.assertEqual(self.keys(copy, env={"LEDGER_PASSPHRASE_FILE": None}), self.keys(j, env={"LEDGER_PASSPHRASE_FILE": None}))
        self.assertEqual(copy.run("seal").out, j.run("seal").out)
        self.expect_error(COULD_NOT, "copy", args=["-C", copy.path, "key", "rotate"])
        for name, whose in (("mine.zip", j), ("theirs.zip", copy)):
            whose.run("bundle", "--entry", "2", "--entry", "6", self.path(name))
            self.assertEqual(self.others(self.path(name), j.vkey)[0], DONE)
        self.assertEqual(self.read("mine.zip"), self.read("theirs.zip"))

    def test_a_pack_is_signed_with_the_key_of_its_time(self):
        day = "2026-01-05"
        j = self.journal()
        desk.run(j, desk.synthetic(date=day, days=1, minutes=60))
        j.run("nightly", "--date", day, "--out", self.path("P0"))
        for n in (1, 2):
            self.rotate(j)
            j.run("nightly", "--date", day, "--out", self.path(f"P{n}"))
        vkeys = [row["vkey"] for row in self.keys(j)]
        for n in range(3):
            manifest = json.loads(self.read(f"P{n}/manifest.json"))
            self.assertEqual((manifest.get("epoch", 0), manifest.get("signed_by", j.vkey), manifest["vkey"]), (n, vkeys[n], j.vkey))
            j.run("report", "verify", self.path(f"P{n}"))
            self.ledger("report", "verify", self.path(f"P{n}"), "--key", vkeys[n])
            for other in set(range(3)) - {n}:
                told = self.ledger("report", "verify", self.path(f"P{n}"), "--key", vkeys[other], code=None)
                self.assertIn(told.code, (WRONG, COULD_NOT), str(told))
        self.expect_error(COULD_NOT, "give that key (ledger key list)", args=["report", "verify", self.path("P2"), "--key", j.vkey])

    def test_a_backup_and_what_is_salvaged_open(self):
        j = self.journal()
        self.rotate(j)
        j.append(note("x"))
        j.run("backup", self.path("B"))
        copy = support.Journal(self, self.path("B"))
        copy.vkey = j.vkey
        copy.append(note("y"))
        self.rotate(copy)
        copy.verify()
        j.run("doctor", "--salvage", self.path("saved"))
        self.ledger("verify", "--raw", self.path("saved"), "--key", j.vkey)

    def test_copies_that_do_not_belong_together_are_told(self):
        j = self.journal()
        shutil.copytree(j.path, self.path("old"))
        self.rotate(j)
        newest = self.path("newest")
        shutil.copytree(j.path, newest)
        shutil.copy(self.path("old", "vault"), os.path.join(j.path, "vault"))
        self.expect_error(COULD_NOT, "does not hold the key of epoch 1, which entry 2 names: it is an older copy",
                          args=["-C", j.path, "append"], input=json.dumps(note("x")))
        shutil.copy(os.path.join(newest, "vault"), self.path("old", "vault"))
        self.expect_error(COULD_NOT, "it is an older copy than its vault", args=["-C", self.path("old"), "append"], input=json.dumps(note("x")))
        j.verify()

    # -- the guard -----------------------------------------------------------------------------------------------

    def guarded(self):
        j = support.Journal(self, self.path("J"))
        guard = self.path("J.guard")
        j.vkey = j.run("init", "--origin", support.ORIGIN, "--guard", guard).out.strip()
        return j

    def signed(self, j):
        """How many entries its guard knows to be signed."""
        return j.run("guard", "--json").json()["guards"][0]["signed"]["entries"]

    def test_a_change_of_keys_moves_the_guard_as_every_seal_does(self):
        j = self.guarded()
        j.append(note("x"))
        self.rotate(j)
        self.assertEqual(self.signed(j), 3)
        j.append(note("y"))
        self.rotate(j)
        self.assertEqual(self.signed(j), 5)
        for n in range(4 if support.QUICK else 12):  # killed at random, which locks nobody out
            p = j.start("key", "rotate")
            try:
                p.wait(0.05 + 0.01 * n)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.wait()
            j.append(note("x"))
        self.assertEqual(self.signed(j), j.size())
        j.verify()

    def test_a_journal_that_was_set_back_gives_its_keys_to_nobody(self):
        j = self.guarded()
        shutil.copytree(j.path, self.path("old"))
        j.append(note("seen by the guard"))
        old = support.Journal(self, self.path("old"))
        for command in (["rotate"], ["rotate", "--if-older-than", "0s"]):
            self.expect_error(COULD_NOT, "J.guard has seen", "ledger help recover", args=["-C", old.path, "key", *command])
        self.assertEqual(old.size(), 1)
        self.assertEqual(len(self.keys(old)), 1)
        # Two persons let it go on; then it does, with its keys, and the other one is the copy.
        old.run("recover", "--actor", "operator", "--second", "compliance", "--reason", "the disk was lost")
        self.assertEqual(self.rotate(old)["epoch"], 1)
        self.expect_error(COULD_NOT, "J.guard has seen", args=["-C", j.path, "key", "rotate"])
        old.run("verify", "--key", j.vkey)

    def test_a_rotation_after_the_backup_leaves_the_old_key_to_recover_with(self):
        """The backup's own vault opens the backup, as far as two persons let it; the key that followed is of another history."""
        j = self.guarded()
        shutil.copytree(j.path, self.path("kept"))
        self.rotate(j)
        j.append(note("lost with the disk"))
        shutil.rmtree(j.path)
        os.rename(self.path("kept"), j.path)
        self.expect_error(COULD_NOT, "J.guard has seen 3 entries", "ledger help recover",
                          args=["-C", j.path, "append"], input=json.dumps(note("x")))
        j.run("recover", "--actor", "operator", "--second", "compliance", "--reason", "the disk was lost")
        j.append(note("on"))
        self.assertEqual(self.rotate(j)["epoch"], 1)
        j.verify()

    @support.needs_tool("openssl")
    def test_the_guard_asks_an_owners_signature_nothing_less(self):
        j = self.guarded()
        owner = Owner(self)
        j.run("actor", "add", owner.name, "--role", "owner", "--key", owner.vkey)
        shutil.copytree(j.path, self.path("old"))
        j.append(word("seen by the guard"))
        for folder in (j.path, self.path("old")):
            os.remove(os.path.join(folder, "vault"))

        def recover(folder):
            to_sign = folder + ".to-sign"
            self.ledger("-C", folder, "key", "recover", "--owner", owner.name, "--statement", to_sign)
            return ["-C", folder, "key", "recover", "--statement", to_sign, "--signature", owner.sign(to_sign)]

        self.expect_error(COULD_NOT, "J.guard has seen 3 entries", args=recover(self.path("old")))
        self.ledger(*recover(j.path))
        self.assertEqual(self.signed(j), 4)
        j.append(word("on"))
        j.verify()

    # -- the passphrase --------------------------------------------------------------------------------------------

    def test_the_old_passphrase_opens_nothing_after_a_change(self):
        self.REAL_VAULT = True
        j = self.journal()
        j.append(note("x"))
        fresh = self.write("fresh", "entirely new words 99\n")
        result = j.run("key", "passphrase", "--new-passphrase-file", fresh)
        self.assertIn("opens with the new passphrase, and no longer with the old one", result.out)
        self.assertIn("Copies of the vault", result.err)
        for command in (["append"], ["key", "rotate"], ["key", "list"], ["key", "passphrase", "--new-passphrase-file", fresh],
                        ["nightly", "--date", "2026-01-05", "--out", self.path("P")], ["actor", "add", "a", "--role", "agent"]):
            self.expect_error(COULD_NOT, "passphrase does not open it", args=["-C", j.path, *command])
        new = {"LEDGER_PASSPHRASE_FILE": fresh}
        self.rotate(j, env=new)
        j.run("append", input=json.dumps(note("y")), env=new)
        self.expect_error(COULD_NOT, "the new passphrase is the old one", args=["-C", j.path, "key", "passphrase", "--new-passphrase-file", fresh], env=new)
        empty = self.write("empty", "\n")
        self.expect_error(COULD_NOT, "the first line is empty", args=["-C", j.path, "key", "passphrase", "--new-passphrase-file", empty], env=new)
        self.expect_error(COULD_NOT, "cannot be opened", args=["-C", j.path, "key", "passphrase", "--new-passphrase-file", self.path("none")], env=new)
        read, write = os.pipe()
        os.write(write, b"from a pipe\n")
        os.close(write)
        j.run("key", "passphrase", "--new-passphrase-file", f"/dev/fd/{read}", env=new, pass_fds=[read])
        os.close(read)
        j.run("append", input=json.dumps(note("z")), env={"LEDGER_PASSPHRASE_FILE": self.write("piped", "from a pipe\n")})
        j.verify()

    def test_one_is_killed_while_it_changes_the_passphrase(self):
        """At random, too: one of the two opens it, never neither, and what the change replaced does not lie about."""
        j = self.journal()
        files = [self.write("one", "the one\n"), self.write("other", "the other\n")]
        j.run("key", "passphrase", "--new-passphrase-file", files[0])
        now = 0
        for n in range(4 if support.QUICK else 12):
            p = j.start("key", "passphrase", "--new-passphrase-file", files[1 - now], env={"LEDGER_PASSPHRASE_FILE": files[now]})
            try:
                p.wait(0.1 + 0.03 * n)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.wait()
            opens = [j.run("append", input=json.dumps(note("x")), env={"LEDGER_PASSPHRASE_FILE": f}, code=None).code for f in files]
            self.assertEqual(sorted(opens), [DONE, COULD_NOT])
            now = opens.index(DONE)
            self.assertEqual(sorted(os.listdir(j.path)), ["journal.mdb", "journal.mdb-lock", "journal.queue", "vault"])
        j.verify()

    def at_a_terminal(self, args, answers):
        """Runs the program with a terminal of its own and types the answers; returns exit code and what was shown."""
        pid, fd = pty.fork()
        if pid == 0:
            env = self.environment({})
            os.execve(support.BINARY, [support.BINARY, *args], env)
        shown = b""
        for answer in answers:
            while not shown.rstrip().endswith(b":"):
                if not select.select([fd], [], [], 60)[0]:
                    self.fail(f"no question came: {shown!r}")
                shown += os.read(fd, 4096)
            os.write(fd, answer.encode() + b"\n")
            shown += b"|"
        while True:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_at_a_terminal_the_new_one_is_asked_for_twice(self):
        j = self.journal()
        args = ["-C", j.path, "key", "passphrase"]
        code, shown = self.at_a_terminal(args, ["one thing", "another thing"])
        self.assertEqual(code, COULD_NOT, shown)
        self.assertIn("the two passphrases differ; nothing was done", shown)
        j.append(note("the old one still opens it"))
        code, shown = self.at_a_terminal(args, ["words typed twice", "words typed twice"])
        self.assertEqual(code, DONE, shown)
        self.assertIn("New passphrase of the key vault: ", shown)
        self.assertIn("The same again: ", shown)
        self.assertNotIn("words typed twice", shown)
        j.run("append", input=json.dumps(note("x")), env={"LEDGER_PASSPHRASE_FILE": self.write("typed", "words typed twice\n")})

    # -- recovery ----------------------------------------------------------------------------------------------------

    @support.needs_tool("openssl")
    def test_an_owner_puts_another_key_in_the_place_of_a_lost_one(self):
        j = self.journal()
        owner = Owner(self)
        j.run("actor", "add", owner.name, "--role", "owner", "--key", owner.vkey)
        j.append(word("before"))
        os.remove(os.path.join(j.path, "vault"))
        self.expect_error(COULD_NOT, "restore its file", args=["-C", j.path, "append"], input=json.dumps(word("x")))
        to_sign = self.path("to-sign")
        result = j.run("key", "recover", "--owner", owner.name, "--statement", to_sign, "--reason", "the disk burned")
        self.assertIn("openssl pkeyutl -sign -rawin", result.err)
        self.assertTrue(self.read("to-sign").startswith(b"ledger statement v1\n" + support.ORIGIN.encode() + b"\n"))
        # The same again is another time, and another file.
        self.expect_error(COULD_NOT, "to-sign", args=["-C", j.path, "key", "recover", "--owner", owner.name, "--statement", to_sign])
        result = j.run("key", "recover", "--statement", to_sign, "--signature", owner.sign(to_sign))
        self.assertIn("key epoch 1: entry 4, signed by owner:eva", result.out)
        j.append(word("after"))
        self.assertEqual([(r["by"], r["begins"], r["secret_here"]) for r in self.keys(j)], [("genesis", 1, False), ("owner:eva", 4, True)])
        j.verify()
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        self.assertEqual(set(self.others(raw, j.vkey)), {DONE})
        self.expect_error(COULD_NOT, "nothing is lost", "key rotate",
                          args=["-C", j.path, "key", "recover", "--owner", owner.name, "--statement", self.path("again")])
        self.assertFalse(os.path.exists(self.path("again")))

    @support.needs_tool("openssl")
    def test_a_recovery_is_refused(self):
        j = self.journal()
        owner, other = Owner(self), Owner(self, "owner:max")
        j.run("actor", "add", owner.name, "--role", "owner", "--key", owner.vkey)
        to_sign, moved = self.path("to-sign"), self.path("vault")
        recover = ["-C", j.path, "key", "recover"]
        self.expect_error(COULD_NOT, "operator is no owner", args=[*recover, "--owner", "operator", "--statement", to_sign])
        self.expect_error(COULD_NOT, "no actor", args=[*recover, "--owner", other.name, "--statement", to_sign])
        self.expect_error(COULD_NOT, "nothing is lost", args=[*recover, "--owner", owner.name, "--statement", to_sign])
        wrong = {"LEDGER_PASSPHRASE_FILE": self.write("wrong", "wrong\n")}
        self.expect_error(COULD_NOT, "move the file away", args=[*recover, "--owner", owner.name, "--statement", to_sign], env=wrong)
        os.rename(os.path.join(j.path, "vault"), moved)
        j.run("key", "recover", "--owner", owner.name, "--statement", to_sign)
        self.expect_error(COULD_NOT, "the signature is not owner:eva's over this entry",
                          args=[*recover, "--statement", to_sign, "--signature", other.sign(to_sign)])
        signature = owner.sign(to_sign)
        short = self.write("short", b"x" * 63)
        self.expect_error(COULD_NOT, "a signature has 64 bytes", args=[*recover, "--statement", to_sign, "--signature", short])
        changed = self.write("changed", self.read("to-sign").replace(b"the journal's key is lost", b"the journal's key is sold"))
        self.expect_error(COULD_NOT, "the signature is not owner:eva's", args=[*recover, "--statement", changed, "--signature", signature])
        for content in (b"", b"\n\n", b"nonsense", self.read("to-sign")[:-1], self.read("to-sign") + b"x"):
            self.expect_error(COULD_NOT, "this is no statement of a recovery", args=[*recover, "--statement", self.write("bad", content), "--signature", signature])
        self.assertEqual(j.size(), 2)
        # The vault that was found again is as good as ever, and the recovery forgotten.
        os.replace(moved, os.path.join(j.path, "vault"))
        j.append(word("x"))
        self.expect_error(COULD_NOT, "nothing is lost", args=[*recover, "--statement", to_sign, "--signature", signature])
        j.verify()


if __name__ == "__main__":
    support.main()
