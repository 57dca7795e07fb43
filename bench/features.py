"""Measures what discovery, replicas and adaptive timeouts cost.

For each feature an exporter polls the same number of targets at the same time
on this machine, beside one without any. The results are processor time for one
collection, resident memory, and how late the collections end: the time from a
target's grid point to its latest answer, the shortest one subtracted.
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.request

LEARNING = 21  # collections, after which the timeouts have been learned
FIRST_PORT = 19500
TICKS = os.sysconf("SC_CLK_TCK")


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def until(condition):
    for _ in range(1200):
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.1)
    raise SystemExit("a program does not start")


def address(services, i, network=1):
    """Each target has an address of its own: equal ones would be one target."""
    return (f"127.{network}.{i // 250}.{i % 250 + 1}:"
            f"{services[i % len(services)]}")


def configured(services, targets):
    return "targets:\n" + "".join(
        f"- {{ name: t-{i}, url: 'http://{address(services, i)}' }}\n"
        for i in range(targets))


def with_replicas(services, targets):
    return "targets:\n" + "".join(
        f"- {{ name: t-{i}, replicas: ['http://{address(services, i)}', "
        f"'http://{address(services, i, 2)}'] }}\n" for i in range(targets))


def discovered(services, targets):
    with open("targets.json", "w") as f:
        json.dump([{"targets": [address(services, i)],
                    "labels": {"name": f"t-{i}", "region": "eu"}}
                   for i in range(targets)], f)
    return "target_files: [targets.json]\n"


FEATURES = {
    "none": (configured, "fixed"),
    "adaptive timeouts": (configured, "adaptive"),
    "discovery": (discovered, "fixed"),
    "discovery and adaptive timeouts": (discovered, "adaptive"),
    "replicas": (with_replicas, "fixed"),
    "replicas and adaptive timeouts": (with_replicas, "adaptive"),
}


def slot(name, interval):
    """The offset of a target's grid in seconds: FNV-1a of its name."""
    value = 0xcbf29ce484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    nanoseconds = value % (interval * 10**9)
    width = interval * 10**9 // 150
    return nanoseconds // width * width / 10**9


class Exporter:
    def __init__(self, port, process, interval):
        self.port = port
        self.process = process
        self.interval = interval
        self.spent = self.collections = 0

    def page(self):
        return get(f"http://127.0.0.1:{self.port}/metrics")

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup") as f:
            return int(re.search(r"Anonymous: *(\d+) kB", f.read())[1]) / 1024

    def requests(self, page):
        return sum(float(x) for x in re.findall(
            r"^betanet_exporter_requests_total\{.*\} (.*)$", page, re.M))

    def delays(self, page):
        """From the grid points of all targets to their latest answers."""
        found = re.findall(
            r"^betanet_exporter_last_success_timestamp_seconds"
            r'\{target="(.*?)",.*\} (.*)$', page, re.M)
        late = [(float(at) - slot(name, self.interval)) % self.interval
                for name, at in found]
        first = min(late, key=lambda x: (x - late[0] + self.interval / 2)
                    % self.interval)
        return sorted((x - first) % self.interval for x in late)


def start_all(arguments, running):
    def start(name, *flags):
        process = subprocess.Popen(
            [f"{arguments.binaries}/{name}", *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.callback(process.terminate)
        return process

    services = range(FIRST_PORT, FIRST_PORT + arguments.services)
    for port in services:
        start("betanet_sim", f"--listen=0.0.0.0:{port}",
              f"--control=127.0.0.1:{port + 20}")
    all_of_them = {}
    for i, name in enumerate(arguments.features):
        targets, mode = FEATURES[name]
        file = f"{i}.yml"
        with open(file, "w") as f:
            f.write(targets(services, arguments.targets))
        port = FIRST_PORT + 50 + i
        all_of_them[name] = Exporter(port, start(
            "betanet_exporter", f"--config.file={file}",
            f"--collection.interval={arguments.interval}s",
            f"--metrics.detail={arguments.detail}",
            f"--collection.timeout-mode={mode}",
            f"--web.listen-address=127.0.0.1:{port}"), arguments.interval)
    for exporter in all_of_them.values():
        until(lambda: get(f"http://127.0.0.1:{exporter.port}/-/ready"))
    return all_of_them


def measure(exporters, seconds, interval):
    """Lets all run and scrapes each once in an interval, as Prometheus does."""
    before = {name: (e.processor_seconds(), e.requests(e.page()))
              for name, e in exporters.items()}
    for _ in range(seconds // interval):
        time.sleep(interval)
        pages = {name: e.page() for name, e in exporters.items()}
    for name, e in exporters.items():
        spent, requests = before[name]
        e.spent = e.processor_seconds() - spent
        e.collections = (e.requests(pages[name]) - requests) / 3
        e.late = e.delays(pages[name])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", default="build/release")
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--services", type=int, default=2)
    parser.add_argument("--detail", default="compact")
    parser.add_argument("--features", nargs="*", choices=FEATURES,
                        default=FEATURES, help="those besides none")
    arguments = parser.parse_args()
    arguments.features = ["none", *(f for f in arguments.features
                                    if f != "none")]
    arguments.binaries = os.path.abspath(arguments.binaries)
    with (tempfile.TemporaryDirectory() as home,
          contextlib.ExitStack() as running):
        os.chdir(home)
        exporters = start_all(arguments, running)
        time.sleep(LEARNING * arguments.interval)
        measure(exporters, arguments.seconds, arguments.interval)
        print(f"{arguments.targets} targets, every {arguments.interval} s, "
              f"{arguments.seconds} s, page: {arguments.detail}\n")
        print("| Feature | CPU a collection | Ratio | Private memory | Ratio "
              "| Delay, median | 99 % |")
        print("|---|---|---|---|---|---|---|")
        plain = exporters["none"]
        cost = plain.spent / plain.collections
        for name, e in exporters.items():
            own = e.spent / e.collections
            memory = e.resident()
            print(f"| {name} | {own * 1e6:.0f} us | {own / cost:.2f} "
                  f"| {memory:.0f} MiB | {memory / plain.resident():.2f} "
                  f"| {e.late[len(e.late) // 2] * 1e3:.1f} ms "
                  f"| {e.late[len(e.late) * 99 // 100] * 1e3:.1f} ms |")


if __name__ == "__main__":
    main()
