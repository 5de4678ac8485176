"""The same everywhere: recorded journals give the digests and re-decisions of golden.txt by every build of this program,
in every environment, and on other machines; and what runs there is what runs here. README.md tells what is compared."""
import os
import shutil
import subprocess
import sys
import unittest

import golden
import scenarios
import desk
import support
import test_determinism

IS_GATE = bool(os.environ.get("LEDGER_GATE"))  # where a build that is missing is a mistake
BUILDS = dict(pair.split("=", 1) for pair in os.environ.get("LEDGER_MACHINES", "").split("|") if pair)
FEED = desk.synthetic(days=2, minutes=65, scenario="crash")


def need(case, what, there):
    if not there:
        if IS_GATE:
            case.fail(f"{what} is not there")
        case.skipTest(f"{what} is not there")


def stripped(j, **options):
    """The log without what no two journals share, and without the program's name."""
    return [r for r in test_determinism.stripped(j, **options) if r["kind"] != "control.run"]


class Machines(support.Case):
    def program(self, name):
        """The build's program, behind qemu when it is another machine's."""
        command = BUILDS[name].split(" ")
        need(self, f"the build {name} ({command[-1]})", os.path.exists(command[-1]) and shutil.which(command[0]))
        path = self.write(f"ledger-{name}", f"#!/bin/sh\nexec {' '.join(command)} \"$@\"\n")
        os.chmod(path, 0o700)
        return path

    def check(self, name, found, where):
        rows, versions = golden.read()
        if found == rows[name]:
            return
        mine = golden.reducers()
        why = ("though every reducer has the version that it had then: say a new one where the state changes, or it is a mistake"
               if mine == versions else f"and the reducers' versions were {versions}, are {mine}: see tests/machines/README.md")
        self.fail(f"{where}: the recorded journal says\n  {found}\nwhere golden.txt has\n  {rows[name]}\n{why}")

    def check_all(self, where, journals, **options):
        for name, j in journals.items():
            with self.subTest(scenario=name, where=where):
                self.check(name, golden.row(j, name, **options), where)

    def journals(self, program=None):
        return {name: golden.fetch(self, name, program) for name in scenarios.ALL}


class Builds(Machines):
    def test_every_build_says_what_the_table_says(self):
        journals = self.journals()
        self.check_all("this build", journals)
        for build in BUILDS:
            if not BUILDS[build].startswith("qemu-"):
                with self.subTest(build=build):
                    self.check_all(build, journals, binary=self.program(build))

    def test_every_build_decides_the_same(self):
        """Not over a record, but in a day of its own."""
        first = None
        for build in ["this", *BUILDS]:
            if build != "this" and BUILDS[build].startswith("qemu-"):
                continue
            program = None if build == "this" else self.program(build)
            j = self.journal(build)
            desk.run(j, FEED, binary=program)
            rows = stripped(j)
            first = first or rows
            with self.subTest(build=build):
                self.assertEqual(rows, first)

    def test_the_reducers_are_those_of_the_table(self):
        self.assertEqual(golden.reducers(), golden.read()[1], "see tests/machines/README.md")

    def test_a_table_with_another_row_is_noticed(self):
        name = "trade"
        found = golden.row(golden.fetch(self, name), name)
        self.check(name, found, "as it is")
        with self.assertRaisesRegex(AssertionError, "though every reducer has the version"):
            self.check(name, found.replace("the same", "differs 1"), "not as it is")

    def test_decisions_need_no_state_of_their_own(self):
        """Decided again from any place of the journal, by a program that was just started, it is the same."""
        for name, j in self.journals().items():
            size = j.size()
            for since in range(1, size, size // 12):
                with self.subTest(scenario=name, since=since):
                    self.assertIsNone(j.run("replay", "--redecide", "--json", "--since", since).json()["differs"])
            self.assertIn("no difference", j.run("replay", "--check-snapshots").out)


class Worlds(Machines):
    """The world around one program."""

    def locale(self, name):
        where = self.path("locales")
        os.makedirs(where, exist_ok=True)
        done = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", os.path.join(where, f"{name}.UTF-8")], capture_output=True)
        need(self, f"the locale {name}", done.returncode == 0)
        return {"LANG": f"{name}.UTF-8", "LC_ALL": f"{name}.UTF-8", "LOCPATH": where}

    def hidden(self):
        """What of the processor is hidden: from the C library, from OpenSSL."""
        sets = ["-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD,-AVX512ER,-EVEX", "-AVX2,-AVX2_Usable,-BMI2,-LZCNT", "-FMA,-FMA4,-FMA_Usable",
                "-ERMS,-FSRM,-SSE4_2,-SSE4_1,-SSSE3",
                "-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-FMA,-FMA4,-BMI1,-BMI2,-SSE4_2,-SSE4_1,-SSSE3,-POPCNT,-ERMS,-MOVBE,-RTM"]
        for hidden in sets:
            yield f"hwcaps {hidden}", {"GLIBC_TUNABLES": f"glibc.cpu.hwcaps={hidden}"}
        yield "OpenSSL without the SHA instructions", {"OPENSSL_ia32cap": ":~0x20000000"}
        yield "OpenSSL without anything", {"OPENSSL_ia32cap": "0x0:0x0"}

    def worlds(self):
        for locale in ("de_DE", "tr_TR", "ja_JP", "ar_SA"):
            yield locale, {"env": self.locale(locale)}
        for zone in ("Asia/Tokyo", "America/New_York", "Pacific/Chatham", "nonsense", ""):
            yield f"TZ={zone}", {"env": {"TZ": zone}}
        for size in [*range(0, 130, 13), 4096, 60000]:  # moves the stack byte by byte, and by pages
            yield f"{size} bytes of environment", {"env": {"FILLER": "x" * size, **{f"F{i}": "y" * 1000 for i in range(size // 4000)}}}
        yield "no environment", {"env": {"PATH": None, "HOME": None, "LANG": None, "LEDGER_PASSPHRASE_FILE": None}}
        for name, env in self.hidden():
            yield name, {"env": env}
        for byte in (1, 0x55, 0xff):  # what malloc hands out is never zero
            yield f"memory full of {byte:#x}", {"env": {"GLIBC_TUNABLES": f"glibc.malloc.perturb={byte}"}}
        yield "other addresses of memory", {"env": {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4096:glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"}}
        yield "lazy binding", {"env": {"LD_BIND_NOT": "1"}}
        yield "eager binding", {"env": {"LD_BIND_NOW": "1"}}
        yield "elsewhere", {"cwd": "/"}

    def test_no_world_changes_what_is_said(self):
        journals = self.journals()
        count = 0
        for world, options in self.worlds():
            self.check_all(world, journals, **options)
            count += 1
        print(f"{count} worlds", file=sys.stderr)

    def test_no_layout_of_addresses_changes_what_is_said(self):
        need(self, "setarch", shutil.which("setarch"))
        journals = self.journals()
        ways = {"fixed": "setarch -R", "legacy": "setarch -L", "fixed and legacy": "setarch -R -L",
                "one page of stack to spare": "sh -c 'ulimit -s 512; exec \"$@\"' sh", "endless stack": "sh -c 'ulimit -s unlimited; exec \"$@\"' sh"}
        ways.update({f"random {i}": "exec" if i else "" for i in range(5)})
        for name, way in ways.items():
            path = self.write("moved", f"#!/bin/sh\n{'' if way == 'exec' else 'exec '}{way} '{support.BINARY}' \"$@\"\n")
            os.chmod(path, 0o700)
            self.check_all(name, journals, binary=path)

    def test_no_processor_changes_what_is_said(self):
        """Emulated ones: without AVX-512 hash_lanes.c is not used, without SSE4.2 or SHA nothing of the kind is."""
        if "qemu-x86_64" not in BUILDS:
            self.skipTest("this is no x86-64")
        journals = self.journals()
        emulator = BUILDS["qemu-x86_64"].split(" ")[0]
        need(self, emulator, shutil.which(emulator))
        for processor in ("qemu64", "Nehalem", "Haswell-noTSX", "EPYC"):
            path = self.write("emulated", f"#!/bin/sh\nexec {emulator} -cpu {processor} '{support.BINARY}' \"$@\" 2>&1 | grep -v ^qemu\n")
            os.chmod(path, 0o700)
            self.check_all(processor, journals, binary=path)


class Foreign(Machines):
    """Another machine, run by qemu: LEDGER_MACHINE is its build's name."""

    def setUp(self):
        super().setUp()
        self.name = os.environ.get("LEDGER_MACHINE", "")
        if not self.name:
            self.skipTest("LEDGER_MACHINE names no machine")
        self.there = self.program(self.name)

    def test_recorded_journals_say_there_what_they_say_here(self):
        for name, j in self.journals(self.there).items():
            self.check_all(self.name, {name: j}, binary=self.there)
            self.assertIn("no difference", j.run("replay", "--check-snapshots", binary=self.there).out)
            j.run("verify", "--key", j.vkey, binary=self.there)

    def test_a_day_there_is_a_day_here(self):
        here = self.journal("here")
        desk.run(here, FEED)
        there = support.Journal(self, self.path("there"))
        there.vkey = there.run("init", "--origin", support.ORIGIN, binary=self.there).out.strip()
        desk.run(there, FEED, binary=self.there)
        self.assertEqual(stripped(there, binary=self.there), stripped(here))
        there.run("snapshot", binary=self.there)
        self.assertIn("no difference", there.run("replay", "--redecide", binary=self.there).out)
        there.run("verify", "--key", there.vkey, binary=self.there)
        order = here.log("--kind", "order.new", "--limit", "1")[0]
        for what in (order["seq"], order["body"]["order_id"]):
            self.assertEqual(there.run("explain", what, binary=self.there).out, here.run("explain", what).out)
        self.assertNotIn("bad ", there.run("doctor", binary=self.there).out)
        self.come_over(there, self.there, None)
        self.come_over(here, None, self.there)

    def come_over(self, j, made, read):
        """What one machine made is published, exported, and read on the other."""
        out, raw = j.path + ".www", j.path + ".raw"
        j.run("publish", out, binary=made)
        j.run("export", "--raw", raw, binary=made)
        self.ledger("verify", "--raw", raw, "--key", j.vkey, binary=read)
        copy = support.Journal(self, j.path + ".copy")
        copy.run("fetch-from", out, "--key", j.vkey, binary=read)
        self.assertEqual(copy.run("replay", "--digest", binary=read).out, j.run("replay", "--digest", binary=made).out)
        self.assertIn("no difference", copy.run("replay", "--check-snapshots", binary=read).out)
        self.assertIsNone(copy.run("replay", "--redecide", "--json", binary=read).json()["differs"])
        self.assertEqual(copy.run("log", binary=read).out, j.run("log", binary=made).out)

    def test_a_file_of_the_other_byte_order_is_refused_in_words(self):
        j = golden.fetch(self, "stop")
        if self.name == "s390x":
            self.expect_error(support.COULD_NOT, "the other byte order", args=["-C", j.path, "replay", "--digest"], binary=self.there)
            self.assertIn("other byte order", self.ledger("-C", j.path, "doctor", code=support.WRONG, binary=self.there).out)
        else:
            self.check("stop", golden.row(j, "stop", binary=self.there), self.name)


if __name__ == "__main__":
    support.main()
