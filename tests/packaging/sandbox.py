"""Runs tests in mount and network namespaces of their own, where they may mount
what they like and use the ports that users use, and runs containers there."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402
from harness import BINARIES, SOURCES  # noqa: E402

SKIPPED = 77  # the exit status that ctest counts as skipped


def main(*tools):
    """Runs the tests of the calling script in namespaces of its own. Skips all
    of them where a tool or the privilege is missing."""
    if os.environ.get("ISOLATED"):
        run("ip", "link", "set", "lo", "up")
        unittest.main()
    missing = [t for t in tools if not shutil.which(t)]
    reason = f"no {', '.join(missing)}" if missing else None
    if not reason:
        probe = subprocess.run(["unshare", "--mount", "--net", "true"],
                               capture_output=True, text=True)
        reason = probe.stderr.strip()
    if reason:
        print(f"skipped: {os.path.basename(sys.argv[0])}: {reason}")
        sys.exit(SKIPPED)
    os.execvpe("unshare", ["unshare", "--mount", "--net", "--fork",
                           "--kill-child", sys.executable, "-B", *sys.argv],
               {**os.environ, "ISOLATED": f"/proc/{os.getppid()}/ns/net"})


def run(*command, **options):
    """Runs a command and returns its output. Fails with all that it wrote."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}"
                             f"{done.stderr}")
    return done.stdout


def run_outside(*command, **options):
    """Runs a command that may need the machine's network."""
    return run("nsenter", f"--net={os.environ['ISOLATED']}", *command, **options)


def write(file, text):
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="utf-8") as f:
        f.write(text)


class Case(harness.Case):
    def folder(self):
        made = tempfile.mkdtemp(prefix="betanet-")
        self.addCleanup(shutil.rmtree, made, ignore_errors=True)
        return made

    def mount(self, *arguments):
        """Mounts something until the test ends. The last argument is where."""
        run("mount", *arguments)
        self.addCleanup(run, "umount", "--lazy", arguments[-1])

    def machine(self):
        """A folder that shows the files of this machine, or those of the tar
        file $DEPLOY_BASE if it is set, and keeps changes to itself."""
        made = self.folder()
        if "DEPLOY_BASE" in os.environ:
            run("tar", "-xf", os.environ["DEPLOY_BASE"], "-C", made)
        else:
            self.mount("-t", "tmpfs", "tmpfs", made)
            for part in ("changes", "work", "root"):
                os.mkdir(f"{made}/{part}")
            root = f"{made}/root"
            self.mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,"
                       f"upperdir={made}/changes,workdir={made}/work", root)
            made = root
        for part in ("proc", "dev"):
            self.mount("--rbind", f"/{part}", f"{made}/{part}")
        return made

    def start_in(self, root, user, env, *command):
        """Starts a program in a folder, as this user and with this environment
        alone."""
        variables = [f"{name}={value}" for name, value in env.items()]
        return self.start("env", "-i", *variables, shutil.which("chroot"),
                          f"--userspec={user}", "--groups=", root, *command)


class Images:
    """The two images, built from the Dockerfile. The compilation is taken from
    $BINARY_DIR, unless $DEPLOY_BASE names a tar file with Debian's bookworm: in
    it everything is built as a container engine would."""

    NAMES = {"exporter": "betanet_exporter", "simulator": "betanet_sim"}

    def __init__(self):
        self.copies = {}
        self.labels = {
            "VERSION": "1.2.3", "SOURCE": "https://example.org/betanet",
            # equal revisions make equal programs
            "REVISION": re.search(r"revision: (\w*)", run(
                f"{BINARIES}/betanet_exporter", "--version"))[1]}
        self.home = tempfile.mkdtemp(prefix="betanet-images-")
        try:
            self.stage = self.debian() or self.compiled()
            for target in self.NAMES:
                self.build(target)
        except BaseException:
            self.close()
            raise

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def buildah(self, *arguments):
        return run_outside(
            "buildah", f"--root={self.home}/storage",
            f"--runroot={self.home}/run", "--storage-driver=vfs", *arguments,
            cwd=SOURCES)

    def compiled(self):
        run(f"{SOURCES}/deploy/image/collect", BINARIES,
            f"{self.home}/stage/image", cwd=SOURCES)
        return [f"--build-context=build={self.home}/stage"]

    def debian(self):
        """Names a base of one's own as the Dockerfile names that of Debian."""
        if "DEPLOY_BASE" not in os.environ:
            return None
        made = self.buildah("from", "scratch").strip()
        self.buildah("add", made, os.environ["DEPLOY_BASE"], "/")
        self.buildah("commit", "--rm", made, "localhost/debian:bookworm-slim")
        return ["--network=host"]

    def build(self, target):
        labels = [f"--build-arg={k}={v}" for k, v in self.labels.items()]
        self.buildah("build", "--isolation=chroot", "--format=docker",
                     "--layers", "--pull-never", *self.stage, *labels,
                     f"--target={target}", f"--tag={target}", ".")

    def settings(self, target):
        """The image's configuration, as Docker shows it."""
        about = json.loads(self.buildah("inspect", "--type=image", target))
        return about["Docker"]["config"]

    def files(self, target):
        """A folder with a copy of the image's files."""
        if target not in self.copies:
            made = self.buildah("from", "--pull-never", target).strip()
            self.copies[target] = self.buildah("mount", made).strip()
        return self.copies[target]


class Container:
    """A running image: a read-only view of its files, a user, and only the
    environment that the image and the test give it."""

    def __init__(self, case, images, target, hosts=(), user=None, env=None,
                 command=None, mounts=()):
        self.case = case
        self.settings = images.settings(target)
        self.user = user or self.settings["User"]
        self.env = dict(v.split("=", 1) for v in self.settings["Env"])
        self.env.update(env or {})
        self.root = self.view(images.files(target), hosts, mounts)
        self.process = case.start_in(
            self.root, self.user, self.env, *self.settings["Entrypoint"],
            *(command or self.settings["Cmd"] or []))

    def view(self, files, hosts, mounts):
        """Prepares the files as a container engine does."""
        lines = ["127.0.0.1 localhost", *(f"127.0.0.1 {h}" for h in hosts)]
        write(f"{files}/etc/hosts", "\n".join(lines) + "\n")
        write(f"{files}/etc/resolv.conf", "")
        os.makedirs(f"{files}/proc", exist_ok=True)
        root = self.case.folder()
        self.case.mount("--bind", files, root)
        run("mount", "-o", "remount,bind,ro", root)
        self.case.mount("-t", "proc", "proc", f"{root}/proc")
        for source, target in mounts:
            self.case.mount("--bind", source, root + target)
        return root

    def check_health(self):
        """The exit status of the image's health check."""
        kind, *command = self.settings["Healthcheck"]["Test"]
        self.case.assertEqual(kind, "CMD")
        return self.case.start_in(self.root, self.user, self.env,
                                  *command).child.wait(10)
