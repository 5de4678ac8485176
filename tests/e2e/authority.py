"""A timestamp authority of the test's own: certificates made by openssl, and a server that answers with `openssl ts -reply`.

`authority.py DIR` stands alone: it makes DIR, writes its address to DIR/url, and serves until it is ended; docs/AUDITOR.md
plays with it.

It listens on this machine only. `answers` says how it behaves: a function of the question's bytes that gives (status,
content type, body); `honest` is the authority as it should be.
"""
import http.server
import os
import subprocess
import sys
import threading

CONFIG = """
[req]
distinguished_name = none
[none]
[ca_certificate]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa_certificate]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ca]
default_ca = ca_default
[ca_default]
dir = {dir}
database = {dir}/index.txt
new_certs_dir = {dir}
serial = {dir}/serial.txt
default_md = sha256
policy = any
[any]
commonName = supplied
[tsa]
default_tsa = tsa_default
[tsa_default]
serial = {dir}/tsa_serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""

REPLY = "application/timestamp-reply"


class Authority:
    """In `dir`: ca.pem, tsa.pem and their keys. `start` and `end` ("20200101000000Z") bound the certificates."""

    def __init__(self, case, name="authority", start=None, end=None, kind="ec"):
        self.dir = case.path(name)
        os.mkdir(self.dir)
        self.case, self.answers, self.asked = case, self.honest, 0
        self.write("config", CONFIG.format(dir=self.dir))
        for file in ("index.txt", "index.txt.attr"):
            self.write(file, "")
        self.write("serial.txt", "01\n")
        self.write("tsa_serial", "0A\n")
        self.certify("ca", f"/CN=The test's CA {name}", start, end, kind)
        self.certify("tsa", f"/CN=The test's authority {name}", start, end, kind)
        self.ca = self.file("ca.pem")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.close)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/tsa"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def file(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        with open(self.file(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.file(name)

    def openssl(self, *args, code=0):
        done = subprocess.run(["openssl", *args], capture_output=True, cwd=self.dir, env={"PATH": os.environ["PATH"], "HOME": self.dir})
        if code is not None and done.returncode != code:
            raise AssertionError(f"openssl {' '.join(args)}: {done.returncode}\n{done.stdout!r}\n{done.stderr!r}")
        return done

    def certify(self, name, subject, start, end, kind):
        algorithm = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self.openssl("req", "-new", "-newkey", *algorithm, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                     "-config", "config", "-subj", subject)
        bounds = (["-startdate", start, "-enddate", end] if start else ["-days", "365"])
        signer = ["-selfsign", "-keyfile", "ca.key"] if name == "ca" else ["-cert", "ca.pem", "-keyfile", "ca.key"]
        self.openssl("ca", "-batch", "-notext", "-config", "config", "-in", f"{name}.csr", "-out", f"{name}.pem",
                     "-extensions", f"{name}_certificate", *bounds, *signer)

    # -- how it answers ------------------------------------------------------------------------------------

    def reply(self, question, *options):
        """The answer of openssl to a question's bytes, DER."""
        name = f"question{threading.get_ident()}"
        self.write(name, question)
        self.openssl("ts", "-reply", "-config", "config", "-section", "tsa_default", "-queryfile", name, "-inkey", "tsa.key",
                     "-signer", "tsa.pem", "-out", name + ".tsr", *options)
        with open(self.file(name + ".tsr"), "rb") as f:
            return f.read()

    def honest(self, question):
        return 200, REPLY, self.reply(question)

    def to_another_question(self, question):
        """The same imprint, another nonce: an answer of yesterday, put before one again."""
        changed = bytearray(question)
        changed[-4] ^= 1
        return 200, REPLY, self.reply(bytes(changed))

    def of_something_else(self, question):
        changed = bytearray(question)
        changed[30] ^= 1
        return 200, REPLY, self.reply(bytes(changed))

    @staticmethod
    def refusing(question):
        words = b"the desk has not paid"
        texts = b"\x0c" + bytes([len(words)]) + words
        status = b"\x02\x01\x02\x30" + bytes([len(texts)]) + texts
        status = b"\x30" + bytes([len(status)]) + status
        return 200, REPLY, b"\x30" + bytes([len(status)]) + status

    def handler(self):
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = self.rfile.read(int(self.headers["Content-Length"]))
                authority.asked += 1
                authority.question_type = self.headers["Content-Type"]
                try:
                    status, kind, body = authority.answers(question)
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # whoever asked has given up

            def log_message(self, *_):
                pass

        return Handler


class Alone:
    """In a test's place."""

    @staticmethod
    def path(name):
        return os.path.abspath(name)

    @staticmethod
    def addCleanup(_):
        pass


if __name__ == "__main__":
    authority = Authority(Alone, sys.argv[1])
    os.rename(authority.write("url.new", authority.url + "\n"), authority.file("url"))
    threading.Event().wait()
