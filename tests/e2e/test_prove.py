"""ledger prove, check-proof: what is proven to somebody without the journal, and that nothing else is.

Every proof is also checked here, by RFC 9162's own words and OpenSSL, without a line of the program.
"""
import base64
import hashlib
import json
import os
import shutil
import struct
import subprocess

import desk
import support
from support import COULD_NOT, MISUSED, WRONG, Case, needs_lean, note
from test_key import Owner, word

SIZES = [2, 3, 4, 257, 300] if support.QUICK else [2, 3, 4, 5, 7, 8, 9, 33, 64, 65, 255, 256, 257, 300]


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def leads_to(leaf, index, size, path, root):
    """RFC 9162, 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def grows_to(first, second, path, first_root, second_root):
    """RFC 9162, 2.1.4.2."""
    if first == second:
        return not path and first_root == second_root
    path = ([first_root] if first & (first - 1) == 0 else []) + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0


def seal_of(text):
    """(origin, size, root) of a signed note."""
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def hashes(rows):
    return [base64.b64decode(row) for row in rows]


class Proofs(Case):
    def grown(self, sizes=SIZES):
        """A journal whose seals are of these sizes."""
        j = self.journal()
        for before, size in zip([1, *sizes], sizes):
            j.append(*[note(f"entry {seq}") for seq in range(before + 1, size + 1)])
        return j

    def check(self, proof, vkey, *options, **more):
        """In a folder where no journal is."""
        path = self.write("a.proof", proof)
        empty = self.path("empty")
        os.makedirs(empty, exist_ok=True)
        return self.ledger("check-proof", path, "--key", vkey, *options, cwd=empty, **more)

    def is_signed(self, key, message, signature):
        """OpenSSL's word for it."""
        der = self.write("key.der", bytes.fromhex("302a300506032b6570032100") + key)
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", der, "-keyform", "DER", "-rawin",
                               "-in", self.write("message", message), "-sigfile", self.write("signature", signature)],
                              capture_output=True)
        return done.returncode == 0

    def seal_is_good(self, note_text, key):
        text, lines = note_text.rsplit("\n\n", 1)
        return self.is_signed(key, (text + "\n").encode(), base64.b64decode(lines.split("\n")[0].split(" ")[2])[4:])


def key_of(vkey):
    return base64.b64decode(vkey.split("+", 2)[2])[1:]


class Inclusion(Proofs):
    def test_entries_of_every_tree_in_both_forms(self):
        j = self.grown()
        for size in SIZES:
            for seq in sorted({1, 2, size // 2 + 1, size - 1, size}):
                proof = j.run("prove", seq, "--size", size)
                self.assertEqual(proof.err, "")
                told = self.check(proof.out, j.vkey, "--json").json()
                self.assertEqual((told["proven"], told["type"], told["origin"], told["seq"], told["size"], told["epoch"]),
                                 (True, "inclusion", support.ORIGIN, seq, size, 0))
                shown = j.json("show", seq)
                self.assertEqual(told["leaf_hash"], shown["leaf_hash"])
                self.assertEqual(told["entry"]["body"], shown["entry"]["body"])
                self.assertEqual(told["entry"]["recorded_at"], shown["entry"]["recorded_at"])
                # The same in another's words.
                rows = proof.json()
                entry = base64.b64decode(rows["entry"])
                origin, sealed, root = seal_of(rows["seal"])
                self.assertEqual((origin, sealed, rows["seq"]), (support.ORIGIN, size, str(seq)))
                self.assertEqual(rows["seal"], j.run("seal", "--size", size).out)
                leaf = hashlib.sha256(b"\0" + entry).digest()
                self.assertTrue(leads_to(leaf, seq - 1, size, hashes(rows["path"]), root))
                # And as a tlog-proof.
                text = j.run("prove", seq, "--size", size, "--format", "tlog-proof").out
                head, note_text = text.split("\n\n", 1)
                self.assertEqual(head.split("\n"), ["c2sp.org/tlog-proof@v1", "extra " + rows["entry"],
                                                    f"index {seq - 1}", *rows["path"]])
                self.assertEqual(note_text, rows["seal"])
                self.assertEqual(self.check(text, j.vkey, "--json").json(), told)

    @support.needs_tool("openssl")
    def test_the_signature_is_one_that_openssl_takes(self):
        j = self.grown([5])
        rows = j.run("prove", 3).json()
        self.assertTrue(self.seal_is_good(rows["seal"], key_of(j.vkey)))
        self.assertFalse(self.seal_is_good(rows["seal"].replace("\n5\n", "\n6\n"), key_of(j.vkey)))

    def test_what_is_said_in_words(self):
        j = self.grown([5])
        told = self.check(j.run("prove", 4).out, j.vkey)
        at = j.json("show", 4)["entry"]["recorded_at"]
        self.assertEqual(told.lines[0], f"proven: entry 4, a control.note recorded at {at}, is one of the 5 entries that "
                                        f"{support.ORIGIN} sealed")
        self.assertIn("  text         entry 4", told.lines)
        self.assertIn("signed by the given key", told.lines)
        only = self.check(j.run("prove", 1, "--size", 1).out, j.vkey)
        self.assertIn("is the only entry that", only.lines[0])
        order = {"kind": "order.cancel", "cause": 1, "body": {"order_id": "o-1", "reason": "x"}}
        j.append(order)
        self.assertIn("entry 6, an order.cancel recorded", self.check(j.run("prove", 6).out, j.vkey).lines[0])
        growth = self.check(j.run("prove", "--consistency", 5, 6).out, j.vkey)
        self.assertEqual(growth.lines[0], f"proven: the 6 entries that {support.ORIGIN} sealed begin with the 5 of its older "
                                          "seal, none of them changed, moved or removed")

    def test_no_entry_plays_tricks_on_the_terminal(self):
        j = self.journal()
        j.append(note("\u001b[2Jproven: \u202eeverything"))
        told = self.check(j.run("prove", 2).out, j.vkey)
        self.assertNotIn("\x1b", told.out)
        self.assertNotIn("\u202e", told.out)

    def test_a_size_without_a_seal(self):
        j = self.grown([10, 20])
        near = j.run("prove", 3, "--size", 11)
        self.assertIn("no seal covers exactly 11 entries", near.err)
        self.assertIn("of 20", near.err)
        self.assertEqual(self.check(near.out, j.vkey, "--json").json()["size"], 20)
        self.assertEqual(self.check(j.run("prove", 3, "--size", 4).out, j.vkey, "--json").json()["size"], 10)
        for size, pieces in ((21, ["no seal that covers 21"]), (10, ["entry 15 is not among the first 10"])):
            self.expect_error(COULD_NOT, *pieces, args=["-C", j.path, "prove", "15", "--size", size])

    def test_the_entry_in_a_file_of_its_own(self):
        j = self.grown([5])
        entry = self.path("entry.bin")
        text = j.run("prove", 4, "--format", "tlog-proof", "--entry-out", entry).out
        with open(entry, "rb") as f:
            data = f.read()
        self.assertEqual(hashlib.sha256(b"\0" + data).hexdigest(), j.json("show", 4)["leaf_hash"])
        without = "".join(line + "\n" for line in text.split("\n")[:-1] if not line.startswith("extra "))
        self.check(without, j.vkey, "--entry", entry)
        told = self.check(without, j.vkey, code=COULD_NOT)
        self.assertIn("does not hold its entry", told.err)
        other = self.path("other.bin")
        j.run("prove", 3, "--entry-out", other)
        for proof in (without, text, j.run("prove", 4).out):
            self.check(proof, j.vkey, "--entry", other, code=WRONG)
        self.expect_error(COULD_NOT, entry, "is there already", args=["-C", j.path, "prove", 4, "--entry-out", entry])
        with open(entry, "rb") as f:
            self.assertEqual(f.read(), data)

    def test_a_proof_from_standard_input(self):
        j = self.grown([5])
        proof = j.run("prove", 4).out
        self.ledger("check-proof", "-", "--key", j.vkey, input=proof)
        pretty = json.dumps(json.loads(proof), indent=4, sort_keys=True)
        self.ledger("check-proof", "-", "--key", j.vkey, input=pretty)


class Consistency(Proofs):
    def test_every_pair_of_seals(self):
        j = self.grown()
        for i, old in enumerate(SIZES):
            for new in SIZES[i:]:
                proof = j.run("prove", "--consistency", old, new)
                told = self.check(proof.out, j.vkey, "--json").json()
                self.assertEqual((told["proven"], told["type"], told["old_size"], told["size"]), (True, "consistency", old, new))
                rows = proof.json()
                self.assertEqual(seal_of(rows["old_seal"])[1], old)
                self.assertEqual(seal_of(rows["seal"])[1], new)
                self.assertTrue(grows_to(old, new, hashes(rows["path"]), seal_of(rows["old_seal"])[2], seal_of(rows["seal"])[2]))

    def test_sizes_without_a_seal_are_told(self):
        j = self.grown([10, 20])
        for pair, pieces in (((9, 20), ["exactly 9", "next one covers 10"]), ((10, 19), ["exactly 19", "covers 20"]),
                             ((20, 10), ["20 is more than 10"]), ((0, 10), ["exactly 0"]), ((10, 21), ["21"])):
            self.expect_error(COULD_NOT, *pieces, args=["-C", j.path, "prove", "--consistency", *pair])

    def test_a_seal_that_was_kept_tells_a_fork(self):
        j = self.grown([10, 20])
        kept = self.write("kept.seal", j.run("seal").out)
        copy = self.path("copy")
        shutil.copytree(j.path, copy)
        fork = support.Journal(self, copy)
        j.append(*[note(f"here {i}") for i in range(10)])
        fork.append(*[note(f"there {i}") for i in range(10)])
        ours = self.write("ours.seal", j.run("seal").out)
        proof = j.run("prove", "--consistency", 20, 30).out
        for seal in (kept, ours):
            self.check(proof, j.vkey, "--against", seal)
        forked = fork.run("prove", "--consistency", 20, 30).out
        self.check(forked, j.vkey, "--against", kept)
        told = self.check(forked, j.vkey, "--against", ours, code=WRONG)
        self.assertIn("another past", told.err)
        entry = fork.run("prove", 25).out
        self.check(entry, j.vkey)  # the same key signed it: of itself it is good
        self.assertIn("another past", self.check(entry, j.vkey, "--against", ours, code=WRONG).err)
        told = self.check(entry, j.vkey, "--against", kept, code=COULD_NOT)
        self.assertIn("ledger prove --consistency 20 30", told.err)
        self.write("J.seal", "no seal")
        self.assertIn("is no seal", self.check(proof, j.vkey, "--against", j.path + ".seal", code=COULD_NOT).err)


@support.needs_tool("openssl")
class Keys(Proofs):
    """Seals by keys that followed the one which init printed."""

    def grow(self):
        """Epoch 1 from size 6 on, epoch 2 from 11 on, and, signed by an owner because that was lost, 3 from 15 on."""
        j = self.journal()
        owner = Owner(self)
        j.run("actor", "add", owner.name, "--role", "owner", "--key", owner.vkey)  # 2
        j.append(word("a"), word("b"))  # 3, 4
        j.run("key", "rotate")  # 5
        j.append(*[word(c) for c in "cdef"])  # 6 .. 9
        j.run("key", "rotate")  # 10
        j.append(*[word(c) for c in "ghij"])  # 11 .. 14
        os.remove(os.path.join(j.path, "vault"))
        to_sign = self.path("to-sign")
        j.run("key", "recover", "--owner", owner.name, "--statement", to_sign)
        j.run("key", "recover", "--statement", to_sign, "--signature", owner.sign(to_sign))  # 15
        j.append(*[word(c) for c in "klm"])  # 16 .. 18
        return j

    SEALS = {1: 0, 2: 0, 4: 0, 5: 0, 9: 1, 10: 1, 14: 2, 15: 3, 18: 3}  # size: whose key signed

    def follow(self, rows, key):
        """docs/PROOFS.md, "The check", in other words: the key that signs the proof's newest seal."""
        size, root, epoch, least = 0, hashlib.sha256(b"").digest(), 0, 0

        def seal(step):
            nonlocal size, root
            self.assertTrue(self.seal_is_good(step["seal"], key))
            origin, now, now_root = seal_of(step["seal"])
            self.assertEqual(origin, support.ORIGIN)
            self.assertGreaterEqual(now, least)
            path = hashes(step["consistency"])
            self.assertTrue(path == [] if size == 0 else grows_to(size, now, path, root, now_root))
            size, root = now, now_root

        def placed(step):
            entry = base64.b64decode(step["entry"])
            seq, = struct.unpack(">Q", entry[8:16])
            leaf = hashlib.sha256(b"\0" + entry).digest()
            self.assertTrue(leads_to(leaf, seq - 1, size, hashes(step["path"]), root))
            return entry, seq

        for change in rows.get("keys", []):
            entry = base64.b64decode(change["entry"])
            kind, seq, actor = struct.unpack(">2xH4xQ24xI", entry[:44])
            number, named = struct.unpack(">q32s", entry[48:88])
            self.assertEqual((kind, number), (0x070b, epoch + 1))
            if "owner" in change:
                seal(change["owner"])
                self.assertEqual(size, seq - 1)
                named_owner, _ = placed(change["owner"])
                self.assertEqual(struct.unpack(">H", named_owner[2:4]), (0x0702,))
                body = named_owner[48:]
                length = body[8]
                self.assertEqual((struct.unpack(">q", body[:8])[0], body[9 + length]), (actor, 1))  # an owner
                bare = entry[:8] + bytes(16) + entry[24:-64]
                statement = b"ledger statement v1\n" + support.ORIGIN.encode() + b"\n" + bare
                self.assertTrue(self.is_signed(body[10 + length:], statement, entry[-64:]))
                key, least = named, seq
                seal(change)
            else:
                seal(change)
                self.assertEqual((actor, entry[1] & 2), (0, 0))
            self.assertEqual(size, seq)
            placed(change)
            key, epoch, least = named, epoch + 1, seq + ("owner" not in change)
        seal({"consistency": [], **rows})
        return key, epoch

    def test_the_first_key_is_enough_at_every_seal(self):
        j = self.grow()
        vkeys = [row["vkey"] for row in j.run("key", "--json").json()]
        self.assertEqual(len(vkeys), 4)
        for size, epoch in self.SEALS.items():
            self.assertEqual(seal_of(j.run("seal", "--size", size).out)[1], size)
            for seq in sorted({1, size // 2 + 1, size}):
                proof = j.run("prove", seq, "--size", size).out
                told = self.check(proof, j.vkey, "--json").json()
                self.assertEqual((told["size"], told["epoch"], told["vkey"], told["seq"]), (size, epoch, vkeys[epoch], seq))
                self.assertEqual(self.follow(json.loads(proof), key_of(j.vkey)), (key_of(vkeys[epoch]), epoch))
            for old in self.SEALS:
                if old <= size:
                    growth = self.check(j.run("prove", "--consistency", old, size).out, j.vkey, "--json").json()
                    self.assertEqual((growth["old_size"], growth["size"], growth["epoch"]), (old, size, epoch))
        text = self.check(j.run("prove", 3).out, j.vkey).lines[-1]
        self.assertEqual(text, f"signed by the key of epoch 3, {vkeys[3]}, to which the given key leads over 3 changes")

    def test_a_tlog_proof_is_checked_with_the_key_of_its_seal(self):
        j = self.grow()
        vkeys = [row["vkey"] for row in j.run("key", "--json").json()]
        for size, epoch in self.SEALS.items():
            made = j.run("prove", 1, "--size", size, "--format", "tlog-proof")
            self.assertEqual(f"--key {vkeys[epoch]}" in made.err, epoch > 0)
            for number, vkey in enumerate(vkeys):
                self.check(made.out, vkey, code=None if number == epoch else WRONG)
            self.check(made.out, vkeys[epoch])

    def test_what_does_not_begin_with_the_first_key_or_leaves_one_out(self):
        j = self.grow()
        vkeys = [row["vkey"] for row in j.run("key", "--json").json()]
        rows = j.run("prove", 7).json()
        for number in (1, 2, 3):
            told = self.check(json.dumps(rows), vkeys[number], code=COULD_NOT)
            self.assertIn(f"the given key is that of epoch {number}", told.err)
        for i in range(3):
            less = {**rows, "keys": rows["keys"][:i] + rows["keys"][i + 1:]}
            self.assertIn("not proven", self.check(json.dumps(less), j.vkey, code=WRONG).err)
        bare = {k: v for k, v in rows.items() if k not in ("keys", "consistency")}
        self.assertIn("not signed by this key", self.check(json.dumps(bare), j.vkey, code=WRONG).err)
        without = json.loads(json.dumps(rows))
        del without["keys"][2]["owner"]
        self.check(json.dumps(without), j.vkey, code=WRONG)


class Refused(Proofs):
    def test_each_field_changed(self):
        j = self.grown([10, 20])
        rows = j.run("prove", 12).json()
        other = j.run("prove", 13, "--size", 20).json()
        wrong = [{"seq": "13"}, {"seq": "20"}, {"seq": "21"}, {"entry": other["entry"]}, {"path": other["path"]},
                 {"path": rows["path"][:-1]}, {"path": rows["path"] + [rows["path"][0]]}, {"path": rows["path"][::-1]},
                 {"path": []}, {"seal": j.run("seal", "--size", 10).out},
                 {"seal": rows["seal"].replace("\n20\n", "\n21\n")},
                 {"seal": rows["seal"].replace(support.ORIGIN, "desk.example/other")}]
        for change in wrong:
            told = self.check(json.dumps({**rows, **change}), j.vkey, "--json", code=WRONG)
            self.assertFalse(told.json()["proven"])
            self.assertIn("not proven", told.json()["why"])
            self.assertIn("not proven", told.err)
        malformed = [{"format": "ledger proof v2"}, {"type": "other"}, {"type": "consistency"}, {"seq": 12}, {"seq": "0"}, {"seq": "012"},
                     {"entry": ""}, {"entry": rows["entry"] + "="}, {"path": "x"}, {"path": ["QUJD"]}, {"seal": ""}, {"seal": "x"},
                     {"keys": []}, {"consistency": []}, {"more": 1}]
        for change in malformed:
            told = self.check(json.dumps({**rows, **change}), j.vkey, code=COULD_NOT)
            self.assertIn("could not be checked", told.err)
        for key in rows:
            less = {k: v for k, v in rows.items() if k != key}
            self.check(json.dumps(less), j.vkey, code=COULD_NOT)

    def test_another_key(self):
        j, other = self.grown([10]), self.journal("other")
        proof = j.run("prove", 5).out
        told = self.check(proof, other.vkey, code=WRONG)
        self.assertIn("not signed by this key", told.err)
        stranger = self.journal("stranger", origin="desk.example/stranger")
        self.check(proof, stranger.vkey, code=WRONG)
        for key, pieces in (("x", ["--key", "three parts"]), (j.vkey[:-4] + "AAA=", ["--key"]), ("", ["--key"])):
            path = self.write("p", proof)
            self.expect_error(COULD_NOT, "could not be checked", *pieces, args=["check-proof", path, "--key", key])

    def test_a_journal_that_was_changed_proves_nothing_of_what_was(self):
        j = self.grown([10, 20])
        path = os.path.join(j.path, "journal.mdb")
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(data.replace(b"entry 12", b"entry 21"))
        for args in (["prove", 12], ["prove", 15], ["prove", "--consistency", 10, 20]):
            told = j.run(*args, code=WRONG)
            self.assertEqual(told.out, "")
            self.assertIn("the journal does not prove it", told.err)
            self.assertIn(f"ledger -C {j.path} verify", told.err)
        self.check(j.run("prove", 5, "--size", 10).out, j.vkey)  # what was sealed before is as good as ever

    def test_misuse(self):
        j = self.grown([5])
        proof = self.write("p.json", j.run("prove", 2).out)
        growth = self.write("g.json", j.run("prove", "--consistency", 1, 5).out)
        for args, pieces in (
                (["prove"], ["what?"]), (["prove", "x"], ["SEQ", "not a number"]), (["prove", "1", "2"], ["2", "too many"]),
                (["prove", "1", "--format", "xml"], ["--format", "xml"]), (["prove", "1", "--size", "-1"], ["--size"]),
                (["prove", "--consistency", "1"], ["OLD-SIZE NEW-SIZE"]), (["prove", "--consistency", "1", "x"], ["--consistency"]),
                (["prove", "--consistency", "1", "5", "--size", "5"], ["--size"]),
                (["prove", "--consistency", "1", "5", "--format", "tlog-proof"], ["--format tlog-proof"]),
                (["prove", "--consistency", "1", "5", "--entry-out", "x"], ["--entry-out"]),
                (["prove", "1", "--entry-out", "-"], ["--entry-out takes a file"]),
                (["check-proof"], ["which file"]), (["check-proof", proof], ["--key VKEY is missing"]),
                (["check-proof", growth, "--key", j.vkey, "--entry", proof], ["--entry", "this is none"])):
            self.expect_error(MISUSED, *pieces, args=["-C", j.path, *args])
        for args, pieces in (
                (["prove", "6"], ["no entry 6", "1 .. 5"]), (["prove", "0"], ["no entry 0"]),
                (["check-proof", self.path("none"), "--key", j.vkey], ["none", "No such file"]),
                (["check-proof", self.path("J"), "--key", j.vkey], ["J"]),
                (["check-proof", __file__, "--key", j.vkey], ["is no proof", "column 1"]),
                (["check-proof", proof, "--key", j.vkey, "--entry", self.path("none")], ["none"]),
                (["-C", self.path("nowhere"), "prove", "1"], ["nowhere"])):
            self.expect_error(COULD_NOT, *pieces, args=["-C", j.path, *args] if args[0] != "-C" else args)


@needs_lean
class RealDay(Proofs):
    def test_the_goog_day(self):
        j = self.journal()
        desk.run(j, desk.GOOG_FEED)
        size = j.size()
        told = j.json("verify", "--key", j.vkey)
        self.assertEqual(told["sealed"], size)
        fills = [e["seq"] for e in j.log("--kind", "fill")]
        orders = [e["seq"] for e in j.log("--kind", "order.new")]
        self.assertTrue(fills and orders)
        for seq in [1, *orders, *fills, size // 2, size - 1, size]:
            proof = j.run("prove", seq).out
            found = self.check(proof, j.vkey, "--json").json()
            self.assertEqual((found["seq"], found["size"], found["root"]), (seq, size, told["root"]))
            rows = json.loads(proof)
            leaf = hashlib.sha256(b"\0" + base64.b64decode(rows["entry"])).digest()
            self.assertTrue(leads_to(leaf, seq - 1, size, hashes(rows["path"]), bytes.fromhex(found["root"])))
            self.assertLessEqual(len(rows["path"]), size.bit_length())
            old = self.check(j.run("prove", seq, "--size", seq, "--format", "tlog-proof").out, j.vkey, "--json").json()
            self.assertGreaterEqual(old["size"], seq)  # as it was sealed first
            if old["size"] < size:
                self.check(j.run("prove", "--consistency", old["size"], size).out, j.vkey)


if __name__ == "__main__":
    support.main()
