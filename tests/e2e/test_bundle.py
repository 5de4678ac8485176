"""ledger bundle: what is in it, and that whoever changes any of it is found out by the page that is in it."""
import json
import random
import re
import os
import unittest

import desk
import support
from bundles import Bundles, entries_file, entries_of, files_of, zip_of
from support import COULD_NOT, MISUSED, note

PAGES = {"README.txt", "summary.html", "verify.html", "FORMAT.md", "BUNDLE.md", "bundle.json"}


@support.needs_tool("node")
class Contents(Bundles):
    def test_an_order_comes_with_its_causes_and_all_that_says_who_may_write(self):
        j = self.journal()
        desk.run(j, desk.synthetic())
        j.run("actor", "add", "person:ada", "--role", "compliance")
        order = j.log("--kind", "order.new")[0]["body"]["order_id"]
        path = self.bundle(j, "--order", order)
        files = files_of(path)
        size = j.size()
        self.assertEqual(set(files), PAGES | {"entries", "proof", f"seals/{size}.note", f"seals/{size}.consistency"})
        rows = {row["seq"]: row for row in j.log()}
        seqs = [int.from_bytes(e[8:16], "big") for e in entries_of(files["entries"])]
        asked = [seq for seq, row in rows.items() if row["body"].get("order_id") == order]
        wanted = set(asked) | {s for s, row in rows.items() if row["kind"] in ("control.genesis", "control.actor")}
        for seq in sorted(wanted, reverse=True):
            while rows[seq].get("cause"):
                seq = rows[seq]["cause"]
                wanted.add(seq)
        self.assertEqual(seqs, sorted(wanted))
        said = self.page(path, key=j.vkey)[0]
        self.assertTrue(said["ok"], said)
        self.assertEqual((said["seqs"], said["asked"]), (seqs, asked))
        self.assertLess(len(seqs), size)

    def test_the_same_question_gives_the_same_bytes(self):
        j = self.journal()
        j.append(*[note(f"words {i}") for i in range(600)])
        question = ["--kind", "control.note", "--entry", "1", "--entry", "300"]
        one, two = (self.bundle(j, *question, name=name) for name in ("one.zip", "two.zip"))
        self.assertEqual(self.read(one), self.read(two))
        self.assertEqual(json.loads(files_of(one)["bundle.json"])["asked"], [f"1-{j.size()}"])
        self.assertEqual(files_of(one)["proof"], b"")

    def test_nothing_of_other_entries_is_in_it(self):
        j = self.journal()
        j.append(*[note(f"secret {i}") for i in range(50)], note("public"), *[note(f"hidden {i}") for i in range(50)])
        files = files_of(self.bundle(j, "--entry", "52"))
        for name, content in files.items():
            with self.subTest(file=name):
                self.assertNotIn(b"secret ", content if name not in PAGES - {"summary.html", "bundle.json"} else b"")
                self.assertNotIn(b"hidden ", content if name not in PAGES - {"summary.html", "bundle.json"} else b"")
        self.assertIn(b"public", files["entries"])
        self.assertIn(b"public", files["summary.html"])

    def test_sizes_around_whole_trees_are_proven(self):
        j = self.journal()
        for size in (2, 3, 255, 256, 257, 258, 511, 512, 513):
            j.append(*[note(f"to {size}")] * (size - j.size()))
            for i, seqs in enumerate(([1], [size], [1, size], [size // 2 + 1, size // 2 + 2][:size - size // 2])):
                path = self.bundle(j, *[x for s in seqs for x in ("--entry", str(s))], name=f"{size}-{i}.zip")
                said = self.page(path, key=j.vkey)[0]
                self.assertTrue(said["ok"], (size, seqs, said))

    def test_markup_in_words_stays_words(self):
        j = self.journal()
        j.append(note("<script>alert(1)</script> & <b>\"quoted\"</b>"))
        page = files_of(self.bundle(j, "--kind", "control.note"))["summary.html"].decode()
        self.assertNotIn("<script>", page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;", page)

    def test_the_page_has_the_table_of_kinds(self):
        with open(os.path.join(support.SOURCE, "ledger", "entry_kinds.def"), encoding="utf-8") as f:
            table = f.read()
        with open(os.path.join(support.SOURCE, "audit", "bundle", "verify.html"), encoding="utf-8") as f:
            page = f.read()
        lines, fields = [], None
        for what, inside in re.findall(r"^(KIND|FIELD)\((.*)\)$", table, re.M):
            if what == "KIND":
                number, _, _, name, schema = re.match(r'0x([0-9a-f]+), (\w+), (\w+), "([^"]+)", (\d+)', inside).groups()
                fields = []
                lines.append((f"{number} {name} {schema}: ", fields))
            else:
                fields.append(" ".join(re.match(r"\w+, (\w+), (\w+)", inside).groups()))
        self.assertGreater(len(lines), 40)
        for head, fields in lines:
            self.assertIn("\n" + head + ", ".join(fields) + "\n", page.replace("`", "\n"))


@support.needs_tool("node")
class Tampered(Bundles):
    def setUp(self):
        super().setUp()
        self.j = self.journal()
        self.j.append(*[note(f"words {i}") for i in range(20)])
        self.j.run("stop", "--reason", "a test")
        self.j.append(*[note(f"more words {i}") for i in range(20)])
        self.files = files_of(self.bundle(self.j, "--entry", "5", "--entry", "6", "--entry", "22", "--entry", "40"))
        self.size = self.j.size()

    def judge(self, *changes):
        """Each change gets a copy of the files; returns what the page says of all."""
        paths = []
        for i, change in enumerate(changes):
            files = dict(self.files)
            change(files)
            paths.append(self.write(f"tampered-{i}.zip", zip_of(files)))
        return self.page(*paths, key=self.j.vkey)

    def test_every_flipped_bit_that_counts_is_found(self):
        counting = ["entries", "proof", f"seals/{self.size}.note"]
        bits = [(name, bit) for name in counting for bit in range(8 * len(self.files[name]))]
        step = max(1, len(bits) // (200 if support.QUICK else 1000))
        chosen = bits[::step]

        def flip(name, bit):
            def change(files):
                content = bytearray(files[name])
                content[bit // 8] ^= 1 << bit % 8
                files[name] = bytes(content)
            return change
        for at in range(0, len(chosen), 1000):
            part = chosen[at:at + 1000]
            for (name, bit), said in zip(part, self.judge(*[flip(*case) for case in part]), strict=True):
                self.assertFalse(said["ok"], f"bit {bit} of {name}")
                self.assertTrue(said["wrong"]["place"], said)

    def test_what_was_done_is_told(self):
        entries = entries_of(self.files["entries"])

        def with_entries(change):
            def apply(files):
                changed = list(entries)
                change(changed)
                files["entries"] = entries_file(changed)
            return apply
        cases = [
            ("dropped", with_entries(lambda e: e.pop(2)), "proof", "hashes"),
            ("swapped", with_entries(lambda e: e.insert(1, e.pop(2))), "entry 5", "does not come after"),
            ("repeated", with_entries(lambda e: e.insert(2, e[1])), "entry 5", "does not come after"),
            ("renumbered", with_entries(lambda e: e.__setitem__(-1, e[-1][:15] + b"\x29" + e[-1][16:])), "proof", ""),
            ("no genesis", with_entries(lambda e: e.pop(0)), "entry 1", "genesis"),
            ("none", with_entries(lambda e: e.clear()), "bundle", "no entries"),
            ("edited words", with_entries(lambda e: e.__setitem__(1, e[1].replace(b"words 3", b"Words 3"))), "proof", "altered"),
            ("cut", lambda f: f.update(entries=f["entries"][:-1]), "the entry after entry 22", "runs past"),
            ("proof cut", lambda f: f.update(proof=f["proof"][:-32]), "proof", "fewer"),
            ("proof longer", lambda f: f.update(proof=f["proof"] + bytes(32)), "proof", "more"),
            ("proof odd", lambda f: f.update(proof=f["proof"][:-1]), "proof", "whole hashes"),
            ("no seal", lambda f: f.pop(f"seals/{self.size}.note"), "bundle", "no seal"),
            ("seal renamed", lambda f: f.update({f"seals/{self.size + 1}.note": f.pop(f"seals/{self.size}.note")}),
             f"seal {self.size + 1}", "does not seal"),
            ("no proof", lambda f: f.pop("proof"), "bundle", "proof is missing"),
            ("no guide", lambda f: f.pop("bundle.json"), "bundle", "bundle.json"),
        ]
        for (name, _, place, words), said in zip(cases, self.judge(*[c[1] for c in cases]), strict=True):
            with self.subTest(name):
                self.assertFalse(said["ok"])
                self.assertEqual(said["wrong"]["place"], place, said["wrong"])
                self.assertIn(words, said["wrong"]["words"])

    def test_another_journals_key_is_refused_and_none_is_said(self):
        path = self.write("good.zip", zip_of(self.files))
        other = self.journal("other")
        said = self.page(path, key=other.vkey)[0]
        self.assertEqual((said["ok"], said["wrong"]["place"]), (False, "entry 1"))
        said = self.page(path, key="")[0]
        self.assertEqual((said["ok"], said["keyGiven"]), (True, False))
        self.assertEqual(said["checks"][0]["state"], "warn")
        said = self.page(path, key=self.j.vkey[:-3] + "AAA")[0]
        self.assertEqual(said["wrong"]["place"], "verifier key")

    def test_garbage_is_no_bundle(self):
        random.seed(3)
        paths = [self.write("empty.zip", b""), self.write("noise.zip", random.randbytes(5000))]
        good = zip_of(self.files)
        paths += [self.write(f"cut-{i}.zip", good[:i]) for i in range(0, len(good) - 1, len(good) // 50)]
        for path, said in zip(paths, self.page(*paths, key=self.j.vkey), strict=True):
            self.assertFalse(said["ok"], path)
            self.assertEqual(said["wrong"]["place"], "bundle", path)


class Refused(support.Case):
    def test_bad_requests(self):
        j = self.journal()
        j.append(note("x"))
        there = self.write("there.zip", b"mine")
        for args, code, pieces in (
                ([], MISUSED, ["OUT.zip", "missing"]), ([self.path("o.zip")], MISUSED, ["say which entries"]),
                (["--entry", "3", self.path("o.zip")], COULD_NOT, ["no entry 3", "covers 2"]),
                (["--entry", "0", self.path("o.zip")], COULD_NOT, ["no entry 0"]),
                (["--entry", "x", self.path("o.zip")], MISUSED, ["--entry", "x"]),
                (["--order", "none", self.path("o.zip")], COULD_NOT, ["nothing was asked for"]),
                (["--kind", "king", self.path("o.zip")], MISUSED, ["--kind", "king"]),
                (["--actor", "nobody", self.path("o.zip")], COULD_NOT, ["nobody"]),
                (["--entry", "1", there], COULD_NOT, ["there.zip", "already"]),
                (["--entry", "1", self.path("no", "where.zip")], COULD_NOT, [self.path("no"), "No such file"])):
            with self.subTest(args=args):
                self.expect_error(code, *pieces, args=["-C", j.path, "bundle", *args])
        self.assertEqual(self.read("there.zip"), b"mine")
        self.assertEqual([n for n in os.listdir(self.dir) if n.startswith("o.zip")], [])

    def test_no_passphrase_is_needed_and_json_counts(self):
        j = self.journal()
        j.append(*[note("x")] * 9)
        said = json.loads(self.ledger("-C", j.path, "bundle", "--entry", "4", "--json", self.path("o.zip"),
                                      env={"LEDGER_PASSPHRASE_FILE": None}).out)
        self.assertEqual((said["size"], said["asked"], said["entries"], said["seals"]), (10, 1, 2, 1))
        self.assertEqual(said["bytes"], os.path.getsize(self.path("o.zip")))


@support.needs_lean
@support.needs_tool("node")
class RealDay(Bundles):
    def test_an_order_of_the_goog_day(self):
        j = self.journal()
        desk.run(j, desk.GOOG_FEED)
        order = j.log("--kind", "order.new")[0]["body"]["order_id"]
        said = self.page(self.bundle(j, "--order", order), key=j.vkey)[0]
        self.assertTrue(said["ok"], said["wrong"])
        self.assertGreater(len(said["asked"]), 3)


if __name__ == "__main__":
    support.main()
