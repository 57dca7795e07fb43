"""Tests of deploy/compose: the file, and the stack that it describes. No engine
is needed: the programs run with the commands, environments and files that the
file names, our own from the images, the others as Debian packages them."""

import glob
import json
import os
import re
import shutil
import unittest

import yaml

import sandbox
from harness import SOURCES, project_version, request, wait_for
from sandbox import Container, run, write

FILE = f"{SOURCES}/deploy/compose/docker-compose.yml"
IMAGES = {"betanet-exporter": "exporter", "betanet": "simulator"}
PROGRAMS = {"prometheus": "prometheus",
            "alertmanager": "prometheus-alertmanager"}


def mounts_of(service):
    """The folders and files of a service that come from this repository: where
    they are and where the container sees them."""
    parts = (v.split(":") for v in service.get("volumes", ()))
    return [(p[0], p[1]) for p in parts if p[0].startswith("/")]


def json_of(port, path):
    return json.loads(request(port, path)[2])


class Case(sandbox.Case):
    @classmethod
    def setUpClass(cls):
        cls.file = yaml.safe_load(run("docker-compose", "-f", FILE, "config"))
        cls.services = cls.file["services"]


class File(Case):
    def test_it_has_the_services_ports_and_network_of_the_system(self):
        ports = {name: [p["target"] if isinstance(p, dict) else
                        int(re.search(r":(\d+)/", p)[1]) for p in s["ports"]]
                 for name, s in self.services.items()}
        self.assertEqual(ports, {
            "betanet-exporter": [9200], "betanet": [9000, 9001],
            "prometheus": [9090], "alertmanager": [9093], "grafana": [3000]})
        self.assertEqual(self.file["networks"],
                         {"fog-compute": {"name": "fog-compute"}})
        self.assertEqual(
            self.services["betanet-exporter"]["environment"]["BETANET_URL"],
            "http://betanet:9000")

    def test_every_service_is_confined_and_restarts(self):
        for name, s in self.services.items():
            with self.subTest(name):
                self.assertEqual(list(s["networks"]), ["fog-compute"])
                self.assertEqual(s["restart"], "unless-stopped")
                self.assertTrue(s["read_only"])
                self.assertEqual(s["cap_drop"], ["ALL"])
                self.assertEqual(s["security_opt"], ["no-new-privileges:true"])

    def test_every_version_is_named(self):
        version = project_version()
        for name, s in self.services.items():
            tag = s["image"].rpartition(":")[2]
            self.assertRegex(tag, r"^v?\d+\.\d+\.\d+$", name)
            if name in IMAGES:
                self.assertEqual(s["image"], f"fog-compute/{name}:{version}")
                self.assertEqual(s["build"]["args"]["VERSION"], version)
                self.assertEqual(s["build"]["target"], IMAGES[name])
                self.assertEqual(s["build"]["context"], SOURCES)

    def test_services_wait_for_healthy_ones(self):
        waits = {name: set(s.get("depends_on", ()))
                 for name, s in self.services.items()}
        self.assertEqual(waits, {
            "betanet": set(), "betanet-exporter": {"betanet"},
            "alertmanager": set(), "grafana": {"prometheus"},
            "prometheus": {"betanet-exporter", "alertmanager"}})
        for s in self.services.values():
            for name, wait in s.get("depends_on", {}).items():
                self.assertEqual(wait["condition"], "service_healthy")
                self.assertTrue(name in IMAGES  # they have checks of their own
                                or "healthcheck" in self.services[name], name)

    def test_what_is_mounted_exists(self):
        for name, s in self.services.items():
            for source, _ in mounts_of(s):
                self.assertTrue(os.path.exists(source), f"{name}: {source}")

    def test_grafana_finds_prometheus_and_the_dashboards(self):
        grafana = {target: source
                   for source, target in mounts_of(self.services["grafana"])}
        provisioning = grafana["/etc/grafana/provisioning"]
        with open(f"{provisioning}/datasources/prometheus.yml") as f:
            source, = yaml.safe_load(f)["datasources"]
        self.assertEqual(source["url"], "http://prometheus:9090")
        with open(f"{provisioning}/dashboards/betanet.yml") as f:
            provider, = yaml.safe_load(f)["providers"]
        dashboards = glob.glob(grafana[provider["options"]["path"]] + "/*.json")
        self.assertTrue(dashboards)
        for dashboard in dashboards:
            with open(dashboard, encoding="utf-8") as f:
                self.assertTrue(json.load(f)["uid"])


class Stack(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.images = sandbox.Images()
        cls.addClassCleanup(cls.images.close)

    def start_service(self, name):
        service = self.services[name]
        if name in IMAGES:
            started = Container(self, self.images, IMAGES[name],
                                hosts=self.services,
                                env=service.get("environment"))
            check = started.check_health
        else:
            started = self.start_program(name, service)
            port, path = re.search(r"http://127\.0\.0\.1:(\d+)(\S+)",
                                   service["healthcheck"]["test"][-1]).groups()
            check = lambda: request(int(port), path)[0] - 200  # noqa: E731
        wait_for(lambda: check() == 0, f"{name} is healthy")
        return started

    def start_program(self, name, service):
        """Starts a program of this machine that sees the service's mounts."""
        root = self.machine()
        write(f"{root}/etc/hosts", "".join(f"127.0.0.1 {h}\n" for h in
                                           ("localhost", *self.services)))
        for source, target in mounts_of(service):
            if os.path.isdir(source):
                os.makedirs(root + target, exist_ok=True)
            else:
                write(root + target, "")
            self.mount("--bind", "-o", "ro", source, root + target)
        for volume in self.file["volumes"]:
            os.makedirs(f"{root}/{volume}", exist_ok=True)
            os.chmod(f"{root}/{volume}", 0o777)
        return self.start_in(root, "65534:65534", {},
                             shutil.which(PROGRAMS[name]), *service["command"])

    def test_the_stack_works(self):
        for name in ("betanet", "betanet-exporter", "alertmanager"):
            self.start_service(name)
        prometheus = self.start_service("prometheus")
        wait_for(lambda: request(9090, "/-/ready")[0] == 200, prometheus.text)

        def targets():
            active = json_of(9090, "/api/v1/targets")["data"]["activeTargets"]
            return {t["labels"]["job"]: t["health"] for t in active}

        wait_for(lambda: set(targets().values()) == {"up"},
                 lambda: f"{targets()}\n{prometheus.text()}", 40)
        self.assertEqual(set(targets()),
                         {"betanet", "prometheus", "alertmanager"})
        found = json_of(9090, "/api/v1/query?query=betanet_up")
        self.assertEqual([s["value"][1] for s in found["data"]["result"]], ["1"])
        managers = json_of(9090, "/api/v1/alertmanagers")["data"]
        self.assertEqual([m["url"] for m in managers["activeAlertmanagers"]],
                         ["http://alertmanager:9093/api/v2/alerts"])
        self.check_rules()

    def check_rules(self):
        """Checks that every rule file was loaded and that no rule fails."""
        mounts = dict((target, source) for source, target in
                      mounts_of(self.services["prometheus"]))
        files = glob.glob(mounts["/etc/prometheus/rules"] + "/betanet.*.yml")
        groups = json_of(9090, "/api/v1/rules")["data"]["groups"]
        self.assertEqual({os.path.basename(g["file"]) for g in groups},
                         {os.path.basename(f) for f in files})
        for group in groups:
            for rule in group["rules"]:
                self.assertNotEqual(rule["health"], "err", rule)


if __name__ == "__main__":
    sandbox.main("buildah", "cmake", "docker-compose", "ip", "prometheus",
                 "prometheus-alertmanager", "unshare")
