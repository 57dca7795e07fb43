"""Tests of the Debian package and of the units in it. The package is installed
in a copy of this machine that keeps changes to itself, or in the base that
$DEPLOY_BASE names; then apt has to find what the package depends on."""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import sandbox
from harness import BINARIES, SOURCES, request, wait_for
from sandbox import run, run_outside

CONFIGURATION = "/etc/betanet_exporter/betanet_exporter.yml"
DEFAULTS = "/etc/default/betanet-exporter"
SERVICE = "betanet_exporter.service"
SHARD = "betanet_exporter@0.service"
SOCKET = "betanet_exporter.socket"
ENABLED = f"/etc/systemd/system/multi-user.target.wants/{SERVICE}"


def make_package(folder, *settings):
    """Makes the package from the binaries that are built and returns its file."""
    run("cpack", "--config", f"{BINARIES}/CPackConfig.cmake", "-B", folder,
        *settings, env={**os.environ, "SOURCE_DATE_EPOCH": "1764000000"})
    package, = glob.glob(f"{folder}/*.deb")
    return package


class Case(sandbox.Case):
    @classmethod
    def setUpClass(cls):
        home = tempfile.TemporaryDirectory(prefix="betanet-package-")
        cls.addClassCleanup(home.cleanup)
        cls.package = make_package(home.name)


class Package(Case):
    def test_lintian_is_silent(self):
        self.assertEqual(run("lintian", "--allow-root", "--info", "--pedantic",
                             "--fail-on=info", self.package), "")

    def test_it_depends_on_the_library_of_each_name_that_it_loads(self):
        needs = run("dpkg-deb", "--field", self.package, "Depends")
        for library in ("libc6", "libcaf-core0.17", "libssl3", "libstdc++6",
                        "libyaml-cpp0.7", "zlib1g"):
            self.assertRegex(needs, rf"(^|, ){re.escape(library)}[ ,]")

    def test_equal_sources_give_equal_bytes(self):
        for file in glob.glob(f"{SOURCES}/deploy/systemd/*"):
            os.utime(file)
        with open(self.package, "rb") as a, \
                open(make_package(self.folder()), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_the_copyright_is_the_licence(self):
        with open(f"{SOURCES}/LICENSE", encoding="utf-8") as f:
            licence = f.read().split("\n\n", 2)[2]
        with open(f"{SOURCES}/deploy/debian/copyright", encoding="utf-8") as f:
            text = f.read().split("License: Expat\n")[2]
        self.assertEqual(re.sub(r"(?m)^ \.?", "", text), licence)


class Life(Case):
    def setUp(self):
        self.root = self.machine()

    def inside(self, *command):
        return run_outside("chroot", self.root, "env", "LC_ALL=C.UTF-8",
                           "DEBIAN_FRONTEND=noninteractive", *command)

    def path(self, name):
        return self.root + name

    def install(self, package):
        shutil.copy(package, self.path("/root/new.deb"))
        if "DEPLOY_BASE" in os.environ:
            shutil.copy("/etc/resolv.conf", self.path("/etc/resolv.conf"))
            self.inside("apt-get", "update", "-q")  # the base has no lists
            self.inside("apt-get", "install", "-q", "-y",
                        "--no-install-recommends", "/root/new.deb")
        else:
            self.inside("dpkg", "--install", "/root/new.deb")

    def append(self, name, text):
        with open(self.path(name), "a", encoding="utf-8") as f:
            f.write(text)

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def test_it_is_installed_upgraded_and_purged(self):
        self.install(self.package)
        self.assertTrue(os.path.lexists(self.path(ENABLED)))
        self.assertIn("exporter, version", self.inside("betanet_exporter", "--version"))
        self.inside("betanet_exporter", "--config.check",
                    f"--config.file={CONFIGURATION}")

        for name in (CONFIGURATION, DEFAULTS):
            self.append(name, "# edited\n")
        os.remove(self.path(ENABLED))  # as by systemctl disable
        self.install(make_package(self.folder(), "-R", "99.0"))
        self.assertIn("99.0-1", self.inside("dpkg", "-s", "betanet-exporter"))
        for name in (CONFIGURATION, DEFAULTS):
            self.assertTrue(self.text(name).endswith("# edited\n"))
        self.assertFalse(os.path.lexists(self.path(ENABLED)))

        self.inside("dpkg", "--remove", "betanet-exporter")
        self.assertTrue(os.path.exists(self.path(CONFIGURATION)))
        self.assertFalse(os.path.exists(self.path("/usr/bin/betanet_exporter")))
        self.inside("dpkg", "--purge", "betanet-exporter")
        left = self.inside("find", "/etc", "/usr", "/var/lib/systemd", "-name",
                           "betanet*", "-newer", "/root/new.deb").split()
        self.assertEqual(left, [])

    def test_shards_are_restarted_and_stopped_with_the_service(self):
        self.install(self.package)
        os.makedirs(self.path("/run/systemd/system"), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # it may forbid to start
            os.remove(self.path("/usr/sbin/policy-rc.d"))
        tool = self.path("/usr/bin/systemctl")
        with contextlib.suppress(FileNotFoundError):  # the base lacks it
            os.remove(tool)
        with open(tool, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\necho "$@" >>/root/calls\n')
        os.chmod(tool, 0o755)
        shards = "betanet_exporter@*.service"
        link = self.path(os.path.dirname(ENABLED) +
                         "/betanet_exporter@1.service")
        os.symlink("/lib/systemd/system/betanet_exporter@.service", link)

        self.install(make_package(self.folder(), "-R", "99.0"))
        self.assertIn(f"try-restart {shards}\n", self.text("/root/calls"))
        self.assertNotIn("stop ", self.text("/root/calls"))
        self.inside("dpkg", "--remove", "betanet-exporter")
        self.assertIn(f"stop {SOCKET} {SERVICE} {shards}\n",
                      self.text("/root/calls"))
        self.inside("dpkg", "--purge", "betanet-exporter")
        self.assertFalse(os.path.lexists(link))

    def test_it_has_rules_and_dashboard_as_examples(self):
        self.install(self.package)
        examples = self.path("/usr/share/doc/betanet-exporter/examples")
        self.assertEqual(set(os.listdir(examples)), {
            "alertmanager.yml", "betanet.alerts.yml", "betanet.json",
            "betanet.rules.yml"})

    def test_it_runs_as_the_unit_starts_it(self):
        self.install(self.package)
        self.append(DEFAULTS, "BETANET_URL=http://localhost:9000\n")
        self.start(f"{BINARIES}/betanet_sim")
        wait_for(lambda: request(9001, "/sim/faults"), "simulator")
        unit = self.text(f"/lib/systemd/system/{SERVICE}")
        start, = re.findall(r"(?m)^ExecStart=(.*)$", unit)
        lines = re.findall(r"(?m)^Environment=(.*)$", unit)
        lines += re.findall(r"(?m)^BETANET.*$", self.text(DEFAULTS))

        self.port = 9200
        self.exporter = self.start_in(
            self.root, "65534:65534",
            dict(line.split("=", 1) for line in lines), start)

        wait_for(lambda: request(9200, "/-/ready")[0] == 200, "ready")
        self.assertEqual(self.samples()["betanet_up", ()], 1)
        self.assertEqual(self.exporter.stop()[0], 0)

    def complaints(self, *units):
        """What systemd-analyze says of units. It tells of a key that it does
        not know on the standard error alone, with status 0 or 1."""
        path = self.path("/root/complaints")
        self.inside("sh", "-c", 'systemd-analyze verify "$@" '
                    '>/root/complaints 2>&1 || true', "sh", *units)
        with open(path, encoding="utf-8") as f:
            return f.read()

    @unittest.skipIf("DEPLOY_BASE" in os.environ, "the base lacks systemd")
    def test_the_units_are_correct_and_expose_little(self):
        self.install(self.package)
        self.assertEqual(self.complaints(SERVICE, SOCKET, SHARD), "")
        for unit in (SERVICE, SHARD):
            report = self.inside("systemd-analyze", "security",
                                 "--offline=yes", "--threshold=15", unit)
            print(report.splitlines()[-1])

        unit = f"/lib/systemd/system/{SERVICE}"
        with open(self.path(unit), "a", encoding="utf-8") as f:
            f.write("[Service]\nUMaks=0077\n")
        self.assertIn("UMaks", self.complaints(SERVICE))

    def test_a_shard_is_confined_as_the_service(self):
        def settings(name):
            with open(f"{SOURCES}/deploy/systemd/{name}",
                      encoding="utf-8") as f:
                _, _, text = f.read().partition("[Service]")
            return [line for line in text.splitlines()
                    if not line.startswith("Environment")]
        self.assertEqual(settings(SERVICE),
                         settings("betanet_exporter@.service"))


def calls_of(*groups):
    """The system calls in groups of systemd's filter."""
    found = set()
    for group in groups:
        for line in run("systemd-analyze", "syscall-filter",
                        group).splitlines()[2:]:
            name = line.strip()
            found |= calls_of(name) if name[:1] == "@" else {name}
    return found


class Confinement(sandbox.Case):
    """What the exporter does, against what the unit allows."""

    def setUp(self):
        with open(f"{SOURCES}/deploy/systemd/{SERVICE}", encoding="utf-8") as f:
            self.unit = f.read()

    def setting(self, name):
        return re.findall(rf"(?m)^{name}=(.*)$", self.unit)

    def trace(self):
        """A life of the exporter, as strace(1) tells it."""
        file = f"{self.folder()}/calls"
        self.start_sim()
        self.port = 9200
        self.exporter = self.start(
            "strace", "-f", "-o", file, f"{BINARIES}/betanet_exporter",
            f"--betanet.url=http://betanet.example:{self.upstream}",
            f"--config.file={SOURCES}/config/betanet_exporter.yml",
            "--collection.interval=100ms", "--config.auto-reload-interval=1s",
            WATCHDOG_USEC="1000000", NOTIFY_SOCKET="@nobody")
        wait_for(lambda: request(9200, "/-/ready")[0] == 200, "ready")
        for path in ("/metrics", "/health", "/"):
            request(9200, path)
        request(9200, "/-/reload", "POST")
        with open(file) as f:
            wait_for(lambda: "WATCHDOG=1" in f.read(), "sign of life")
        child, = subprocess.run(
            ["pgrep", "-P", str(self.exporter.child.pid)], capture_output=True,
            text=True).stdout.split()
        os.kill(int(child), 15)
        self.exporter.child.wait(10)
        with open(file) as f:
            return f.read()

    def test_the_filter_allows_every_call_that_is_made(self):
        allowed, denied = (f.split() for f in self.setting("SystemCallFilter"))
        allowed = calls_of(*allowed)
        denied = calls_of(*(d.lstrip("~") for d in denied))
        self.assertIn("setpriority", denied)
        trace = self.trace()
        made = set(re.findall(r"(?m)^\d+ +(\w+)\(", trace))
        self.assertIn("epoll_wait", made)

        self.assertEqual(made - allowed, set())
        self.assertEqual(made & denied, set())

        families = set(re.findall(r"socket\((AF_\w+)", trace))
        # The resolver does without AF_NETLINK, where it is refused.
        self.assertLessEqual(families - {"AF_NETLINK"}, set(
            self.setting("RestrictAddressFamilies")[0].split()))


if __name__ == "__main__":
    sandbox.main("cpack", "ip", "lintian", "strace", "systemd-analyze",
                 "unshare")
