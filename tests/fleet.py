"""Tests of fleets with a real Prometheus and with the binaries: lists of targets
in files and on servers, and exporters that share the targets.

usage: python3 tests/fleet.py
       python3 tests/fleet.py write

The second form writes what Prometheus makes of each file of target_groups.json,
and into hashmod.json a digest of the shards to which its relabelling assigns
10 000 URLs. The suites `target_groups` and `shard` compare ours with these."""

import base64
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from harness import BINARIES, Case, Process, free_port, request, wait_for

HASHMOD = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "hashmod.json")
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "target_groups.json")
ENDINGS = ("json", "yml", "yaml", "JSON", "YML", "YAML")
# Prometheus drops every target after it was discovered, and lists it.
READS_FILES = """scrape_configs:
- job_name: files
  file_sd_configs: [{{files: [{files}]}}]
  relabel_configs: [{{source_labels: [job], action: drop}}]
"""


def read_table():
    with open(TABLE, encoding="ascii") as f:
        return json.load(f)


def content(row):
    """The bytes of a file of the table."""
    return row["latin1"].encode("latin-1") if "latin1" in row \
        else row["text"].encode()


class Prometheus(Process):
    """A Prometheus server with this configuration. It polls nothing at once."""

    def __init__(self, folder, configuration):
        with open(f"{folder}/prometheus.yml", "w", encoding="ascii") as f:
            f.write(configuration)
        self.port = free_port()
        super().__init__(
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data", "--log.format=json",
            f"--web.listen-address=127.0.0.1:{self.port}")

    def get(self, path):
        status, _, body = request(self.port, path)
        if status != 200:  # it starts
            raise ConnectionError(body)
        return body.decode()

    def query(self, text):
        """The value of an expression with one series; 0 without any."""
        answer = self.get("/api/v1/query?query=" + urllib.parse.quote(text))
        result = json.loads(answer)["data"]["result"]
        return float(result[0]["value"][1]) if result else 0

    def targets(self):
        return json.loads(self.get("/api/v1/targets"))["data"]


def shown(labels):
    """Labels of a discovered target that a file has given it."""
    return {k: v for k, v in labels.items()
            if v and not k.startswith("__") and k != "job"}


def ask_prometheus(rows):
    """By file, the sorted [address, labels] of its targets; None for a file
    that Prometheus refuses."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/t")
        for row in rows:
            with open(f"{folder}/t/{row['file']}", "wb") as f:
                f.write(content(row))
        # a valid file that is read last
        with open(f"{folder}/t/~last.YAML", "w", encoding="ascii") as f:
            f.write("- targets: [last]\n")
        files = ", ".join(f"t/*.{e}" for e in ENDINGS)
        server = Prometheus(folder, READS_FILES.format(files=files))
        try:
            def found():
                targets = server.targets()["droppedTargets"]
                return targets and any(
                    t["discoveredLabels"].get("__address__") == "last"
                    for t in targets) and targets
            targets = wait_for(found, server.text, 60)
            lines = [json.loads(line) for line in server.text().splitlines()
                     if "Error reading file" in line]
            bad = {os.path.basename(line["path"]) for line in lines}
        finally:
            server.close()
    result = {row["file"]: None if row["file"] in bad else [] for row in rows}
    for t in targets:
        labels = t["discoveredLabels"]
        name = os.path.basename(labels["__meta_filepath"])
        if name in result:
            result[name].append([labels.get("__address__", ""), shown(labels)])
    for targets in result.values():
        if targets:
            targets.sort(key=json.dumps)
    return result


class Files(unittest.TestCase):
    def test_prometheus_reads_the_files_of_the_table_as_it_says(self):
        rows = read_table()
        found = ask_prometheus(rows)
        self.assertGreaterEqual(len(rows), 40)
        for row in rows:
            with self.subTest(row["file"]):
                self.assertEqual(found[row["file"]], row["targets"])


# -- shards --------------------------------------------------------------------

KEYS = [f"http://10.{i >> 8}.{i & 255}.1:9000" for i in range(10_000)]
COUNTS = range(1, 17)


def digest(owners):
    """The FNV-1a hash of 64 bits of these numbers, each a byte."""
    value = 0xcbf29ce484222325
    for owner in owners:
        value = (value ^ owner) * 0x100000001b3 % (1 << 64)
    return f"{value:016x}"


def ask_prometheus_for_shards():
    """For each number of shards, a digest of the owners of all keys."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/keys.json", "w", encoding="ascii") as f:
            json.dump([{"targets": KEYS}], f)
        rules = [{"source_labels": ["__address__"], "target_label": "key"}]
        rules += [{"source_labels": ["__address__"], "modulus": n,
                   "target_label": f"shard_{n}", "action": "hashmod"}
                  for n in COUNTS]
        rules += [{"target_label": "__address__", "replacement": "[::1]:1"}]
        server = Prometheus(folder, json.dumps({"scrape_configs": [
            {"job_name": "keys", "scrape_interval": "1h",
             "file_sd_configs": [{"files": ["keys.json"]}],
             "relabel_configs": rules}]}))
        try:
            def all_targets():
                found = server.targets()["activeTargets"]
                return len(found) == len(KEYS) and found
            found = {t["labels"]["key"]: t["labels"]
                     for t in wait_for(all_targets, server.text, 120)}
        finally:
            server.close()
    return {str(n): digest(int(found[key][f"shard_{n}"]) for key in KEYS)
            for n in COUNTS}


class Shards(Case):
    def test_prometheus_assigns_shards_as_the_digests_say(self):
        with open(HASHMOD, encoding="ascii") as f:
            self.assertEqual(json.load(f), ask_prometheus_for_shards())

    def start_sim_everywhere(self):
        """Starts a simulator that listens at all loopback addresses. A
        connection of another test may have the port at one of them: then
        another port is tried."""
        for _ in range(10):
            self.upstream, self.control = free_port(), free_port()
            self.sim = self.start(f"{BINARIES}/betanet_sim",
                                  f"--listen=0.0.0.0:{self.upstream}",
                                  f"--control=127.0.0.1:{self.control}")
            wait_for(lambda: self.sim.child.poll() is not None or
                     request(self.control, "/sim/faults"), self.sim.text)
            if self.sim.child.poll() is None:
                return
        self.fail(self.sim.text())

    def start_shards(self, count):
        shards = []
        for index in range(count):
            self.launch_exporter(f"--config.file={self.folder}/e.yml",
                                 f"--shard.count={count}",
                                 f"--shard.index=exporter-{index}",
                                 f"--collection.interval={self.INTERVAL}s",
                                 "--log.level=error")
            shards.append((self.exporter, self.port))
        return shards

    def test_a_pair_survives_the_loss_of_one_half(self):
        """Two exporters with one list, each scraped by a Prometheus of its own;
        a third one scrapes both."""
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.start_sim_everywhere()
        with open(f"{self.folder}/t.json", "w", encoding="ascii") as f:
            json.dump([{"targets": [f"127.0.0.{i}:{self.upstream}"
                                    for i in range(1, 21)]}], f)
        with open(f"{self.folder}/e.yml", "w", encoding="ascii") as f:
            f.write("target_files: [t.json]\n")
        pair = []
        for _ in range(2):
            self.launch_exporter(f"--config.file={self.folder}/e.yml",
                                 "--collection.interval=1s")
            pair.append((self.exporter, self.port))

        def scraping(*ports):
            folder = self.enterContext(tempfile.TemporaryDirectory())
            server = Prometheus(folder, json.dumps({"scrape_configs": [
                {"job_name": f"betanet-{port}", "scrape_interval": "1s",
                 "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for port in ports]}))
            self.addCleanup(server.close)
            return server
        a, b = (scraping(port) for _, port in pair)
        both = scraping(*(port for _, port in pair))

        def shows(server, text, value):
            wait_for(lambda: server.query(text) == value,
                     lambda: f"{text}: {server.query(text)}", 30)
        for server in (a, b):
            shows(server, "sum(betanet_up)", 20)
        shows(both, "sum(betanet_up)", 40)
        shows(both, "sum(max by (target) (betanet_up))", 20)

        pair[0][0].stop()
        shows(a, "sum(up)", 0)
        shows(both, "sum(betanet_up)", 20)
        self.assertEqual(b.query("sum(betanet_up)"), 20)
        self.assertEqual(both.query("sum(max by (target) (betanet_up))"), 20)

    INTERVAL = 10
    TARGETS = 2000

    def polled(self, shards, since):
        """How often each target is on a page with good polls since then."""
        found = {}
        for _, port in shards:
            page = request(port, "/metrics")[2].decode()
            by_target = {}
            for target, value in re.findall(
                    r'(?m)^betanet_exporter_last_success_timestamp_seconds'
                    r'{target="([^"]*)",endpoint="\w+"} (\S+)$', page):
                by_target.setdefault(target, []).append(float(value))
            for target, values in by_target.items():
                if min(values) >= since:
                    found[target] = found.get(target, 0) + 1
        return found

    def test_four_shards_cover_all_targets_once_and_so_do_five(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.start_sim_everywhere()
        targets = [f"127.{1 + i // 250}.1.{1 + i % 250}:{self.upstream}"
                   for i in range(self.TARGETS)]
        with open(f"{self.folder}/t.json", "w", encoding="ascii") as f:
            json.dump([{"targets": targets}], f)
        with open(f"{self.folder}/e.yml", "w", encoding="ascii") as f:
            f.write("target_files: [t.json]\n")
        shards = self.start_shards(4)
        addresses = [f"127.0.0.1:{port}" for _, port in shards]
        prometheus = Prometheus(self.folder, json.dumps({"scrape_configs": [
            {"job_name": "betanet", "scrape_interval": "2s",
             "static_configs": [{"targets": addresses}]}]}))
        self.addCleanup(prometheus.close)
        query = prometheus.query

        wait_for(lambda: query("sum(betanet_up)") == self.TARGETS,
                 lambda: f"up: {query('sum(betanet_up)')}", 60)
        self.assertEqual(query("count(count by (target) (betanet_up))"),
                         self.TARGETS)
        self.assertEqual(query("max(count by (target) (betanet_up))"), 1)
        self.assertEqual(query("count(count by (index) "
                               "(betanet_exporter_shard_info))"), 4)
        self.assertEqual(query("sum(betanet_exporter_targets)"), self.TARGETS)

        for exporter, _ in shards:
            self.assertEqual(exporter.stop()[0], 0)
        restarted = time.time()
        shards = self.start_shards(5)
        took = None
        while time.time() < restarted + 3 * self.INTERVAL and took is None:
            found = self.polled(shards, restarted)
            if len(found) == self.TARGETS:
                took = time.time() - restarted
        self.assertIsNotNone(took, f"{len(found)} of {self.TARGETS}")
        self.assertLess(took, 2 * self.INTERVAL)
        self.assertEqual(set(found.values()), {1})
        print(f"all {self.TARGETS} targets again after {took:.1f} s")


# -- the exporter --------------------------------------------------------------

class ListServer(http.server.ThreadingHTTPServer):
    """A server of lists, which answers what the test says."""
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), ListHandler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.status, self.type, self.body = 200, "application/json", b"[]"
        self.delay = 0
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients of these tests go when they like


class ListHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.seen.append((self.path, dict(self.headers)))
        time.sleep(server.delay)
        self.send_response(server.status)
        self.send_header("Content-Type", server.type)
        self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, *_):
        pass


class Discovery(Case):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.start_sim()

    def serve(self, context=None):
        server = ListServer(context)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def write(self, name, text):
        with open(f"{self.folder}/new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(f"{self.folder}/new", f"{self.folder}/{name}")

    def run_exporter(self, config, *flags):
        self.write("e.yml", config)
        self.launch_exporter(f"--config.file={self.folder}/e.yml",
                             "--collection.interval=200ms",
                             "--collection.timeout=1s", *flags)

    def names(self):
        return {dict(labels)["target"] for name, labels in self.samples()
                if name == "betanet_exporter_target_info"}

    def wait_for_names(self, *names):
        wait_for(lambda: self.names() == set(names),
                 lambda: f"{self.names()} {self.exporter.text()}")

    def groups(self, **addresses):
        return json.dumps([{"targets": [a], "labels": {"name": n}}
                           for n, a in addresses.items()])

    def test_a_file_is_followed(self):
        self.write("t.json", self.groups(a="127.0.0.1:1"))
        self.run_exporter("target_files: ['*.json']\n")
        self.wait_for_names("a")

        self.write("t.json", self.groups(a="127.0.0.1:1", b="127.0.0.2:2"))
        self.wait_for_names("a", "b")
        self.write("t.json", "[null]")
        wait_for(lambda: "t.json:1:" in self.exporter.text(), "problem")
        self.assertEqual(self.names(), {"a", "b"})
        self.write("t.json", "[]")
        self.wait_for_names()
        source = f"{self.folder}/*.json"
        self.assertEqual(self.value(
            "betanet_exporter_sd_refresh_failures_total", source=source), 1)
        self.check_page()

    def test_discovered_targets_are_polled_and_keep_their_counters(self):
        port = self.upstream
        self.write("t.json", json.dumps([
            {"targets": [f"127.0.0.1:{port}"],
             "labels": {"name": "a", "region": "eu", "__meta_x": "1"}}]))
        self.run_exporter("target_files: [t.json]\n")
        wait_for(lambda: self.value("betanet_up", target="a") == 1,
                 self.exporter.text)
        self.assertEqual(self.value(
            "betanet_exporter_target_info", target="a", region="eu",
            url=f"http://127.0.0.1:{port}"), 1)
        self.assertEqual(request(self.port, "/-/ready")[0], 200)
        wanted = dict(target="a", endpoint="metrics")
        wait_for(lambda: self.value("betanet_exporter_requests_total",
                                    **wanted) > 5, "requests")

        before = self.value("betanet_exporter_requests_total", **wanted)
        self.write("t.json", self.groups(a=f"127.0.0.1:{port}",
                                         b="127.0.0.1:1"))
        self.wait_for_names("a", "b")
        self.assertGreaterEqual(
            self.value("betanet_exporter_requests_total", **wanted), before)

    def test_a_server_is_asked_as_prometheus_asks(self):
        server = self.serve()
        server.body = self.groups(a="127.0.0.1:1").encode()
        self.run_exporter("http_sd: [{refresh_interval: 1s, url: 'http://"
                          f"127.0.0.1:{server.server_port}/lists/?x=1'}}]\n")
        self.wait_for_names("a")
        path, headers = server.seen[0]
        self.assertEqual(path, "/lists/?x=1")
        self.assertEqual(headers["Accept"], "application/json")
        self.assertEqual(headers["X-Prometheus-Refresh-Interval-Seconds"], "1")

    def test_a_misbehaving_server_loses_no_target(self):
        server = self.serve()
        good = self.groups(a=f"127.0.0.1:{self.upstream}").encode()
        server.body = good
        url = f"http://127.0.0.1:{server.server_port}/"
        self.run_exporter(f"http_sd: [{{refresh_interval: 1s, url: '{url}'}}]\n")
        wait_for(lambda: self.value("betanet_up", target="a") == 1, "up")

        def failures():
            return self.value("betanet_exporter_sd_refresh_failures_total",
                              source=url)
        self.assertEqual(failures(), 0)
        for status, kind, body, delay in (
                (200, "text/html", b"<html>login</html>", 0),
                (200, "application/json", b"<html>login</html>", 0),
                (200, "application/json", b"[null]", 0),
                (200, "application/json", b'[{"targets": [], "x": 1}]', 0),
                (200, "application/json", b" " * (1 << 24) + b"[]", 0),
                (302, "application/json", b"[]", 0),
                (503, "application/json", b"[]", 0),
                (200, "application/json", b"[]", 3)):
            with self.subTest(status=status, kind=kind, body=body[:30]):
                before = failures()
                server.status, server.type = status, kind
                server.body, server.delay = body, delay
                wait_for(lambda: failures() > before, self.exporter.text)
                self.assertEqual(self.names(), {"a"})
        self.assertEqual(self.exporter.text().count(
            "A list of targets cannot be read"), 1)

        server.status, server.type, server.delay = 200, "application/json", 0
        server.body = b"[]"
        self.wait_for_names()
        self.assertIn("removed=a", self.exporter.text())

    def test_a_server_with_tls_and_a_login(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out",
             f"{self.folder}/crt", "-keyout", f"{self.folder}/key"],
            check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder}/crt", f"{self.folder}/key")
        server = self.serve(context)
        server.body = self.groups(a="127.0.0.1:1").encode()
        self.write("password", "sesame\n")
        os.chmod(f"{self.folder}/password", 0o600)
        url = f"https://127.0.0.1:{server.server_port}/"
        self.run_exporter(f"""
http_sd:
- url: {url}
  refresh_interval: 1s
  http_client_config:
    basic_auth: {{ username: alice, password_file: password }}
    tls_config: {{ ca_file: crt }}
""")
        self.wait_for_names("a")
        self.assertEqual(server.seen[0][1]["Authorization"], "Basic " +
                         base64.b64encode(b"alice:sesame").decode())
        shown = request(self.port, "/config")[2].decode()
        self.assertIn(url, shown)
        self.assertNotIn("sesame", shown + self.exporter.text())

    def test_check_and_probe_know_the_lists(self):
        server = self.serve()
        server.body = self.groups(b=f"127.0.0.2:{self.upstream}").encode()
        self.write("t.json", self.groups(a=f"127.0.0.1:{self.upstream}"))
        self.write("e.yml", "target_files: ['*.json']\nhttp_sd: [{url: 'http://"
                   f"127.0.0.1:{server.server_port}'}}]\n")

        def run(*flags):
            return subprocess.run(
                [f"{BINARIES}/betanet_exporter", *flags,
                 f"--config.file={self.folder}/e.yml"],
                capture_output=True, text=True, timeout=60)

        done = run("--config.check")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            0, "configuration OK: 0 targets, 1 target files, 1 servers of "
            "targets\n", ""))
        done = run("--probe")
        self.assertEqual(done.returncode, 1)  # the simulator is not at b
        self.assertRegex(done.stdout, r"(?m)^a +metrics +good")
        self.assertRegex(done.stdout, r"(?m)^b +metrics +bad \(connect\)")
        server.body = b"[]"
        self.assertEqual(run("--probe").returncode, 0)

        server.status = 500
        self.write("t.json", "[null]")
        done = run("--config.check")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"warning: .*t\.json:1:\d+: a group is")
        done = run("--probe")
        self.assertEqual(done.returncode, 1)
        self.assertIn("HTTP status 500", done.stdout)


def write_tables():
    rows = read_table()
    found = ask_prometheus(rows)
    lines = [json.dumps({**row, "targets": found[row["file"]]})
             for row in rows]
    with open(TABLE, "w", encoding="ascii") as f:
        f.write("[\n" + ",\n".join(lines) + "\n]\n")
    with open(HASHMOD, "w", encoding="ascii") as f:
        json.dump(ask_prometheus_for_shards(), f, indent=0)
        f.write("\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write_tables()
    else:
        unittest.main()
