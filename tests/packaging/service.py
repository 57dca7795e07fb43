"""Tests of the units under a real systemd, which runs as the first process of
namespaces of its own, in a copy of this machine with the package installed.

This script runs three times: for the user it makes the namespaces and waits; as
--boot it prepares the file system and becomes systemd; as --guest systemd starts
it, and it passes the tests."""

import contextlib
import glob
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

import sandbox
from harness import BINARIES, SOURCES, request, wait_for
from debian import make_package
from sandbox import run, write

SERVICE = "betanet_exporter.service"
SOCKET = "betanet_exporter.socket"
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


# -- for the user --------------------------------------------------------------

def remove_groups():
    """Removes the control groups that systemd has left below those of this
    process."""
    with open("/proc/self/cgroup", encoding="utf-8") as f:
        rows = [line.rstrip("\n").split(":", 2) for line in f]
    for _, controllers, own in rows:
        at = f"/sys/fs/cgroup/{controllers.removeprefix('name=')}{own}"
        for name in ("init.scope", "*.slice", "*.mount"):
            for group in glob.glob(f"{at}/{name}"):
                for folder, _, _ in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(folder)


def host():
    namespaces = ["unshare", "--mount", "--net", "--pid", "--cgroup", "--uts",
                  "--ipc", "--fork", "--kill-child"]
    probe = subprocess.run([*namespaces, "true"], capture_output=True, text=True)
    if probe.returncode or not os.path.exists("/lib/systemd/systemd"):
        print(f"skipped: service.py: {probe.stderr.strip() or 'no systemd'}")
        return sandbox.SKIPPED
    with tempfile.TemporaryDirectory(prefix="betanet-systemd-") as folder:
        make_package(f"{folder}/package")
        subprocess.run([*namespaces, sys.executable, "-B", __file__, "--boot",
                        folder], timeout=300, stdin=subprocess.DEVNULL)
        time.sleep(0.1)  # until the kernel has removed the last process
        remove_groups()
        with open(f"{folder}/output", encoding="utf-8") as f:
            print(f.read())
        return 0 if os.path.exists(f"{folder}/passed") else 1


# -- until systemd runs --------------------------------------------------------

def boot(folder):
    """Prepares the files of a system and becomes its first process."""
    root = f"{folder}/root"
    os.makedirs(root)
    layers = f"{folder}/layers"
    os.mkdir(layers)
    run("mount", "-t", "tmpfs", "tmpfs", layers)
    for part in ("changes", "work"):
        os.mkdir(f"{layers}/{part}")
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,"
        f"upperdir={layers}/changes,workdir={layers}/work", root)
    package, = glob.glob(f"{folder}/package/*.deb")
    run("dpkg", "--root", root, "--install", package)
    mount_kernel(root)
    for shared in (folder, SOURCES, BINARIES):
        os.makedirs(root + shared, exist_ok=True)
        run("mount", "--bind", shared, root + shared)
        if shared != folder:
            run("mount", "-o", "remount,bind,ro", root + shared)
    write_units(root, folder)
    run("ip", "link", "set", "lo", "up")
    os.chdir(root)
    os.makedirs("former", exist_ok=True)
    run("pivot_root", ".", "former")
    run("umount", "--lazy", "/former")
    run("mount", "--make-rshared", "/")  # as a container manager does
    os.execve("/lib/systemd/systemd",
              ["/lib/systemd/systemd", "--unit=betanet-test.target"],
              {"container": "other", "PATH": os.environ["PATH"]})


def mount_kernel(root):
    """Mounts what the kernel shows. What would change the machine's own state
    is read-only; then systemd leaves it alone."""
    run("mount", "-t", "proc", "proc", f"{root}/proc")
    run("mount", "--bind", f"{root}/proc/sys", f"{root}/proc/sys")
    run("mount", "-o", "remount,bind,ro", f"{root}/proc/sys")
    run("mount", "-t", "sysfs", "-o", "ro", "sysfs", f"{root}/sys")
    for part in ("run", "tmp", "dev"):
        run("mount", "-t", "tmpfs", "tmpfs", f"{root}/{part}")
    for name in DEVICES:
        write(f"{root}/dev/{name}", "")
        run("mount", "--bind", f"/dev/{name}", f"{root}/dev/{name}")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    groups = f"{root}/sys/fs/cgroup"
    with open("/proc/self/cgroup", encoding="utf-8") as f:
        if "name=systemd" not in f.read():
            run("mount", "-t", "cgroup2", "cgroup2", groups)
            return
    run("mount", "-t", "tmpfs", "tmpfs", groups)
    os.mkdir(f"{groups}/systemd")
    run("mount", "-t", "cgroup", "-o", "none,name=systemd,xattr", "cgroup",
        f"{groups}/systemd")


def write_units(root, folder):
    write(f"{root}/etc/systemd/system/betanet-test.target",
          f"[Unit]\nRequires=betanet-test.service\nWants={SERVICE}\n"
          "AllowIsolate=yes\n")
    write(f"{root}/etc/systemd/system/betanet-test.service", f"""[Service]
Type=oneshot
Environment=BINARY_DIR={BINARIES} GUEST_FOLDER={folder}
ExecStart=/usr/bin/python3 -B {__file__} --guest
ExecStopPost=/bin/systemctl poweroff --force
StandardOutput=file:{folder}/output
StandardError=inherit
""")


# -- under systemd -------------------------------------------------------------

def show(*names):
    """Properties of the service."""
    shown = run("systemctl", "show", SERVICE, *(f"-p{n}" for n in names))
    return dict(line.split("=", 1) for line in shown.splitlines())


def restart():
    try:
        run("systemctl", "restart", SERVICE)
    except AssertionError as e:
        raise AssertionError(f"{e}{log()}") from None


def log():
    return run("journalctl", "--unit", SERVICE, "--output=cat", "--no-pager")


class Service(sandbox.Case):
    def setUp(self):
        self.port = 9200
        self.drop_in("")

    def drop_in(self, settings):
        """Starts the service with these settings beside its own."""
        self.settings(settings)
        restart()

    def settings(self, settings):
        write(f"/etc/systemd/system/{SERVICE}.d/test.conf",
              # the tests start the service more often than users may
              f"[Unit]\nStartLimitIntervalSec=0\n[Service]\n{settings}\n")
        run("systemctl", "daemon-reload")

    def test_it_is_started_when_it_answers_and_runs_as_nobody_else(self):
        self.assertEqual(request(9200, "/-/healthy")[0], 200)
        shown = show("ActiveState", "User", "NRestarts", "MainPID")
        self.assertEqual(shown["ActiveState"], "active")
        with open(f"/proc/{shown['MainPID']}/status") as f:
            status = f.read()
        user = int(re.search(r"Uid:\s+(\d+)", status)[1])
        self.assertGreaterEqual(user, 61184)  # DynamicUser, systemd.exec(5)
        self.assertRegex(status, r"CapBnd:\s+0+\n")
        self.assertRegex(status, r"Seccomp:\s+2\n")
        self.assertIn("process_start_time_seconds", self.page())

    def test_reload_waits_for_the_new_configuration(self):
        run("systemctl", "reload", SERVICE)
        wait_for(lambda: "Configuration reloaded" in log(), log)
        self.assertEqual(show("ActiveState")["ActiveState"], "active")

    def test_an_exporter_that_hangs_is_started_again(self):
        self.drop_in("WatchdogSec=2s")
        run("systemctl", "kill", "--signal=STOP", SERVICE)
        wait_for(lambda: show("NRestarts")["NRestarts"] == "1", "restart")
        wait_for(lambda: request(9200, "/-/healthy")[0] == 200, "healthy")

    def test_names_are_looked_up(self):
        with open("/etc/hosts", "a", encoding="utf-8") as f:
            f.write("127.0.0.1 betanet.test\n")
        self.start(f"{BINARIES}/betanet_sim")
        self.drop_in("Environment=BETANET_URL=http://betanet.test:9000")
        wait_for(lambda: self.value("betanet_up") == 1, log)

    def test_a_credential_is_read(self):
        write("/etc/secret", "sesame\n")
        os.chmod("/etc/secret", 0o600)
        write("/etc/betanet_exporter/test.yml", """targets:
- url: http://localhost:9000
  http_client_config: { basic_auth: { username: alice,
    password_file: "${CREDENTIALS_DIRECTORY}/betanet" } }
""")
        self.drop_in("LoadCredential=betanet:/etc/secret\nEnvironment=BETANET"
                     "_EXPORTER_CONFIG_FILE=/etc/betanet_exporter/test.yml")
        self.assertEqual(request(9200, "/-/healthy")[0], 200)

    def test_a_log_file_and_a_low_port_need_what_the_readme_says(self):
        self.drop_in("LogsDirectory=betanet_exporter\n"
                     "AmbientCapabilities=CAP_NET_BIND_SERVICE\n"
                     "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
                     "PrivateUsers=no\n"
                     "Environment=BETANET_EXPORTER_WEB_LISTEN_ADDRESS=:92\n"
                     "Environment=BETANET_EXPORTER_LOG_FILE="
                     "/var/log/betanet_exporter/log")
        self.assertEqual(request(92, "/-/healthy")[0], 200)
        self.assertTrue(os.path.getsize("/var/log/betanet_exporter/log"))

    def test_with_the_socket_a_restart_refuses_no_connection(self):
        self.settings("Environment=BETANET_EXPORTER_WEB_SYSTEMD_SOCKET=true")
        run("systemctl", "stop", SERVICE)
        run("systemctl", "start", SOCKET)
        self.assertEqual(show("ActiveState")["ActiveState"], "inactive")
        self.assertEqual(request(9200, "/-/healthy")[0], 200)  # starts it
        restart = subprocess.Popen(["systemctl", "restart", SERVICE])
        while restart.poll() is None:
            # the exporter that stops may close a connection before a request
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(request(9200, "/-/healthy")[0], 200)
        self.assertEqual(restart.wait(), 0)
        run("systemctl", "stop", SOCKET, SERVICE)

    def test_shards_share_the_targets(self):
        run("systemctl", "stop", SERVICE)
        write("/etc/default/betanet-exporter-shards",
              "BETANET_EXPORTER_SHARD_COUNT=2\n"
              "BETANET_EXPORTER_COLLECTION_INTERVAL=1s\n")
        shards = [f"betanet_exporter@{k}.service" for k in range(2)]
        run("systemctl", "start", *shards)
        targets = []
        for k in range(2):
            self.port = 9200 + k
            samples = self.samples()
            self.assertEqual(samples["betanet_exporter_shard_info",
                                     (("count", "2"), ("index", str(k)))], 1)
            targets.append(samples["betanet_exporter_targets", ()])
        self.assertEqual(sorted(targets), [0, 1])
        run("systemctl", "stop", *shards)


if __name__ == "__main__":
    if "--boot" in sys.argv:
        boot(sys.argv[2])
    if "--guest" in sys.argv:
        done = unittest.main(argv=[__file__, "-v"], exit=False).result
        if done.wasSuccessful():
            write(f"{os.environ['GUEST_FOLDER']}/passed", "")
        sys.exit(0)
    sys.exit(host())
