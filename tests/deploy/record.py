"""Records what Prometheus would see of the exporter through scripted outages.

usage: BINARY_DIR=build/release python3 tests/deploy/record.py

All scenarios run at once, at the exporter's default times; that takes half an
hour. Each one leaves a file in recordings/ with one line for each series that
the rules use: the series, a tab, and its values every 15 s in the notation of
promtool. The recordings are committed: run this again when the exporter's
metrics or its behaviour in an outage change.
"""

import json
import math
import os
import re
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402
from harness import SOURCES, free_port, parse, request  # noqa: E402

RULES = f"{SOURCES}/deploy/prometheus"
RECORDINGS = f"{SOURCES}/tests/deploy/recordings"
INTERVAL = 15
# promtool's clock starts at 0. The recordings begin an hour later, so that the
# times that the exporter shows are positive there too.
START = 3600

OUTAGE = (5, 24)  # minutes after the start of a recording
MINUTES = 32


def all_of(fault, **more):
    """The outage of all endpoints with one fault."""
    begin, end = OUTAGE
    return [(begin, "fault", {"endpoint": "all", "fault": fault, **more}),
            (end, "fault", {"endpoint": "all", "fault": "none"})]


def flapping():
    """Outages of 90 s, which open the breaker, and pauses of a minute. The
    status is not retried, so the fifth failed poll comes after 60 s."""
    steps = []
    for n in range(5):
        at = OUTAGE[0] + 2.5 * n
        steps += [(at, "fault", {"endpoint": "metrics", "fault": "status",
                                 "status": 500}),
                  (at + 1.5, "fault", {"endpoint": "metrics",
                                       "fault": "none"})]
    return steps


def one_endpoint(endpoint, fault):
    begin, end = OUTAGE
    return [(begin, "fault", {"endpoint": endpoint, "fault": fault}),
            (end, "fault", {"endpoint": endpoint, "fault": "none"})]


KILL = [(OUTAGE[0], "kill", 0), (OUTAGE[1], "start", 0)]

# Steps of each scenario: minute, action, argument.
SCENARIOS = {
    "kill": KILL,
    "hang": all_of("hang"),
    "garbage": all_of("garbage"),
    "no_json": all_of("no_json"),
    "slow": all_of("slow", delay_ms=3000),
    "reset": one_endpoint("network_stats", "reset"),
    "flap": flapping(),
    "refused": all_of("status", status=401),
    "partial": one_endpoint("nodes_status", "wrong_types"),
}
# Two named targets: one dies, then both are dead, and one is removed.
FLEET = [(OUTAGE[0], "kill", 0), (OUTAGE[0] + 4, "kill", 1),
         (OUTAGE[0] + 8, "start", 0), (OUTAGE[0] + 8, "start", 1),
         (20, "remove", 1)]


class Scenario:
    """An exporter, its services, and the pages that were scraped."""

    def __init__(self, name, steps, targets):
        self.name, self.steps = name, sorted(steps, key=lambda s: s[0])
        self.targets = targets
        self.ports = [(free_port(), free_port()) for _ in targets]
        self.sims = [self.simulator(n) for n in range(len(targets))]
        self.port = free_port()
        self.file = tempfile.NamedTemporaryFile("w", suffix=".yml")
        self.configure(targets)
        self.exporter = harness.Process(
            f"{harness.BINARIES}/betanet_exporter",
            f"--config.file={self.file.name}",
            f"--web.listen-address=127.0.0.1:{self.port}")
        self.pages = {}  # page -> values by series -> value by number of scrape

    def simulator(self, n):
        service, control = self.ports[n]
        return harness.Process(
            f"{harness.BINARIES}/betanet_sim", f"--seed={n + 1}",
            f"--listen=127.0.0.1:{service}", f"--control=127.0.0.1:{control}")

    def configure(self, targets):
        with open(self.file.name, "w") as f:
            f.write("targets:\n")
            for name in targets:
                service, _ = self.ports[self.targets.index(name)]
                label = f"name: {name}, " if name else ""
                f.write(f"- {{{label}url: 'http://127.0.0.1:{service}'}}\n")

    def act(self, action, argument):
        if action == "fault":
            status, _, answer = request(self.ports[0][1], "/sim/faults", "POST",
                                        json.dumps(argument))
            assert status == 200, answer
        elif action == "kill":
            self.sims[argument].stop(signal.SIGKILL)
        elif action == "start":
            self.sims[argument] = self.simulator(argument)
        elif action == "remove":
            self.configure(t for t in self.targets
                           if t != self.targets[argument])
            assert request(self.port, "/-/reload", "POST")[0] == 200

    def scrape(self, number):
        """Scrapes the whole page and, as /sd would, each named target's."""
        self.keep(number, "page", "/metrics", "exporter:9200")
        for name in filter(None, self.targets):
            self.keep(number, "sd", f"/metrics?target={name}", name)

    def keep(self, number, page, path, instance):
        status, _, body = request(self.port, path)
        if status == 404:
            return  # removed from discovery too
        assert status == 200, (self.name, path, status)
        series = self.pages.setdefault(page, {})
        labels = (("instance", instance), ("job", "betanet"))
        series.setdefault(("up", labels), {})[number] = 1
        for (name, own), value in parse(body.decode()).items():
            key = name, tuple(sorted(own + labels))
            series.setdefault(key, {})[number] = value

    def run(self, start, count):
        steps = list(self.steps)
        for number in range(count):
            due = start + number * INTERVAL
            # a step takes place in the middle between two scrapes
            while steps and steps[0][0] * 60 <= number * INTERVAL:
                _, action, argument = steps.pop(0)
                time.sleep(max(0, due - INTERVAL / 2 - time.time()))
                self.act(action, argument)
            time.sleep(max(0, due - time.time()))
            self.scrape(number)

    def close(self):
        for process in [self.exporter, *self.sims]:
            process.close()

    def save(self, start, count):
        for page, series in self.pages.items():
            suffix = "" if len(self.pages) == 1 else f"_{page}"
            with open(f"{RECORDINGS}/{self.name}{suffix}.txt", "w") as f:
                for (name, labels), values in sorted(series.items()):
                    if name not in used_metrics():
                        continue
                    text = ",".join(f'{k}="{v}"' for k, v in labels)
                    since = start if name.endswith("timestamp_seconds") or \
                        name == "process_start_time_seconds" else None
                    points = [shifted(values.get(n), since)
                              for n in range(count)]
                    f.write(f"{name}{{{text}}}\t{notation(points)}\n")


def used_metrics():
    """The names of all metrics in the rules; longer than needed, because label
    names are among them."""
    text = ""
    for name in ("rules", "alerts"):
        with open(f"{RULES}/betanet.{name}.yml") as f:
            text += f.read()
    return set(re.findall(r"[a-z_]+", text))


def shifted(value, since):
    """A time of the recording on promtool's clock; other values unchanged."""
    if since is None or not value:
        return value
    return round(value - since + START, 1)


def number(value):
    if not math.isfinite(value):
        return {math.inf: "Inf", -math.inf: "-Inf"}.get(value, "NaN")
    return str(int(value)) if value == int(value) else repr(value)


def notation(points):
    """Values as promtool reads them; steady ones and even steps are one word.
    None is an absent sample."""
    words = []
    at = 0
    while at < len(points):
        first = points[at]
        end = at + 1
        if first is None:
            while end < len(points) and points[end] is None:
                end += 1
            if at > 0:  # as Prometheus marks the end of a series
                words.append("stale")
                at += 1
            if end > at:
                words.append(f"_x{end - at}")
        else:
            step = points[end] - first if end < len(points) and \
                points[end] is not None else 0
            while end < len(points) and points[end] is not None and \
                    points[end] == points[end - 1] + step:
                end += 1
            if end - at < 3 or step != int(step):
                end = at + 1
                words.append(number(first))
            else:
                words.append(f"{number(first)}{step:+.0f}x{end - at - 1}")
        at = end
    return " ".join(words)


def main():
    scenarios = [Scenario(name, steps, [None])
                 for name, steps in SCENARIOS.items()]
    scenarios.append(Scenario("fleet", FLEET, ["eu", "us"]))
    time.sleep(2)
    start = time.time()
    count = MINUTES * 60 // INTERVAL
    threads = [threading.Thread(target=s.run, args=(start, count))
               for s in scenarios]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.makedirs(RECORDINGS, exist_ok=True)
    for scenario in scenarios:
        scenario.close()
        scenario.save(start, count)


if __name__ == "__main__":
    main()
