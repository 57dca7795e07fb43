"""Helps tests to run a real Prometheus on the exporter."""

import json
import os
import sys
import tempfile
import urllib.parse

import yaml

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402
from harness import free_port, request, wait_for  # noqa: E402

# The exporter's default times divided by 30.
SHORT = {"collection": {"interval": "500ms", "timeout": "167ms"},
         "retry": {"delays": ["33ms", "67ms", "133ms"]},
         "circuit_breaker": {"open_duration": "1s"},
         "cache": {"ttl": "333ms", "max_stale": "10s"}}


class Case(harness.Case):
    def setUp(self):
        self.home = self.enterContext(tempfile.TemporaryDirectory())

    def write(self, name, document):
        path = f"{self.home}/{name}"
        with open(path, "w") as f:
            yaml.safe_dump(document, f, sort_keys=False)
        return path

    def start_configured(self, targets, port=None, **keys):
        """Starts an exporter of the targets, {name or None: URL}."""
        listed = [{"url": url} | ({"name": name} if name else {})
                  for name, url in targets.items()]
        port = port or free_port()
        path = self.write(f"exporter-{port}.yml",
                          {**SHORT, **keys, "targets": listed})
        exporter = self.start(
            f"{harness.BINARIES}/betanet_exporter", f"--config.file={path}",
            f"--web.listen-address=127.0.0.1:{port}")
        wait_for(lambda: request(port, "/-/healthy"), "exporter")
        return exporter, port

    def start_prometheus(self, config, *flags):
        self.prometheus_port = free_port()
        self.prometheus = self.start(
            "prometheus", f"--config.file={self.write('prom.yml', config)}",
            f"--storage.tsdb.path={self.home}/data",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}", *flags)
        wait_for(lambda: request(self.prometheus_port, "/-/ready")[0] == 200,
                 "Prometheus")

    def ask_prometheus(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        status, _, body = request(self.prometheus_port,
                                  f"/api/v1/{path}?{query}")
        answer = json.loads(body)
        self.assertEqual(status, 200, answer)
        return answer["data"]

    def query(self, expression, **more):
        """The samples of an expression: labels and value."""
        result = self.ask_prometheus("query", query=expression,
                                     **more)["result"]
        return [(r["metric"], float(r["value"][1])) for r in result]


def scrape_job(name, *ports, **labels):
    return {"job_name": name, "static_configs": [
        {"targets": [f"127.0.0.1:{port}" for port in ports],
         "labels": labels}]}
