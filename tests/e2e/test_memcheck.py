"""The program under Valgrind's memcheck, once through a journal's life: what reads unwritten memory, reads or writes
outside a block, or loses one, ends with the code that a sanitizer's report has here. The sanitized builds do not see
what the libraries do with our memory; this does. No suppressions."""
import os

import desk
import support
from support import COULD_NOT, Case, note

DAY = "2026-01-05"
MEMCHECK = ["valgrind", "--quiet", f"--error-exitcode={support.SANITIZER_EXIT}", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--child-silent-after-fork=yes"]


@support.needs_tool("valgrind")
class Memcheck(Case):
    REAL_VAULT = True

    def setUp(self):
        super().setUp()
        program = self.write("under-valgrind", f"#!/bin/sh\nexec {' '.join(MEMCHECK)} '{support.BINARY}' \"$@\"\n")
        os.chmod(program, 0o700)
        before, support.BINARY = support.BINARY, program
        self.addCleanup(setattr, support, "BINARY", before)

    def test_a_journal_lives_through_its_day(self):
        j = self.journal()
        j.run("actor", "add", "ada", "--role", "operator")
        acknowledged = j.append(note("before the open"), note("\u00e4 \U0001F4B0"))
        self.assertEqual(acknowledged[0].last, acknowledged[0].first + 1)
        bad = self.write("bad.jsonl", '{"kind":"control.note","body":{"text":7}}\n')
        self.expect_error(COULD_NOT, "line 1", "column", args=["-C", j.path, "append", bad])
        report, _ = desk.run(j, desk.synthetic(date=DAY, minutes=30))
        self.assertGreater(report["fills"], 0)
        j.run("replay")
        self.assertIsNone(j.redecide()["differs"])
        j.verify()
        order = j.log("--kind", "order.new", "--limit", "1")[0]["body"]["order_id"]
        self.assertIn(order, j.run("explain", order).out)
        pack = self.path("pack")
        j.run("nightly", "--date", DAY, "--out", pack)
        j.run("report", "verify", pack, "--key", j.vkey)
        raw = self.path("raw")
        j.run("export", "--raw", raw)
        self.ledger("verify", "--raw", raw, "--key", j.vkey)


if __name__ == "__main__":
    support.main()
