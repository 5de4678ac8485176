"""Each allocation and each system call of a command fails once: the answer is right or one clear error, and the journal is whole.

`test_sweep.py Memory` and `test_sweep.py System`; by hand with a path: `test_sweep.py System.test_append_groups_of_one`.
"""
import json
import os
import shutil

import faults  # first: it finds the folder of the next ones
import desk
import published
import support
from faults import Path, Sweep
from support import COULD_NOT, DONE, Acknowledgement
from test_key import Owner

LINES = 7
LARGE = 25  # lines of a group for which the store wakes another thread
DAY = "2026-01-05"
FEED = desk.synthetic(date=DAY, days=1, minutes=60)


def text_of(i, length=300):
    return f"line {i} " + "x" * length


def large_text_of(i):
    return text_of(i, 60000)


def rows(sweep, folder):
    result = sweep.run_in(folder, ["-C", "J", "log", "--json"])
    sweep.assertEqual(result.code, DONE, str(result))
    return result.rows()


def is_told(result):
    """Whether the answer arrived; else the work is done all the same, and the error says what could not be said."""
    return "standard output" not in result.err


def check_append(group, lines=LINES, text=text_of, before=1):
    """Whole groups, in order; what was acknowledged is there; after an error what was not acknowledged is not. `before`: entries there were."""
    def check(sweep, folder, result):
        acks = [Acknowledgement(line) for line in result.out.split("\n")[:-1]]
        texts = [row["body"].get("text") for row in rows(sweep, folder)[before:]]
        sweep.assertEqual(texts, [text(i) for i in range(len(texts))])
        sweep.assertIn(len(texts), [min(lines, n) for n in range(0, lines + group, group)], "half a group is there")
        acked = acks[-1].last - before if acks else 0
        if result.code == DONE:
            sweep.assertEqual((acked, len(texts)), (lines, lines))
        elif faults.is_killed(result):
            sweep.assertIn(len(texts), (acked, min(lines, acked + group)), f"lost, or more than one group unsaid\n{result}")
        elif not is_told(result):
            sweep.assertLessEqual(acked, len(texts))
        else:
            sweep.assertEqual(acked, len(texts), f"not acknowledged, and yet there, or the other way round\n{result}")
    return check


def check_init(sweep, folder, result):
    """A whole journal, or nothing that is in the way of the next attempt."""
    made = os.path.exists(os.path.join(folder, "J", "journal.mdb"))
    if faults.is_killed(result):
        if not made:
            again = sweep.run_in(folder, ["-C", "J", "init", "--origin", support.ORIGIN])
            sweep.assertTrue(again.code == DONE or "vault but no journal" in again.err, str(again))
        return
    sweep.assertEqual(made, result.code == DONE or "journal J is made" in result.err, str(result))
    if made:
        if result.code == DONE:
            verified = sweep.run_in(folder, ["-C", "J", "verify", "--key", result.out.strip()])
            sweep.assertEqual(verified.code, DONE, str(verified))
        shutil.rmtree(os.path.join(folder, "J"))
    else:
        sweep.assertFalse(os.path.exists(os.path.join(folder, "J")), f"something is left of it\n{result}")


def check_one(kind, before):
    """An entry of that kind is there if and only if the command says so."""
    def check(sweep, folder, result):
        count = len([row for row in rows(sweep, folder) if row["kind"] == kind])
        if is_told(result):
            sweep.assertEqual(count, before + (result.code == DONE), str(result))
    return check


def check_same(names):
    """A command that only reads has changed nothing; what it was to write is there whole, or not at all."""
    def check(sweep, folder, result):
        if faults.is_killed(result):  # what it leaves has another name
            for name in names:
                if os.path.exists(os.path.join(folder, name)):
                    good = sweep.run_in(folder, ["-C", name, "verify"] if name == "copy" else ["verify", "--raw", name])
                    sweep.assertEqual(good.code, DONE, f"{good}\nafter\n{result}")
            return
        for name in names:
            path = os.path.join(folder, name)
            there = os.path.exists(path)
            if is_told(result):
                sweep.assertEqual(there, result.code == DONE or "power loss" in result.err, f"{name}\n{result}")
            if there and os.path.isdir(path):
                shutil.rmtree(path)
            elif there:
                os.unlink(path)
        left = sorted(os.listdir(folder))
        if "memory has run out in the library" in result.err:  # it ended the program where it stood
            left = [name for name in left if not name.startswith(".pack.")]
        sweep.assertEqual(left, ["J", "lines"], f"something is left behind\n{result}")
        sweep.assertEqual(sorted(os.listdir(os.path.join(folder, "J"))), sorted(os.listdir(os.path.join(sweep.template, "J"))))
    return check


def check_copy(sweep, folder, result):
    """The copy is a beginning of the journal, whole where the command says so; and the command goes on with it."""
    sweep.assertNotIn("journal.mdb.new", os.listdir(os.path.join(folder, "C")) if result.code == DONE else [])
    args = ["-C", "C", "fetch-from", "P", "--key", sweep.j.vkey]
    if os.path.exists(os.path.join(folder, "C", "journal.mdb")):
        found = sweep.run_in(folder, ["-C", "C", "verify", "--key", sweep.j.vkey, "--json"]).json()
        sweep.assertTrue(found["integrity"], f"{found}\nafter\n{result}")
        if result.code == DONE:
            sweep.assertEqual((found["complete"], found["entries"]), (True, 1 + LINES))
    again = sweep.run_in(folder, args)
    sweep.assertEqual(again.code, DONE, f"{again}\nafter\n{result}")
    sweep.assertEqual(sweep.run_in(folder, ["-C", "C", "seal"]).out, sweep.j.run("seal").out)


def check_published(sweep, folder, result):
    """What is served is whole: as it was, or as it is to be; and nothing unfinished lies about."""
    reader = published.Reader(published.of_folder(os.path.join(folder, "P")))
    size = reader.check()[0].size
    if is_told(result) and not faults.is_killed(result):
        sweep.assertIn(size, (1 + LINES,) if result.code == DONE else (1, 1 + LINES), str(result))
        sweep.assertEqual([name for name in os.listdir(os.path.join(folder, "P")) if name.startswith(".")], [], str(result))
    again = sweep.run_in(folder, ["-C", "J", "publish", "P"])
    sweep.assertEqual(again.code, DONE, f"{again}\nafter\n{result}")
    sweep.assertEqual(reader.check()[0].size, 1 + LINES)


def check_whole(sweep, folder, result):
    """Everything that was there is, and gives the same state with and without what is stored."""
    state = sweep.run_in(folder, ["-C", "J", "replay", "--json"])
    sweep.assertEqual(state.code, DONE, f"{state}\nafter\n{result}")
    sweep.assertEqual(support.money_state(state.json()), sweep.state)


def check_run(sweep, folder, result):
    """However far it came, the same run again trades as one that nothing befell."""
    if result.code == DONE or not is_told(result) or "what was run is in the journal" in result.err:
        commands = [["verify"]]
    else:
        commands = [["verify"], ["run", "--feed", FEED, "--config", desk.WIDE], ["verify"]]
    for command in commands:
        again = sweep.run_in(folder, ["-C", "J", *command])
        sweep.assertEqual(again.code, DONE, f"{again}\nafter\n{result}")
    state = sweep.run_in(folder, ["-C", "J", "replay", "--json"]).json()
    sweep.assertEqual(support.money_state(state), sweep.state)


PERSONS = ["--actor", "operator", "--second", "compliance", "--reason", "a fault"]


def done(sweep, folder, *args):
    result = sweep.run_in(folder, ["-C", "J", *args])
    sweep.assertEqual(result.code, DONE, str(result))
    return result


def guard(sweep, folder):
    """Sets one in this very folder: its path stands in the journal."""
    done(sweep, folder, "guard", "set", os.path.join(folder, "a.guard"))


def restore(sweep, folder):
    """A guarded journal, set back by one group."""
    guard(sweep, folder)
    shutil.copy(os.path.join(folder, "J", "journal.mdb"), os.path.join(folder, "old"))
    done(sweep, folder, "stop", "--reason", "one more entry")
    os.rename(os.path.join(folder, "old"), os.path.join(folder, "J", "journal.mdb"))
    os.unlink(os.path.join(folder, "J", "journal.mdb-lock"))


def check_guarded(check):
    """Whatever befell it: the guard agrees, so the journal goes on; or it was one for two persons before, and still is."""
    def both(sweep, folder, result):
        check(sweep, folder, result)
        shown = sweep.run_in(folder, ["-C", "J", "guard", "--json"])
        kinds = {row["kind"] for row in rows(sweep, folder)}
        set_back = "recover" in result.args and "control.recovery" not in kinds
        sweep.assertEqual(shown.code, support.WRONG if set_back else DONE, f"{shown}\nafter\n{result}")
    return both


def check_set(sweep, folder, result):
    """The guards are those that the newest note names."""
    note = rows(sweep, folder)[-1]["body"]["text"]
    paths = [row["path"] for row in sweep.run_in(folder, ["-C", "J", "guard", "--json"]).json()["guards"]]
    sweep.assertEqual(len(paths), 1)
    sweep.assertTrue(note.endswith(paths[0]), f"{note} {paths}")
    if is_told(result) and not faults.is_killed(result):
        sweep.assertEqual(paths[0].endswith("b.guard"), result.code == DONE, str(result))


def check_recovered(sweep, folder, result):
    kinds = [row["kind"] for row in rows(sweep, folder)][2:]
    sweep.assertIn(kinds, ([], ["control.proposal", "control.approval", "control.recovery"]))
    if is_told(result) and not faults.is_killed(result):
        sweep.assertEqual(bool(kinds), result.code == DONE, str(result))
    if kinds:
        return
    done(sweep, folder, "recover", *PERSONS)
    done(sweep, folder, "append", "lines")


GUARDED = ["init", "--origin", support.ORIGIN, "--guard", "{dir}/a.guard"]


def check_init_guarded(sweep, folder, result):
    """As check_init(); and no guard is left, or it says what has left it."""
    guard = os.path.join(folder, "a.guard")
    made = os.path.exists(os.path.join(folder, "J", "journal.mdb"))
    if not faults.is_killed(result):
        sweep.assertEqual(os.path.exists(guard), made, str(result))
        if made:
            done(sweep, folder, "guard")
            os.unlink(guard)
        check_init(sweep, folder, result)
    elif made:
        done(sweep, folder, "append", "lines")
        shutil.rmtree(os.path.join(folder, "J"))
    else:
        again = sweep.run_in(folder, ["-C", "J", *GUARDED])
        sweep.assertTrue(again.code == DONE or "vault but no journal" in again.err or "init that was cut off" in again.err, str(again))
        shutil.rmtree(os.path.join(folder, "J"), ignore_errors=True)


def opens(sweep, folder, name="passphrase"):
    """Whether the vault does, with the passphrase in that file; what it then holds is the newest key alone."""
    shown = sweep.run_in(folder, ["-C", "J", "key", "--json"], {"LEDGER_PASSPHRASE_FILE": sweep.path(name)})
    if shown.code != DONE:
        sweep.assertIn("passphrase does not open it", shown.err, str(shown))
        return False
    here = [row["secret_here"] for row in shown.json()]
    sweep.assertTrue(here[-1], f"the key in force is lost\n{shown}")
    return True


def check_rotated(sweep, folder, result):
    """The next key, or not; nobody is locked out; whoever opens it next destroys what is to be destroyed."""
    changed = any(row["kind"] == "control.key" for row in rows(sweep, folder))
    if is_told(result) and not faults.is_killed(result):
        sweep.assertEqual(changed, result.code == DONE or "has handed over" in result.err, str(result))
    sweep.assertTrue(opens(sweep, folder))
    done(sweep, folder, "append", "lines")
    shown = done(sweep, folder, "key", "--json").json()
    sweep.assertEqual([row["secret_here"] for row in shown], [False, True] if changed else [True], str(result))


def check_passphrase(sweep, folder, result):
    """The old one or the new one opens the vault, whole; and what was replaced is gone, or goes with the next change."""
    old, new = opens(sweep, folder), opens(sweep, folder, "fresh")
    sweep.assertNotEqual(old, new, str(result))
    if is_told(result) and not faults.is_killed(result):
        sweep.assertEqual(new, result.code == DONE or "changed" in result.err or "power loss" in result.err, str(result))
    again = sweep.run_in(folder, ["-C", "J", "key", "rotate"], {"LEDGER_PASSPHRASE_FILE": sweep.path("passphrase" if old else "fresh")})
    sweep.assertEqual(again.code, DONE, f"{again}\nafter\n{result}")
    sweep.assertEqual([name for name in os.listdir(os.path.join(folder, "J")) if name.startswith("vault")], ["vault"])


def lose(sweep, folder):
    """The vault is lost, and the owner has signed what goes on."""
    os.unlink(os.path.join(folder, "J", "vault"))
    done(sweep, folder, "key", "recover", "--owner", sweep.owner.name, "--statement", os.path.join(folder, "S"))
    os.rename(sweep.owner.sign(os.path.join(folder, "S")), os.path.join(folder, "G"))


def check_found(sweep, folder, result):
    """The owner's key is in force if it says so; else the very same signature puts it there."""
    changed = any(row["kind"] == "control.key" for row in rows(sweep, folder))
    if is_told(result) and not faults.is_killed(result):
        sweep.assertEqual(changed, result.code == DONE, str(result))
    if not changed:
        done(sweep, folder, "key", "recover", "--statement", "S", "--signature", "G")
    done(sweep, folder, "key", "rotate")
    done(sweep, folder, "verify", "--key", sweep.j.vkey)


class Templates:
    """Journals to try commands on; what fails is decided by the class that inherits this."""

    def setUp(self):
        super().setUp()
        self.template = self.path("template")
        os.mkdir(self.template)
        with open(os.path.join(self.template, "lines"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(support.note(text_of(i))) + "\n" for i in range(LINES))

    def small(self):
        """A journal of genesis alone."""
        self.j = support.Journal(self, os.path.join(self.template, "J")).init()
        return self.template

    def large(self):
        """The same, and beside it a file whose lines are a large group."""
        with open(os.path.join(self.small(), "large"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(support.note(large_text_of(i))) + "\n" for i in range(LARGE))
        return self.template

    def traded(self):
        """A journal in which a day was traded."""
        self.small()
        desk.run(self.j, FEED)
        self.state = support.money_state(self.j.json("replay"))
        return self.template

    def go(self, template, args, check=None, **more):
        self.sweep(self.WHAT, template, Path(["-C", "J", *args], check, **more))


class Paths(Templates):
    """The commands."""

    def test_append_groups_of_one(self):
        self.go(self.small(), ["append", "--group", "1", "lines"], check_append(1))

    def test_append_in_one_group(self):
        self.go(self.small(), ["append", "lines"], check_append(LINES))

    def test_append_a_large_group(self):
        self.go(self.large(), ["append", "large"], check_append(LARGE, LARGE, large_text_of))

    def test_append_guarded(self):
        self.go(self.small(), ["append", "--group", "1", "lines"], check_guarded(check_append(1, before=2)), before=guard)

    def test_guard(self):
        self.go(self.small(), ["guard", "set", "{dir}/b.guard"], check_guarded(check_set), before=guard)

    def test_guard_shown(self):
        self.go(self.small(), ["guard", "--json"], check_guarded(lambda *_: None), before=guard)

    def test_recover(self):
        self.go(self.small(), ["recover", *PERSONS], check_guarded(check_recovered), before=restore, leaves=False)

    def test_key_rotate(self):
        self.go(self.small(), ["key", "rotate"], check_rotated, leaves=False)

    def test_key_passphrase(self):
        self.write("fresh", "another one\n")
        self.go(self.small(), ["key", "passphrase", "--new-passphrase-file", self.path("fresh")], check_passphrase, leaves=False)

    @support.needs_tool("openssl")
    def test_key_recover(self):
        self.small()
        self.owner = Owner(self)
        self.j.run("actor", "add", self.owner.name, "--role", "owner", "--key", self.owner.vkey)
        self.go(self.template, ["key", "recover", "--statement", "S", "--signature", "G"], check_found, before=lose, leaves=False)

    def test_init(self):
        self.go(self.template, ["init", "--origin", support.ORIGIN], check_init)

    def test_init_guarded(self):
        self.go(self.template, GUARDED, check_init_guarded, leaves=False)

    def test_run(self):
        template = self.traded()
        shutil.rmtree(os.path.join(template, "J"))
        self.small()
        self.go(template, ["run", "--feed", FEED, "--config", desk.WIDE], check_run, leaves=False)

    def test_stop(self):
        self.go(self.small(), ["stop", "--reason", "a fault"], check_one("control.stop", 0))

    def test_resume(self):
        self.small()
        self.j.run("stop", "--reason", "before")
        self.go(self.template, ["resume", "--reason", "again"], check_one("control.resume", 0), once=True)

    def test_config(self):
        self.go(self.small(), ["config", "set", desk.WIDE], check_one("control.configuration", 0))

    def test_actor(self):
        self.go(self.small(), ["actor", "add", "joe", "--role", "operator"], check_one("control.actor", 0), once=True)

    def test_replay(self):
        self.go(self.traded(), ["replay", "--json"], check_same([]), writes=False)

    def test_redecide(self):
        self.go(self.traded(), ["replay", "--redecide"], check_same([]), writes=False)

    def test_verify(self):
        self.go(self.traded(), ["verify"], check_same([]), writes=False)

    def test_log(self):
        self.go(self.small(), ["log", "--json"], check_same([]), writes=False)

    def test_show(self):
        self.go(self.small(), ["show", "1"], check_same([]), writes=False)

    def test_seal(self):
        self.go(self.small(), ["seal"], check_same([]), writes=False)

    def test_prove(self):
        self.go(self.small(), ["prove", "1", "--entry-out", "entry.bin"], check_same(["entry.bin"]), writes=False, once=True)

    def test_prove_growth(self):
        self.go(self.small(), ["prove", "--consistency", "1", "1"], check_same([]), writes=False)

    def test_check_proof(self):
        self.small()
        self.j.run("append", os.path.join(self.template, "lines"))
        with open(os.path.join(self.template, "J", "proof.json"), "w", encoding="utf-8") as f:
            f.write(self.j.run("prove", "2").out)
        self.go(self.template, ["check-proof", "J/proof.json", "--key", self.j.vkey, "--json"], check_same([]), writes=False)

    def test_report(self):
        self.go(self.traded(), ["report", "blotter"], check_same([]), writes=False)

    def test_nightly(self):
        self.go(self.traded(), ["nightly", "--date", DAY, "--out", "pack"], check_same(["pack"]), writes=False,
                most=80)  # most places are libxlsxwriter's

    def test_report_verify(self):
        self.traded()
        self.j.run("nightly", "--date", DAY, "--out", os.path.join(self.template, "J", "pack"))
        self.go(self.template, ["report", "verify", "J/pack"], writes=False)

    def test_snapshot(self):
        self.go(self.traded(), ["snapshot"], check_whole)

    def test_backup(self):
        self.go(self.small(), ["backup", "copy"], check_same(["copy"]), writes=False)

    def test_publish(self):
        self.small()
        self.j.run("publish", os.path.join(self.template, "P"))
        self.j.run("append", os.path.join(self.template, "lines"))
        self.go(self.template, ["publish", "P"], check_published, writes=False)

    def test_fetch_from(self):
        self.small()
        self.j.run("append", os.path.join(self.template, "lines"))
        self.j.run("publish", os.path.join(self.template, "P"))
        self.sweep(self.WHAT, self.template, Path(["-C", "C", "fetch-from", "P", "--key", self.j.vkey], check_copy, writes=False))

    def test_fetch_from_into_a_copy(self):
        self.small()
        path = os.path.join(self.template, "P")
        self.j.run("publish", path)
        self.ledger("-C", os.path.join(self.template, "C"), "fetch-from", path, "--key", self.j.vkey)
        self.j.run("append", os.path.join(self.template, "lines"))
        self.j.run("publish", path)
        self.sweep(self.WHAT, self.template, Path(["-C", "C", "fetch-from", "P", "--key", self.j.vkey], check_copy, writes=False))

    def test_export(self):
        self.go(self.small(), ["export", "--raw", "raw"], check_same(["raw"]), writes=False)

    def test_verify_raw(self):
        self.small()
        self.j.run("export", "--raw", os.path.join(self.template, "raw"))
        self.go(self.template, ["verify", "--raw", "raw"], writes=False)


class Memory(Paths, Sweep):
    WHAT = "memory"


class System(Paths, Sweep):
    WHAT = "system"


class Full(Paths, Sweep):
    """A disk that is full from some call on, and stays so until the program has ended."""
    WHAT = "system"
    STAYS = True


if __name__ == "__main__":
    faults.main()
