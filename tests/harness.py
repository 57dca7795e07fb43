"""Helps tests to start the built binaries and to observe them from outside."""

import contextlib
import gzip
import http.client
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics)
from prometheus_client.parser import text_string_to_metric_families

SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARIES = os.environ.get("BINARY_DIR", f"{SOURCES}/build/release")
ENDPOINTS = ("metrics", "nodes_status", "network_stats")

# Flags with which a breaker opens and probes within a second.
FAST = ["--collection.interval=100ms", "--collection.timeout=80ms",
        "--retry.delays=10ms", "--circuit-breaker.failure-threshold=3",
        "--circuit-breaker.open-duration=300ms", "--cache.max-stale=5m"]


def free_port():
    """A port below those that Linux gives to clients (32768 and above), which
    connections of other programs may have at the next moment."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def project_version():
    """The version of CMakeLists.txt."""
    with open(f"{SOURCES}/CMakeLists.txt", encoding="utf-8") as f:
        return re.search(r"project\(\S+ VERSION (\S+)", f.read())[1]


def wait_for(condition, what, seconds=20):
    """Evaluates the condition until it is true and returns its value. Fails
    with the text `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            result = condition()
            if result:
                return result
        select.select([], [], [], 0.01)
    what = what() if callable(what) else what
    raise AssertionError(f"did not happen in {seconds} s: {what}")


def request(port, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def parse(page):
    """Returns the samples by (name, labels). Also checks the page for defects
    that promtool does not find."""
    samples = {}
    families = set()
    family = None
    for line in page.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in families, f"family twice: {family}"
            families.add(family)
        elif not line.startswith("#"):
            assert line.startswith(family), f"outside its family: {line}"
    for f in text_string_to_metric_families(page):
        for s in f.samples:
            key = (s.name, tuple(sorted(s.labels.items())))
            assert key not in samples, f"series twice: {key}"
            assert s.timestamp is None, f"timestamp: {key}"
            samples[key] = s.value
    return samples


class Process:
    """A child process. Its stdout and stderr are written to a file."""

    def __init__(self, *command, cwd=None, **env):
        self.output = tempfile.TemporaryFile("w+b")
        self.child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=self.output,
            stdout=self.output, cwd=cwd, env={**os.environ, **env})

    def text(self):
        return os.pread(self.output.fileno(), 1 << 26, 0).decode()

    def stop(self, number=signal.SIGTERM):
        """Sends a signal, waits for the exit, and returns the exit status and
        the seconds that the exit took."""
        began = time.monotonic()
        self.child.send_signal(number)
        status = self.child.wait(10)
        return status, time.monotonic() - began

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        if not self.output.closed:
            self.output.close()


class Case(unittest.TestCase):
    def start(self, *command, **env):
        process = Process(*command, **env)
        self.addCleanup(process.close)
        return process

    def start_sim(self, *flags):
        self.upstream = getattr(self, "upstream", None) or free_port()
        self.control = free_port()
        self.sim = self.start(f"{BINARIES}/betanet_sim",
                              f"--listen=127.0.0.1:{self.upstream}",
                              f"--control=127.0.0.1:{self.control}", *flags)
        wait_for(lambda: request(self.control, "/sim/faults"), "simulator")

    def fault(self, endpoint, kind, **more):
        body = json.dumps({"endpoint": endpoint, "fault": kind, **more})
        status, _, answer = request(self.control, "/sim/faults", "POST", body)
        self.assertEqual(status, 200, answer)

    def launch_exporter(self, *flags, **env):
        self.port = free_port()
        self.exporter = self.start(
            f"{BINARIES}/betanet_exporter",
            f"--web.listen-address=127.0.0.1:{self.port}", *flags, **env)
        wait_for(lambda: request(self.port, "/-/healthy"), "exporter")

    def start_exporter(self, *flags, **env):
        self.launch_exporter(f"--betanet.url=http://127.0.0.1:{self.upstream}",
                          *flags, **env)

    def start_prometheus(self, config, rules=""):
        """Starts a Prometheus and returns it with a function that gives the
        value of an expression."""
        home = self.enterContext(tempfile.TemporaryDirectory())
        for name, text in (("prometheus.yml", config), ("rules.yml", rules)):
            with open(f"{home}/{name}", "w") as f:
                f.write(text)
        port = free_port()
        prometheus = self.start(
            "prometheus", f"--config.file={home}/prometheus.yml",
            f"--storage.tsdb.path={home}/data",
            f"--web.listen-address=127.0.0.1:{port}")

        def query(expression):
            url = (f"http://127.0.0.1:{port}/api/v1/query?query="
                   + urllib.request.quote(expression))
            with urllib.request.urlopen(url) as answer:
                result = json.load(answer)["data"]["result"]
            return float(result[0]["value"][1]) if result else None

        return prometheus, query

    def page(self):
        status, _, body = request(self.port, "/metrics")
        self.assertEqual(status, 200)
        return body.decode()

    def samples(self):
        return parse(self.page())

    def value(self, name, **labels):
        return self.samples().get((name, tuple(sorted(labels.items()))))

    def states(self):
        s = self.samples()
        return {e: int(s["betanet_exporter_circuit_breaker_state",
                         (("endpoint", e),)]) for e in ENDPOINTS}

    def lint(self, page):
        """Checks that promtool has nothing to say about the page."""
        done = subprocess.run(["promtool", "check", "metrics"],
                              input=page, capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, b"", b""))

    def check_page(self):
        """Checks that the page is valid and returns its samples."""
        page = self.page()
        self.lint(page.encode())
        self.check_openmetrics(parse(page))
        return parse(page)

    def check_openmetrics(self, samples):
        """Checks that the compressed page in OpenMetrics has equal series."""
        status, headers, body = request(
            self.port, "/metrics", headers={
                "Accept": "application/openmetrics-text",
                "Accept-Encoding": "gzip"})
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(headers["Content-Length"], str(len(body)))
        self.assertEqual(headers["Content-Type"],
                         "application/openmetrics-text; version=1.0.0;"
                         " charset=utf-8")
        text = gzip.decompress(body).decode()
        series = set()
        for family in openmetrics(text):
            if family.name.endswith(("_seconds", "_bytes")):
                self.assertEqual(family.unit, family.name.rsplit("_", 1)[1])
            for s in family.samples:
                labels = dict(s.labels)
                if "le" in labels and labels["le"] != "+Inf":
                    self.assertIn(".", labels["le"])
                    labels["le"] = re.sub(r"\.0$", "", labels["le"])
                series.add((s.name, tuple(sorted(labels.items()))))
        self.assertEqual(series, set(samples))
