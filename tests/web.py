"""Tests of the web configuration file: TLS, logins, headers and limits."""

import base64
import contextlib
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import harness
from harness import FAST, free_port, wait_for
from tls import Authority

# The bcrypt hash of `right` with cost 4.
HASH = "$2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC"
USERS = f"basic_auth_users: {{ alice: {HASH} }}\n"
SERVER = "cert_file: server.pem, key_file: server.key"
LOGIN = {"Authorization":
         "Basic " + base64.b64encode(b"alice:right").decode()}
WRONG = {"Authorization":
         "Basic " + base64.b64encode(b"alice:wrong").decode()}


# A client that prepares updates of its TLS key, which are records without data,
# and sends them all at once.
KEY_UPDATES = """
import ctypes, socket, sys
ssl = ctypes.CDLL("libssl.so.3")
p, n = ctypes.c_void_p, ctypes.c_int
def of(name, result, *arguments):
    f = getattr(ssl, name)
    f.restype, f.argtypes = result, arguments
    return f
method = of("TLS_client_method", p)
connection = of("SSL_new", p, p)(of("SSL_CTX_new", p, p)(method()))
memory = of("BIO_new", p, p)(of("BIO_s_mem", p)())
pending, take = of("BIO_ctrl_pending", ctypes.c_size_t, p), of(
    "BIO_read", n, p, p, n)
handshake, update = of("SSL_do_handshake", n, p), of("SSL_key_update", n, p, n)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
of("SSL_set_fd", n, p, n)(connection, s.fileno())
assert of("SSL_connect", n, p)(connection) == 1
of("SSL_set0_wbio", None, p, p)(connection, memory)
for _ in range(400000):
    assert update(connection, 0) == 1 and handshake(connection) == 1
text = ctypes.create_string_buffer(pending(memory))
assert take(memory, text, len(text)) == len(text)
print("flooding", flush=True)
s.sendall(text.raw)
print("sent", flush=True)
sys.stdin.read()
"""


def read(path):
    with open(path) as f:
        return f.read()


class Web(harness.Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = folder.name
        ca = Authority(folder.name, "ca")
        ca.sign("server")
        ca.sign("rotated", end="20490630123456Z")
        ca.sign("client", "DNS:prom.test,IP:10.0.0.1,email:prom@prom.test,"
                          "URI:spiffe://prom.test/a")
        Authority(folder.name, "other-ca").sign("stranger", "DNS:prom.test")

    def setUp(self):
        self.home = self.enterContext(tempfile.TemporaryDirectory())
        for name in os.listdir(self.certificates):
            if name.endswith((".pem", ".key")):
                with open(f"{self.certificates}/{name}", "rb") as f:
                    with open(f"{self.home}/{name}", "wb") as g:
                        g.write(f.read())
        self.context = self.client_context()

    def client_context(self, certificate=None):
        context = ssl.create_default_context(
            cafile=f"{self.certificates}/ca.pem")
        if certificate:
            context.load_cert_chain(f"{self.certificates}/{certificate}.pem",
                                    f"{self.certificates}/{certificate}.key")
        return context

    def test_secrets_in_readable_files_are_told(self):
        for mode, told in ((0o644, True), (0o640, False)):
            for name in ("web.yml", "server.key"):
                self.write(f"tls_server_config: {{ {SERVER} }}\n" + USERS)
                os.chmod(f"{self.home}/web.yml", 0o600)
                os.chmod(f"{self.home}/server.key", 0o600)
                os.chmod(f"{self.home}/{name}", mode)
                done = subprocess.run(
                    [f"{harness.BINARIES}/betanet_exporter", "--config.check",
                     f"--web.config.file={self.home}/web.yml"],
                    capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(
                    f"{self.home}/{name} holds a secret and every user"
                    in done.stderr, told, (name, mode))

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_memory_with_secrets_is_hidden(self):
        shutil.copy(f"{harness.BINARIES}/betanet_exporter", self.home)
        os.chmod(self.home, 0o755)
        self.write(USERS)
        os.chmod(f"{self.home}/web.yml", 0o644)
        for flags, owner in (([], 65534),
                             ([f"--web.config.file={self.home}/web.yml"], 0)):
            port = free_port()
            p = self.start("setpriv", "--reuid=65534", "--regid=65534",
                           "--clear-groups", f"{self.home}/betanet_exporter",
                           f"--web.listen-address=127.0.0.1:{port}", *flags)
            wait_for(lambda: harness.request(port, "/-/healthy"), p.text)
            # The kernel gives what must not be dumped to root (proc(5)).
            self.assertEqual(os.stat(f"/proc/{p.child.pid}/environ").st_uid,
                             owner)

    def write(self, text, name="web.yml"):
        """Replaces a file atomically, as Kubernetes replaces mounted files."""
        with open(f"{self.home}/new", "w") as f:
            f.write(text)
        os.replace(f"{self.home}/new", f"{self.home}/{name}")

    def guard(self, text, *flags, **env):
        self.write(text)
        self.port = free_port()
        self.exporter = self.start(
            f"{harness.BINARIES}/betanet_exporter", *FAST,
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--web.config.file={self.home}/web.yml", *flags, **env)
        wait_for(lambda: 'msg="Web configuration loaded"' in self.log(),
                 self.log)
        wait_for(lambda: socket.create_connection(
            ("127.0.0.1", self.port)).close() is None, "listening")
        self.encrypted = "tls=on" in self.log()

    def log(self):
        return self.exporter.text()

    def get(self, path="/metrics", headers=None, context=None, method="GET",
            source="127.0.0.1"):
        with_tls = {"context": context or self.context} if self.encrypted else {}
        kind = (http.client.HTTPSConnection if self.encrypted
                else http.client.HTTPConnection)
        connection = kind("127.0.0.1", self.port, timeout=10,
                          source_address=(source, 0), **with_tls)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def code(self, path="/metrics", headers=None):
        return self.get(path, headers)[0]

    def counted(self, handler, code):
        page = self.get(headers=LOGIN)[2].decode()
        return harness.parse(page)["betanet_exporter_http_requests_total",
                                   (("code", str(code)),
                                    ("handler", handler))]

    # -- logins --------------------------------------------------------------

    def test_all_paths_but_health_need_a_login(self):
        self.guard(USERS)
        for path in ("/metrics", "/", "/config", "/sd", "/nowhere"):
            for headers in (None, WRONG):
                status, fields, _ = self.get(path, headers)
                self.assertEqual(status, 401, path)
                self.assertTrue(fields["WWW-Authenticate"].startswith("Basic"))
            expected = 404 if path == "/nowhere" else 200
            self.assertEqual(self.code(path, LOGIN), expected)
        self.assertEqual(self.get("/-/reload", method="POST")[0], 401)
        self.assertEqual(
            self.get("/-/reload", LOGIN, method="POST")[0], 200)
        for headers in (None, WRONG):
            for path in ("/health", "/health?target=x"):
                status, _, body = self.get(path, headers)
                self.assertEqual((status, body),
                                 (200, b'{"status":"healthy"}\n'))
            self.assertEqual(self.code("/-/healthy", headers), 200)
        self.assertIn(b'"targets"', self.get("/health", LOGIN)[2])
        wait_for(lambda: self.counted("config", 401) == 2 and
                 self.counted("other", 401) == 2, "counters")
        # after a login, the page's own header is sent exactly once
        _, fields, _ = self.get("/", LOGIN)
        self.assertEqual(len(fields.get_all("Content-Security-Policy")), 1)

    def test_a_changed_file_takes_effect_without_a_restart(self):
        self.guard(USERS)
        self.assertEqual(self.code(headers=LOGIN), 200)
        self.write(USERS.replace("alice", "bob"))
        wait_for(lambda: self.code(headers=LOGIN) == 401, "alice is out")
        self.write(USERS)
        wait_for(lambda: self.code(headers=LOGIN) == 200, "alice is in")

    def test_a_broken_file_refuses_requests_until_it_is_valid(self):
        self.guard(USERS)
        for broken in ("typo: 1\n", "", "basic_auth_users: [\n"):
            self.write(broken)
            wait_for(lambda: self.code(headers=LOGIN) == 500, self.log)
            self.assertEqual(self.get("/health", LOGIN)[2],
                             b'{"status":"healthy"}\n')
            self.assertEqual(self.code("/-/healthy"), 200)
            self.write(USERS)
            wait_for(lambda: self.code(headers=LOGIN) == 200, self.log)
        self.assertIn("web.yml:1:1: typo: unknown key", self.log())
        self.assertEqual(self.log().count("Web configuration cannot"), 3)

    def test_headers_are_on_every_answer(self):
        self.guard("http_server_config: { headers: { X-Frame-Options: deny, "
                   "Strict-Transport-Security: max-age=60, "
                   "Content-Security-Policy: default-src none } }")
        for path in ("/metrics", "/nowhere", "/", "/health"):
            _, fields, _ = self.get(path)
            self.assertEqual(fields.get_all("X-Frame-Options"), ["deny"])
            self.assertEqual(fields.get_all("Content-Security-Policy"),
                             ["default-src none"])
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"nonsense\r\n\r\n")
            answer = s.recv(4096)
        self.assertIn(b" 400 ", answer)
        self.assertIn(b"Strict-Transport-Security: max-age=60\r\n", answer)

    def test_requests_above_the_rate_get_429(self):
        self.guard("rate_limit: { interval: 1h, burst: 3 }")
        self.assertEqual([self.code() for _ in range(5)],
                         [200, 200, 200, 429, 429])
        self.assertEqual(self.code("/nowhere"), 429)
        self.assertEqual(self.code("/-/healthy"), 200)

    # -- TLS -----------------------------------------------------------------

    def test_responses_are_encrypted(self):
        self.guard(f"tls_server_config: {{ {SERVER} }}\n" + USERS)
        self.assertEqual(self.code(), 401)
        self.assertEqual(self.code(headers=LOGIN), 200)
        with contextlib.closing(http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=10)) as plain:
            plain.request("GET", "/metrics", headers=LOGIN)
            response = plain.getresponse()
            self.assertEqual(response.status, 400)
            self.assertIn(b"HTTPS", response.read())
        # several requests on one connection; HEAD gets no body
        with contextlib.closing(http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=10,
                context=self.context)) as kept:
            for i in range(100):
                kept.request("HEAD" if i % 2 else "GET", "/metrics",
                             headers=LOGIN)
                response = kept.getresponse()
                size = int(response.headers["Content-Length"])
                self.assertEqual(len(response.read()), 0 if i % 2 else size)

    def s_client(self, *flags):
        """The output of the client of the openssl command; None if the
        handshake fails."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}",
             "-CAfile", f"{self.certificates}/ca.pem", *flags],
            input=b"", capture_output=True, timeout=20)
        text = done.stdout.decode()
        return None if "Cipher is (NONE)" in text else text

    def test_versions_suites_and_curves_are_those_of_the_file(self):
        anything = ("-cipher", "DEFAULT@SECLEVEL=0")
        self.guard(f"tls_server_config: {{ {SERVER} }}\n")
        for version in ("-tls1", "-tls1_1"):
            self.assertIsNone(self.s_client(version, *anything))
        for version in ("-tls1_2", "-tls1_3"):
            self.assertIn("Verify return code: 0", self.s_client(version))
        self.assertIsNone(self.s_client("-tls1_2", "-cipher", "AES128-SHA"))
        self.assertIsNone(self.s_client("-tls1_3", "-groups", "ffdhe2048"))
        self.assertIn("ALPN protocol: http/1.1",
                      self.s_client("-alpn", "h2,http/1.1"))
        self.exporter.close()
        self.guard(f"tls_server_config: {{ {SERVER}, min_version: TLS10, "
                   "max_version: TLS11 }\n")
        self.assertIsNone(self.s_client("-tls1_2"))
        self.assertIn("TLSv1.1", self.s_client("-tls1_1", *anything))
        self.assertIn("TLSv1", self.s_client("-tls1", *anything))
        self.exporter.close()
        self.guard(f"tls_server_config: {{ {SERVER}, cipher_suites: "
                   "[TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "
                   "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], "
                   "curve_preferences: [CurveP384] }\n")
        seen = self.s_client("-tls1_2")
        self.assertIn("Cipher is ECDHE-RSA-AES256-GCM-SHA384", seen)
        self.assertIn("Server Temp Key: ECDH, secp384r1", seen)
        self.assertIsNone(self.s_client("-tls1_2", "-cipher",
                                        "ECDHE-RSA-CHACHA20-POLY1305"))
        self.assertIsNone(self.s_client("-curves", "X25519"))
        self.exporter.close()
        self.guard(f"tls_server_config: {{ {SERVER}, cipher_suites: "
                   "[TLS_AES_128_GCM_SHA256] }\n")
        self.assertIsNone(self.s_client("-tls1_2"))
        self.assertIsNotNone(self.s_client("-tls1_3"))

    def accepts(self, certificate):
        try:
            return self.get(context=self.client_context(certificate))[0] == 200
        except OSError:  # includes ssl.SSLError
            return False

    def test_client_certificates_follow_the_policy(self):
        own = ", client_ca_file: ca.pem"
        for policy, expected in (
                ("NoClientCert", (True, True, True)),
                ("RequestClientCert" + own, (True, True, True)),
                ("RequireAnyClientCert" + own, (False, True, True)),
                ("RequireClientCert" + own, (False, True, True)),
                ("VerifyClientCertIfGiven" + own, (True, True, False)),
                ("RequireAndVerifyClientCert" + own, (False, True, False))):
            with self.subTest(policy):
                self.guard(f"tls_server_config: {{ {SERVER}, "
                           f"client_auth_type: {policy} }}\n")
                self.assertEqual(tuple(self.accepts(c) for c in
                                       (None, "client", "stranger")), expected)
                self.exporter.close()

    def test_a_refused_client_is_told_why(self):
        """The client gets a TLS alert and not a reset of the connection."""
        for version in ("TLS12", "TLS13"):
            self.guard(f"tls_server_config: {{ {SERVER}, client_auth_type: "
                       f"RequireAnyClientCert, max_version: {version} }}\n")
            for _ in range(20):
                with self.assertRaises(ssl.SSLError) as refused:
                    self.get()
                self.assertIn("ALERT", refused.exception.reason)
            self.exporter.close()

    def test_an_intermediate_authority_is_trusted_by_itself(self):
        ca = Authority(self.home, "root")
        with open(f"{self.home}/ca.ext", "w") as f:
            f.write("basicConstraints=critical,CA:TRUE\n")
        ca.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=int",
                   "-keyout", "int.key", "-out", "int.csr")
        ca.openssl("x509", "-req", "-in", "int.csr", "-CA", "root.pem",
                   "-CAkey", "root.key", "-extfile", "ca.ext", "-days", "2",
                   "-out", "int.pem")
        ca.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=leaf",
                   "-keyout", "leaf.key", "-out", "leaf.csr")
        ca.openssl("x509", "-req", "-in", "leaf.csr", "-CA", "int.pem",
                   "-CAkey", "int.key", "-days", "2", "-out", "leaf.pem")
        self.guard(f"tls_server_config: {{ {SERVER}, client_auth_type: "
                   "RequireAndVerifyClientCert, client_ca_file: int.pem }\n")
        context = self.client_context()
        context.load_cert_chain(f"{self.home}/leaf.pem",
                                f"{self.home}/leaf.key")
        self.assertEqual(self.get(context=context)[0], 200)
        self.assertFalse(self.accepts("client"))

    def test_an_encrypted_key_is_refused_without_a_prompt(self):
        subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:x",
                        "-in", "server.key", "-out", "locked.key"],
                       cwd=self.home, check=True, capture_output=True)
        for traditional in ([], ["-traditional"]):
            subprocess.run(["openssl", "rsa", "-aes128", *traditional,
                            "-passout", "pass:x", "-in", "server.key", "-out",
                            "locked.key"], cwd=self.home, check=True,
                           capture_output=True)
            self.write("tls_server_config: { cert_file: server.pem, "
                       "key_file: locked.key }")
            for check in ([], ["--config.check"]):
                done = subprocess.run(  # a prompt would read from stdin
                    [f"{harness.BINARIES}/betanet_exporter", *check,
                     f"--web.config.file={self.home}/web.yml"],
                    stdin=subprocess.PIPE, capture_output=True, timeout=20)
                self.assertEqual(done.returncode, 1)
                self.assertIn("the server key is encrypted",
                              done.stderr.decode())

    def test_tls_key_updates_do_not_block_other_clients(self):
        """TLS records without data must not keep the I/O thread busy."""
        self.guard(f"tls_server_config: {{ {SERVER} }}\n")
        flood = self.start("/usr/bin/python3", "-c", KEY_UPDATES,
                           str(self.port))
        wait_for(lambda: "flooding" in flood.text(), flood.text, 60)
        self.assertEqual(self.code(), 200)
        # the request was answered before the end of the flood
        self.assertNotIn("sent", flood.text())
        status, seconds = self.exporter.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)

    def test_many_requests_with_one_wrong_login(self):
        costly = HASH.replace("$04$", "$12$")
        self.guard(f"basic_auth_users: {{ alice: {HASH}, bob: {costly} }}\n")
        self.assertEqual(self.code(headers=LOGIN), 200)
        over = threading.Event()
        wrong = {"Authorization": "Basic " +
                 base64.b64encode(b"bob:wrong").decode()}

        def guess():
            while not over.is_set():
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.get(headers=wrong, source="127.0.0.3")
        crowd = [threading.Thread(target=guess) for _ in range(100)]
        for t in crowd:
            t.start()
            self.addCleanup(t.join)
        self.addCleanup(over.set)
        for _ in range(20):
            self.assertEqual(self.code(headers=LOGIN), 200)
            self.assertEqual(self.code("/-/healthy"), 200)
        self.write(f"basic_auth_users: {{ alice: {HASH}, bob: {costly} }}\n"
                   "http_server_config: { headers: "
                   "{ X-Frame-Options: deny } }\n")
        wait_for(lambda: self.get(headers=LOGIN)[1]["X-Frame-Options"],
                 "the change")
        self.assertEqual(self.code(headers=LOGIN), 200)

    def test_the_systems_authorities_verify_clients_by_default(self):
        self.guard(f"tls_server_config: {{ {SERVER}, client_auth_type: "
                   "RequireAndVerifyClientCert }\n",
                   SSL_CERT_FILE=f"{self.certificates}/ca.pem",
                   SSL_CERT_DIR="/nonexistent")
        self.assertTrue(self.accepts("client"))
        self.assertFalse(self.accepts("stranger"))
        self.assertFalse(self.accepts(None))

    def test_a_client_certificate_needs_one_of_the_names(self):
        for policy in ("RequireAndVerifyClientCert", "RequestClientCert"):
            for name, good in (("prom.test", True), ("10.0.0.1", True),
                               ("prom@prom.test", True),
                               ("spiffe://prom.test/a", True),
                               ("rom.test", False), ("*.test", False),
                               ("10.0.0.2", False), ("client", False)):
                with self.subTest(policy=policy, name=name):
                    self.guard(f"tls_server_config: {{ {SERVER}, "
                               f"client_auth_type: {policy}, client_ca_file: "
                               f'ca.pem, client_allowed_sans: ["{name}"] }}\n')
                    self.assertEqual(self.accepts("client"), good)
                    self.assertFalse(self.accepts(None))
                    self.exporter.close()

    def expires(self, certificate):
        """When a certificate expires, as the openssl command says."""
        text = subprocess.run(
            ["openssl", "x509", "-noout", "-enddate", "-in",
             f"{self.certificates}/{certificate}.pem"], check=True,
            capture_output=True, text=True).stdout
        return ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter="))

    def expiry(self):
        page = self.get()[2].decode()
        return harness.parse(page)[
            "betanet_exporter_tls_cert_expiry_timestamp_seconds",
            (("peer", "listener"),)]

    def test_certificates_are_rotated_without_a_restart(self):
        self.guard(f"tls_server_config: {{ {SERVER} }}\n")
        subject = lambda: [line for line in self.s_client().splitlines()
                           if line.startswith("subject=")]
        self.assertEqual(subject(), ["subject=CN = server"])
        self.assertEqual(self.expiry(), self.expires("server"))
        os.replace(f"{self.home}/rotated.pem", f"{self.home}/server.pem")
        # the key does not belong to the new certificate yet: this is logged,
        # and the former pair stays in use
        wait_for(lambda: self.code() == 500, self.log)
        self.assertIn("the server key", self.log())
        os.replace(f"{self.home}/rotated.key", f"{self.home}/server.key")
        wait_for(lambda: subject() == ["subject=CN = rotated"], self.log)
        self.assertEqual(self.code(), 200)
        wait_for(lambda: self.expiry() == self.expires("rotated"), self.log)

    def test_removing_tls_from_the_file_is_refused(self):
        self.guard(f"tls_server_config: {{ {SERVER} }}\n" + USERS)
        self.write(USERS)
        wait_for(lambda: self.code(headers=LOGIN) == 500, self.log)
        self.assertIn("which needs a restart", self.log())

    def test_stalled_handshakes_are_limited(self):
        self.guard(f"tls_server_config: {{ {SERVER} }}\n")
        with contextlib.ExitStack() as stack:
            for i in range(400):
                s = stack.enter_context(socket.create_connection(
                    ("127.0.0.1", self.port)))
                s.sendall(b"\x16\x03\x01\x02\x00"[:i % 6])
            self.assertEqual(self.code(), 200)
            page = harness.parse(self.get()[2].decode())
            self.assertLessEqual(
                page["betanet_exporter_http_connections", ()], 256)
            self.assertGreater(
                page["betanet_exporter_http_connections_rejected_total",
                     (("reason", "limit"),)], 140)
            status, seconds = self.exporter.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)

    def test_readers_that_do_not_read_are_limited(self):
        """Encrypted answers count as slow, as plain ones do."""
        config = f"{self.home}/many.yml"
        with open(config, "w") as f:
            f.write("targets:\n")
            for i in range(300):
                f.write(f" - {{name: t{i}, url: 'http://127.0.0.1:1'}}\n")
        self.guard(f"tls_server_config: {{ {SERVER} }}\n",
                   f"--config.file={config}", "--web.max-requests=3")
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                raw = socket.socket()
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                raw.connect(("127.0.0.1", self.port))
                s = stack.enter_context(self.context.wrap_socket(
                    raw, server_hostname="127.0.0.1"))
                s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertTrue(s.recv(1))
            wait_for(lambda: self.code() == 503, "limit")
            self.assertEqual(self.code("/-/healthy"), 200)
            # a large answer is complete even if it is read late
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += s.recv(1)
            size = int(head.split(b"Content-Length: ")[1].split(b"\r")[0])
            body = b""
            while len(body) < size:
                body += s.recv(65536)
            self.assertEqual(len(body), size)
            self.assertTrue(body.endswith(b"\n"))
            harness.parse(body.decode())
        wait_for(lambda: self.code() == 200, "room")

    # -- the web configuration in other parts of the program -----------------

    def healthcheck(self, *flags):
        done = subprocess.run(
            [f"{harness.BINARIES}/betanet_exporter", "--healthcheck",
             f"--web.listen-address=127.0.0.1:{self.port}",
             f"--web.config.file={self.home}/web.yml", *flags],
            capture_output=True, timeout=20)
        return done.returncode, done.stderr.decode()

    def test_healthcheck_knows_the_web_configuration(self):
        for policy in ("NoClientCert", "RequireAnyClientCert"):
            for versions in ("TLS12", "TLS13"):
                self.guard(f"tls_server_config: {{ {SERVER}, client_auth_type: "
                           f"{policy}, min_version: {versions}, max_version: "
                           f"{versions} }}\n{USERS}")
                self.assertEqual(self.healthcheck(), (0, ""))
                if policy == "NoClientCert":  # the exporter keeps running
                    self.write("broken")
                    self.assertEqual(self.healthcheck(), (0, ""))
                self.exporter.close()
        status, text = self.healthcheck()
        self.assertEqual(status, 1)
        self.assertIn("unhealthy: ", text)
        with socket.create_server(("127.0.0.1", self.port)) as mute:
            def answer():
                with mute.accept()[0] as s:
                    s.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=answer).start()
            self.assertEqual(self.healthcheck()[0], 1)  # no TLS here

    def test_a_start_and_a_check_report_the_same_problems(self):
        for text, place in (
                ("typo: 1", "web.yml:1:1: typo: unknown key"),
                ("tls_server_config: { cert_file: none.pem, key_file: x }",
                 "none.pem: No such file"),
                ("tls_server_config: { cert_file: server.pem, "
                 "key_file: rotated.key }", "the server key"),
                ("tls_server_config: { cert: nonsense, key_file: server.key }",
                 "the server certificate"),
                (f"tls_server_config: {{ {SERVER}, client_auth_type: "
                 "RequireAndVerifyClientCert, client_ca: nonsense }",
                 "the CA certificate"),
                ("basic_auth_users: { a: hunter2 }",
                 "basic_auth_users.a: not a bcrypt hash")):
            self.write(text)
            answers = []
            for check in ([], ["--config.check"]):
                done = subprocess.run(
                    [f"{harness.BINARIES}/betanet_exporter",
                     "--web.listen-address=127.0.0.1:0",
                     f"--web.config.file={self.home}/web.yml", *check],
                    capture_output=True, timeout=20)
                answers.append((done.returncode, done.stderr))
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(answers[0][0], 1)
            self.assertIn(place, answers[0][1].decode())
            self.assertNotIn("hunter2", answers[0][1].decode())

    def test_malformed_secrets_are_never_shown(self):
        self.start_sim("--still")
        path = f"{self.home}/betanet.yml"
        url = f"http://127.0.0.1:{self.upstream}"
        self.write(f"targets: [{{ url: {url} }}]", "betanet.yml")
        self.launch_exporter(*harness.FAST, f"--config.file={path}")
        client = "targets: [{ url: https://x, http_client_config: { %s } }]"
        for text in (
                "targets: [{ url: 'http://u:canary@h:99999' }]",
                "targets: [{ url: 'http//u:canary@h' }]",
                "targets: [{ url: 'http://u:canary' }]",
                client % "basic_auth: { username: a, password: *canary }",
                client % "basic_auth: canary",
                client % 'basic_auth: { password: "a\\ncanary" }'
                         ", http_headers: { A: { secrets: [\"\\ncanary\"] } }",
                client % "tls_config: { key: canary, cert: canary }",
                client % "tls_config: { ca: canary }",
                client % "authorization: { type: 'Bearer canary' }",
                client % "http_headers: { 'A: canary': { values: [b] } }",
                client % 'http_headers: { A: { values: ["b\\ncanary"] } }'):
            with self.subTest(text):
                self.write(text, "betanet.yml")
                done = subprocess.run(
                    [f"{harness.BINARIES}/betanet_exporter",
                     f"--config.file={path}", "--config.check"],
                    capture_output=True, timeout=20)
                self.assertEqual(done.returncode, 1)
                self.assertNotIn(b"canary", done.stdout + done.stderr)
                status, _, body = harness.request(self.port, "/-/reload",
                                                 "POST")
                self.assertEqual(status, 500)
                self.assertNotIn(b"canary", body)
        self.assertNotIn("canary", self.exporter.text())

    def test_secrets_are_never_shown(self):
        """Writes a recognizable text to each field that may contain a secret
        and searches all output for it."""
        self.start_sim("--still")
        key = read(f"{self.home}/client.key")
        inline = "".join(f"\n          {line}" for line in key.splitlines())
        for name in ("user", "password", "token", "header"):
            self.write(f"canary-file-{name}\n", name)
        targets = f"http://127.0.0.1:{self.upstream}"
        config = f"{self.home}/betanet.yml"
        self.write(f"""
targets:
  - name: texts
    url: {targets}
    http_client_config:
      basic_auth: {{ username: canary-user, password: canary-password }}
      http_headers: {{ X-A: {{ secrets: [canary-header] }} }}
      tls_config:
        cert_file: client.pem
        key: |{inline}
  - name: files
    url: {targets}
    http_client_config:
      basic_auth: {{ username_file: user, password_file: password }}
      http_headers: {{ X-A: {{ files: [header] }} }}
  - name: bearer
    url: {targets}
    http_client_config:
      authorization: {{ credentials: "${{CANARY}}" }}
  - name: bearer_file
    url: {targets}
    http_client_config:
      authorization: {{ credentials_file: token }}
  - name: refused  # its certificate is refused, and told why
    url: https://127.0.0.1:{self.upstream}
    http_client_config:
      authorization: {{ credentials: canary-refused }}
""", "betanet.yml")
        server = "".join(f"\n    {line}" for line in
                         read(f"{self.home}/server.key").splitlines())
        self.guard(f"tls_server_config:\n  cert_file: server.pem\n"
                   f"  key: |{server}\n" + USERS,
                   f"--config.file={config}", "--log.level=debug",
                   f"--log.file={self.home}/log", CANARY="canary-environment")
        self.assertEqual(self.code(headers=WRONG), 401)
        up = lambda target: ('betanet_up{target="%s"} 1' % target).encode() in \
            self.get(headers=LOGIN)[2]
        for target in ("texts", "files", "bearer", "bearer_file"):
            wait_for(lambda: up(target), f"{target}: {self.log()}")
        wait_for(lambda: "target=refused" in self.log(), "a failure")
        # a file that is invalid in each place with a secret
        good, accepted = read(config), []
        for broken in (
                good.replace("canary-password", "[canary-password]"),
                good.replace("canary-password", "{canary: canary}"),
                good.replace("canary-header", 'canary-header, "a\\nb"'),
                good.replace("password: canary", "pasword: canary"),
                good.replace("credentials: canary-refused",
                             "type: canary refused"),
                good.replace("http://", "http://canary:canary@"),
                good.replace("http://127", "http://127?canary=canary"),
                good.replace("${CANARY}", "${CANARY"),
                good.replace(key.splitlines()[1], "canary"),
                good + "canary-x"):
            self.write(broken, "betanet.yml")
            status, _, body = self.get("/-/reload", LOGIN, method="POST")
            accepted += [status] if status == 200 else []
            self.assertNotIn(b"anary", body.replace(b"canary-x", b""))
        # ${CANARY without } is not expanded; plain http needs no key
        self.assertEqual(accepted, [200, 200])
        self.write(USERS.replace(HASH, "canary-hash"))
        wait_for(lambda: self.code(headers=LOGIN) == 500, "broken")
        said = {path: self.get(path, headers)[2].decode()
                for headers in (None, LOGIN) for path in
                ("/metrics", "/health", "/config", "/", "/sd", "/-/ready")}
        self.write(f"tls_server_config:\n  cert_file: server.pem\n"
                   f"  key: |{server}\n" + USERS)
        wait_for(lambda: self.code(headers=LOGIN) == 200, "mended")
        said |= {f"{path} in": self.get(path, LOGIN)[2].decode() for path in
                 ("/metrics", "/health", "/config", "/", "/sd")}
        said["log"] = self.log()
        said["log file"] = read(f"{self.home}/log")
        said["arguments"] = read(
            f"/proc/{self.exporter.child.pid}/cmdline")
        self.assertIn("<secret>", said["/config in"])
        hidden = ["canary-", HASH, HASH[-31:], "right", "PRIVATE KEY",
                  base64.b64encode(b"canary-user").decode()[:12],
                  LOGIN["Authorization"][6:], *key.splitlines()[1:-1]]
        for place, text in said.items():
            shown = re.sub(r"<style>.*?</style>|canary-x", "", text, flags=re.S)
            for secret in hidden:
                self.assertNotIn(secret, shown, place)

    def test_a_real_prometheus_logs_in(self):
        self.start_sim("--still")
        self.guard(f"tls_server_config: {{ {SERVER}, client_auth_type: "
                   f"RequireAndVerifyClientCert, client_ca_file: ca.pem }}\n"
                   + USERS, f"--betanet.url=http://127.0.0.1:{self.upstream}")
        self.write(f"""
scrape_configs:
  - job_name: betanet
    scheme: https
    scrape_interval: 1s
    basic_auth: {{ username: alice, password: right }}
    tls_config: {{ ca_file: ca.pem, cert_file: client.pem,
                   key_file: client.key }}
    static_configs: [{{ targets: ['127.0.0.1:{self.port}'] }}]
""", "prometheus.yml")
        port = free_port()
        self.start("prometheus", f"--config.file={self.home}/prometheus.yml",
                   f"--storage.tsdb.path={self.home}/data",
                   f"--web.listen-address=127.0.0.1:{port}")
        wait_for(lambda: b'"7"' in harness.request(
            port, "/api/v1/query?query=betanet_connected_peers")[2],
            "a scraped value", 40)


if __name__ == "__main__":
    unittest.main()
