"""Tests of what ./dev release leaves."""

import glob
import hashlib
import json
import os
import tarfile
import tempfile
import time

import sandbox
from harness import BINARIES, SOURCES, request, wait_for
from sandbox import run

MADE_AT = 1764000000  # a date in seconds since 1970


def pack(folder, **env):
    run(f"{SOURCES}/deploy/release/pack", BINARIES, folder, cwd=SOURCES,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(MADE_AT), **env})


class Release(sandbox.Case):
    @classmethod
    def setUpClass(cls):
        made = tempfile.TemporaryDirectory(prefix="betanet-release-")
        cls.addClassCleanup(made.cleanup)
        cls.made = made.name
        pack(cls.made)

    def file(self, ending):
        found, = glob.glob(f"{self.made}/*{ending}")
        return found

    def test_the_checksums_are_those_of_all_files(self):
        with open(f"{self.made}/SHA256SUMS", encoding="utf-8") as f:
            sums = dict(reversed(line.split()) for line in f)
        self.assertEqual({*sums, "SHA256SUMS"}, set(os.listdir(self.made)))
        for name, sum_of_file in sums.items():
            with open(f"{self.made}/{name}", "rb") as f:
                self.assertEqual(hashlib.sha256(f.read()).hexdigest(),
                                 sum_of_file)

    def test_a_second_packing_gives_the_same_bytes(self):
        again = self.folder()
        pack(again, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", HOME=again)
        with open(f"{self.made}/SHA256SUMS") as a, \
                open(f"{again}/SHA256SUMS") as b:
            self.assertEqual(a.read(), b.read())

    def test_the_programs_of_the_tarball_run(self):
        folder = self.folder()
        with tarfile.open(self.file(".tar.gz")) as tar:
            self.assertEqual({m.mtime for m in tar}, {MADE_AT})
            self.assertEqual({(m.uid, m.gid) for m in tar}, {(0, 0)})
            tar.extractall(folder)
        top, = glob.glob(f"{folder}/*")
        self.start(f"{top}/betanet_sim")
        wait_for(lambda: request(9001, "/sim/faults"), "simulator")
        self.port = 9200

        self.start(f"{top}/betanet_exporter",
                   f"--config.file={top}/betanet_exporter.yml")

        wait_for(lambda: request(9200, "/-/ready")[0] == 200, "ready")
        self.assertEqual(self.samples()["betanet_up", ()], 1)

    def test_the_list_names_every_file_and_package_of_the_image(self):
        with open(self.file(".spdx.json"), encoding="utf-8") as f:
            listed = json.load(f)
        self.assertEqual(listed["spdxVersion"], "SPDX-2.3")
        self.assertEqual(
            listed["creationInfo"]["created"],
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(MADE_AT)))
        names = {p["name"] for p in listed["packages"]}
        self.assertLessEqual({"betanet_exporter", "libc6", "libssl3",
                              "ca-certificates", "libboost1.81-dev"}, names)
        files = {f["fileName"] for f in listed["files"]}
        self.assertLessEqual({"./usr/bin/betanet_exporter", "./etc/passwd"},
                             files)
        libraries = run("ldd", f"{BINARIES}/betanet_exporter").split()
        for library in (part for part in libraries if part[0] == "/"):
            self.assertIn(f".{library}", files)
        known = [e["SPDXID"] for e in listed["packages"] + listed["files"]]
        self.assertEqual(len(known), len(set(known)))
        for r in listed["relationships"]:
            self.assertIn(r["relatedSpdxElement"], known)
        self.assertEqual(len(listed["relationships"]), len(known))


if __name__ == "__main__":
    sandbox.main("cpack", "ip", "unshare")
