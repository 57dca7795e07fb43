"""Tests with a faulty network. They also check that the exporter leaks no
resources."""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402
from harness import ENDPOINTS, wait_for  # noqa: E402
from proxy import Proxy  # noqa: E402

# The timeout is long enough for an answer on a busy machine.
LIFE = ["--collection.interval=50ms", "--collection.timeout=300ms",
        "--retry.delays=10ms", "--circuit-breaker.failure-threshold=3",
        "--circuit-breaker.open-duration=200ms"]


class Case(harness.Case):
    def up(self):
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        self.assertEqual(self.value("betanet_connected_peers"), 7)

    def failures(self, reason):
        samples = self.samples()
        return [samples["betanet_exporter_request_failures_total",
                        (("endpoint", e), ("reason", reason))]
                for e in ENDPOINTS]

    def down(self, reason):
        """Waits until each endpoint fails for this reason."""
        before = self.failures(reason)
        wait_for(lambda: all(now > then for now, then in
                             zip(self.failures(reason), before)),
                 lambda: f"{reason}: {self.exporter.text()}")
        wait_for(lambda: self.value("betanet_up") == 0, "down")

    def resources(self):
        """The numbers of descriptors and threads of the exporter and its
        resident memory in KiB."""
        pid = self.exporter.child.pid
        with open(f"/proc/{pid}/status") as f:
            status = f.read()
        return (len(os.listdir(f"/proc/{pid}/fd")),
                int(re.search(r"Threads:\s+(\d+)", status)[1]),
                int(re.search(r"VmRSS:\s+(\d+)", status)[1]))

    def back_at(self, before):
        """Checks that the exporter uses no more descriptors and threads than
        before, and not much more memory."""
        wait_for(lambda: all(now <= then for now, then in
                             zip(self.resources()[:2], before)),
                 lambda: f"{self.resources()}, before: {before}")
        # the shadow memory of the thread sanitizer never shrinks
        if "TSAN_OPTIONS" not in os.environ:
            self.assertLess(self.resources()[2], before[2] * 1.25 + 2048)


class Faults(Case):
    FAULTS = ((("latency", 0.02), None), (("latency", 1), "timeout"),
              (("down",), "connect"), (("bandwidth", 100), "timeout"),
              (("slow_close", 0.05), None), (("timeout", 1), "timeout"),
              (("timeout", 0.02), "eof"), (("reset_peer", 0), "reset"),
              (("slicer", 7, 0.001), None), (("limit_data", 60), "eof"))

    def start_behind_proxy(self, *flags):
        self.start_sim("--still", *flags)
        self.proxy = Proxy(self.upstream)
        self.addCleanup(self.proxy.close)
        self.upstream = self.proxy.port
        self.start_exporter(*LIFE)
        self.up()

    def test_every_fault_gives_its_reason(self):
        self.start_behind_proxy()
        before = self.resources()
        for fault, reason in self.FAULTS:
            with self.subTest(fault):
                self.proxy.fault(*fault)
                if reason:
                    self.down(reason)
                    self.assertEqual(
                        self.value("betanet_connected_peers"), 7)
                else:
                    polls = self.polls()
                    wait_for(lambda: self.polls() > polls + 5, "polls")
                    self.up()
                self.check_page()
                self.proxy.fault()
                self.up()
        self.back_at(before)

    def polls(self):
        return self.value("betanet_exporter_request_duration_seconds_count",
                          endpoint="metrics")

    def test_a_slow_close_after_each_answer_is_not_a_failure(self):
        self.start_behind_proxy("--close")
        self.proxy.fault("slow_close", 0.05)
        polls = self.polls()
        wait_for(lambda: self.polls() > polls + 10, "polls")
        self.up()
        self.assertEqual(self.value(
            "betanet_exporter_request_failures_total", endpoint="metrics",
            reason="eof"), 0)

    def test_many_faults_leak_nothing(self):
        self.start_behind_proxy()
        seed = int(os.environ.get("CHAOS_SEED", random.randrange(10 ** 6)))
        print(f"CHAOS_SEED={seed} ", end="", file=sys.stderr, flush=True)
        dice = random.Random(seed)
        before = self.resources()
        for _ in range(100):
            self.proxy.fault(*dice.choice(self.FAULTS)[0])
            samples = self.samples()
            self.assertIn(samples.get(("betanet_connected_peers", ())),
                          (7, None))
            seen = self.polls()
            time.sleep(dice.random() / 20)
            self.assertGreaterEqual(self.polls(), seen)
        self.proxy.fault()
        self.up()
        self.check_page()
        self.back_at(before)


class Soak(Case):
    """Faults and scrapes for SOAK_SECONDS. Run with `./dev soak`."""

    def test_no_resource_grows(self):
        seconds = float(os.environ.get("SOAK_SECONDS", "600"))
        self.start_sim("--still")
        proxy = Proxy(self.upstream)
        self.addCleanup(proxy.close)
        self.upstream = proxy.port
        self.start_exporter(*LIFE)
        dice = random.Random(1)
        began = time.monotonic()
        seen = []
        while (passed := time.monotonic() - began) < seconds:
            proxy.fault(*dice.choice(Faults.FAULTS)[0])
            for _ in range(20):
                self.page()
                time.sleep(dice.random() / 100)
            proxy.fault()
            self.up()
            seen.append((passed, *self.resources()))
        warm = [s for s in seen if s[0] > seconds / 5]
        middle = warm[len(warm) // 2][0]
        early = [s for s in warm if s[0] < middle]
        late = [s for s in warm if s[0] >= middle]
        for i, what in ((1, "descriptors"), (2, "threads"), (3, "KiB")):
            most = [max(s[i] for s in part) for part in (early, late)]
            mean = [sum(s[i] for s in part) / len(part)
                    for part in (early, late)]
            print(f"{what}: at most {most[0]}, then {most[1]};"
                  f" on average {mean[0]:.1f}, then {mean[1]:.1f}")
            self.assertLess(mean[1], mean[0] * 1.03 + 0.5, what)
        requests = sum(self.value("betanet_exporter_requests_total",
                                  endpoint=e) for e in ENDPOINTS)
        print(f"{len(seen)} faults, {requests:.0f} requests in {passed:.0f} s")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


class Namespace(unittest.TestCase):
    def test_faults_of_the_network(self):
        """Runs the tests of `Isolated` in a network namespace."""
        for tool in ("unshare", "ip"):
            if not shutil.which(tool):
                self.skipTest(f"no {tool}")
        probe = run("unshare", "-rnm", "true")
        if probe.returncode:
            self.skipTest(f"no namespaces here: {probe.stderr.strip()}")
        child = subprocess.run(
            ["unshare", "-rnm", sys.executable, "-B", __file__, "-v",
             "Isolated"], env={**os.environ, "ISOLATED": "1"},
            stderr=subprocess.PIPE, text=True)
        print(child.stderr, file=sys.stderr)
        self.assertEqual(child.returncode, 0)
        skipped = [line for line in child.stderr.splitlines()
                   if " skipped " in line]
        if skipped:
            self.skipTest("; ".join(skipped))


@unittest.skipUnless(os.environ.get("ISOLATED"), "needs a network of its own")
class Isolated(Case):
    @classmethod
    def setUpClass(cls):
        run("ip", "link", "set", "lo", "up")

    def setUp(self):
        run("ip", "link", "set", "lo", "mtu", "1500")
        self.start_sim("--still")

    def rule(self, *words, tool="iptables"):
        """Applies a rule of the firewall or of traffic control until the test
        ends. Skips the test if that is not possible."""
        if not shutil.which(tool):
            self.skipTest(f"no {tool}")
        if tool == "iptables":
            undo = [tool, "-D", *words]
            done = run(tool, "-A", *words)
        else:
            undo = ["tc", "qdisc", "del", "dev", "lo", "root"]
            done = run(tool, *words)
        if done.returncode:
            self.skipTest(f"{tool}: {done.stderr.strip()}")
        self.addCleanup(run, *undo)
        return lambda: run(*undo)

    def hosts(self, text, path="/etc/hosts"):
        """Replaces a file of the system within this namespace."""
        with tempfile.NamedTemporaryFile("w", delete=False) as f:
            f.write(text)
        self.addCleanup(os.remove, f.name)
        self.addCleanup(run, "umount", path)
        done = run("mount", "--bind", f.name, path)
        if done.returncode:
            self.skipTest(f"mount: {done.stderr.strip()}")
        os.chmod(f.name, 0o644)

    def to_upstream(self, *more):
        return ("INPUT", "-p", "tcp", "--dport", str(self.upstream), *more)

    def test_dropped_syns_end_at_the_deadline(self):
        lift = self.rule(*self.to_upstream("--syn", "-j", "DROP"))
        self.start_exporter(*LIFE)
        self.down("timeout")
        before = self.resources()
        self.check_page()
        lift()
        self.up()
        wait_for(lambda: self.resources()[0] <= before[0] + 3, "descriptors")

    def test_a_lost_syn_fails_no_request_with_an_adaptive_timeout(self):
        self.sim.close()
        self.start_sim("--still", "--close")  # each request opens a connection
        self.start_exporter("--collection.interval=50ms", "--retry.delays=[]",
                            "--collection.timeout-mode=adaptive")
        wait_for(lambda: self.value("betanet_exporter_request_timeout_seconds",
                                    endpoint="metrics") == 0.5, "20 polls")
        self.rule(*self.to_upstream(
            "--syn", "-m", "statistic", "--mode", "nth", "--every", "1000000",
            "--packet", "0", "-j", "DROP"))

        def slow():
            s = self.samples()
            name = "betanet_exporter_request_duration_seconds"
            return sum(s[f"{name}_count", (("endpoint", e),)]
                       - s[f"{name}_bucket", (("endpoint", e), ("le", "1"))]
                       for e in ENDPOINTS)
        wait_for(lambda: slow() == 1, "a SYN that was sent again")
        self.assertEqual(self.failures("timeout"), [0, 0, 0])
        self.up()

    def test_a_silent_connection_is_replaced(self):
        self.start_exporter(*LIFE)
        self.up()
        before = self.resources()
        lift = self.rule(*self.to_upstream("-j", "DROP"))
        self.down("timeout")
        lift()
        self.up()
        self.back_at(before)

    def test_rejected_connections_give_the_reason_connect(self):
        for how in ("tcp-reset", "icmp-host-unreachable"):
            with self.subTest(how):
                lift = self.rule(*self.to_upstream(
                    "-j", "REJECT", "--reject-with", how))
                self.start_exporter(*LIFE)
                self.down("connect")
                lift()
                self.up()
                self.exporter.close()

    def test_a_missing_route_gives_the_reason_connect(self):
        for kind in ("unreachable", "blackhole"):
            with self.subTest(kind):
                if run("ip", "route", "add", kind, "10.9.8.7").returncode:
                    self.skipTest(f"no {kind} routes")
                self.addCleanup(run, "ip", "route", "del", kind, "10.9.8.7")
                self.launch_exporter(*LIFE,
                                     "--betanet.url=http://10.9.8.7:9000")
                self.down("connect")
                run("ip", "route", "del", kind, "10.9.8.7")
                self.exporter.close()

    def test_an_address_that_does_not_answer_does_not_hide_another(self):
        self.rule("INPUT", "-d", "127.0.0.9", "-j", "DROP")
        self.hosts("127.0.0.9 betanet\n127.0.0.1 betanet\n")
        self.launch_exporter(
            *LIFE, "--collection.timeout=2s",
            f"--betanet.url=http://betanet:{self.upstream}")
        self.up()
        self.assertEqual(self.value("betanet_exporter_retries_total",
                                    endpoint="metrics"), 0)

    def test_a_new_address_is_used_with_the_next_connection(self):
        self.hosts("127.0.0.9 betanet\n")
        self.launch_exporter(
            *LIFE, f"--betanet.url=http://betanet:{self.upstream}")
        self.down("connect")
        with open("/etc/hosts", "w") as f:
            f.write("127.0.0.1 betanet\n")
        self.up()

    def test_localhost_needs_neither_a_hosts_file_nor_a_name_server(self):
        self.hosts("")
        self.hosts("nameserver 127.0.0.77\n", "/etc/resolv.conf")
        for host in ("localhost", "betanet.localhost."):
            with self.subTest(host):
                self.launch_exporter(
                    *LIFE, f"--betanet.url=http://{host}:{self.upstream}")
                self.up()
                self.exporter.close()

    def test_a_silent_name_server_delays_nothing_else(self):
        self.hosts("nameserver 127.0.0.77\n", "/etc/resolv.conf")
        self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                          ).bind(("127.0.0.77", 53))
        self.launch_exporter(*LIFE, "--betanet.url=http://betanet.example")
        self.down("timeout")
        self.assertIn("while resolving the host name", self.exporter.text())
        self.check_page()
        threads = self.resources()[1]
        wait_for(lambda: set(self.states().values()) == {1}, "open")
        self.assertLessEqual(self.resources()[1], threads + 1)
        status, seconds = self.exporter.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)

    def test_a_failing_name_server_gives_the_reason_dns(self):
        self.hosts("nameserver 127.0.0.77\n", "/etc/resolv.conf")
        server = self.enterContext(
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        server.bind(("127.0.0.77", 53))
        server.settimeout(0.1)
        stop = threading.Event()
        code = 0

        def answer():
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    query, client = server.recvfrom(512)
                    server.sendto(query[:2] + bytes([0x81, 0x80 | code]) +
                                  query[4:], client)
        thread = threading.Thread(target=answer)
        thread.start()
        # A thread that still receives would keep the port from the next test.
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        for code in (2, 3):  # SERVFAIL, NXDOMAIN
            with self.subTest(code):
                self.launch_exporter(*LIFE, "--collection.timeout=2s",
                                     "--betanet.url=http://betanet.example")
                self.down("dns")
                self.exporter.close()

    def values_stay_right(self):
        """Checks for a while that only values of the service are shown."""
        polls = lambda: self.value("betanet_exporter_requests_total",
                                   endpoint="metrics")
        wait_for(lambda: self.value("betanet_connected_peers") == 7, "values")
        seen = polls()
        while polls() < seen + 60:
            samples = self.samples()
            for name, expected in (("betanet_connected_peers", 7),
                                   ("betanet_packets_processed_total", 5000),
                                   ("betanet_bytes_received_total", 500000)):
                self.assertIn(samples.get((name, ())), (expected, None))
            time.sleep(0.05)

    def test_lost_packets_never_change_a_value(self):
        lift = self.rule("INPUT", "-p", "tcp", "--sport", str(self.upstream),
                         "-m", "statistic", "--mode", "random",
                         "--probability", "0.05", "-j", "DROP")
        self.start_exporter(*LIFE)
        self.values_stay_right()
        lift()
        self.up()

    def test_a_slow_link_never_changes_a_value(self):
        self.start_exporter(*LIFE)
        self.up()
        before = self.resources()
        lift = self.rule("qdisc", "add", "dev", "lo", "root", "handle", "1:",
                         "prio", tool="tc")
        for words in (("qdisc", "add", "dev", "lo", "parent", "1:3", "handle",
                       "30:", "tbf", "rate", "64kbit", "burst", "1600",
                       "limit", "3000"),
                      ("filter", "add", "dev", "lo", "parent", "1:",
                       "protocol", "ip", "u32", "match", "ip", "sport",
                       str(self.upstream), "0xffff", "flowid", "1:3")):
            done = run("tc", *words)
            if done.returncode:
                self.skipTest(f"tc: {done.stderr.strip()}")
        self.values_stay_right()
        self.assertGreater(sum(self.failures("timeout")), 0)
        lift()
        self.up()
        self.back_at(before)

    def test_sigterm_ends_the_process_while_the_network_hangs(self):
        self.rule(*self.to_upstream("--syn", "-j", "DROP"))
        self.start_exporter(*LIFE, "--collection.timeout=1h")
        status, seconds = self.exporter.stop(signal.SIGTERM)
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)


if __name__ == "__main__":
    alone = bool(os.environ.get("ISOLATED"))
    unittest.main(defaultTest=None if alone else ["Faults", "Namespace"])
