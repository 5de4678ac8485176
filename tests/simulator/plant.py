#!/usr/bin/env python3
"""plant.py BUG SOURCE OUT: a copy of SOURCE with the bug that BUG describes for this file.

BUG: lines "file PATH" begin a file; then hunks, "-" lines that stand in it exactly once and the "+" lines in their place,
with "@" between two hunks. Anything else before the first "file" says what the bug is.
"""
import sys


def hunks(lines, path):
    inside, old, new = False, [], []
    for line in lines + ["@"]:
        if line.startswith("file ") or line == "@":
            if inside and old:
                yield "\n".join(old), "\n".join(new)
            old, new = [], []
            inside = line == "file " + path if line != "@" else inside
        elif line[:1] == "-":
            old.append(line[1:])
        elif line[:1] == "+":
            new.append(line[1:])


def main():
    bug, source, out = sys.argv[1:]
    lines = open(bug, encoding="utf-8").read().split("\n")
    text = open(source, encoding="utf-8").read()
    paths = [line[5:] for line in lines if line.startswith("file ") and source.endswith("/" + line[5:])]
    if len(paths) != 1:
        sys.exit(f"{bug}: it does not name {source} once")
    for old, new in hunks(lines, paths[0]):
        if text.count(old) != 1:
            sys.exit(f"{bug}: these lines stand {text.count(old)} times in {source}:\n{old}")
        text = text.replace(old, new)
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)


main()
