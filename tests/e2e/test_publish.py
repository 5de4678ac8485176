"""A published journal: what is in it, that only what is new is written, that readers see whole states, forks refused."""
import json
import os
import shutil
import signal
import threading
import unittest

import published
import support
from authority import Authority
from published import Nginx, OfUrl, Reader, files_of, of_folder
from support import COULD_NOT, MISUSED, WRONG, Case, note

ROUNDS = 10 if support.QUICK else 25
KILLS = 4 if support.QUICK else 8


class Publish(Case):
    def notes(self, j, count, text="note"):
        lines = "".join(json.dumps(note(f"{text} {i}")) + "\n" for i in range(count))
        return j.run("append", self.write("notes.jsonl", lines))

    def publish(self, j, name="P", *options):
        return j.run("publish", self.path(name), "--json", *options).json()

    def check(self, j, name="P"):
        """The whole directory, recomputed; it is the journal's newest seal, byte for byte."""
        reader = Reader(of_folder(self.path(name)))
        checkpoint, entries = reader.check()
        self.assertEqual(checkpoint.note.decode(), j.run("seal").out)
        for size in reader.sizes():
            reader.check(reader.seal(size))
        self.assertEqual(reader.sizes()[-1], checkpoint.size)
        return checkpoint, entries

    def test_what_is_in_it(self):
        """Sizes at the edges of bundles and tiles, one after the other into one directory."""
        j = self.journal()
        for size in (1, 2, 3, 255, 256, 257, 511, 512, 513, 700):
            have = int(j.run("seal").lines[1])
            if size > have:
                self.notes(j, size - have)
            said = self.publish(j)
            self.assertEqual(said["entries"], size)
            checkpoint, entries = self.check(j)
            self.assertEqual((checkpoint.size, checkpoint.root.hex()), (size, said["root"]))
            for seq, entry in enumerate(entries, 1):
                self.assertEqual(int.from_bytes(entry[8:16], "big"), seq)
        # From nothing it is the same, but for what was published on the way.
        fresh = self.publish(j, "Q")
        self.assertEqual((fresh["before"], fresh["entries"], fresh["seals"]), (0, 700, 1))
        self.check(j, "Q")
        whole, new = files_of(self.path("P")), files_of(self.path("Q"))
        self.assertEqual({k: v for k, v in new.items() if whole.get(k) != v}, {"seals": b"700\n"})
        self.assertEqual(sorted(set(whole) - set(new)), sorted(
            ["tile/1/000.p/1", "tile/0/002.p/1", "tile/entries/002.p/1"] + [f"seal/{n:03}" for n in (1, 2, 3, 255, 256, 257, 511, 512, 513)]))

    def test_only_what_is_new_is_written(self):
        j = self.journal()
        self.notes(j, 1000)
        first = self.publish(j)
        before = {k: os.stat(self.path("P", k)).st_mtime_ns for k in files_of(self.path("P"))}
        again = self.publish(j)
        self.assertEqual((again["files"], again["bytes"], again["before"]), (0, 0, 1001))
        self.assertGreater(first["files"], 8)
        self.notes(j, 30)
        said = self.publish(j)
        # Entries 1002..1031: bundles 3 (now full) and 4, their two tiles, the tile above, a seal, list, checkpoint.
        self.assertEqual(said["files"], 8)
        for name, when in before.items():
            if name not in ("seals", "checkpoint") and os.path.exists(self.path("P", name)):
                self.assertEqual(os.stat(self.path("P", name)).st_mtime_ns, when, name)
        self.check(j)

    def test_partial_tiles_go_when_the_full_ones_are_there(self):
        j = self.journal()
        self.notes(j, 99)
        self.publish(j)
        self.notes(j, 50)
        self.publish(j)
        self.assertEqual(sorted(os.listdir(self.path("P", "tile/0/000.p"))), ["100", "150"])
        self.assertEqual(sorted(os.listdir(self.path("P", "tile/entries/000.p"))), ["100", "150"])
        self.notes(j, 200)
        self.publish(j)
        self.assertEqual(sorted(os.listdir(self.path("P", "tile/0"))), ["000", "001.p"])
        self.assertEqual(sorted(os.listdir(self.path("P", "tile/entries"))), ["000", "001.p"])
        self.check(j)

    def test_every_seal_in_the_list_has_its_tiles(self):
        """Also the smaller ones at the newest edge."""
        j = self.journal()
        for count in (258, 3, 7, 1):
            self.notes(j, count)
            self.publish(j)
        self.assertEqual(Reader(of_folder(self.path("P"))).sizes(), [259, 262, 269, 270])
        self.check(j)

    @support.needs_tool("openssl")
    def test_timestamps_are_published_also_when_they_come_late(self):
        j = self.journal()
        self.notes(j, 4)
        self.notes(j, 3)
        self.publish(j)
        self.notes(j, 300)
        self.publish(j)
        self.assertEqual(Reader(of_folder(self.path("P"))).sizes(), [8, 308])
        authority = Authority(self)
        for size in (5, 308, 308):
            j.run("seal", "--size", size, "--timestamp", authority.url)
        self.assertEqual(self.publish(j)["files"], 3 + 2, "three tokens, a seal and the list")
        self.assertEqual(self.publish(j)["files"], 0)
        reader = Reader(of_folder(self.path("P")))
        self.assertEqual(reader.sizes(), [5, 8, 308])
        self.check(j)
        for size, number, name in ((5, 0, "005"), (308, 0, "308"), (308, 1, "308")):
            j.run("seal", "--size", size, "--token", self.path(f"token{size}{number}"), "--number", number)
            self.assertEqual(reader.must(f"timestamp/{name}/{number}"), self.read(f"token{size}{number}"))

    def test_places(self):
        j = self.journal()
        os.mkdir(self.path("empty"))
        self.publish(j, "empty")
        os.makedirs(self.path("full", "deep"))
        self.write("full/deep/mine.txt", "x")
        self.expect_error(COULD_NOT, "full/deep/mine.txt is there", "name an empty directory",
                          args=["-C", j.path, "publish", self.path("full")])
        self.expect_error(COULD_NOT, "J/", "no file of a published journal", args=["-C", j.path, "publish", j.path])
        self.expect_error(COULD_NOT, "no/such", args=["-C", j.path, "publish", self.path("no/such/P")])
        self.expect_error(COULD_NOT, "passphrase", args=["-C", j.path, "publish", self.path("passphrase")])
        self.expect_error(MISUSED, "is missing", args=["-C", j.path, "publish"])
        self.expect_error(COULD_NOT, "no journal in", args=["-C", self.path("none"), "publish", self.path("P")])
        self.assertFalse(os.path.exists(self.path("P")))

    def test_another_journals_directory_is_refused(self):
        j = self.journal()
        self.publish(j)
        before = files_of(self.path("P"))
        other = self.journal("K", origin="desk.example/other")
        self.expect_error(COULD_NOT, "another journal's", "desk.example/other", args=["-C", other.path, "publish", self.path("P")])
        same_name = self.journal("L")
        self.expect_error(COULD_NOT, "another journal's", args=["-C", same_name.path, "publish", self.path("P")])
        self.assertEqual(files_of(self.path("P")), before)

    def test_another_history_is_refused(self):
        """A fork, and a journal that was set back: both sizes and roots are named, nothing is written."""
        j = self.journal()
        self.notes(j, 300)
        j.run("backup", self.path("B"))
        self.notes(j, 50, "in the original")
        self.publish(j)
        before = files_of(self.path("P"))
        seal = j.run("seal").lines
        fork = support.Journal(self, self.path("B"))
        old = fork.run("seal").lines
        self.expect_error(WRONG, "another history", "351 entries with root " + seal[2], "only 301 entries with root " + old[2],
                          args=["-C", fork.path, "publish", self.path("P")])
        self.notes(fork, 60, "in the copy")
        self.expect_error(WRONG, "another history", "351 entries with root " + seal[2], "351 entries with root ",
                          args=["-C", fork.path, "publish", self.path("P")])
        self.assertEqual(files_of(self.path("P")), before)
        self.publish(j)

    def test_a_changed_checkpoint_is_refused(self):
        j = self.journal()
        self.publish(j)
        whole = self.read("P/checkpoint")
        for changed in (b"", whole[:-1], whole.replace(b"\n1\n", b"\n2\n"), b"\0" * 2000):
            self.write("P/checkpoint", changed)
            self.expect_error(COULD_NOT, "P/checkpoint", "publish to a new directory", args=["-C", j.path, "publish", self.path("P")])

    def test_all_puts_right_what_was_changed(self):
        j = self.journal()
        self.notes(j, 600)
        self.publish(j)
        good = files_of(self.path("P"))
        for name in ("tile/0/000", "tile/entries/001", "tile/1/000.p/2", "seal/601"):
            self.write("P/" + name, bytes(reversed(good[name])))
        os.unlink(self.path("P", "tile/0/001"))
        self.assertEqual(self.publish(j, "P", "--all")["files"], 5)
        self.assertEqual(files_of(self.path("P")), good)

    def test_damaged_entries_are_not_published(self):
        """A byte of the journal changes: nothing is said to be published that its seal does not prove."""
        j = self.journal()
        self.notes(j, 100, "find me")
        self.publish(j)
        before = files_of(self.path("P"))
        self.notes(j, 10, "change me")
        path = self.path("J", "journal.mdb")
        with open(path, "rb") as f:
            whole = f.read()
        at = whole.index(b"change me 7")
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(b"C")
        self.expect_error(WRONG, "its entries are not those that its seal of size 111 covers", "verify",
                          args=["-C", j.path, "publish", self.path("P")])
        after = files_of(self.path("P"))
        self.assertEqual({name: after[name] for name in before}, before)
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(b"c")
        self.publish(j)
        self.check(j)

    def test_a_publish_that_is_killed_is_gone_on_with(self):
        j = self.journal()
        self.notes(j, 299)
        self.publish(j)
        self.notes(j, 40000)
        old = Reader(of_folder(self.path("P"))).check()[0]
        went_far = 0
        for n in range(KILLS):
            shutil.copytree(self.path("P"), self.path("K"))
            process = j.start("publish", self.path("K"))
            self.wait_for("files", lambda: process.poll() is not None or len(files_of(self.path("K", "tile"))) > 1 + 9 * n)
            process.send_signal(signal.SIGKILL)
            process.wait()
            checkpoint, _ = Reader(of_folder(self.path("K"))).check()  # whole, before and after
            self.assertIn(checkpoint.size, (old.size, 40300))
            went_far += checkpoint.size == old.size and len(files_of(self.path("K", "tile"))) > 6
            self.publish(j, "K")
            self.check(j, "K")
            self.assertEqual([name for name in os.listdir(self.path("K")) if name.startswith(".")], [])
            shutil.rmtree(self.path("K"))
        self.assertGreater(went_far, 0, "no publish was killed in the middle")

    def test_two_at_a_time(self):
        j = self.journal()
        self.notes(j, 30000)
        processes = [j.start("publish", self.path("P")) for _ in range(4)]
        codes = [p.wait(120) for p in processes]
        self.assertIn(0, codes)
        self.assertEqual(set(codes) - {0, COULD_NOT}, set())
        self.check(j)

    @published.needs_nginx
    def test_a_reader_never_sees_a_checkpoint_without_its_tiles(self):
        """Over HTTP, again and again, while publishes go on."""
        j = self.journal()
        self.publish(j)
        server = Nginx(self, self.path("P"))
        done, seen, wrong, fallbacks = threading.Event(), [], [], [0]

        def read():
            get = OfUrl(server.port)
            try:
                while not done.is_set():
                    reader = Reader(get)
                    seen.append(reader.check()[0].size)
                    reader.check(reader.seal(reader.sizes()[0]))
                    fallbacks[0] += reader.fallbacks
            except published.Wrong as e:
                wrong.append(str(e))
            finally:
                get.close()

        readers = [threading.Thread(target=read) for _ in range(2)]
        for r in readers:
            r.start()
        try:
            for _ in range(ROUNDS):
                self.notes(j, 37)
                self.publish(j)
                if wrong:
                    break
        finally:
            done.set()
            for r in readers:
                r.join()
        self.assertEqual(wrong, [])
        self.assertGreater(len(set(seen)), ROUNDS // 8, "the reader saw only few states")
        gone = [path for path, status in server.asked() if status != 200]
        self.assertEqual([path for path in gone if "/" not in path[1:] or ".p/" not in path], [], "only partial tiles may be gone")


if __name__ == "__main__":
    support.main()
