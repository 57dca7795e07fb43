"""Tests of replicas and adaptive timeouts with the built binaries. A real
Prometheus computes `increase()` and `resets()` across changes of replica."""

import json
import subprocess
import tempfile
import time
import unittest

from harness import BINARIES, ENDPOINTS, Case, free_port, request, wait_for

FAMILY = "betanet_packets_processed_total"


class Replicas(Case):
    """Two replicas of a service, whose totals the tests set."""

    def setUp(self):
        self.ports = [free_port(), free_port()]
        self.controls = [free_port(), free_port()]
        self.sims = [
            self.start(f"{BINARIES}/betanet_sim", "--still",
                       f"--listen=127.0.0.1:{port}",
                       f"--control=127.0.0.1:{control}")
            for port, control in zip(self.ports, self.controls)]
        for control in self.controls:
            wait_for(lambda: request(control, "/sim/faults"), "simulator")
        self.urls = [f"http://127.0.0.1:{port}" for port in self.ports]

    def lint(self, page):
        """promtool takes the word "counter" in a name for its type."""
        done = subprocess.run(["promtool", "check", "metrics"], input=page,
                              capture_output=True)
        self.assertEqual(done.stdout + done.stderr,
                         b"betanet_exporter_counter_holds_total metric name "
                         b"should not include type 'counter'\n")

    def post(self, replica, path, **body):
        status, _, answer = request(self.controls[replica], path, "POST",
                                    json.dumps(body))
        self.assertEqual(status, 200, answer)

    def show(self, replica, total):
        """The replica gives this total from now on."""
        self.post(replica, "/sim/values", packets_processed=total)

    def disturb(self, replica, fault="refuse"):
        self.post(replica, "/sim/faults", endpoint="all", fault=fault)

    def recover(self, replica):
        self.disturb(replica, "none")

    def write_config(self, balance="failover", more=""):
        home = self.enterContext(tempfile.TemporaryDirectory())
        file = f"{home}/betanet.yml"
        with open(file, "w") as f:
            f.write(f"""
collection: {{ interval: 500ms, timeout: 400ms }}
retry: {{ delays: [50ms] }}
circuit_breaker: {{ failure_threshold: 3, open_duration: 700ms }}
{more}
targets:
- {{ name: eu, replicas: {json.dumps(self.urls)}, balance: {balance} }}
""")
        return file

    def start_target(self, balance="failover"):
        self.launch_exporter(f"--config.file={self.write_config(balance)}")
        wait_for(lambda: self.value("betanet_up", target="eu") == 1, "up")

    def watch(self):
        """Starts a Prometheus that scrapes the exporter."""
        _, self.query = self.start_prometheus(
            "scrape_configs:\n- job_name: betanet\n"
            "  scrape_interval: 250ms\n  scrape_timeout: 250ms\n"
            "  static_configs:\n"
            f"  - targets: ['127.0.0.1:{self.port}']\n")
        wait_for(lambda: self.query(f"count_over_time({FAMILY}[1m])"),
                 "a first sample", 60)

    def shown(self):
        return self.value(FAMILY, target="eu")

    def holds(self):
        return self.value("betanet_exporter_counter_holds_total", target="eu")

    def settled(self, total):
        """Waits until Prometheus has this value."""
        wait_for(lambda: self.query(FAMILY) == total,
                 lambda: f"{total}: {self.query(FAMILY)}")

    def test_failover_to_a_lagging_replica_is_no_reset(self):
        total = first = 1000000
        for replica in (0, 1):
            self.show(replica, total)
        self.start_target()
        self.watch()
        for step in range(120):
            total += 10
            self.show(0, total)
            self.show(1, total - 75)  # up to two collections behind
            if step % 40 == 10:
                self.disturb(0)
            if step % 40 == 30:
                self.recover(0)
            time.sleep(0.1)
        self.settled(total)
        self.assertGreater(self.holds(), 0)
        self.assertEqual(self.query(f"resets({FAMILY}[2m])"), 0)
        # Prometheus extrapolates by one scrape interval at each end at most.
        self.assertAlmostEqual(self.query(f"increase({FAMILY}[2m])"),
                               total - first, delta=0.2 * (total - first))

    def test_a_restart_seen_by_the_other_replica_is_one_reset(self):
        for replica in (0, 1):
            self.show(replica, 1000000)
        self.start_target()
        self.watch()
        self.show(1, 20)
        self.disturb(0)
        wait_for(lambda: self.holds() == 4, "four collections")
        self.settled(20)
        self.assertEqual(self.query(f"resets({FAMILY}[2m])"), 1)
        self.assertLess(self.query(f"increase({FAMILY}[2m])"), 100)

    def test_a_restart_of_the_replica_that_answers_is_shown_at_once(self):
        for replica in (0, 1):
            self.show(replica, 1000000)
        self.start_target()
        self.watch()
        self.show(0, 20)
        self.settled(20)
        self.assertEqual(self.holds(), 0)
        self.assertEqual(self.query(f"resets({FAMILY}[2m])"), 1)
        self.assertLess(self.query(f"increase({FAMILY}[2m])"), 100)

    def test_round_robin_over_lagging_replicas_is_no_reset(self):
        total = first = 1000000
        for replica in (0, 1):
            self.show(replica, total)
        self.start_target("round_robin")
        self.watch()
        for step in range(120):
            total += 10
            self.show(step // 10 % 2, total)  # the other one falls behind
            time.sleep(0.1)
        for replica in (0, 1):
            self.show(replica, total)
        self.settled(total)
        self.assertGreater(self.holds(), 0)
        self.assertEqual(self.query(f"resets({FAMILY}[2m])"), 0)
        self.assertAlmostEqual(self.query(f"increase({FAMILY}[2m])"),
                               total - first, delta=0.2 * (total - first))
        asked = [self.value("betanet_exporter_replica_requests_total",
                            target="eu", replica=url) for url in self.urls]
        self.assertLessEqual(abs(asked[0] - asked[1]), 3, asked)

    def test_each_failure_of_one_replica_is_survived(self):
        self.start_target()
        self.check_page()
        for fault in ("refuse", "reset", "hang", "status", "garbage"):
            with self.subTest(fault):
                failed = self.attempts_failed()
                self.disturb(0, fault)
                wait_for(lambda: self.attempts_failed() > failed, fault)
                self.check_page()
                self.assertEqual(self.value("betanet_up", target="eu"), 1)
                self.recover(0)
        self.assertEqual(sum(
            v for (name, _), v in self.samples().items()
            if name == "betanet_exporter_circuit_breaker_transitions_total"),
            0)
        # Of the three endpoints the one is told that failed first.
        self.assertIn(f"url={self.urls[0]}/api/v1/", self.exporter.text())

    def test_a_replica_with_one_broken_endpoint_rests(self):
        for balance in ("failover", "round_robin"):
            with self.subTest(balance):
                self.post(0, "/sim/faults", endpoint="metrics", fault="reset")
                self.start_target(balance)
                up = lambda replica: self.value(
                    "betanet_exporter_replica_up", target="eu",
                    replica=self.urls[replica])
                wait_for(lambda: up(0) == 0, "a rest")
                asked = self.value("betanet_exporter_requests_total",
                                   target="eu", endpoint="metrics")
                wait_for(lambda: self.value(
                    "betanet_exporter_requests_total", target="eu",
                    endpoint="metrics") > asked + 12, "polls")
                self.assertEqual(up(1), 1)
                self.assertEqual(self.value("betanet_up", target="eu"), 1)
                self.assertEqual(
                    self.exporter.text().count("level=WARN msg=\"Attempt"), 1)
                self.exporter.stop()

    def attempts_failed(self):
        return sum(v for (name, _), v in self.samples().items()
                   if name == "betanet_exporter_request_failures_total")

    def test_with_all_replicas_down_the_breaker_opens_and_closes(self):
        self.start_target()
        for replica in (0, 1):
            self.disturb(replica)
        state = ("betanet_exporter_circuit_breaker_state",
                 (("endpoint", "metrics"), ("target", "eu")))
        wait_for(lambda: self.samples()[state] == 1, "open")
        self.check_page()
        self.recover(1)  # the first in the list stays down
        wait_for(lambda: self.value("betanet_up", target="eu") == 1, "up")

    def test_health_and_status_page_name_the_replica_that_answered(self):
        self.start_target()
        self.disturb(0)

        def endpoints():
            health = json.loads(request(self.port, "/health")[2])
            return health["targets"][0]["endpoints"]
        wait_for(lambda: all(endpoints()[e]["replica"].endswith(self.urls[1])
                             for e in ENDPOINTS), "the second replica")
        page = request(self.port, "/?target=eu")[2].decode()
        self.assertIn(f"last answered by {self.urls[1]}/api/v1/metrics", page)

    def test_a_probe_polls_each_replica(self):
        self.disturb(1)
        done = subprocess.run(
            [f"{BINARIES}/betanet_exporter", "--probe",
             f"--config.file={self.write_config()}"],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("3 of 6 endpoints are good", done.stdout)
        for url in self.urls:
            self.assertIn(f"{url}/api/v1/metrics", done.stdout)

    def test_too_many_replicas_for_the_hard_limit_are_refused(self):
        done = subprocess.run(
            ["sh", "-c", "ulimit -n 37; exec \"$0\" \"$@\"",
             f"{BINARIES}/betanet_exporter", "--config.check",
             f"--config.file={self.write_config()}"],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("2 targets or replicas need 38 file descriptors",
                      done.stderr)


class AdaptiveTimeout(Case):
    def timeout(self):
        return self.value("betanet_exporter_request_timeout_seconds",
                          endpoint="metrics")

    def test_a_server_that_hangs_is_given_up_early(self):
        self.start_sim("--still")
        self.start_exporter("--collection.interval=50ms", "--retry.delays=[]",
                            "--collection.timeout-mode=adaptive")
        wait_for(lambda: self.timeout() == 0.5, "20 polls")
        began = time.monotonic()
        self.fault("all", "hang")
        wait_for(lambda: self.value("betanet_up") == 0, "down")
        self.assertLess(time.monotonic() - began, 3)
        wait_for(lambda: (self.timeout() or 0) >= 2, "longer limits")
        self.check_page()
        self.fault("all", "none")
        wait_for(lambda: self.value("betanet_up") == 1, "up", 60)
        wait_for(lambda: self.timeout() == 0.5, "the former limit")


if __name__ == "__main__":
    unittest.main()
