"""Starts the programs that are measured, and reads what they use."""

import contextlib
import ctypes
import itertools
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass

START_SECONDS = 90  # the longest that a program may take to start
PR_SET_PDEATHSIG = 1  # prctl(2)
libc = ctypes.CDLL(None)


class Failure(Exception):
    """A program does not do what is to be measured."""


def end_with_parent():
    """In a child: it gets SIGTERM when this process dies, however it dies."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# Below those that the kernel gives to clients, of which there are thousands:
# net.ipv4.ip_local_port_range in ip(7). Two runs begin at different ports.
PORTS = itertools.cycle(range(10000, 32000))
for _ in range(os.getpid() * 100 % 22000):
    next(PORTS)


def free_port():
    for port in PORTS:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("", port))
            return port
    raise AssertionError("PORTS never ends")


def get(url, headers=None, body=None):
    """The body of the answer as bytes, as it was sent."""
    request = urllib.request.Request(url, body, headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def answers(url):
    with contextlib.suppress(OSError):
        get(url)
        return True
    return False


def until(condition, what, seconds=START_SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.02)
    raise Failure(f"{what} within {seconds} s")


@dataclass
class Usage:
    """What a process has used since it started, or between two moments."""
    seconds: float  # of processor time, of all threads
    switches: int  # context switches of the threads that live
    voluntary: int  # of these, the ones of a thread that went to sleep

    def __sub__(self, former):
        return Usage(self.seconds - former.seconds,
                     self.switches - former.switches,
                     self.voluntary - former.voluntary)


class Program:
    """A program that runs until the session ends."""

    def __init__(self, command, output=subprocess.DEVNULL):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=output, stderr=output,
            preexec_fn=end_with_parent)
        self.pid = self.process.pid

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def read(self, file):
        with open(f"/proc/{self.pid}/{file}", encoding="utf-8") as f:
            return f.read()

    def usage(self):
        # The clock of another process in nanoseconds, see clock_gettime(2) and
        # CPUCLOCK_SCHED in the kernel's posix-timers.h.
        seconds = time.clock_gettime((~self.pid << 3) | 2)
        voluntary = forced = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with contextlib.suppress(OSError):  # it has just ended
                status = self.read(f"task/{thread}/status")
                found = re.findall(r"ctxt_switches:\s+(\d+)", status)
                voluntary += int(found[0])
                forced += int(found[1])
        return Usage(seconds, voluntary + forced, voluntary)

    def memory(self):
        """Resident memory and what of it the process has written, in KiB."""
        text = self.read("smaps_rollup")

        def field(name):
            return int(re.search(rf"^{name}: *(\d+)", text, re.M)[1])
        return field("Rss"), field("Private_Dirty")


class Session:
    """The programs of one measurement and their files. All end with it."""

    def __init__(self, binaries, home):
        self.binaries = binaries
        self.home = home
        self.files = 0
        self.running = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running.close()

    def start(self, *command, output=subprocess.DEVNULL):
        program = Program([str(c) for c in command], output)
        self.running.callback(program.close)
        return program

    def write(self, text, ending="yml"):
        """Writes a file of its own; returns its path."""
        self.files += 1
        path = f"{self.home}/{self.files}.{ending}"
        with open(path, "wb" if isinstance(text, bytes) else "w") as f:
            f.write(text)
        return path

    def folder(self):
        self.files += 1
        path = f"{self.home}/{self.files}"
        os.mkdir(path)
        return path

    def simulator(self, *flags, host="127.0.0.1", control=None):
        """Returns the program and its port."""
        port = free_port()
        program = self.start(f"{self.binaries}/betanet_sim",
                             f"--listen={host}:{port}",
                             f"--control=127.0.0.1:{control or free_port()}",
                             *flags)
        return program, port

    def exporter(self, configuration, *flags, ready=True, scheme="http"):
        """Starts an exporter with this configuration, as YAML."""
        port = free_port()
        program = self.start(
            f"{self.binaries}/betanet_exporter",
            f"--config.file={self.write(configuration)}",
            f"--web.listen-address=127.0.0.1:{port}", *flags)
        program.port = port
        program.url = f"{scheme}://127.0.0.1:{port}"
        if ready:
            until(lambda: answers(f"{program.url}/-/ready"),
                  "the exporter is not ready")
        return program
