"""A reader of published journals, written from docs/FORMAT.md and C2SP tlog-tiles alone, and a web server for them.

`Reader(get).check()` asks for everything that the checkpoint it gets stands for, and recomputes the root from the
entries. `get(path)` gives the file's bytes, or None where there is no such file. `Nginx` serves a folder on loopback.
"""
import base64
import hashlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import unittest

WIDTH = 256


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes):
    """RFC 6962: splits at the largest power of two below the number of leaves."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def number_path(n):
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


class Wrong(Exception):
    """What is served is not what the checkpoint says, or something that it needs is not there."""


class Checkpoint:
    """A signed note over origin, size and root; its signatures are checked elsewhere (tests/foreign)."""

    def __init__(self, note):
        self.note = note
        lines = note.decode().split("\n")
        self.origin, size, root = lines[:3]
        if lines[3] != "" or not re.fullmatch(r"0|[1-9][0-9]*", size):
            raise Wrong(f"this is no checkpoint: {note!r}")
        self.size, self.root = int(size), base64.b64decode(root, validate=True)


class Reader:
    def __init__(self, get):
        self.get = get
        self.fallbacks = 0  # full tiles that were taken because the partial one was gone

    def must(self, path):
        found = self.get(path)
        if found is None:
            raise Wrong(f"{path} is not there")
        return found

    def tile(self, prefix, index, width):
        """`width` of a tile or bundle: the partial file, or the full one that has taken its place."""
        path = f"tile/{prefix}/{number_path(index)}"
        if width < WIDTH:
            found = self.get(f"{path}.p/{width}")
            if found is not None:
                return found
            self.fallbacks += 1
        return self.must(path)

    def bundle(self, index, width):
        data, at, entries = self.tile("entries", index, width), 0, []
        while at < len(data):
            size = int.from_bytes(data[at:at + 2], "big")
            entry = data[at + 2:at + 2 + size]
            if len(entry) != size or size == 0:
                raise Wrong(f"bundle {index} is cut at byte {at}")
            entries.append(entry)
            at += 2 + size
        if len(entries) < width:
            raise Wrong(f"bundle {index} has {len(entries)} entries of {width}")
        return entries[:width]

    def level(self, level, count):
        """The first `count` hashes of a level, from all its tiles."""
        hashes = []
        for index in range((count + WIDTH - 1) // WIDTH):
            width = min(WIDTH, count - index * WIDTH)
            data = self.tile(level, index, width)
            if len(data) < 32 * width:
                raise Wrong(f"tile {level}/{index} has {len(data)} bytes of {32 * width}")
            hashes += [data[32 * i:32 * i + 32] for i in range(width)]
        return hashes

    def check(self, checkpoint=None):
        """Everything; returns the checkpoint and all entries."""
        c = checkpoint or Checkpoint(self.must("checkpoint"))
        entries = []
        for index in range((c.size + WIDTH - 1) // WIDTH):
            entries += self.bundle(index, min(WIDTH, c.size - index * WIDTH))
        hashes = [leaf_hash(e) for e in entries]
        if root_of(hashes) != c.root:
            raise Wrong(f"the entries are not those of the checkpoint of size {c.size}")
        level = 0
        while hashes:
            if self.level(level, len(hashes)) != hashes:
                raise Wrong(f"a tile of level {level} is not what it stands for")
            hashes = [root_of(hashes[i:i + WIDTH]) for i in range(0, len(hashes) - len(hashes) % WIDTH, WIDTH)]
            level += 1
        return c, entries

    def sizes(self):
        """The seals that are listed; each is there."""
        sizes = [int(line) for line in self.must("seals").decode().split("\n")[:-1]]
        if sizes != sorted(set(sizes)):
            raise Wrong("the list of seals does not ascend")
        return sizes

    def seal(self, size):
        c = Checkpoint(self.must(f"seal/{number_path(size)}"))
        if c.size != size:
            raise Wrong(f"seal/{size} is of size {c.size}")
        return c


def of_folder(path):
    """`get` of a folder."""
    def get(name):
        try:
            with open(os.path.join(path, name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None
    return get


class OfUrl:
    """`get` over HTTP, on one connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.requests = 0

    def __call__(self, name):
        self.requests += 1
        self.connection.request("GET", "/" + name)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise Wrong(f"{name}: status {answer.status}")
        return body

    def close(self):
        self.connection.close()


def files_of(folder):
    """{relative path: bytes} of everything in a folder."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


needs_nginx = unittest.skipUnless(shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin"),
                                  "the web server nginx is not installed (nginx-light)")

CONFIGURATION = """\
{user}
worker_processes 1;
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {home}/access.log;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    keepalive_requests 1000000;
    log_not_found off;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        location / {{ root {root}; }}
        location = /checkpoint {{ root {root}; default_type "text/plain; charset=utf-8"; add_header Cache-Control no-cache; }}
    }}
}}
"""


class Nginx:
    """Serves `root` on loopback as an ordinary process, with its own configuration and files in the test's folder."""

    def __init__(self, case, root):
        self.home = os.path.join(case.dir, "nginx")
        os.makedirs(self.home, exist_ok=True)
        for _ in range(20):  # between asking for a free port and taking it somebody else may
            self.port = self.free_port()
            if self.start(case, root):
                case.addCleanup(case.reap, self.process)
                return
        case.fail(f"nginx does not start: {self.log()}")

    @staticmethod
    def free_port():
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def start(self, case, root):
        conf = os.path.join(self.home, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(CONFIGURATION.format(user="user root;" if os.getuid() == 0 else "", home=self.home, port=self.port, root=root))
        # Its workers end with it: SIGKILL of the master alone would leave them.
        self.process = subprocess.Popen(["nginx", "-c", conf, "-e", os.path.join(self.home, "error.log"), "-g", "master_process off;"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"})
        return case.wait_for("nginx", lambda: "no" if self.process.poll() is not None else "yes" if self.answers() else None) == "yes"

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.home, "error.log"), encoding="utf-8") as f:
            return f.read()

    def asked(self):
        """Paths that were asked for, with the status answered, in order."""
        with open(os.path.join(self.home, "access.log"), encoding="utf-8") as f:
            return [(m[1], int(m[2])) for m in re.finditer(r'"GET (\S+) HTTP/1\.1" (\d+)', f.read())]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"
