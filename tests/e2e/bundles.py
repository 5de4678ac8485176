"""Bundles of evidence: made by the program, checked by the page that is in them, tampered with."""
import io
import json
import os
import subprocess
import zipfile

import support

VERIFIER = os.path.join(os.path.dirname(support.BINARY), "ledger-verify")
CHECKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_page.mjs")


def files_of(path):
    with zipfile.ZipFile(path) as z:
        return {name: z.read(name) for name in z.namelist()}


def zip_of(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            z.writestr(name, content)
    return out.getvalue()


def entries_of(content):
    """The entries' bytes, one after the other."""
    found, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at:at + 2], "big")
        found.append(content[at + 2:at + 2 + size])
        at += 2 + size
    return found


def entries_file(entries):
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


class Bundles(support.Case):
    def page(self, *bundles, key):
        """What the page in the source tree says of each bundle."""
        page = os.path.join(support.SOURCE, "audit", "bundle", "verify.html")
        done = subprocess.run(["node", CHECKER, page, key, *bundles], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = [json.loads(line) for line in done.stdout.splitlines()]
        for bundle, one in zip(bundles, said, strict=True):
            self.agree(bundle, key, one)
        return said

    def agree(self, bundle, key, said):
        """ledger-verify finds the same, and when something is wrong, in the same place."""
        done = subprocess.run([VERIFIER, "--json", *(["--key", key] if key else []), bundle], capture_output=True, text=True,
                              timeout=300)
        if said["wrong"] and said["wrong"]["place"] == "verifier key":
            self.assertEqual(done.returncode, support.COULD_NOT, done.stderr)
            return
        if done.returncode == support.COULD_NOT:  # no zip file at all, or an entry of a kind that neither knows
            self.assertFalse(said["ok"], done.stderr)
            return
        self.assertEqual(done.returncode, support.DONE if said["ok"] else support.WRONG, f"{done.stdout}{done.stderr}{said}")
        told = json.loads(done.stdout)
        self.assertEqual(told["wrong"]["where"] if "wrong" in told else None, said["wrong"] and said["wrong"]["place"],
                         f"{bundle}: {told} {said['wrong']}")
        if said["ok"]:
            self.assertEqual((told["entries"], told["key_given"]), (len(said["seqs"]), said["keyGiven"]))

    def bundle(self, journal, *question, name="out.zip"):
        path = self.path(name)
        journal.run("bundle", *question, path)
        return path
