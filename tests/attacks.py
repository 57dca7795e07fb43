"""Tests with many hostile clients. The exporter must keep working and must
release all resources afterwards. `ATTACKS` is a table of what one address does
while a scraper on another one must get its page in time; a new attack is a
function and a row."""

import base64
import contextlib
import http.client
import os
import random
import resource
import select
import signal
import socket
import ssl
import struct
import tempfile
import threading
import time
import unittest

import harness
from harness import FAST, free_port, request, wait_for
from tls import Authority

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"

# The number of targets whose pages the table is run beside, and the seconds in
# which a scrape must be answered. `./dev tsan` sets others, because the thread
# sanitizer makes the exporter tens of times slower.
TARGETS = int(os.environ.get("ATTACK_TARGETS", 100))
SECONDS = int(os.environ.get("ATTACK_SECONDS", 2))


class Attacks(harness.Case):
    def setUp(self):
        self.start_sim("--still")
        # this process holds the sockets of 1000 clients
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))

    def start_exporter(self, *flags):
        super().start_exporter(*FAST, *flags)
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        self.descriptors = self.open_files()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.exporter.child.pid}/fd"))

    def connect(self, stack=None):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return stack.enter_context(s) if stack else s

    def recovers(self):
        """Checks that the exporter answers and polls and that it closes the
        connections that its clients have closed."""
        self.assertEqual(request(self.port, "/metrics")[0], 200)
        before = self.value("betanet_exporter_requests_total",
                            endpoint="metrics")
        wait_for(lambda: self.value("betanet_exporter_requests_total",
                                    endpoint="metrics") > before, "polls")
        wait_for(lambda: self.open_files() <= self.descriptors + 3,
                 lambda: f"{self.open_files()} descriptors open, "
                         f"{self.descriptors} before")
        self.assertEqual(self.value("betanet_up"), 1)
        self.assertNotIn("level=ERROR", self.exporter.text())

    def test_many_silent_or_slow_clients(self):
        self.start_exporter()
        for said in (b"", b"G", b"GET /metrics HTTP/1.1\r\nHost: x\r\nA: b"):
            with contextlib.ExitStack() as stack:
                for _ in range(1000):
                    with contextlib.suppress(OSError):  # already closed
                        self.connect(stack).sendall(said)
                self.assertEqual(request(self.port, "/metrics")[0], 200)
                self.assertLessEqual(
                    self.value("betanet_exporter_http_connections"), 256)
            self.recovers()
        self.assertGreater(self.value(
            "betanet_exporter_http_connections_rejected_total",
            reason="limit"), 2000)

    def test_recovers_from_a_lack_of_descriptors(self):
        self.start_exporter()
        limit = self.open_files() + 20
        pid = self.exporter.child.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))

        def ticks():
            with open(f"/proc/{pid}/stat") as f:
                return sum(int(n) for n in
                           f.read().rsplit(")", 1)[1].split()[11:13])
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                self.connect(stack)
            wait_for(lambda: self.open_files() == limit, "exhaustion")
            began = ticks()
            select.select([], [], [], 1)
            spent = (ticks() - began) / os.sysconf("SC_CLK_TCK")
        self.assertLess(spent, 0.5)  # a busy loop would use a whole second
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        wait_for(lambda: request(self.port, "/metrics")[0] == 200, "an answer")
        self.assertGreater(self.value(
            "betanet_exporter_http_connections_rejected_total",
            reason="descriptors"), 0)

    def launch_within(self, hard_limit, targets):
        """Starts an exporter with a low soft limit of descriptors and this hard
        limit. Its targets are slow, so that all their connections stay open."""
        home = self.enterContext(tempfile.TemporaryDirectory())
        self.config = f"{home}/betanet.yml"
        self.write_targets(targets)
        self.port = free_port()
        self.exporter = self.start(
            "sh", "-c", f'ulimit -Sn 64; ulimit -Hn {hard_limit}; exec "$@"',
            "sh", f"{harness.BINARIES}/betanet_exporter",
            f"--config.file={self.config}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--collection.timeout=30s", "--collection.interval=100ms")

    def write_targets(self, count):
        with open(self.config, "w") as f:
            f.write("targets:\n" + "".join(
                f"- {{name: t{i}, url: 'http://127.0.0.1:{self.upstream}'}}\n"
                for i in range(count)))

    def test_targets_leave_descriptors_for_clients(self):
        self.fault("all", "hang")
        self.launch_within(hard_limit=200, targets=40)  # 3 * 40 + 32 = 152
        wait_for(lambda: request(self.port, "/-/healthy"), "exporter")
        wait_for(lambda: self.open_files() > 120, "connections to the targets")
        self.assertRegex(self.exporter.text(), r"level=WARN .*connections=48 "
                         r"max_connections=256 hard_limit=200 needed=152")
        with contextlib.ExitStack() as stack:
            for _ in range(150):
                self.connect(stack)
            self.assertEqual(request(self.port, "/metrics")[0], 200)
            self.assertEqual(self.value("process_max_fds"), 200)
            self.assertGreater(self.value(
                "betanet_exporter_http_connections_rejected_total",
                reason="descriptors"), 50)
        self.assertEqual(self.exporter.text().count(
            'msg="Connections are rejected for want of file descriptors"'), 1)

    def test_too_many_targets_for_the_hard_limit_are_refused(self):
        self.launch_within(hard_limit=100, targets=23)
        self.assertEqual(self.exporter.child.wait(10), 1)
        self.assertIn("23 targets or replicas need 101 file descriptors, but "
                      "the hard limit is 100", self.exporter.text())
        self.launch_within(hard_limit=100, targets=20)
        wait_for(lambda: request(self.port, "/-/healthy"), "exporter")
        self.write_targets(23)
        status, _, body = request(self.port, "/-/reload", "POST")
        self.assertEqual(status, 500)
        self.assertIn(b"23 targets or replicas need 101 file descriptors, but "
                      b"the hard limit is 100", body)
        self.write_targets(22)
        self.assertEqual(request(self.port, "/-/reload", "POST")[0], 200)
        self.assertRegex(self.exporter.text(), "level=WARN .*connections=2 ")
        self.assertEqual(request(self.port, "/metrics")[0], 200)

    def test_many_clients_reset_their_connections(self):
        self.start_exporter()
        at_once = struct.pack("ii", 1, 0)
        for said in (b"", b"GET", GET):
            for _ in range(2000):
                s = self.connect()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                with contextlib.suppress(OSError):
                    s.sendall(said)
                s.close()
        self.recovers()

    def test_pipelined_requests_without_a_reader(self):
        self.start_exporter()
        memory = self.value("process_resident_memory_bytes")
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                s = self.connect(stack)
                s.settimeout(0.05)
                with contextlib.suppress(OSError):
                    s.sendall(GET * 5000)
            grown = self.value("process_resident_memory_bytes") - memory
            # the answers would need 2 GB if they were queued
            self.assertLess(grown, 32 << 20)
        self.recovers()

    def test_random_bytes(self):
        self.start_exporter()
        dice = random.Random(4)
        hello = bytes.fromhex("16030100c8010000c40303") + dice.randbytes(190)
        for noise in (hello, dice.randbytes(1 << 20), b"\0" * 9000,
                      b"A" * (1 << 20), b"\xff\r\n\r\n", b"\r\n" * 5000,
                      b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"):
            text = b""
            with self.connect() as s, contextlib.suppress(OSError):
                s.sendall(noise)
                s.shutdown(socket.SHUT_WR)
                while part := s.recv(65536):
                    text += part
            self.assertRegex(text.decode(), r"^(HTTP/1.1 4\d\d [^\0]*)?$")
            self.assertEqual(text.count(b"HTTP/1.1 "), 1 if text else 0)
        self.recovers()

    def test_a_thousand_scrapers_at_once(self):
        self.start_exporter()
        whole = cut = 0
        with contextlib.ExitStack() as stack:
            crowd = []
            for _ in range(1000):
                with contextlib.suppress(OSError):
                    s = self.connect(stack)
                    s.sendall(GET)
                    crowd.append(s)
            for s in crowd:
                text = b""
                with contextlib.suppress(OSError):
                    while not text.endswith(b"\n") or len(text) < 1000:
                        part = s.recv(1 << 20)
                        if not part:
                            break
                        text += part
                whole += text.startswith(b"HTTP/1.1 200 ")
                cut += not text
        self.assertEqual(whole + cut, len(crowd))
        self.assertGreater(whole, 200)
        self.recovers()

    def test_no_request_is_forwarded_to_another_host(self):
        self.start_exporter()
        with socket.create_server(("127.0.0.1", 0)) as victim:
            url = "http://127.0.0.1:%d/" % victim.getsockname()[1]
            for path in (f"/metrics?target={url}", f"/health?target={url}",
                         f"/probe?target={url}", url,
                         f"/metrics?target={url}&module=x"):
                self.assertEqual(request(self.port, path)[0], 404)
            request(self.port, "/metrics", headers={"Host": "evil.test"})
            victim.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                victim.accept()
        for path in ("/metrics", "/health", "/", "/config"):
            body = request(self.port, path, headers={"Host": "evil.test"})[2]
            self.assertNotIn(b"evil.test", body)

    def test_scrapes_cause_no_upstream_requests(self):
        super().start_exporter("--collection.interval=1h")
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        for _ in range(200):
            self.page()
        self.assertEqual(self.value("betanet_exporter_requests_total",
                                    endpoint="metrics"), 1)

    def test_signals_under_load(self):
        self.start_exporter()
        over = threading.Event()

        def scrape():
            while not over.is_set():
                with contextlib.suppress(OSError):
                    request(self.port, "/metrics")
        scrapers = [threading.Thread(target=scrape) for _ in range(8)]
        for t in scrapers:
            t.start()
            self.addCleanup(t.join)
        self.addCleanup(over.set)
        for _ in range(200):
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
                           signal.SIGPIPE):
                self.exporter.child.send_signal(number)
        self.assertEqual(request(self.port, "/-/healthy")[0], 200)
        self.exporter.child.send_signal(signal.SIGTERM)
        for _ in range(20):
            with contextlib.suppress(ProcessLookupError):
                self.exporter.child.send_signal(signal.SIGHUP)
                self.exporter.child.send_signal(signal.SIGTERM)
        self.assertEqual(self.exporter.child.wait(2), 0)


# The bcrypt hash of `right` with cost 4.
HASH = "$2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC"
LOGIN = "Basic " + base64.b64encode(b"alice:right").decode()


class Attacker:
    """A client at 127.0.0.3, or at this and the next addresses, with a small
    receive buffer and segments as those of Ethernet."""

    def __init__(self, port, context, addresses=1):
        self.port = port
        self.context = context
        self.addresses = addresses
        self.over = threading.Event()
        self.done = 0  # how often the attack was made
        self.pool = []

    def connect(self, secured=True):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
        s.bind((f"127.0.0.{3 + self.done % self.addresses}", 0))
        s.settimeout(1)
        s.connect(("127.0.0.1", self.port))
        if self.context and secured:
            return self.context.wrap_socket(s)
        return s

    def pooled(self, most):
        """One of at most so many connections, used in turn."""
        if len(self.pool) < most:
            self.pool.append(self.connect())
            return self.pool[-1]
        i = self.done % most
        if self.pool[i].fileno() < 0:
            self.pool[i] = self.connect()
        return self.pool[i]

    def repeat(self, attack):
        """Makes the attack again and again. The sockets that it returns stay
        open until there are 300 of them."""
        held = []
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                s = attack(self)
                if s:
                    held.append(s)
            self.done += 1
            for s in held[:-300]:
                s.close()
            held = held[-300:]
        for s in held + self.pool:
            s.close()


def head(path, method="GET", fields=b""):
    return (f"{method} {path} HTTP/1.1\r\nHost: x\r\n").encode() + fields + (
        b"\r\n")


def unread_pipeline(path):
    def attack(attacker):
        s = attacker.connect()
        s.settimeout(0.02)
        with contextlib.suppress(OSError):
            s.sendall(head(path) * 500)
        return s
    return attack


def read_pipeline(path):
    """Sends many requests at once and reads what there is of the answers."""
    def attack(attacker):
        s = attacker.pooled(60)
        s.settimeout(0.005)
        try:
            s.sendall(head(path) * 80)
            for _ in range(100):
                if not s.recv(1 << 16):
                    s.close()
                    break
        except TimeoutError:
            pass
        except OSError:
            s.close()
    return attack


def urgent_data(attacker):
    s = attacker.connect(secured=False)
    s.send(b"!", socket.MSG_OOB)
    return s


def reset_after(request_head):
    def attack(attacker):
        s = attacker.connect()
        s.sendall(request_head)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
        s.close()
    return attack


def silence(attacker):
    return attacker.connect(secured=False)


def client_hello(attacker):
    """Makes the server sign a handshake and never answers."""
    s = attacker.connect(secured=False)
    hello = ssl.MemoryBIO()
    context = attacker.context or ssl._create_unverified_context()
    half = context.wrap_bio(ssl.MemoryBIO(), hello)
    with contextlib.suppress(ssl.SSLWantReadError):
        half.do_handshake()
    s.sendall(hello.read())
    return s


def unknown_login(attacker):
    s = attacker.connect()
    login = base64.b64encode(b"nobody%d:x" % attacker.done)
    s.sendall(head("/metrics", fields=b"Authorization: Basic " + login +
                   b"\r\n"))
    return s


# Name, attack, number of addresses from which it comes.
ATTACKS = [
    ("unread health checks", unread_pipeline("/-/healthy"), 1),
    ("unread 404s", unread_pipeline("/nowhere"), 1),
    ("unread pages", unread_pipeline("/metrics"), 1),
    ("status pages", unread_pipeline("/"), 1),
    ("abandoned configurations", reset_after(head("/config")), 1),
    ("abandoned reloads", reset_after(head("/-/reload", "POST")), 1),
    ("404s that are read", read_pipeline("/nowhere"), 4),
    ("status pages that are read", read_pipeline("/"), 4),
    ("pages that are read", read_pipeline("/metrics"), 4),
    ("unread pages at the limit of all", unread_pipeline("/metrics"), 4),
    ("urgent data", urgent_data, 1),
    ("silence", silence, 1),
    ("half handshakes", client_hello, 1),
    ("unknown logins", unknown_login, 1),
]


class Neighbours(harness.Case):
    """A scraper at 127.0.0.2 gets its page whatever 127.0.0.3 does."""

    def setUp(self):
        self.home = self.enterContext(tempfile.TemporaryDirectory())
        with open(f"{self.home}/c.yml", "w") as f:
            f.write("targets:\n" + "".join(
                f"  - {{ name: t{i}, url: http://127.0.0.1:9 }}\n"
                for i in range(TARGETS)))
        self.flags = [f"--config.file={self.home}/c.yml",
                      "--collection.interval=1h", "--log.level=error"]
        self.context = None

    def protect(self):
        Authority(self.home, "ca").sign("server")
        with open(f"{self.home}/web.yml", "w") as f:
            f.write("tls_server_config: { cert_file: server.pem, key_file: "
                    f"server.key }}\nbasic_auth_users: {{ alice: {HASH} }}\n")
        self.context = ssl._create_unverified_context()

    def launch(self):
        self.port = harness.free_port()
        if self.context:
            self.flags.append(f"--web.config.file={self.home}/web.yml")
        self.exporter = self.start(
            f"{harness.BINARIES}/betanet_exporter", *self.flags,
            f"--web.listen-address=127.0.0.1:{self.port}")
        wait_for(lambda: self.scrape() < 1, self.exporter.text)

    def scrape(self):
        """Returns how many seconds a good scrape took."""
        began = time.monotonic()
        from_here = {"source_address": ("127.0.0.2", 0), "timeout": 10}
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port,
                                        context=self.context, **from_here)
            if self.context else
            http.client.HTTPConnection("127.0.0.1", self.port, **from_here))
        with contextlib.closing(connection):
            connection.request("GET", "/metrics",
                               headers={"Authorization": LOGIN})
            response = connection.getresponse()
            body = response.read()
        self.assertEqual(response.status, 200, body)
        self.assertIn(b"betanet_up", body)
        return time.monotonic() - began

    def hold_out(self, name, attack, addresses=1):
        attacker = Attacker(self.port, self.context, addresses)
        threads = [threading.Thread(target=attacker.repeat, args=(attack,))
                   for _ in range(2)]
        for t in threads:
            t.start()
        try:
            time.sleep(0.3)
            for _ in range(8):
                self.assertLess(self.scrape(), SECONDS, name)
                time.sleep(0.1)
        finally:
            attacker.over.set()
            for t in threads:
                t.join()
        self.assertGreater(attacker.done, 5, name)

    def all_attacks(self):
        self.launch()
        for name, attack, addresses in ATTACKS:
            with self.subTest(name):
                self.hold_out(name, attack, addresses)

    def test_plain(self):
        self.all_attacks()

    def test_with_tls_and_logins(self):
        self.protect()
        self.all_attacks()

    def test_a_first_login_is_not_locked_out(self):
        self.protect()
        self.port = harness.free_port()
        self.flags.append(f"--web.config.file={self.home}/web.yml")
        self.exporter = self.start(
            f"{harness.BINARIES}/betanet_exporter", *self.flags,
            f"--web.listen-address=127.0.0.1:{self.port}")
        wait_for(lambda: socket.create_connection(
            ("127.0.0.1", self.port)).close() is None, "listening")
        self.hold_out("unknown logins before the first", unknown_login)

    def test_a_first_login_is_not_rate_limited(self):
        with open(f"{self.home}/web.yml", "w") as f:
            f.write("rate_limit: { interval: 1h, burst: 1 }\n"
                    f"basic_auth_users: {{ alice: {HASH} }}\n")
        self.port = harness.free_port()
        self.exporter = self.start(
            f"{harness.BINARIES}/betanet_exporter", *self.flags,
            f"--web.config.file={self.home}/web.yml",
            f"--web.listen-address=127.0.0.1:{self.port}")
        wait_for(lambda: request(self.port, "/metrics")[0] == 429, "429")
        self.assertLess(self.scrape(), SECONDS)

    def test_sessions_are_not_kept(self):
        self.protect()
        self.launch()
        context = ssl._create_unverified_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET

        def connect(session):
            s = socket.create_connection(("127.0.0.1", self.port))
            return context.wrap_socket(s, session=session)
        with connect(None) as first:
            session = first.session
        with connect(session) as second:
            self.assertFalse(second.session_reused)

    def test_a_huge_client_certificate_is_refused(self):
        names = ",".join(f"DNS:{i}.{'x' * 60}.test" for i in range(600))
        ca = Authority(self.home, "ca")
        ca.sign("server")
        ca.sign("small", "DNS:small.test")
        ca.sign("huge", names)
        with open(f"{self.home}/web.yml", "w") as f:
            f.write("tls_server_config: { cert_file: server.pem, key_file: "
                    "server.key, client_auth_type: RequestClientCert }\n")
        for certificate, refused in (("small", False), ("huge", True)):
            self.context = ssl._create_unverified_context()
            if certificate == "small":
                self.launch()
            self.context.load_cert_chain(f"{self.home}/{certificate}.pem",
                                         f"{self.home}/{certificate}.key")
            if refused:
                with self.assertRaises(OSError):
                    self.scrape()
            else:
                self.scrape()


if __name__ == "__main__":
    unittest.main()
