"""Tests of the built binaries from the outside, as users run them."""

import contextlib
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness
from harness import (BINARIES, ENDPOINTS, FAST, SOURCES, Process, free_port,
                     parse, request, wait_for)


class EndToEnd(harness.Case):
    # -- every state of the exporter -----------------------------------------

    def cold(self):
        self.start_sim("--fault=all=hang")
        self.start_exporter("--collection.timeout=1h")

    def good(self):
        self.start_sim("--still")
        self.start_exporter(*FAST)
        wait_for(lambda: self.value("betanet_up") == 1, "up")

    def one_endpoint_down(self):
        self.good()
        self.fault("nodes_status", "status", status=500)
        wait_for(lambda: self.value("betanet_up") == 0, "down")

    def all_down(self):
        self.start_sim("--fault=all=refuse")
        self.start_exporter("--retry.delays=10ms")
        wait_for(lambda: request(self.port, "/-/ready")[0] == 200, "ready")

    def stale(self):
        self.good()
        self.fault("all", "refuse")
        wait_for(lambda: self.value("betanet_exporter_stale",
                                    endpoint="metrics") == 1, "stale")

    def expired(self):
        self.start_sim("--still")
        self.start_exporter(*FAST, "--cache.max-stale=100ms")
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        self.fault("all", "hang")
        wait_for(lambda: self.value("betanet_connected_peers") is None,
                 "gone")

    def opened(self):
        self.start_sim("--fault=all=reset")
        self.start_exporter(*FAST, "--circuit-breaker.open-duration=1h")
        wait_for(lambda: set(self.states().values()) == {1}, "open")

    STATES = ("cold", "good", "one_endpoint_down", "all_down", "stale",
              "expired", "opened")

    def test_pages_are_valid_in_every_state(self):
        expected = {"cold": (0, None), "good": (1, 7),
                    "one_endpoint_down": (0, 7), "all_down": (0, None),
                    "stale": (0, 7), "expired": (0, None),
                    "opened": (0, None)}
        for state in self.STATES:
            with self.subTest(state):
                getattr(self, state)()
                samples = self.check_page()
                up, peers = expected[state]
                self.assertEqual(samples["betanet_up", ()], up)
                self.assertEqual(samples.get(("betanet_connected_peers", ())),
                                 peers)
                self.assertEqual(request(self.port, "/health")[0], 200)
                self.doCleanups()

    def test_pages_are_valid_with_every_setting(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        with open(f"{home}/betanet.yml", "w") as f:
            f.write(f"""
collection: {{ interval: 100ms, timeout: 80ms }}
targets:
- {{ name: a, url: 'http://127.0.0.1:{self.upstream}' }}
- {{ name: dead, url: 'http://127.0.0.1:{free_port()}' }}
""")
        for flags in ([], ["--metrics.detail=compact"],
                      ["--web.disable-exporter-metrics"]):
            with self.subTest(flags):
                self.launch_exporter(f"--config.file={home}/betanet.yml",
                                     *flags)
                wait_for(lambda: self.value("betanet_up", target="a") == 1,
                         "up")
                page = self.check_page()
                self.assertEqual(page["betanet_exporter_targets", ()], 2)
                own = [name for name, _ in page if name.startswith(
                    ("process_", "betanet_exporter_http_"))]
                self.assertEqual(
                    own == [], "--web.disable-exporter-metrics" in flags)
                for target, up in (("a", 1), ("dead", 0)):
                    status, _, body = request(self.port,
                                              f"/metrics?target={target}")
                    self.assertEqual(status, 200)
                    self.lint(body)
                    key = "betanet_up", (("target", target),)
                    self.assertEqual(parse(body.decode())[key], up)
                self.exporter.stop()

    def test_sigterm_ends_every_state_with_0_within_two_seconds(self):
        for state in self.STATES:
            with self.subTest(state):
                getattr(self, state)()
                status, seconds = self.exporter.stop()
                self.assertEqual(status, 0)
                self.assertLess(seconds, 2)
                self.doCleanups()

    # -- the three scenarios -------------------------------------------------

    def test_the_examples_of_the_api_appear_exactly(self):
        self.good()
        page = self.page()
        for line in ("# TYPE betanet_connected_peers gauge",
                     "betanet_connected_peers 7",
                     "# TYPE betanet_bytes_transmitted_total counter",
                     "betanet_bytes_transmitted_total 1000000",
                     "# TYPE betanet_packets_dropped_total counter",
                     "betanet_packets_dropped_total 10",
                     "# TYPE betanet_mixnode_active gauge",
                     "betanet_mixnode_active 5",
                     "# TYPE betanet_message_latency_seconds histogram"):
            self.assertIn(f"\n{line}\n", "\n" + page)
        self.assertIn('betanet_message_latency_seconds_bucket{le="0.001"} 0\n',
                      page)
        health = json.loads(request(self.port, "/health")[2])
        self.assertEqual(health["status"], "healthy")
        self.assertTrue(health["targets"][0]["up"])
        self.assertIn(b'"status":"healthy"', request(self.port, "/health")[2])

    def test_an_outage_is_logged_once(self):
        self.good()
        self.sim.stop(signal.SIGKILL)
        wait_for(lambda: set(self.states().values()) == {1}, "open")
        samples = self.check_page()
        self.assertEqual(samples["betanet_connected_peers", ()], 7)
        self.assertEqual(samples["betanet_up", ()], 0)
        for e in ENDPOINTS:
            self.assertEqual(
                samples["betanet_exporter_stale", (("endpoint", e),)], 1)
        grown = samples["betanet_message_latency_seconds_count", ()]
        rejected = ("betanet_exporter_circuit_breaker_rejections_total",
                    (("endpoint", "metrics"),))
        wait_for(lambda: self.samples()[rejected] > 3, "refused ticks")
        self.assertEqual(self.value("betanet_message_latency_seconds_count"),
                         grown)
        self.start_sim("--still")
        wait_for(lambda: self.value("betanet_up") == 1, "recovered")
        self.assertEqual(set(self.states().values()), {0})
        self.assertEqual(self.value("betanet_exporter_stale",
                                    endpoint="metrics"), 0)
        log = self.exporter.text()
        for line in (
                'WARN msg="Attempt 1 failed: HTTP request failed: '
                'Connection refused, retrying in 10ms"',
                'ERROR msg="Failed to fetch Betanet metrics: All retries '
                'failed: Connection refused"',
                'WARN msg="Using stale cached data due to fetch failure"',
                'WARN msg="Circuit breaker: Opening circuit after 3 failures"',
                'WARN msg="Circuit breaker is OPEN - service may be degraded"',
                'INFO msg="Circuit breaker: Attempting recovery, entering '
                'half-open state"',
                'INFO msg="Circuit breaker: Service recovered, closing '
                'circuit"'):
            self.assertEqual(log.count(line), 3, line)  # once per endpoint

    def test_totals_are_those_of_the_upstream(self):
        self.good()
        for total in (100, 100, 150, 20):
            body = json.dumps({"packets_processed": total})
            request(self.control, "/sim/values", "POST", body)
            seen = self.value("betanet_exporter_requests_total",
                              endpoint="metrics")
            wait_for(lambda: self.value("betanet_exporter_requests_total",
                                        endpoint="metrics") > seen + 1,
                     "another poll")
            self.assertEqual(self.value("betanet_packets_processed_total"),
                             total)

    def test_a_server_may_close_after_every_response(self):
        self.start_sim("--still", "--close")
        self.start_exporter(*FAST, "--log.level=warn")
        wait_for(lambda: self.value("betanet_exporter_requests_total",
                                    endpoint="metrics") > 20, "20 polls")
        samples = self.samples()
        self.assertEqual(samples["betanet_up", ()], 1)
        for (name, labels), value in samples.items():
            if name.endswith(("_failures_total", "_retries_total")):
                self.assertEqual(value, 0, labels)
        self.assertNotIn("Attempt", self.exporter.text())

    def test_scrapes_are_answered_while_the_upstream_hangs(self):
        self.cold()
        began = time.monotonic()
        for _ in range(50):
            self.page()
        self.assertLess(time.monotonic() - began, 5)

    def test_every_fault_has_its_reason(self):
        self.good()
        for kind, reason, *status in (
                ("reset", "reset"), ("hang", "timeout"), ("slow", "timeout"),
                ("drip", "timeout"), ("garbage", "protocol"),
                ("no_json", "json"), ("truncated", "eof"),
                ("oversized", "too_large"), ("wrong_types", "schema"),
                ("status", "http_2xx", 204), ("status", "http_3xx", 302),
                ("status", "http_4xx", 404), ("status", "http_5xx", 503),
                ("status", "auth", 401), ("refuse", "connect")):
            with self.subTest(reason):
                key = ("betanet_exporter_request_failures_total",
                       (("endpoint", "metrics"), ("reason", reason)))
                before = self.samples()[key]
                self.fault("all", kind, **({"status": status[0]} if status
                                           else {}))
                wait_for(lambda: self.samples()[key] > before, reason)
                self.check_page()
                self.fault("all", "none")
                wait_for(lambda: self.value("betanet_up") == 1, "recovery")

    def answer(self, endpoint, body):
        """Lets an endpoint answer with this body until its next poll ends."""
        polls = ("betanet_exporter_requests_total", (("endpoint", endpoint),))
        self.fault(endpoint, "body", body=body)
        seen = self.samples()[polls]
        wait_for(lambda: self.samples()[polls] > seen + 1, "another poll")

    def test_a_number_is_shown_exactly_however_it_is_written(self):
        self.good()
        for text, shown in (("700000000123.000000", "700000000123"),
                            ("9007199254740991.0", "9007199254740991"),
                            ("9007199254740992", "9007199254740992"),
                            ("7e0", "7"), ("-0", "0"), ("0e400", "0")):
            self.answer("metrics", '{"packets_processed": %s, '
                        '"packets_dropped": 1}' % text)
            self.assertIn(f"\nbetanet_packets_processed_total {shown}\n",
                          self.page(), text)
            self.assertEqual(self.value("betanet_exporter_endpoint_up",
                                        endpoint="metrics"), 1, text)
        for text in ("1e400", "1e99999999999", "1.1e300", "7.5", "-1", "null"):
            self.answer("metrics", '{"packets_processed": %s, '
                        '"packets_dropped": 1}' % text)
            self.assertIn("\nbetanet_packets_processed_total 0\n",
                          self.page(), text)
            self.assertEqual(self.value("betanet_exporter_endpoint_up",
                                        endpoint="metrics"), 0, text)

    def test_a_latency_never_spoils_the_histogram(self):
        self.good()
        body = '{"bytes_transmitted": 1, "avg_latency_ms": %s}'
        for text in ("0e400", "1e400", "1e300", "1e9", "45"):
            self.answer("network_stats", body % text)
        samples = self.check_page()
        self.assertEqual(
            samples["betanet_message_latency_average_seconds", ()], 0.045)
        self.assertGreater(samples["betanet_message_latency_seconds_sum", ()],
                           1e6)
        for optional in ("betanet_bytes_received_total",
                         "betanet_peak_throughput"):
            self.assertNotIn((optional, ()), samples)
        self.assertEqual(samples["betanet_up", ()], 1)

    # -- Prometheus ----------------------------------------------------------

    def test_a_real_prometheus_scrapes_the_exporter(self):
        self.start_sim()
        self.start_exporter("--collection.interval=1s")
        prometheus, query = self.start_prometheus(
            "scrape_configs:\n- job_name: betanet\n"
            "  scrape_interval: 1s\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{self.port}']\n")

        wait_for(lambda: (query("count_over_time(betanet_up[1m])") or 0) >= 15,
                 "15 seconds of scrapes", 60)
        self.assertGreater(query("betanet_connected_peers"), 0)
        self.assertGreater(query("betanet_mixnode_active"), 0)
        self.assertGreater(query("rate(betanet_bytes_transmitted_total[10s])"),
                           0)
        self.assertGreaterEqual(query("betanet_packets_dropped_total"), 10)
        self.assertGreater(
            query("histogram_quantile(0.95, rate("
                  "betanet_message_latency_seconds_bucket[10s]))"), 0)
        self.assertEqual(query('min_over_time(up{job="betanet"}[10s])'), 1)
        self.assertNotIn("num_dropped", prometheus.text())

    def test_a_real_prometheus_discovers_the_targets(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        with open(f"{home}/betanet.yml", "w") as f:
            f.write(f"""
collection: {{ interval: 100ms, timeout: 80ms }}
retry: {{ delays: [] }}
circuit_breaker: {{ open_duration: 200ms }}
cache: {{ max_stale: 500ms }}
targets:
- {{ name: a, url: 'http://127.0.0.1:{self.upstream}' }}
- {{ name: b, url: 'http://127.0.0.1:{free_port()}' }}
""")
        self.launch_exporter(f"--config.file={home}/betanet.yml")
        _, query = self.start_prometheus(
            f"""
global: {{ scrape_interval: 500ms, evaluation_interval: 500ms }}
rule_files: [rules.yml]
scrape_configs:
- job_name: betanet
  http_sd_configs: [{{ url: 'http://127.0.0.1:{self.port}/sd' }}]
""", """
groups:
- name: betanet
  rules:
  - { alert: BetanetDown, expr: betanet_up == 0, for: 2s }
""")
        firing = 'ALERTS{target="a",alertstate="firing"}'
        wait_for(lambda: query("count(up == 1)") == 2, "two instances")
        wait_for(lambda: query('betanet_up{target="b"}') == 0, "b")
        self.assertEqual(query("count(betanet_up)"), 2)
        self.assertEqual(query('betanet_up{target="a",instance="a"}'), 1)
        self.assertEqual(query('up{instance="a"}'), 1)
        self.assertEqual(query("count(betanet_connected_peers)"), 1)
        self.assertIsNone(query(firing))

        self.fault("all", "refuse")
        wait_for(lambda: query(firing), "the alert")
        time.sleep(3)  # much longer than max_stale

        self.assertIsNone(query('betanet_connected_peers{target="a"}'))
        self.assertGreaterEqual(query(f"count_over_time({firing}[3s])"), 5)
        self.assertEqual(query(firing), 1)
        self.assertEqual(query('min_over_time(up{instance="a"}[10s])'), 1)
        self.fault("all", "none")
        wait_for(lambda: query(firing) is None, "the end of the alert")

    # -- the command line ----------------------------------------------------

    def run_exporter(self, *flags, cwd=None, **env):
        done = subprocess.run([f"{BINARIES}/betanet_exporter", *flags],
                              capture_output=True, text=True, timeout=20,
                              cwd=cwd, env={**os.environ, **env})
        return done.returncode, done.stdout, done.stderr

    def test_help_and_version_exit_with_0(self):
        status, out, err = self.run_exporter("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("--collection.interval", out)
        status, out, err = self.run_exporter("--version")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^betanet_exporter, version \d+\.\d+\.\d+ ")

    def test_invalid_arguments_are_reported_before_listening(self):
        for flags, place in ((["--no.such"], "--no.such"),
                             (["--cache.ttl=x"], "--cache.ttl"),
                             (["--config.file=/none"], "/none"),
                             (["--log.file=/dev/null/x"], "log.file"),
                             (["--web.listen-address=256.0.0.1:1"],
                              "256.0.0.1")):
            for check in ([], ["--config.check"]):
                status, out, err = self.run_exporter(*flags, *check)
                self.assertEqual((status, out), (1, ""))
                self.assertIn(place, err)

    def test_config_check_judges_the_log_file_as_a_start_does(self):
        home = self.enterContext(tempfile.TemporaryDirectory())
        os.symlink("no/where", f"{home}/dangling")
        os.symlink(f"{home}/target", f"{home}/link")
        os.mkdir(f"{home}/folder")
        os.mkfifo(f"{home}/pipe")
        # the port is in use, so that a start ends after opening the log file
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = "--web.listen-address=127.0.0.1:%d" % \
                taken.getsockname()[1]
            for name, good in (("new", True), ("a/b/c", True), ("link", True),
                               ("folder", False), ("folder/", False),
                               ("none/", False), ("pipe", False),
                               ("new/x", False)):
                flag = f"--log.file={home}/{name}"
                check = self.run_exporter("--config.check", flag)
                self.assertEqual(check[0] == 0, good, (name, check))
                if name == "new":
                    self.assertFalse(os.path.exists(f"{home}/new"))
                started = self.run_exporter(address, flag)[2]
                self.assertEqual("cannot listen" in started, good,
                                 (name, started))
            for name, good in (("x.log", True), ("sub/x.log", True),
                               ("/proc/x", False), ("/sys/x", False),
                               ("http://ann:canary@h/", False)):
                flag = f"--log.file={name}"
                status, _, err = self.run_exporter("--config.check", flag,
                                                   cwd=home)
                self.assertEqual(status == 0, good, (name, err))
                self.assertNotIn("canary", err)
                started = self.run_exporter(address, flag, cwd=home)[2]
                self.assertEqual("cannot listen" in started, good,
                                 (name, started))

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            status, _, err = self.run_exporter(
                f"--web.listen-address={address}")
        self.assertEqual(status, 1)
        self.assertIn(f"cannot listen on {address}: Address already in use",
                      err)

    def test_config_check_accepts_what_a_start_accepts(self):
        good = (0, "configuration OK: 1 targets\n", "")
        self.assertEqual(self.run_exporter("--config.check"), good)
        path = f"{SOURCES}/config/betanet_exporter.yml"
        self.assertEqual(
            self.run_exporter("--config.check", f"--config.file={path}"), good)

    def write(self, text):
        """Writes a configuration file and returns its path."""
        home = self.enterContext(tempfile.TemporaryDirectory())
        with open(f"{home}/f.yml", "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return f"{home}/f.yml"

    def test_all_problems_of_a_start_are_told_at_once(self):
        path = self.write("""\
cache: { ttl: x }
web: { config_file: web.yml }
log: { file: /dev/null/x }
targets:
  - name: a
    url: https://a
    http_client_config: { tls_config: { ca_file: a.pem } }
  - name: b
    url: https://b
    http_client_config:
      tls_config: { ca_file: b.pem }
      basic_auth: { username: u, password_file: secret }
""")
        places = ("1:15: cache.ttl: ", "2:21: web.config_file: ",
                  "3:14: log.file: ",
                  "7:50: target.http_client_config.tls_config.ca_file: ",
                  "11:30: target.http_client_config.tls_config.ca_file: ",
                  "12:49: target.http_client_config.basic_auth.password_file: ")
        for check in ([], ["--config.check"]):
            status, out, err = self.run_exporter(f"--config.file={path}",
                                                 *check)
            self.assertEqual((status, out), (1, ""))
            self.assertEqual(len(err.splitlines()), len(places), err)
            for place in places:
                self.assertIn(f"betanet_exporter: {path}:{place}", err)

    def test_a_file_that_is_no_configuration_is_refused(self):
        for text, problem in ((b"", "f.yml:1:1: the file is empty"),
                              (b"\xef\xbb\xbf", "f.yml:1:1: the file is empty"),
                              (b"\xff\xfe\0", "f.yml:1:1: the file is not")):
            flag = f"--config.file={self.write(text)}"
            for check in ([], ["--config.check"]):
                status, out, err = self.run_exporter(flag, *check)
                self.assertEqual((status, out), (1, ""))
                self.assertIn(problem, err)
        for text, targets, warned in (("# empty\n", 1, False),
                                      ("targets: []", 0, True)):
            status, out, err = self.run_exporter(
                f"--config.file={self.write(text)}", "--config.check")
            self.assertEqual((status, out),
                             (0, f"configuration OK: {targets} targets\n"))
            self.assertEqual("warning: targets:" in err, warned)

    def test_a_misspelt_variable_is_a_warning(self):
        status, _, err = self.run_exporter(
            BETANET_EXPORTER_CONFIG_CHECK="TRUE",
            BETANET_EXPORTER_LOG_LEVLE="debug")
        self.assertEqual(status, 0)
        self.assertIn("BETANET_EXPORTER_LOG_LEVEL?", err)

    def test_healthcheck_asks_the_listener(self):
        self.good()
        address = f"--web.listen-address=127.0.0.1:{self.port}"
        self.assertEqual(self.run_exporter("--healthcheck", address)[0], 0)
        self.fault("all", "refuse")  # must not make the exporter unhealthy
        self.assertEqual(self.run_exporter("--healthcheck", address)[0], 0)
        self.exporter.stop()
        self.assertEqual(self.run_exporter("--healthcheck", address)[0], 1)

    def test_healthcheck_asks_all_listeners(self):
        self.good()
        dead = f"--web.listen-address=127.0.0.1:{free_port()}"
        alive = f"--web.listen-address=127.0.0.1:{self.port}"
        any_port = "--web.listen-address=:0"
        for flags in ([dead, alive], [alive, dead], [any_port, alive]):
            self.assertEqual(self.run_exporter("--healthcheck", *flags),
                             (0, "", ""))
        also_dead = f"--web.listen-address=127.0.0.1:{free_port()}"
        status, _, err = self.run_exporter("--healthcheck", dead, also_dead)
        self.assertEqual(status, 1)
        for flag in (dead, also_dead):
            self.assertIn(flag.split("=")[1], err)
        status, _, err = self.run_exporter("--healthcheck", any_port)
        self.assertEqual(status, 1)
        self.assertIn("port 0", err)

    # -- the probe -----------------------------------------------------------

    def probe(self, *flags):
        """Runs a probe and returns its exit status, its rows as lists of cells
        with the lines below each, and its last line."""
        status, out, err = self.run_exporter("--probe", *flags)
        self.assertEqual(err, "")
        head, *lines, last = out.splitlines()
        self.assertEqual(re.split(" {2,}", head), [
            "TARGET", "ENDPOINT", "VERDICT", "STATUS", "PEER", "TLS", "RESOLVE",
            "CONNECT", "SECURE", "WAIT", "READ", "URL"])
        rows = []
        for line in lines:
            if line.startswith("  "):
                rows[-1][1].append(line.strip())
            else:
                rows.append((re.split(" {2,}", line), []))
        return status, rows, last

    def test_a_probe_shows_a_good_target(self):
        self.start_sim("--still")
        url = f"http://localhost:{self.upstream}"
        status, rows, last = self.probe(f"--betanet.url={url}")
        self.assertEqual((status, last), (0, "3 of 3 endpoints are good"))
        self.assertEqual([cells[1] for cells, _ in rows], list(ENDPOINTS))
        cells, fields = rows[0]
        self.assertEqual(cells[:1] + cells[2:6],
                         ["-", "good", "200", f"127.0.0.1:{self.upstream}",
                          "-"])
        self.assertEqual(cells[8], "-")
        for time_of_step in cells[6:8] + cells[9:11]:
            self.assertRegex(time_of_step, r"^\d+\.\dms$")
        self.assertEqual(cells[11], url + "/api/v1/metrics")
        self.assertEqual(fields, ["packets_processed = 5000",
                                  "packets_dropped = 10"])
        self.assertIn("avg_latency_ms = 45", rows[2][1])

    def test_a_probe_tells_what_is_wrong(self):
        self.start_sim("--still", "--fault=metrics=status:404",
                       "--fault=nodes_status=no_json",
                       "--fault=network_stats=wrong_types")
        status, rows, last = self.probe(
            f"--betanet.url=http://127.0.0.1:{self.upstream}")
        self.assertEqual((status, last), (1, "0 of 3 endpoints are good"))
        self.assertEqual([(cells[2][:5], cells[3]) for cells, _ in rows],
                         [("bad (", "404"), ("bad (", "200"),
                          ("parti", "200")])
        self.assertEqual(rows[0][1], ["HTTP status 404: is a path prefix "
                                      "missing from the URL?"])
        self.assertEqual(rows[1][0][2], "bad (json)")
        self.assertRegex(rows[1][1][0], "^invalid JSON")
        self.assertIn("avg_latency_ms is not a number", rows[2][1])

    def test_a_probe_tells_where_a_poll_failed(self):
        port = free_port()
        for url, verdict, peer, text in (
                (f"http://127.0.0.1:{port}", "bad (connect)",
                 f"127.0.0.1:{port}", "Connection refused"),
                ("http://betanet.invalid", "bad (dns)", "-", "betanet.invalid")):
            status, rows, _ = self.probe(f"--betanet.url={url}",
                                         "--collection.timeout=15s")
            self.assertEqual((status, len(rows)), (1, 3))
            for cells, lines in rows:
                self.assertEqual((cells[2], cells[3], cells[4]),
                                 (verdict, "-", peer))
                self.assertEqual(cells[8:11], ["-", "-", "-"])
                self.assertIn(text, lines[0])

    def test_a_probe_polls_many_targets(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        path = f"{home}/betanet.yml"
        self.write_config(path, [(f"t\u00e9{i}", "") for i in range(100)])
        status, rows, last = self.probe(f"--config.file={path}")
        self.assertEqual((status, last), (0, "300 of 300 endpoints are good"))
        self.assertEqual([cells[0] for cells, _ in rows[::3]],
                         [f"t\u00e9{i}" for i in range(100)])

    def test_a_probe_refuses_what_a_start_refuses(self):
        home = self.enterContext(tempfile.TemporaryDirectory())
        path = f"{home}/betanet.yml"
        with open(path, "w") as f:
            f.write("targets:\n- url: http://127.0.0.1:1\n  http_client_config:"
                    " {basic_auth: {username: a, password_file: /none}}\n")
        status, out, err = self.run_exporter("--probe",
                                             f"--config.file={path}")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("/none", err)

    # -- the front -----------------------------------------------------------

    def test_paths_methods_and_heads(self):
        self.good()
        for path in ("/metrics", "/health", "/-/healthy", "/-/ready", "/"):
            status, head, body = request(self.port, path)
            self.assertEqual(status, 200, path)
            self.assertEqual(int(head["Content-Length"]), len(body))
            status, head, body = request(self.port, path, "HEAD")
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(head["Content-Length"]), 0)
            status, head, _ = request(self.port, path, "POST")
            self.assertEqual((status, head["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(request(self.port, "/metrics?x=y")[0], 200)
        self.assertEqual(request(self.port, "/nowhere")[0], 404)
        self.assertEqual(request(self.port, "/metrics")[1]["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")

    def test_ready_after_the_first_collection(self):
        self.cold()
        self.assertEqual(request(self.port, "/-/ready")[0], 503)
        self.assertEqual(request(self.port, "/-/healthy")[0], 200)

    def test_dual_stack(self):
        self.upstream = free_port()
        self.port = free_port()
        self.exporter = self.start(f"{BINARIES}/betanet_exporter",
                                   f"--web.listen-address=:{self.port}")
        wait_for(lambda: request(self.port, "/-/healthy"), "IPv4")
        if os.path.exists("/proc/net/if_inet6"):
            with socket.create_connection(("::1", self.port)):
                pass
            self.exporter.stop()
            address = f"--web.listen-address=[::]:{self.port}"
            self.exporter = self.start(f"{BINARIES}/betanet_exporter", address)
            wait_for(lambda: request(self.port, "/-/healthy"), "IPv4")
            with socket.create_connection(("::1", self.port)):
                pass
            self.assertEqual(self.run_exporter("--healthcheck", address)[0], 0)

    def exchange(self, *pieces, seconds=10):
        """Sends the pieces and returns what the server sends until it closes
        the connection."""
        with socket.create_connection(("127.0.0.1", self.port),
                                      timeout=seconds) as s:
            text = b""
            with contextlib.suppress(OSError):
                for piece in pieces:
                    s.sendall(piece)
                while part := s.recv(65536):
                    text += part
            return text.decode()

    def test_every_limit_of_the_web_section_is_a_key(self):
        self.start_sim("--still")
        path = f"{self.enterContext(tempfile.TemporaryDirectory())}/b.yml"
        with open(path, "w") as f:
            f.write(f"""
web: {{ telemetry_path: /m, max_requests: 1, max_connections: 3,
        max_header_bytes: 300, max_headers: 5, header_timeout: 400ms,
        idle_timeout: 300ms, write_timeout: 500ms,
        max_requests_per_connection: 2 }}
targets:
""" + "".join(f" - {{ name: t{i}, url: 'http://127.0.0.1:{self.upstream}' }}\n"
              for i in range(300)))
        self.launch_exporter(f"--config.file={path}")
        get = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"
        end = b"\r\n"
        codes = lambda text: re.findall(r"HTTP/1.1 (\d+)", text)
        self.assertEqual(request(self.port, "/m")[0], 200)
        self.assertEqual(request(self.port, "/metrics")[0], 404)
        # max_header_bytes, max_headers
        pad = lambda n: b"A: " + b"x" * (n - len(get) - 7) + end + end
        self.assertEqual(codes(self.exchange(get + pad(301))), ["431"])
        self.assertEqual(codes(self.exchange(get + pad(300))), ["200"])
        self.assertEqual(codes(self.exchange(get + b"A: b\r\n" * 5 + end)),
                         ["431"])
        self.assertEqual(codes(self.exchange(get + b"A: b\r\n" * 4 + end)),
                         ["200"])
        # header_timeout from accept; idle_timeout after the answer
        self.assertEqual(self.exchange(b"GET /-/he"), "")
        began = time.monotonic()
        self.assertEqual(codes(self.exchange(get + end)), ["200"])
        self.assertLess(time.monotonic() - began, 5)
        # max_requests_per_connection: the third request gets no answer
        text = self.exchange((get + end) * 3)
        self.assertEqual(codes(text), ["200", "200"])
        self.assertEqual(text.count("Connection: close"), 1)
        # max_requests and write_timeout: a slow reader reaches the limit until
        # its connection is closed
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", self.port))
            slow.sendall(b"GET /m HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_for(lambda: request(self.port, "/m")[0] == 503, "the limit")
            wait_for(lambda: request(self.port, "/m")[0] == 200, "the cut")
        # max_connections: the oldest idle connection is closed
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(socket.create_connection(
                ("127.0.0.1", self.port), timeout=10)) for _ in range(4)]
            self.assertEqual(crowd[0].recv(1), b"")

    # -- systemd -------------------------------------------------------------

    def start_under_systemd(self, *flags, sockets=(), **env):
        """Starts the exporter as systemd does, with sockets as descriptors
        from 3 on and with the pid of the process in the environment."""
        def pass_on():
            for i, s in enumerate(sockets):
                os.dup2(s.fileno(), 100 + i)
            for i in range(len(sockets)):
                os.dup2(100 + i, 3 + i)  # exec keeps these descriptors open

        process = Process.__new__(Process)
        process.output = tempfile.TemporaryFile("w+b")
        process.child = subprocess.Popen(
            ["sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS={len(sockets)} exec "$@"',
             "sh", f"{BINARIES}/betanet_exporter", *flags],
            stdin=subprocess.DEVNULL, stdout=process.output,
            stderr=process.output, close_fds=False, preexec_fn=pass_on,
            env={**os.environ, **env})
        self.addCleanup(process.close)
        self.exporter = process

    def test_sockets_of_systemd_are_served(self):
        self.upstream = free_port()
        with socket.create_server(("127.0.0.1", 0)) as a, \
                socket.create_server(("127.0.0.1", 0)) as b:
            self.start_under_systemd(
                "--web.systemd-socket", "--web.listen-address=127.0.0.1:1",
                f"--betanet.url=http://127.0.0.1:{self.upstream}",
                sockets=(a, b))
            for s in (a, b):
                self.port = s.getsockname()[1]
                wait_for(lambda: request(self.port, "/-/healthy")[0] == 200,
                         "an answer")
                wait_for(lambda: f"address=127.0.0.1:{self.port} "
                         "opened_by=systemd" in self.exporter.text(), "a line")
            self.assertEqual(self.exporter.stop()[0], 0)
        status, _, err = self.run_exporter("--web.systemd-socket",
                                           "--healthcheck")
        self.assertEqual(status, 1)
        self.assertIn("only systemd knows the addresses", err)
        status, _, err = self.run_exporter("--web.systemd-socket")
        self.assertEqual(status, 1)
        self.assertIn("no socket activation file descriptors found", err)
        with tempfile.TemporaryFile() as f:
            self.start_under_systemd("--web.systemd-socket", sockets=(f,))
            self.assertEqual(self.exporter.child.wait(10), 1)
            self.assertIn("not a listening TCP socket", self.exporter.text())

    def test_the_service_manager_is_notified(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        manager = self.enterContext(socket.socket(socket.AF_UNIX,
                                                  socket.SOCK_DGRAM))
        manager.bind(f"{home}/notify")
        manager.settimeout(10)
        self.start_exporter(NOTIFY_SOCKET=f"{home}/notify",
                            WATCHDOG_USEC="200000")
        heard = []

        def hear(line):
            while line not in heard:
                heard.extend(manager.recv(4096).decode().split("\n"))
            del heard[:heard.index(line) + 1]
        hear("READY=1")
        for _ in range(3):
            hear("WATCHDOG=1")
        self.exporter.child.send_signal(signal.SIGHUP)
        hear("RELOADING=1")
        self.assertRegex(heard[0], r"^MONOTONIC_USEC=\d+$")
        hear("READY=1")
        self.exporter.child.send_signal(signal.SIGTERM)
        hear("STOPPING=1")
        self.assertEqual(self.exporter.child.wait(10), 0)

    def test_the_notify_socket_may_be_abstract(self):
        self.upstream = free_port()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(f"\0betanet-{os.getpid()}")
            manager.settimeout(10)
            # A watchdog for another process is not fed.
            self.start_exporter(NOTIFY_SOCKET=f"@betanet-{os.getpid()}",
                                WATCHDOG_USEC="1000", WATCHDOG_PID="1")
            self.assertEqual(manager.recv(4096), b"READY=1")
            self.exporter.stop()
            self.assertEqual(manager.recv(4096), b"STOPPING=1")

    def test_the_manual_page_is_valid(self):
        done = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "error",
             f"{BINARIES}/betanet_exporter.1"], capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    # -- logs ----------------------------------------------------------------

    def test_json_log_lines_are_valid(self):
        self.start_sim("--fault=all=status:500")
        self.start_exporter(*FAST, "--log.format=json", "--log.level=debug")
        wait_for(lambda: set(self.states().values()) == {1}, "open")
        self.exporter.stop()
        events = [json.loads(line)
                  for line in self.exporter.text().splitlines()]
        self.assertIn("Starting betanet_exporter", [e["msg"] for e in events])
        for e in events:
            self.assertIn(e["level"], ("DEBUG", "INFO", "WARN", "ERROR"))
            self.assertRegex(e["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.")

    def test_logfmt_log_lines_are_valid(self):
        self.good()
        self.exporter.stop()
        for line in self.exporter.text().splitlines():
            self.assertRegex(
                line, r'^time=\S+ level=(DEBUG|INFO|WARN|ERROR) msg="'
                r'(?:[^"\\]|\\.)*"(?: [a-z_]+=(?:[^\s"=]+|"(?:[^"\\]|\\.)*"))*$')
        if os.geteuid() == 0:
            self.assertEqual(self.exporter.text().count("Running as root"), 1)

    def test_a_log_file_is_written_and_rotated(self):
        with tempfile.TemporaryDirectory() as home:
            config = f"{home}/c.yml"
            with open(config, "w") as f:
                f.write(f"log: {{file: {home}/x.log, max_bytes: 1024, "
                        "files: 3, level: debug}\n")
            self.start_sim("--still")
            self.start_exporter(*FAST, f"--config.file={config}")
            wait_for(lambda: len(os.listdir(home)) == 4, "three log files")
            self.exporter.stop()
            with open(f"{home}/x.2.log") as oldest:
                text = oldest.read()
            self.assertIn(" level=", text)
            self.assertLess(len(text), 2048)

    def test_a_page_shows_one_moment(self):
        self.start_sim()
        self.start_exporter("--collection.interval=10ms")
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        seen = set()
        deadline = time.monotonic() + 20
        while len(seen) < 4 and time.monotonic() < deadline:
            s = self.samples()
            nodes = [s[f"betanet_{n}", ()] for n in
                     ("connected_peers", "mixnode_active", "mixnode_inactive")]
            self.assertEqual(nodes[0], nodes[1] + nodes[2])
            seen.add(tuple(nodes))
            # A page is used for 100 ms before it is rendered again.
            select.select([], [], [], 0.05)
        self.assertGreater(len(seen), 1)

    # -- starting and stopping -----------------------------------------------

    @unittest.skipIf("TSAN_OPTIONS" in os.environ, "it may defer a signal")
    def test_1000_starts_and_stops(self):
        self.start_sim()
        port = free_port()
        for _ in range(1000):
            p = Process(f"{BINARIES}/betanet_exporter",
                        f"--web.listen-address=127.0.0.1:{port}",
                        f"--betanet.url=http://127.0.0.1:{self.upstream}")
            wait_for(lambda: "Collecting" in p.text(), "a start")
            status, seconds = p.stop()
            self.assertEqual(status, 0, p.text())
            self.assertLess(seconds, 2)
            p.close()

    def test_sigterm_at_any_moment_of_a_poll(self):
        self.start_sim("--fault=all=hang")
        # ms; covers attempt, pause, retry, open breaker and probe
        for moment in range(0, 240, 8):
            self.start_exporter("--collection.interval=1h", *FAST[1:],
                                "--circuit-breaker.failure-threshold=1",
                                "--circuit-breaker.open-duration=30ms")
            select.select([], [], [], moment / 1000)
            status, seconds = self.exporter.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 2)

    def test_a_service_may_start_after_the_exporter(self):
        self.upstream = free_port()
        self.start_exporter(*FAST)
        wait_for(lambda: request(self.port, "/-/ready")[0] == 200, "ready")
        self.assertEqual(self.value("betanet_up"), 0)
        self.start_sim()
        wait_for(lambda: self.value("betanet_up") == 1, "up")

    def test_a_blocked_stderr_does_not_delay_the_exit(self):
        self.start_sim()
        self.port = free_port()
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        child = subprocess.Popen(
            [f"{BINARIES}/betanet_exporter", "--log.level=debug", *FAST,
             f"--web.listen-address=127.0.0.1:{self.port}",
             "--betanet.url=http://127.0.0.1:1"], stderr=writer)
        os.close(writer)
        self.addCleanup(child.kill)
        # Nothing reads from the pipe: wait until it is full.
        poller = select.poll()
        poller.register(os.open(f"/proc/{child.pid}/fd/2", os.O_WRONLY),
                        select.POLLOUT)
        wait_for(lambda: not poller.poll(0), "a full pipe", 60)
        self.assertEqual(request(self.port, "/metrics")[0], 200)
        child.terminate()
        self.assertEqual(child.wait(2), 0)

    def write_config(self, path, targets, more=""):
        with open(path + ".new", "w") as f:
            f.write(f"{more}\ntargets:\n" + "".join(
                f"  - {{name: {name}, url: 'http://127.0.0.1:"
                f"{self.upstream}{prefix}'}}\n" for name, prefix in targets))
        os.replace(path + ".new", path)

    def reloads(self):
        return self.exporter.text().count('msg="Configuration reloaded"')

    def test_a_reload_keeps_unchanged_targets(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        path = f"{home}/betanet.yml"
        self.write_config(path, [("a", ""), ("b", "")])
        self.launch_exporter(*FAST, f"--config.file={path}")
        for target in "ab":
            wait_for(lambda: self.value("betanet_up", target=target) == 1,
                     "up")
        asked = lambda target: self.value(
            "betanet_exporter_requests_total", target=target,
            endpoint="metrics")
        wait_for(lambda: asked("a") > 10 and asked("b") > 10, "requests")
        seen, seen_b = asked("a"), asked("b")
        # a is unchanged, b has another URL, c is new
        self.write_config(path, [("a", ""), ("b", "/x"), ("c", "")])
        self.exporter.child.send_signal(signal.SIGHUP)
        wait_for(lambda: self.value("betanet_up", target="c") == 1, "c")
        self.assertGreaterEqual(asked("a"), seen)
        self.assertGreaterEqual(asked("b"), seen_b)
        wait_for(lambda: self.value("betanet_up", target="b") == 0, "b")
        self.assertIn('targets=3 added="b, c" removed=b', self.exporter.text())
        self.check_page()
        # an invalid file changes nothing, and the answer says why
        result = lambda: self.value(
            "betanet_exporter_config_last_reload_successful")
        loaded = self.value("betanet_exporter_config_last_reload_success_"
                            "timestamp_seconds")
        with open(path, "a") as f:
            f.write("collektion: {}\n")
        status, _, body = request(self.port, "/-/reload", "POST")
        self.assertEqual(status, 500)
        self.assertIn(b"betanet.yml:6:1: collektion: unknown key", body)
        self.write_config(path, [("a", "")], "web: {config_file: none.yml}\n"
                          "log: {file: .}")
        status, _, body = request(self.port, "/-/reload", "POST")
        self.assertEqual(status, 500)
        self.assertIn(b"none.yml: No such file", body)
        self.assertIn(b"log.file: cannot write", body)
        wait_for(lambda: result() == 0, "a failed reload")
        self.assertEqual(loaded, self.value(
            "betanet_exporter_config_last_reload_success_timestamp_seconds"))
        self.assertEqual(self.value("betanet_up", target="a"), 1)
        # a valid file again: c is removed, keys that need a restart are logged
        self.write_config(path, [("a", "")], "web: {max_connections: 9}")
        self.assertEqual(request(self.port, "/-/reload", "POST")[0], 200)
        wait_for(lambda: result() == 1, "a good reload")
        wait_for(lambda: self.value("betanet_up", target="c") is None, "gone")
        self.assertIn('msg="A changed key needs a restart" '
                      "key=web.max_connections", self.exporter.text())
        self.assertGreaterEqual(asked("a"), seen)
        text = request(self.port, "/config")[2].decode()
        self.assertIn(f"http://127.0.0.1:{self.upstream}", text)
        self.check_page()

    def test_a_changed_config_map_is_reloaded(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        for version, targets in (("1", [("a", "")]), ("2", [("b", "")])):
            os.mkdir(f"{home}/{version}")
            self.write_config(f"{home}/{version}/betanet.yml", targets)
        os.symlink("1", f"{home}/data")  # like a ConfigMap of Kubernetes
        os.symlink("data/betanet.yml", f"{home}/betanet.yml")
        self.launch_exporter(*FAST, f"--config.file={home}/betanet.yml",
                             "--config.auto-reload-interval=20ms")
        wait_for(lambda: self.value("betanet_up", target="a") == 1, "a")
        self.assertEqual(self.reloads(), 0)
        os.symlink("2", f"{home}/new")
        os.replace(f"{home}/new", f"{home}/data")
        wait_for(lambda: self.value("betanet_up", target="b") == 1, "b")
        self.assertEqual(self.value("betanet_up", target="a"), None)
        self.assertEqual(self.reloads(), 1)

    def test_a_named_pipe_as_a_file_does_not_block(self):
        self.start_sim("--still")
        path = f"{self.enterContext(tempfile.TemporaryDirectory())}/b.yml"
        self.write_config(path, [("a", "")])
        self.launch_exporter(*FAST, f"--config.file={path}",
                             "--config.auto-reload-interval=50ms")
        wait_for(lambda: self.value("betanet_up", target="a") == 1, "up")
        os.remove(path)
        os.mkfifo(path)  # a plain open would wait for a writer
        for _ in range(5):
            self.exporter.child.send_signal(signal.SIGHUP)
        status, _, body = request(self.port, "/-/reload", "POST")
        self.assertEqual(status, 500)
        self.assertIn(b"b.yml: not a regular file", body)
        seen = self.value("betanet_exporter_requests_total", target="a",
                          endpoint="metrics")
        wait_for(lambda: self.value("betanet_exporter_requests_total",
                                    target="a", endpoint="metrics") > seen + 3,
                 "polls")
        self.assertEqual(request(self.port, "/config")[0], 200)
        status, seconds = self.exporter.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)

    def test_many_reloads_under_load(self):
        self.start_sim("--still")
        home = self.enterContext(tempfile.TemporaryDirectory())
        path = f"{home}/betanet.yml"
        self.write_config(path, [("a", "")])
        self.launch_exporter(*FAST, f"--config.file={path}")
        wait_for(lambda: self.value("betanet_up", target="a") == 1, "up")
        before = len(os.listdir(f"/proc/{self.exporter.child.pid}/fd"))
        for i in range(200):
            self.write_config(path, [("a", ""), (f"t{i % 5}", "")],
                              f"collection: {{timeout: {80 + i % 7}ms}}")
            self.exporter.child.send_signal(signal.SIGHUP)
            if i % 10 == 0:
                self.samples()
                self.assertEqual(request(self.port, "/-/reload", "POST")[0],
                                 200)
        self.write_config(path, [("a", "")])
        wait_for(lambda: request(self.port, "/-/reload", "POST")[0] == 200
                 and self.value("betanet_up", target="t4") is None, "calm")
        wait_for(lambda: self.value("betanet_up", target="a") == 1, "up")
        wait_for(lambda: len(os.listdir(
            f"/proc/{self.exporter.child.pid}/fd")) <= before + 3,
            "descriptors")
        self.assertEqual(self.exporter.stop()[0], 0)

    def test_sighup_is_survived(self):
        self.good()
        self.exporter.child.send_signal(signal.SIGHUP)
        wait_for(self.reloads, "a reload")
        self.assertEqual(request(self.port, "/-/healthy")[0], 200)

    def test_the_simulator_survives_a_lack_of_descriptors(self):
        self.start_sim()
        pid = self.sim.child.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 5, before[1]))
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(
                    socket.create_connection(("127.0.0.1", self.upstream)))
            wait_for(lambda: len(os.listdir(f"/proc/{pid}/fd")) == used + 5,
                     "exhaustion")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.assertEqual(request(self.upstream, "/api/v1/metrics")[0], 200)

    def test_equal_seeds_of_the_simulator_give_equal_values(self):
        pages = []
        for _ in range(2):
            self.upstream = None
            self.start_sim("--seed=42")
            pages.append(request(self.upstream, "/api/v1/metrics")[2])
        self.assertEqual(pages[0], pages[1])

    def test_the_simulator_describes_its_faults_and_refuses_others(self):
        done = subprocess.run([f"{BINARIES}/betanet_sim", "--help"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0)
        for text in ("refuse", "slow:N", "status:N", "oversized:N",
                     "POST /sim/faults", "POST /sim/values", "retry_after"):
            self.assertIn(text, done.stdout)
        self.start_sim()
        slow = {"endpoint": "all", "fault": "slow"}
        for path, body, text in (
                ("faults", slow | {"delay": 9}, "unknown key \"delay\""),
                ("faults", slow | {"delay_ms": -5}, "delay_ms: a whole number"),
                ("faults", slow | {"delay_ms": "x"}, "delay_ms: a whole"),
                ("faults", slow | {"status": 1000}, "from 100 to 599"),
                ("faults", slow | {"body": 1}, "body: a string is expected"),
                ("faults", {"fault": "slow"}, "endpoint: missing"),
                ("faults", {"endpoint": "all", "fault": "x"}, "no fault"),
                ("faults", [], "not a JSON object"),
                ("values", {"active_nodes": 3, "packets": 1}, "\"packets\""),
                ("values", {"active_nodes": 3, "total_nodes": 7.5},
                 "total_nodes: a whole number"),
                ("reset", {"all": True}, "unknown key \"all\"")):
            status, _, answer = request(self.control, f"/sim/{path}", "POST",
                                        json.dumps(body))
            self.assertEqual(status, 400, body)
            self.assertIn(text, json.loads(answer)["error"])
        # Nothing of a refused request is applied.
        self.assertNotIn(b"slow", request(self.control, "/sim/faults")[2])
        nodes = request(self.upstream, "/api/v1/nodes/status")[2]
        self.assertIn(b'"active_nodes":5', nodes)
        for flag, text in (("--fault=all=slow:x", "slow: a whole number"),
                           ("--listen=foo", '"foo" is not an address'),
                           ("--listen=127.0.0.1:x", "a whole number from 0")):
            done = subprocess.run([f"{BINARIES}/betanet_sim", flag],
                                  capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 1)
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
