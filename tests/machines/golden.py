"""The recorded journals and the table of what they must say: tests/machines/README.md."""
import os
import re
import tarfile

import scenarios
import support

TABLE = os.path.join(scenarios.HERE, "golden.txt")
ORIGIN = "golden.example/"


def recording(name):
    return os.path.join(scenarios.HERE, "recorded", f"{name}.tar.xz")


def reducers():
    """The reducers and their versions, as the sources have them: a state's bytes are theirs."""
    found = {}
    for folder in ("ledger", "market", "risk", "strategy", "book"):
        for at, _, files in os.walk(os.path.join(support.SOURCE, folder)):
            for file in files:
                if file.endswith(".c"):
                    with open(os.path.join(at, file), encoding="utf-8") as f:
                        text = f.read()
                    for row in re.findall(r"const struct replay_row \w+ = \{(.*?)\};", text, re.S):
                        found[re.search(r'\.name = "(\w+)"', row)[1]] = int(re.search(r"\.version = (\d+)", row)[1])
    return " ".join(f"{name}:{version}" for name, version in sorted(found.items()))


def read():
    """{scenario: row}, and the reducers' versions that the digests were made with."""
    rows, versions = {}, None
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "reducers":
                versions = " ".join(words[1:])
            else:
                rows[words[0]] = line.strip()
    return rows, versions


def fetch(case, name, program=None):
    """A journal with the recorded entries, made and verified by `program`."""
    published = case.path(f"{name}.published")
    if not os.path.isdir(published):
        with tarfile.open(recording(name)) as tar:
            tar.extractall(published)
    with open(os.path.join(published, "vkey"), encoding="utf-8") as f:
        vkey = f.read().strip()
    j = support.Journal(case, case.path(f"{name}.{os.path.basename(program or 'this')}"))
    j.vkey = vkey
    j.run("fetch-from", published, "--key", vkey, binary=program)
    return j


def row(j, name, **options):
    """What a program says of a recorded journal, as a row of the table."""
    decided = j.run("replay", "--redecide", "--json", code=None, **options).json()
    says = f"{decided['compared']} the same" if decided["differs"] is None else f"differs {decided['differs']}"
    return f"{name} {decided['entries']} {j.run('replay', '--digest', '--from-start', **options).out.strip()} {says}"
