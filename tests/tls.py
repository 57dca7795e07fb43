"""Tests with upstreams that use TLS or authorization: the server of the openssl
command, and scripted servers."""

import contextlib
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import harness
from harness import ENDPOINTS, FAST, free_port, wait_for

BODIES = {
    "/api/v1/metrics": '{"packets_processed": 5000, "packets_dropped": 10}',
    "/api/v1/nodes/status":
        '{"active_nodes": 5, "inactive_nodes": 2, "total_nodes": 7}',
    "/api/v1/network/stats":
        '{"bytes_transmitted": 1000000, "bytes_received": 500000,'
        ' "avg_latency_ms": 45.0, "peak_throughput": 10000}',
}


class Authority:
    """A certificate authority with a folder for its certificates."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes",
                     "-keyout", f"{name}.key", "-out", f"{name}.pem",
                     "-subj", f"/CN={name}", "-days", "2")
        with open(f"{folder}/{name}.cnf", "w") as f:
            f.write(f"""[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/{name}.index
serial = {folder}/{name}.serial
certificate = {folder}/{name}.pem
private_key = {folder}/{name}.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
""")
        open(f"{folder}/{name}.index", "w").close()
        with open(f"{folder}/{name}.serial", "w") as f:
            f.write("01\n")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                       capture_output=True)

    def sign(self, out, names="DNS:localhost,IP:127.0.0.1",
             start="20200101000000Z", end="20990101000000Z", subject=None):
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                     f"/CN={subject or out}", "-keyout", f"{out}.key", "-out",
                     f"{out}.csr", "-addext", f"subjectAltName={names}")
        self.openssl("ca", "-batch", "-config", f"{self.name}.cnf", "-in",
                     f"{out}.csr", "-out", f"{out}.pem", "-notext",
                     "-startdate", start, "-enddate", end)
        return out


def answer(body):
    return ("HTTP/1.1 200 OK\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Tls(harness.Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        ca = Authority(cls.folder, "ca")
        other = Authority(cls.folder, "other-ca")
        ca.sign("good")
        ca.sign("sni", "DNS:betanet.test")
        ca.sign("expired", end="20210101000000Z")
        ca.sign("soon", end="20490630123456Z")
        ca.sign("future", start="20980101000000Z")
        ca.sign("wrong-name", "DNS:elsewhere.test")
        ca.sign("client")
        ca.sign("subject-only", "DNS:elsewhere.test", subject="localhost")
        other.sign("rotated")
        for path, body in BODIES.items():
            os.makedirs(os.path.dirname(cls.folder + path), exist_ok=True)
            with open(cls.folder + path, "w") as f:
                f.write(body)

    def serve(self, certificate, *flags, port=None):
        """Starts the server of the openssl command and returns its port."""
        port = port or free_port()
        self.server = self.start(
            "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
            f"{certificate}.pem", "-key", f"{certificate}.key", "-WWW",
            *flags, cwd=self.folder)
        wait_for(lambda: "ACCEPT" in self.server.text(), "s_server")
        return port

    def poll(self, url, config="tls_config: { ca_file: ca.pem }", *flags,
             **env):
        """Starts an exporter for this URL with this http_client_config."""
        path = f"{self.folder}/betanet.yml"
        with open(path, "w") as f:
            f.write(f"targets:\n  - url: {url}\n"
                    f"    http_client_config: {{ {config} }}\n")
        self.launch_exporter(*FAST, "--collection.timeout=2s",
                             f"--config.file={path}", *flags, **env)

    def up(self):
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        self.assertEqual(self.value("betanet_connected_peers"), 7)

    def failed(self, reason, text):
        """Checks that all endpoints fail for this reason, with this text in the
        log or, if the outage began with another failure, in /health."""
        for e in ENDPOINTS:
            wait_for(lambda: self.value(
                "betanet_exporter_request_failures_total",
                endpoint=e, reason=reason) > 0, f"{reason}: {self.log()}")
        wait_for(lambda: text in self.log() + harness.request(
            self.port, "/health")[2].decode(), f"{text!r} in {self.log()}")
        self.assertNotIn("PRIVATE KEY", self.log())

    def log(self):
        return self.exporter.text()

    def test_a_good_certificate_is_trusted(self):
        port = self.serve("good")
        for host in ("localhost", "127.0.0.1"):
            self.poll(f"https://{host}:{port}")
            self.up()
            self.assertNotIn("WARN msg=\"Attempt", self.log())
            self.exporter.close()

    def test_an_untrusted_server_is_refused_and_named(self):
        for certificate, text in (
                ("expired", "certificate has expired"),
                ("future", "certificate is not yet valid"),
                ("rotated", "unable to get local issuer certificate"),
                ("other-ca", "self-signed certificate"),
                ("wrong-name", "hostname mismatch"),
                ("subject-only", "hostname mismatch")):
            with self.subTest(certificate):
                port = self.serve(certificate)
                self.poll(f"https://localhost:{port}")
                self.failed("tls", f"TLS: {text}")
                subject = ("localhost" if certificate == "subject-only"
                           else certificate)
                self.assertIn(f"CN={subject}", self.log())
                self.doCleanups()

    def test_verification_can_be_switched_off(self):
        self.poll(f"https://localhost:{self.serve('expired')}",
                  "tls_config: { insecure_skip_verify: true }")
        self.up()

    def test_the_systems_authorities_are_the_default(self):
        port = self.serve("good")
        self.poll(f"https://localhost:{port}", "")
        self.failed("tls", "unable to get local issuer certificate")
        self.exporter.close()
        self.poll_with_env(f"https://localhost:{port}")
        self.up()

    def poll_with_env(self, url):
        self.launch_exporter(*FAST, f"--betanet.url={url}",
                             SSL_CERT_FILE=f"{self.folder}/ca.pem")

    def test_the_server_name_is_sent(self):
        port = self.serve("wrong-name", "-servername", "betanet.test",
                          "-cert2", "sni.pem", "-key2", "sni.key")
        self.poll(f"https://localhost:{port}",
                  "tls_config: { ca_file: ca.pem, server_name: betanet.test }")
        self.up()

    def test_without_a_common_version_or_cipher_there_is_no_connection(self):
        for flags in (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
                      ("-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0")):
            with self.subTest(flags):
                self.poll(f"https://localhost:{self.serve('good', *flags)}")
                self.failed("tls", "TLS: ")
                self.doCleanups()

    def test_versions_can_be_bounded(self):
        port = self.serve("good", "-tls1_2")
        self.poll(f"https://localhost:{port}",
                  "tls_config: { ca_file: ca.pem, min_version: TLS13 }")
        self.failed("tls", "TLS: ")
        self.exporter.close()
        self.poll(f"https://localhost:{port}",
                  "tls_config: { ca_file: ca.pem, max_version: TLS12 }")
        self.up()

    def test_a_stalled_handshake_ends_at_the_deadline(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            self.poll(f"https://localhost:{mute.getsockname()[1]}",
                      "tls_config: { ca_file: ca.pem }",
                      "--collection.timeout=50ms")
            self.failed("timeout", "while shaking hands (TLS)")

    def test_http_to_a_tls_port_and_tls_to_an_http_port(self):
        self.poll(f"https://localhost:{self.watch_headers()}")
        self.failed("tls", "seems to speak plain HTTP")
        self.exporter.close()
        self.poll(f"http://localhost:{self.serve('good')}", "")
        self.failed("eof", "connection closed before")

    def test_a_client_certificate_is_sent_if_it_is_requested(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                port = self.serve("good", "-Verify", "1", "-CAfile", "ca.pem",
                                  "-verify_return_error", version)
                self.poll(f"https://localhost:{port}")
                self.failed("tls", "TLS: ")
                self.exporter.close()
                self.poll(f"https://localhost:{port}",
                          "tls_config: { ca_file: ca.pem,"
                          " cert_file: client.pem, key_file: client.key }")
                self.up()
                self.doCleanups()

    def test_certificates_are_rotated_without_a_restart(self):
        shutil.copy(f"{self.folder}/ca.pem", f"{self.folder}/trusted.pem")
        port = self.serve("good")
        self.poll(f"https://localhost:{port}",
                  "tls_config: { ca_file: trusted.pem }")
        self.up()
        self.server.close()
        self.serve("rotated", port=port)
        self.failed("tls", "unable to get local issuer certificate")
        shutil.copy(f"{self.folder}/other-ca.pem",
                    f"{self.folder}/trusted.pem")
        self.up()

    def expires(self, certificate):
        """When a certificate expires, as the openssl command says."""
        text = subprocess.run(
            ["openssl", "x509", "-noout", "-enddate", "-in",
             f"{certificate}.pem"], cwd=self.folder, check=True,
            capture_output=True, text=True).stdout
        return ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter="))

    def expiry(self):
        return self.value("betanet_exporter_tls_cert_expiry_timestamp_seconds",
                          peer="upstream")

    def test_the_expiry_of_the_servers_chain_is_shown(self):
        port = self.serve("good")
        self.poll(f"https://localhost:{port}")
        self.up()
        self.assertEqual(self.expiry(), self.expires("good"))
        self.check_page()
        for certificate, chain, shown in (
                ("soon", [], "soon"),
                ("good", ["-cert_chain", "ca.pem"], "ca"),
                ("expired", [], "expired"),
                ("good", [], "good")):
            with self.subTest(certificate):
                self.server.close()
                self.serve(certificate, *chain, port=port)
                wait_for(lambda: self.expiry() == self.expires(shown),
                         lambda: f"{self.expiry()}, {self.log()}")
        self.exporter.close()
        self.poll(f"https://localhost:{port}",
                  "tls_config: { insecure_skip_verify: true }")
        self.up()
        self.assertEqual(self.expiry(), self.expires("good"))
        self.exporter.close()
        self.poll(f"http://localhost:{port}")
        wait_for(lambda: self.value("betanet_exporter_requests_total",
                                    endpoint="metrics") > 0, "polls")
        self.assertIsNone(self.expiry())

    def test_a_probe_shows_tls(self):
        port = self.serve("good")
        path = f"{self.folder}/betanet.yml"

        def probe(host, ca):
            with open(path, "w") as f:
                f.write(f"targets:\n  - url: https://{host}:{port}\n"
                        "    http_client_config: "
                        f"{{ tls_config: {{ ca_file: {ca}.pem }} }}\n")
            done = subprocess.run(
                [f"{harness.BINARIES}/betanet_exporter", "--probe",
                 f"--config.file={path}"], capture_output=True, text=True,
                timeout=30)
            return done.returncode, done.stdout

        status, text = probe("localhost.", "ca")
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"good +200 +127\.0\.0\.1:\d+ +TLSv1\.3 ")
        self.assertIn("  the certificate expires on 2099-01-01\n", text)
        status, text = probe("localhost", "other-ca")
        self.assertEqual(status, 1)
        self.assertIn("bad (tls)", text)
        self.assertIn("unable to get local issuer certificate", text)
        self.assertIn("  the certificate expires on 2099-01-01\n", text)

    def test_a_missing_file_gives_the_reason_local(self):
        shutil.copy(f"{self.folder}/ca.pem", f"{self.folder}/trusted.pem")
        self.poll(f"https://localhost:{self.serve('good')}",
                  "tls_config: { ca_file: trusted.pem }")
        self.up()
        os.remove(f"{self.folder}/trusted.pem")
        self.failed("local", "trusted.pem: No such file or directory")
        self.assertEqual(set(self.states().values()), {0})
        with open(f"{self.folder}/trusted.pem", "w") as f:
            f.write("no PEM")
        wait_for(lambda: self.value("betanet_up") == 0, "down")
        shutil.copy(f"{self.folder}/ca.pem", f"{self.folder}/trusted.pem")
        self.up()

    # -- the end of a body ---------------------------------------------------

    def encrypted(self):
        """Returns the TLS context and the listening socket of a scripted
        server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder}/good.pem",
                                f"{self.folder}/good.key")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return context, listener

    def script(self, reply, polite):
        """Starts a TLS server that closes the connection after each answer,
        with a closing alert if `polite`. Returns its port."""
        context, listener = self.encrypted()

        def serve():
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError, ssl.SSLError), \
                        context.wrap_socket(plain, server_side=True) as tls:
                    path = tls.recv(4096).split()[1].decode()
                    tls.sendall(reply(BODIES[path]).encode())
                    if polite:
                        tls.unwrap()
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_only_a_body_without_length_needs_a_tls_closing_alert(self):
        def sized(body):
            return ("HTTP/1.1 200 OK\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}")

        def unsized(body):
            return f"HTTP/1.1 200 OK\r\n\r\n{body}"
        for reply, polite in ((sized, True), (sized, False),
                              (unsized, True)):
            with self.subTest(f"{reply.__name__} {polite}"):
                self.poll(f"https://localhost:{self.script(reply, polite)}")
                self.up()
                self.exporter.close()
        self.poll(f"https://localhost:{self.script(unsized, False)}")
        self.failed("eof", "connection closed before")

    def keep_alive(self, extra):
        """Starts a TLS server that keeps connections and sends the unrequested
        bytes `extra` after each answer. Returns its port."""
        context, listener = self.encrypted()
        self.connections, self.held = 0, set()

        def talk(plain):
            with contextlib.suppress(OSError, ssl.SSLError), \
                    context.wrap_socket(plain, server_side=True) as tls:
                self.held.add(plain)
                while request := tls.recv(4096):
                    body = BODIES[request.split()[1].decode()]
                    tls.sendall(answer(body))
                    extra(tls, plain, body)
            self.held.discard(plain)

        def serve():
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                self.connections += 1
                threading.Thread(target=talk, args=(plain,),
                                 daemon=True).start()
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def polls(self, count):
        requests = lambda: self.value("betanet_exporter_requests_total",
                                      endpoint="nodes_status")
        seen = requests()
        wait_for(lambda: requests() > seen + count, "polls")

    def test_an_encrypted_connection_is_kept(self):
        port = self.keep_alive(lambda *_: None)
        self.poll(f"https://localhost:{port}")
        self.up()
        self.polls(5)
        self.assertEqual(self.connections, 3)
        self.up()
        with open(f"{self.folder}/betanet.yml", "a") as f:
            f.write("    retry: { delays: [] }\n")
        status, _, reason = harness.request(self.port, "/-/reload", "POST")
        self.assertEqual(status, 200, reason)
        wait_for(lambda: self.connections == 6, "new connections")
        wait_for(lambda: len(self.held) == 3, "the end of the old ones")

    def test_an_unrequested_answer_is_never_used(self):
        evil = lambda body: answer(body.replace("7}", "666}"))

        def whole(tls, _, body):
            tls.sendall(evil(body))

        def pieces(tls, _, body):
            for byte in evil(body):
                tls.sendall(bytes([byte]))

        def large(tls, _, body):
            tls.sendall(evil(body + " " * 40000) * 2)
        for extra in (whole, pieces, large):
            with self.subTest(extra.__name__):
                self.poll(f"https://localhost:{self.keep_alive(extra)}")
                self.up()
                self.polls(5)
                self.up()
                self.assertNotIn("nodes=666", self.log())
                self.exporter.close()

    def test_a_client_certificate_is_rotated_too(self):
        for name in ("pem", "key"):
            shutil.copy(f"{self.folder}/rotated.{name}",
                        f"{self.folder}/own.{name}")
        port = self.serve("good", "-Verify", "1", "-CAfile", "ca.pem",
                          "-verify_return_error")
        self.poll(f"https://localhost:{port}",
                  "tls_config: { ca_file: ca.pem, cert_file: own.pem,"
                  " key_file: own.key }")
        self.failed("tls", "TLS: ")
        for name in ("pem", "key"):
            shutil.copy(f"{self.folder}/client.{name}",
                        f"{self.folder}/own.{name}")
        self.up()

    def test_an_empty_ca_file_gives_the_reason_local(self):
        shutil.copy(f"{self.folder}/ca.pem", f"{self.folder}/trusted.pem")
        self.poll(f"https://localhost:{self.serve('good')}",
                  "tls_config: { ca_file: trusted.pem }",
                  SSL_CERT_FILE=f"{self.folder}/ca.pem")
        self.up()
        open(f"{self.folder}/trusted.pem", "w").close()
        self.failed("local", "trusted.pem: empty")
        shutil.copy(f"{self.folder}/ca.pem", f"{self.folder}/trusted.pem")
        self.up()

    # -- authorization -------------------------------------------------------

    def watch_headers(self):
        """Starts a plain server that records the headers of the last
        request."""
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                case.headers = self.headers
                body = BODIES[self.path].encode()
                self.send_response(case.status)
                if case.status == 302:
                    self.send_header("Location", case.elsewhere)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        case.headers, case.status = {}, 200
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    def write(self, name, text):
        with open(f"{self.folder}/{name}.new", "w") as f:
            f.write(text)
        os.replace(f"{self.folder}/{name}.new", f"{self.folder}/{name}")

    def test_requests_are_authorized_and_files_are_read_again(self):
        self.write("password", "canary-1\n")
        self.write("token", "canary-token-1\n")
        port = self.watch_headers()
        self.poll(f"http://127.0.0.1:{port}",
                  "basic_auth: { username: alice, password_file: password },"
                  " http_headers: { X-Tenant: { values: [blue, green] },"
                  " X-Key: { secrets: [canary-key], files: [token] } }",
                  "--log.level=debug")
        self.up()
        self.assertEqual(self.headers["Authorization"],
                         "Basic YWxpY2U6Y2FuYXJ5LTE=")
        self.assertEqual(self.headers.get_all("X-Tenant"), ["blue", "green"])
        self.assertEqual(self.headers.get_all("X-Key"),
                         ["canary-key", "canary-token-1"])
        self.write("password", "canary-22")
        wait_for(lambda: self.headers["Authorization"] ==
                 "Basic YWxpY2U6Y2FuYXJ5LTIy", "the new password")
        self.write("token", "two\r\nX-Evil: lines")
        self.failed("local", "header X-Key contains a line break")
        health = harness.request(self.port, "/health")[2].decode()
        config = harness.request(self.port, "/config")[2].decode()
        for secret in ("canary", "Y2FuYXJ5", "YWxpY2U6"):
            for place in (self.log(), self.page(), health, config):
                self.assertNotIn(secret, place)
        self.exporter.close()
        self.poll(f"http://127.0.0.1:{port}",
                  "authorization: { credentials: canary-9 }")
        self.up()
        self.assertEqual(self.headers["Authorization"], "Bearer canary-9")

    def test_a_refused_login_is_logged_and_a_redirect_not_followed(self):
        port = self.watch_headers()
        self.status = 401
        self.poll(f"http://127.0.0.1:{port}",
                  "basic_auth: { username: alice, password: canary }")
        self.failed("auth", "HTTP status 401")
        self.assertNotIn("canary", self.log())
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            elsewhere.settimeout(0)
            self.elsewhere = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
            self.status = 302
            polls = lambda: self.value("betanet_exporter_requests_total",
                                       endpoint="metrics")
            seen = polls()
            wait_for(lambda: polls() > seen + 2, "polls")
            self.failed("http_3xx", "redirects are not followed")
            self.assertRaises(BlockingIOError, elsewhere.accept)

    def test_unusable_settings_are_refused_at_the_start(self):
        self.write("no.pem", "no PEM")
        for config, text in (
                ("tls_config: { ca_file: none.pem }",
                 "none.pem: No such file or directory"),
                ("tls_config: { ca_file: no.pem }", "the CA certificate"),
                ("tls_config: { cert_file: good.pem, key_file: client.key }",
                 "key")):
            with self.subTest(config):
                path = f"{self.folder}/bad.yml"
                with open(path, "w") as f:
                    f.write("targets:\n  - url: https://localhost\n"
                            f"    http_client_config: {{ {config} }}\n")
                for more in ([], ["--config.check"]):
                    p = subprocess.run(
                        [f"{harness.BINARIES}/betanet_exporter",
                         f"--config.file={path}",
                         "--web.listen-address=127.0.0.1:0", *more],
                        capture_output=True, timeout=10, text=True)
                    self.assertEqual(p.returncode, 1)
                    self.assertIn(text, p.stderr)


if __name__ == "__main__":
    unittest.main()
