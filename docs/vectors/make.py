#!/usr/bin/env python3
"""Makes test vectors of the journal's format: docs/vectors/make.py OUT, with `ledger` on the PATH.

It was run once; what it made is in this folder, and never made again: keys and times are new in every run. Hashes and
proofs are computed here from the entries, from RFC 6962 alone, not by the program.
"""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

FIRST = 13  # entries that journal.json holds
ALL = 300   # that are published

LINES = [
    [{"kind": "control.note", "body": {"text": "the first words"}}],
    [{"kind": "fill.deposit", "actor": "broker:paper", "body": {"fill_id": "d-1", "amount": "100000", "text": "wire"}},
     {"kind": "control.note", "body": {"text": ""}}],
    [{"kind": "perception.quote", "actor": "feed:lean", "at": "2015-12-24T14:31:00Z",
      "body": {"symbol": "GOOG  160122P00690000", "bid": "2.25", "ask": "2.35", "bid_size": 10, "ask_size": 12}},
     {"kind": "perception.quote", "actor": "feed:lean", "at": "2015-12-24T14:32:00Z",
      "body": {"symbol": "GOOG", "bid": None, "ask": "748.54", "bid_size": 0, "ask_size": 3}},
     {"kind": "control.note", "body": {"text": "em dash \u2014, euro \u20ac, clef \U0001d11e, line\nfeed"}}],
    "stop",
    [{"kind": "control.note", "cause": 2, "body": {"text": "because of the first words"}}],
    "resume",
    [{"kind": "control.note", "body": {"text": "a"}}, {"kind": "control.note", "body": {"text": "b"}},
     {"kind": "control.note", "body": {"text": "c"}}],
]


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    return 1 << (n - 1).bit_length() - 1


def root(d):
    if len(d) < 2:
        return d[0] if d else hashlib.sha256(b"").digest()
    return node(root(d[:split(len(d))]), root(d[split(len(d)):]))


def path(m, d):
    """RFC 6962, 2.1.1."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return path(m, d[:k]) + [root(d[k:])] if m < k else path(m - k, d[k:]) + [root(d[:k])]


def proof(m, d, whole=True):
    """RFC 6962, 2.1.2."""
    if m == len(d):
        return [] if whole else [root(d)]
    k = split(len(d))
    return proof(m, d[:k], whole) + [root(d[k:])] if m <= k else proof(m - k, d[k:], False) + [root(d[:k])]


def ledger(*args, input=None):
    return subprocess.run(["ledger", *args], input=input, stdout=subprocess.PIPE, text=True, check=True).stdout


def append(lines):
    ledger("-C", "J", "append", "-", input="".join(json.dumps(line) + "\n" for line in lines))


def entries_of(folder):
    """All entries of a published directory, in order."""
    found, index = [], 0
    while True:
        name = os.path.join(folder, "tile", "entries", f"{index:03}")
        if not os.path.exists(name):
            widths = os.listdir(name + ".p") if os.path.exists(name + ".p") else []
            if not widths:
                return found
            name = os.path.join(name + ".p", max(widths, key=int))
        with open(name, "rb") as f:
            data = f.read()
        at = 0
        while at < len(data):
            size = int.from_bytes(data[at:at + 2], "big")
            found.append(data[at + 2:at + 2 + size])
            at += 2 + size
        index += 1


def actors_of(genesis):
    """{id: public key} of the first actors."""
    at = 48 + 2 + int.from_bytes(genesis[48:50], "big") + 32
    count, at, keys = genesis[at], at + 1, {}
    for number in range(1, count + 1):
        at += 1 + genesis[at] + 1
        keys[number] = genesis[at:at + 32]
        at += 32
    return keys


def statement(origin, entry):
    said = bytearray(entry[:-64])
    said[8:24] = bytes(16)
    return f"ledger statement v1\n{origin}\n".encode() + bytes(said)


def vectors(origin, vkey, entries, seals):
    leaves = [leaf_hash(e) for e in entries]
    hexes = lambda rows: [row.hex() for row in rows]  # noqa: E731
    keys = actors_of(entries[0])
    signed = [e for e in entries if e[1] & 2]
    return {
        "format": "ledger vectors v1", "origin": origin, "vkey": vkey,
        "entries": [{"seq": str(i + 1), "bytes": e.hex(), "leaf": leaves[i].hex(), "json": json.loads(ledger("-C", "J", "show", str(i + 1), "--json"))["entry"]}
                    for i, e in enumerate(entries)],
        "statements": [{"seq": str(int.from_bytes(e[8:16], "big")), "statement": statement(origin, e).hex(),
                        "key": keys[int.from_bytes(e[40:44], "big")].hex(), "signature": e[-64:].hex()} for e in signed],
        "roots": [{"size": str(n), "root": root(leaves[:n]).hex()} for n in range(len(leaves) + 1)],
        "seals": [{"size": note.split("\n")[1], "note": note} for note in seals],
        "inclusion": [{"seq": str(m + 1), "size": str(n), "path": hexes(path(m, leaves[:n]))} for n in range(1, len(leaves) + 1) for m in range(n)],
        "consistency": [{"old": str(m), "new": str(n), "path": hexes(proof(m, leaves[:n]))} for n in range(1, len(leaves) + 1) for m in range(1, n + 1)],
    }


def main():
    out = os.path.abspath(sys.argv[1])
    scratch = tempfile.mkdtemp()
    os.chdir(scratch)
    with open("pass", "w", encoding="utf-8") as f:
        f.write("the passphrase of a journal that is not kept\n")
    os.environ["LEDGER_PASSPHRASE_FILE"] = os.path.join(scratch, "pass")
    origin = "vectors.example/journal"
    vkey = ledger("-C", "J", "init", "--origin", origin).strip()
    for lines in LINES:
        if lines in ("stop", "resume"):
            ledger("-C", "J", lines, "--reason", "a vector of a signed entry")
        else:
            append(lines)
    ledger("-C", "J", "publish", os.path.join(out, "published"))
    entries = entries_of(os.path.join(out, "published"))
    assert len(entries) == FIRST, len(entries)
    sizes, seals = 1, []
    while sizes <= FIRST:
        seals.append(ledger("-C", "J", "seal", "--size", str(sizes)))
        sizes = int(seals[-1].split("\n")[1]) + 1
    with open(os.path.join(out, "journal.json"), "w", encoding="utf-8") as f:
        json.dump(vectors(origin, vkey, entries, seals), f, indent=1, ensure_ascii=True)
        f.write("\n")
    append([{"kind": "control.note", "body": {"text": f"entry {n}"}} for n in range(FIRST + 1, ALL + 1)])
    ledger("-C", "J", "publish", os.path.join(out, "published"))
    with open(os.path.join(out, "published.vkey"), "w", encoding="utf-8") as f:
        f.write(vkey + "\n")
    shutil.rmtree(scratch)
    assert base64.b64encode(root([leaf_hash(e) for e in entries_of(os.path.join(out, "published"))])).decode() in \
        open(os.path.join(out, "published", "checkpoint"), encoding="utf-8").read()


main()
