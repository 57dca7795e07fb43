"""Tests of the container images."""

import os
import re
import signal
import socket
import stat
import threading
import unittest

import sandbox
from harness import BINARIES, SOURCES, request, wait_for
from sandbox import Container, run

LARGEST = 30_000_000  # bytes in all files of the exporter's image


def answer_names(test):
    """A name server at 127.0.0.1:53 that tells 127.0.0.1 for every name, and
    that none has an IPv6 address (RFC 1035, 4.1)."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    test.addCleanup(server.close)

    def answer():
        while True:
            try:
                query, client = server.recvfrom(512)
            except OSError:
                return
            question = query[12:query.index(b"\0", 12) + 5]
            is_a = question[-4:-2] == b"\0\1"
            server.sendto(
                query[:2] + b"\x81\x80\0\1" + bytes([0, is_a]) + bytes(4) +
                question + (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"
                            if is_a else b""), client)
    threading.Thread(target=answer, daemon=True).start()


class Dockerfile(unittest.TestCase):
    def setUp(self):
        with open(f"{SOURCES}/Dockerfile", encoding="utf-8") as f:
            self.text = f.read()

    def test_a_new_revision_compiles_no_library(self):
        with open(f"{SOURCES}/CMakeLists.txt", encoding="utf-8") as f:
            build = f.read()
        libraries = re.findall(r"add_library\((\w+) STATIC", build)
        before, _, after = self.text.partition("\nARG REVISION")
        built, = re.findall(r"--target (.*)", before)
        self.assertLessEqual(set(libraries), set(built.split()))
        # which alone is compiled with the revision
        self.assertRegex(build, r"set_source_files_properties\(main\.cpp "
                         r"[^)]*BETANET_REVISION")
        self.assertNotIn("COPY . .", after)

    def test_no_label_is_empty_without_arguments(self):
        _, _, last = self.text.partition("\nFROM scratch")
        for name in ("VERSION", "REVISION", "SOURCE"):
            self.assertEqual(len(re.findall(rf"^ARG .*\b{name}=\w", last,
                                            re.MULTILINE)), 2, name)


class Image(sandbox.Case):
    @classmethod
    def setUpClass(cls):
        cls.images = sandbox.Images()
        cls.addClassCleanup(cls.images.close)

    def entries(self, target):
        """The paths in an image with what lstat() says of them."""
        root = self.images.files(target)
        for folder, folders, files in os.walk(root):
            for name in folders + files:
                path = os.path.join(folder, name)
                yield path[len(root):], os.lstat(path)

    def start_exporter_image(self, **options):
        self.port = 9200
        self.simulator = Container(self, self.images, "simulator")
        wait_for(lambda: request(9001, "/sim/faults"), "simulator")
        self.container = Container(
            self, self.images, "exporter", hosts=["betanet"],
            **{"env": {"BETANET_URL": "http://betanet:9000"}, **options})
        self.exporter = self.container.process
        wait_for(lambda: request(9200, "/-/ready")[0] == 200,
                 self.exporter.text)

    # -- what is in the images -----------------------------------------------

    def test_the_images_are_small(self):
        for target in sandbox.Images.NAMES:
            size = sum(s.st_size for _, s in self.entries(target)
                       if stat.S_ISREG(s.st_mode))
            print(f"{target}: {size / 1e6:.1f} MB")
            self.assertLess(size, LARGEST)

    def test_the_only_program_is_ours(self):
        for target, name in sandbox.Images.NAMES.items():
            programs = [path for path, s in self.entries(target)
                        if stat.S_ISREG(s.st_mode) and s.st_mode & 0o111
                        and ".so" not in path]
            self.assertEqual(programs, [f"/usr/bin/{name}"])

    def test_nothing_is_writable_or_privileged(self):
        for path, s in self.entries("exporter"):
            if not stat.S_ISLNK(s.st_mode):
                self.assertEqual(s.st_mode & 0o6022, 0, path)
                self.assertEqual(s.st_mode & 0o004, 0o004, path)

    def test_each_library_has_its_licence_and_package(self):
        root = self.images.files("exporter")
        packages = os.listdir(f"{root}/var/lib/dpkg/status.d")
        self.assertIn("libssl3", packages)
        for package in packages:
            with open(f"{root}/var/lib/dpkg/status.d/{package}") as f:
                self.assertIn(f"Package: {package}\n", f.read())
            self.assertTrue(os.path.exists(
                f"{root}/usr/share/doc/{package}/copyright.gz"), package)

    def test_the_authorities_are_those_of_debian_alone(self):
        root = self.images.files("exporter")
        with open(f"{root}/etc/ssl/certs/ca-certificates.crt") as f:
            found = f.read().count("BEGIN CERTIFICATE")
        if "DEPLOY_BASE" in os.environ:
            # A fresh Debian has nothing but those of its package, which may be
            # of another version than that of this machine.
            return self.assertGreater(found, 100)
        self.assertEqual(found, len(os.listdir(
            "/usr/share/ca-certificates/mozilla")))

    @unittest.skipUnless("DEPLOY_BASE" in os.environ, "./dev deploy-test")
    def test_a_fresh_debian_compiles_the_same_bytes(self):
        for target, name in sandbox.Images.NAMES.items():
            here = self.folder()
            run("cmake", "--install", BINARIES, "--component", target, "--strip",
                env={**os.environ, "DESTDIR": here})
            with open(f"{here}/usr/bin/{name}", "rb") as a, \
                    open(f"{self.images.files(target)}/usr/bin/{name}", "rb") as b:
                self.assertEqual(a.read(), b.read(), name)

    def test_the_settings_are_those_of_a_careful_image(self):
        for target, name in sandbox.Images.NAMES.items():
            with self.subTest(target):
                s = self.images.settings(target)
                self.assertEqual(s["Entrypoint"], [f"/usr/bin/{name}"])
                self.assertRegex(s["User"], r"^[1-9]\d*:[1-9]\d*$")
                self.assertEqual(s["Healthcheck"]["Test"],
                                 ["CMD", f"/usr/bin/{name}", "--healthcheck"])
                labels = {k.removeprefix("org.opencontainers.image."): v
                          for k, v in s["Labels"].items()}
                for key, value in self.images.labels.items():
                    self.assertEqual(labels[key.lower()], value)
                self.assertEqual(labels["title"], name)

    def test_the_build_has_no_flags_of_one_processor(self):
        with open(f"{BINARIES}/compile_commands.json") as f:
            flags = re.findall(r" (-m\S+)", f.read())
        self.assertEqual(flags, [])

    def test_what_reaches_the_build_is_what_it_needs(self):
        file = f"{self.folder()}/Dockerfile"
        sandbox.write(file, "FROM scratch\nCOPY . /\n")
        self.images.buildah("build", f"--file={file}", "--tag=context", ".")
        context = self.images.files("context")
        run("cmake", "--preset=release", "-B", self.folder(), cwd=context)
        for unused in (".git", "README.md", "build", "docs/metrics.md", "tests"):
            self.assertFalse(os.path.exists(f"{context}/{unused}"), unused)

    # -- how they run --------------------------------------------------------

    def test_it_serves_as_any_user_with_a_read_only_root(self):
        for user in (None, "12345:0"):
            with self.subTest(user):
                self.start_exporter_image(user=user)
                self.assertEqual(self.samples()["betanet_up", ()], 1)
                self.check_page()
                self.doCleanups()

    def test_the_health_check_follows_the_exporter(self):
        self.start_exporter_image()
        check = self.container.check_health

        self.assertEqual(check(), 0)
        self.exporter.child.send_signal(signal.SIGSTOP)
        self.assertEqual(check(), 1)
        self.exporter.child.send_signal(signal.SIGCONT)
        self.assertEqual(check(), 0)

    def test_an_outage_of_betanet_is_not_one_of_the_exporter(self):
        self.start_exporter_image()
        self.assertEqual(self.simulator.check_health(), 0)

        self.simulator.process.stop()

        self.assertEqual(self.simulator.check_health(), 1)
        self.assertEqual(self.container.check_health(), 0)

    def test_sigterm_ends_it_with_0_within_two_seconds(self):
        self.start_exporter_image()
        for process in (self.exporter, self.simulator.process):
            status, seconds = process.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 2)

    def test_without_configuration_the_log_tells_how_to_change_the_service(self):
        self.start_exporter_image(
            env={"BETANET_EXPORTER_RETRY_DELAYS": "10ms"})
        self.assertRegex(self.exporter.text(),
                         "Polling.* url=http://localhost:9000 .*BETANET_URL")

    def test_flags_keep_the_configuration_file(self):
        self.start_exporter_image(command=["--log.format=json"])
        self.assertIn('"msg":', self.exporter.text())
        config = request(9200, "/config")[2].decode()
        self.assertIn("http://betanet:9000", config)

    def test_names_are_asked_of_the_name_server(self):
        answer_names(self)
        path = f"{self.folder()}/resolv.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write("nameserver 127.0.0.1\n")

        self.start_exporter_image(
            mounts=[(path, "/etc/resolv.conf")],
            env={"BETANET_URL": "http://service.example:9000"})

        self.assertEqual(self.value("betanet_up"), 1)

    def test_https_is_verified_with_the_authorities_of_the_image(self):
        folder = self.folder()
        for name in ("known", "unknown"):
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                "-subj", "/CN=betanet", "-addext", "subjectAltName=DNS:betanet",
                "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt")
        self.start("openssl", "s_server", "-accept", "9443", "-www",
                   "-cert", f"{folder}/known.crt", "-key", f"{folder}/known.key")
        authorities = "/etc/ssl/certs/ca-certificates.crt"
        for name, reason in (("known", "json"), ("unknown", "tls")):
            self.start_exporter_image(
                mounts=[(f"{folder}/{name}.crt", authorities)],
                env={"BETANET_URL": "https://betanet:9443"})
            self.assertGreater(
                self.value("betanet_exporter_request_failures_total",
                           endpoint="metrics", reason=reason), 0)
            self.exporter.stop()
            self.simulator.process.stop()


if __name__ == "__main__":
    sandbox.main("buildah", "cmake", "ip", "openssl", "unshare")
