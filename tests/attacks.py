"""Tests with many hostile clients. The exporter must keep working and must
release all resources afterwards."""

import contextlib
import os
import random
import resource
import select
import signal
import socket
import struct
import threading
import unittest

import harness
from harness import FAST, request, wait_for

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


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


if __name__ == "__main__":
    unittest.main()
