"""Whatever an end-to-end test has the program hand out goes to checkers that are not ours: Go's sumdb/note and
sumdb/tlog (tests/foreign/*.go, built as $LEDGER_FOREIGN), and OpenSSL alone (tests/foreign/openssl_check).

support.Case.ledger() calls `after()` for every command that succeeded; a test that hands out what is wrong on purpose
says `foreign=False`. Where a checker is missing, the last lines of the test say so, with how much was not checked.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

SOURCE = os.path.abspath(os.environ.get("LEDGER_SOURCE", os.path.join(os.path.dirname(__file__), "..", "..")))
GO = os.environ.get("LEDGER_FOREIGN", "")
OPENSSL = os.path.join(SOURCE, "tests", "foreign", "openssl_check")
QUICK = bool(os.environ.get("LEDGER_QUICK"))  # OpenSSL, which takes a score of processes, looks at each eighth
has_go = bool(GO) and os.path.exists(GO)
has_openssl = bool(shutil.which("openssl"))
counts = {"go": 0, "openssl": 0, "without go": 0, "without openssl": 0, "left": 0}


class Foreign(AssertionError):
    """A foreign checker says that it is wrong."""


def go(what, path, vkeys):
    """One check; returns what the program printed."""
    if not has_go:
        counts["without go"] += 1
        return ""
    counts["go"] += 1
    done = subprocess.run([GO, what, path, *vkeys], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Foreign(f"foreign_check {what} {path}: {done.stdout}{done.stderr}")
    return done.stdout


def openssl(note, vkey, entry=None):
    """The seal's signature; and, of (bytes, leaf hash), the hash. Bytes in memory."""
    if not has_openssl:
        counts["without openssl"] += 1
        return
    if QUICK and (counts["openssl"] + counts["left"]) % 8 != 0:
        counts["left"] += 1
        return
    counts["openssl"] += 1
    with tempfile.TemporaryDirectory() as scratch:
        seal, leaf = os.path.join(scratch, "seal"), os.path.join(scratch, "entry")
        write(seal, note)
        args = [OPENSSL, seal, vkey]
        if entry:
            write(leaf, entry[0])
            args += [leaf, entry[1].hex()]
        done = subprocess.run(args, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Foreign(f"openssl_check of {note!r} with {vkey}: {done.stdout}{done.stderr}")


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def sealing(note, vkeys):
    """The key among these that has signed a note, by name and id."""
    for line in note.decode().split("\n"):
        if line.startswith("— "):
            _, name, blob = line.split(" ")
            head = f"{name}+{base64.b64decode(blob)[:4].hex()}+"
            for vkey in vkeys:
                if vkey.startswith(head):
                    return vkey
    raise Foreign(f"no key of {vkeys} has signed {note!r}")


class Keys:
    """The verifier keys that a test has seen its journals print, and those that they have handed on to."""

    def __init__(self):
        self.of = {}

    def add(self, vkey):
        self.of.setdefault(vkey.split("+")[0], [])
        if vkey not in self.of[vkey.split("+")[0]]:
            self.of[vkey.split("+")[0]].append(vkey)

    def all(self):
        return [vkey for rows in self.of.values() for vkey in rows] or ["-"]

    def learn(self, said):
        """What a whole check has proven the keys to be."""
        for line in said.splitlines():
            if line.startswith("key "):
                self.add(line[4:])


def words_of(args):
    """The command and its arguments without those that go before any; and the journal's directory."""
    words, where, i = [], "./journal", 0
    while i < len(args):
        if args[i] in ("-C", "--passphrase-file") and i + 1 < len(args):
            where = args[i + 1] if args[i] == "-C" else where
            i += 2
            continue
        words.append(args[i])
        i += 1
    return words, where


def value_of(words, option):
    for i, word in enumerate(words):
        if word == option and i + 1 < len(words):
            return words[i + 1]
        if word.startswith(option + "="):
            return word[len(option) + 1:]
    return None


def operand_of(words):
    """The first word that is neither the command, an option nor an option's value; of commands whose options are flags."""
    return next((word for word in words[1:] if not word.startswith("--")), None)


class Checker:
    """Of one test."""

    def __init__(self, ledger):
        self.ledger, self.keys = ledger, Keys()

    def note(self, text, where):
        note = text.encode()
        try:
            vkey = sealing(note, self.keys.all())
        except Foreign:  # a later epoch's: the whole journal says which
            self.learn(where)
            vkey = sealing(note, self.keys.all())
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "seal")
            write(path, note)
            go("note", path, [vkey])
        openssl(note, vkey)

    def learn(self, where):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "raw")
            self.ledger("-C", where, "export", "--raw", path, foreign=False)
            self.keys.learn(go("raw", path, self.keys.all()))

    def folder(self, path):
        self.keys.learn(go("dir", path, self.keys.all()))
        bundle, leaves = read(first_of(path, "tile/entries/000")), read(first_of(path, "tile/0/000"))
        entry = bundle[2:2 + int.from_bytes(bundle[:2], "big")]
        note = read(os.path.join(path, "checkpoint"))
        openssl(note, sealing(note, self.keys.all() if has_go else [vkey_of(entry)]), (entry, leaves[:32]))

    def raw(self, path):
        self.keys.learn(go("raw", path, self.keys.all()))
        note, genesis = newest_seal(read(path))
        openssl(note, sealing(note, self.keys.all() if has_go else [vkey_of(genesis)]))

    def bundle(self, path):
        self.keys.learn(go("bundle", path, self.keys.all()))
        with zipfile.ZipFile(path) as z:
            sizes = [int(name[6:-5]) for name in z.namelist() if name.startswith("seals/") and name.endswith(".note")]
            openssl(z.read(f"seals/{max(sizes)}.note"), sealing(z.read(f"seals/{max(sizes)}.note"), self.keys.all()))

    def proof(self, text, where):
        note = json.loads(text)["seal"] if text.startswith("{") else text.split("\n\n", 1)[1]
        if text.startswith("c2sp"):  # it has no place for keys
            self.note(note, where)
            vkeys = [sealing(note.encode(), self.keys.all())]
        else:
            vkeys = self.keys.all()
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "proof")
            write(path, text.encode())
            go("proof", path, vkeys)
        if text.startswith("{"):
            self.note(note, where)

    def after(self, args, out, cwd):
        """A command has succeeded: is something of it for the others to check?"""
        words, where = words_of(args)
        where = os.path.join(cwd, where)
        command = words[0] if words else ""
        if "--help" in words or "-h" in words:
            return
        if command == "init" and out.count("+") >= 2:
            self.keys.add(out.strip())
        elif command == "export" and value_of(words, "--raw"):
            self.raw(os.path.join(cwd, value_of(words, "--raw")))
        elif command == "doctor" and value_of(words, "--salvage"):
            self.raw(os.path.join(cwd, value_of(words, "--salvage")))
        elif command == "publish":
            self.folder(os.path.join(cwd, operand_of(words)))
        elif command == "bundle":
            self.bundle(os.path.join(cwd, next(word for word in words[1:] if word.endswith(".zip"))))
        elif command == "prove":
            self.proof(out, where)
        elif command == "seal" and "\n\n— " in out:
            self.note(out, where)
        elif command == "nightly":
            self.note(read(os.path.join(cwd, value_of(words, "--out"), "checkpoint.txt")).decode(), where)


def first_of(folder, name):
    """A full tile or bundle, or the widest partial one."""
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return path
    return os.path.join(path + ".p", max(os.listdir(path + ".p"), key=int))


def vkey_of(genesis):
    """What genesis says of itself: for want of a key that the test has seen."""
    import hashlib
    size = int.from_bytes(genesis[48:50], "big")
    name, key = genesis[50:50 + size], genesis[50 + size:82 + size]
    head = hashlib.sha256(name + b"\n\1" + key).digest()[:4].hex()
    return f"{name.decode()}+{head}+{base64.b64encode(b'' + bytes([1]) + key).decode()}"


def newest_seal(raw):
    """The last record of type S of a raw export, and the first entry."""
    at, note, genesis = raw.index(b"\n") + 1, None, None
    while at < len(raw):
        kind, key_size, size = raw[at:at + 1], int.from_bytes(raw[at + 1:at + 3], "big"), int.from_bytes(raw[at + 3:at + 7], "big")
        value = raw[at + 7 + key_size:at + 7 + key_size + size]
        if kind == b"B" and genesis is None:
            count = int.from_bytes(value[:2], "big")
            genesis = value[2 + 6 * count:2 + 6 * count + int.from_bytes(value[2:4], "big")]
        note = value if kind == b"S" else note
        at += 7 + key_size + size
    return note, genesis


def tell():
    """For the last lines of a test."""
    if counts["go"] or counts["openssl"]:
        print(f"foreign checks: {counts['go']} by Go's sumdb, {counts['openssl']} by OpenSSL alone"
              + (f"; {counts['left']} of OpenSSL's are left to the build that people install" if counts["left"] else ""), file=sys.stderr)
    if counts["without go"]:
        print(f"skipped: {counts['without go']} checks by Go's sumdb (foreign_check is not built: golang-1.19-go and "
              "golang-golang-x-mod-dev are needed)", file=sys.stderr)
    if counts["without openssl"]:
        print(f"skipped: {counts['without openssl']} checks by OpenSSL (the program openssl is not installed)", file=sys.stderr)
