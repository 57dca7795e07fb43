"""The way of an alert through a real Prometheus and a real Alertmanager.

The rules, the inhibition and the exporter's times are the shipped ones, with
every duration divided by 30.
"""

import http.server
import json
import os
import re
import shutil
import signal
import sys
import threading
import time
import unittest

import yaml

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import monitoring  # noqa: E402
from harness import SOURCES, free_port, request, wait_for  # noqa: E402
from monitoring import scrape_job  # noqa: E402

SPEED = 30
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def shorter(duration):
    """A duration of Prometheus's divided by SPEED."""
    seconds = int(duration[:-1]) * UNITS[duration[-1]]
    return f"{1000 * seconds // SPEED}ms"


def shorter_expression(text):
    return re.sub(r"\[(\w+)(:?)(\w*)\]|offset (\w+)",
                  lambda m: f"offset {shorter(m[4])}" if m[4] else
                  f"[{shorter(m[1])}{m[2]}{m[3] and shorter(m[3])}]", text)


def shorter_rules(kind):
    with open(f"{SOURCES}/deploy/prometheus/betanet.{kind}.yml") as f:
        document = yaml.safe_load(f)
    for group in document["groups"]:
        group["interval"] = shorter(group.get("interval", "15s"))
        for rule in group["rules"]:
            rule["expr"] = shorter_expression(rule["expr"])
            for key in ("for", "keep_firing_for"):
                if rule.get(key, "0m") != "0m":
                    rule[key] = shorter(rule[key])
    return document


def named(alert):
    return alert["labels"]["alertname"], alert["labels"].get("target", "")


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        message = json.loads(self.rfile.read(length))
        self.server.received += [(message["receiver"], a)
                                 for a in message["alerts"]]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


NEEDED = ("prometheus", "prometheus-alertmanager")
MISSING = [name for name in NEEDED if not shutil.which(name)]


@unittest.skipIf(MISSING, f"no {' and no '.join(MISSING)}")
class Alerting(monitoring.Case):
    def setUp(self):
        super().setUp()
        self.start_receiver()
        self.start_alertmanager()
        self.targets, self.controls = {}, {}
        for name in ("eu-1", "us-1"):
            self.upstream = None  # a port of its own
            self.start_sim()
            self.targets[name] = f"http://127.0.0.1:{self.upstream}"
            self.controls[name] = self.control
        self.exporter, self.port = self.start_configured(self.targets)
        self.start_watching()

    def start_receiver(self):
        self.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                        Webhook)
        self.receiver.received = []
        threading.Thread(target=self.receiver.serve_forever).start()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)

    def start_alertmanager(self):
        with open(f"{SOURCES}/deploy/alertmanager/alertmanager.yml") as f:
            config = yaml.safe_load(f)
        for receiver in config["receivers"]:
            receiver["webhook_configs"] = [{
                "url": f"http://127.0.0.1:{self.receiver.server_port}/"}]
        for key in ("group_wait", "group_interval", "repeat_interval"):
            config["route"][key] = shorter(config["route"][key])
        self.alertmanager = free_port()
        self.start(
            "prometheus-alertmanager", "--cluster.listen-address=",
            f"--config.file={self.write('alertmanager.yml', config)}",
            f"--storage.path={self.home}/alertmanager",
            f"--web.listen-address=127.0.0.1:{self.alertmanager}")
        wait_for(lambda: request(self.alertmanager, "/-/ready")[0] == 200,
                 "Alertmanager")

    def start_watching(self):
        """Starts Prometheus, which scrapes for the first time after 5 s, and
        gives it the rules then: 5 s are two and a half minutes here."""
        config = {
            "global": {"scrape_interval": shorter("15s"),
                       "scrape_timeout": shorter("15s"),
                       "evaluation_interval": shorter("15s")},
            "alerting": {"alertmanagers": [{"static_configs": [
                {"targets": [f"127.0.0.1:{self.alertmanager}"]}]}]},
            "scrape_configs": [scrape_job("betanet", self.port)]}
        self.start_prometheus(
            config, f"--query.lookback-delta={shorter('5m')}",
            f"--rules.alert.resend-delay={shorter('1m')}")
        wait_for(lambda: self.query("up == 1"), "a scrape")
        config["rule_files"] = [self.write(f"{kind}.yml", shorter_rules(kind))
                                for kind in ("rules", "alerts")]
        self.write("prom.yml", config)
        self.prometheus.child.send_signal(signal.SIGHUP)
        wait_for(lambda: self.ask_prometheus("rules")["groups"], "the rules")

    # -- what happens --------------------------------------------------------

    def break_service(self, target, endpoint, fault):
        self.control = self.controls[target]
        self.fault(endpoint, fault)

    def alerts(self, state):
        """The alerts that Prometheus has in a state now: name and target."""
        return {named(a) for a in self.ask_prometheus("alerts")["alerts"]
                if a["state"] == state}

    def ever_fired(self):
        """The names of all alerts that ever fired."""
        return {labels["alertname"] for labels, _ in self.query(
            'count by (alertname) '
            '(max_over_time(ALERTS{alertstate="firing"}[10m]))')}

    def inhibited(self):
        """The alerts that Alertmanager keeps back."""
        _, _, body = request(self.alertmanager, "/api/v2/alerts")
        return {named(a) for a in json.loads(body)
                if a["status"]["inhibitedBy"]}

    def told(self, status):
        """The alerts that a receiver was told of."""
        return {named(a) for _, a in self.receiver.received
                if a["status"] == status}

    def await_told(self, status, name, target=""):
        wait_for(lambda: (name, target) in self.told(status),
                 lambda: f"{name} {target} {status}: {self.receiver.received}",
                 60)

    def await_inhibited(self, name, target=""):
        wait_for(lambda: (name, target) in self.inhibited(),
                 lambda: f"{name} {target} is inhibited: {self.inhibited()} "
                 f"are, {self.alerts('firing')} fire", 60)

    def await_quiet(self):
        wait_for(lambda: not self.alerts("firing"),
                 lambda: f"the end of {self.alerts('firing')}", 60)

    def healthy_minutes(self, minutes):
        """Lets minutes pass at the speed of this test."""
        began = time.time()
        wait_for(lambda: time.time() > began + minutes * 60 / SPEED,
                 "time passes", 600)
        self.assertEqual(self.ever_fired(), set())
        self.assertEqual(self.receiver.received, [])

    # -- the test ------------------------------------------------------------

    def test_each_trouble_is_told_once_and_so_is_its_end(self):
        self.healthy_minutes(10)
        self.a_service_and_an_endpoint_fail()
        self.the_exporter_dies()

    def a_service_and_an_endpoint_fail(self):
        """One service is down, of the other one endpoint fails. The
        consequences fire too, and Alertmanager keeps them back."""
        self.break_service("eu-1", "all", "refuse")
        self.break_service("us-1", "network_stats", "reset")
        wait_for(lambda: ("BetanetTargetDown", "eu-1")
                 in self.alerts("pending"), "pending")
        self.await_told("firing", "BetanetTargetDown", "eu-1")
        self.await_told("firing", "BetanetEndpointFailing", "us-1")
        for name in ("BetanetBreakerOpen", "BetanetValuesGone",
                     "BetanetDataOld"):
            for target in ("eu-1", "us-1"):
                self.await_inhibited(name, target)
        self.await_inhibited("BetanetEndpointFailing", "eu-1")
        trouble = {("BetanetTargetDown", "eu-1"),
                   ("BetanetEndpointFailing", "us-1")}
        self.assertEqual(self.told("firing"), trouble)
        for receiver, alert in self.receiver.received:
            self.assertEqual(receiver, {"critical": "page",
                                        "warning": "ticket"}
                             [alert["labels"]["severity"]])
            self.assertIn(alert["labels"]["target"],
                          alert["annotations"]["summary"])

        for target in self.controls:
            self.break_service(target, "all", "none")
        for name, target in trouble:
            self.await_told("resolved", name, target)
        self.await_quiet()
        # What was kept back is not told afterwards.
        self.assertEqual(self.told("firing"), trouble)

    def the_exporter_dies(self):
        """It is told that no exporter answers, and not that this one does
        not."""
        self.receiver.received.clear()
        self.exporter.stop()
        self.await_told("firing", "BetanetExporterAbsent")
        self.await_inhibited("BetanetExporterDown")
        self.assertEqual(self.told("firing"), {("BetanetExporterAbsent", "")})
        self.start_configured(self.targets, port=self.port)
        self.await_told("resolved", "BetanetExporterAbsent")


if __name__ == "__main__":
    unittest.main()
