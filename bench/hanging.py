"""Measures what adaptive timeouts save while 100 of 1000 targets hang.

Two exporters, one with fixed and one with adaptive timeouts, poll the same
simulated services on this machine. The services of 100 targets hang for a
while, three times. The result is the time that requests to them took, for which
they held a connection, and its mean over the outage: the number of requests in
flight.
"""

import argparse
import contextlib
import json
import re
import subprocess
import tempfile
import time
import urllib.request

TARGETS, HANGING = 1000, 100
INTERVAL = 5  # seconds; 20 polls teach the limit
OUTAGES = (10, 60, 180)  # seconds
RECOVERY = 60  # seconds until all breakers are closed again
MODES = ("fixed", "adaptive")
FIRST_PORT = 19400


def get(url, body=None):
    with urllib.request.urlopen(url, body) as answer:
        return answer.read().decode()


def until(condition):
    for _ in range(600):
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.1)
    raise SystemExit("a program does not start")


def configuration(good, hanging):
    lines = [f"collection: {{ interval: {INTERVAL}s }}", "targets:"]
    for i in range(TARGETS):
        port = hanging if i < HANGING else good
        kind = "hanging" if i < HANGING else "good"
        lines.append(f"- name: {kind}-{i}")
        lines.append(f"  url: http://127.0.0.1:{port}")
    return "\n".join(lines) + "\n"


def busy_seconds(port):
    """The duration of all requests to the hanging targets so far."""
    pattern = (r'^betanet_exporter_request_duration_seconds_sum'
               r'\{target="hanging-.*\} (.*)$')
    return sum(float(x) for x in re.findall(
        pattern, get(f"http://127.0.0.1:{port}/metrics"), re.MULTILINE))


def start_all(binaries, home, running):
    def start(name, *flags):
        running.callback(subprocess.Popen(
            [f"{binaries}/{name}", *flags], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).terminate)

    good, hanging, control = FIRST_PORT, FIRST_PORT + 1, FIRST_PORT + 2
    start("betanet_sim", f"--listen=127.0.0.1:{good}",
          f"--control=127.0.0.1:{control + 1}")
    start("betanet_sim", f"--listen=127.0.0.1:{hanging}",
          f"--control=127.0.0.1:{control}")
    file = f"{home}/betanet.yml"
    with open(file, "w") as f:
        f.write(configuration(good, hanging))
    ports = {}
    for i, mode in enumerate(MODES):
        ports[mode] = FIRST_PORT + 10 + i
        start("betanet_exporter", f"--config.file={file}",
              f"--collection.timeout-mode={mode}",
              f"--web.listen-address=127.0.0.1:{ports[mode]}")
    for port in ports.values():
        until(lambda: get(f"http://127.0.0.1:{port}/-/ready"))
    return ports, f"http://127.0.0.1:{control}/sim/faults"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", default="build/release")
    binaries = parser.parse_args().binaries
    with (tempfile.TemporaryDirectory() as home,
          contextlib.ExitStack() as running):
        ports, faults = start_all(binaries, home, running)

        def set_fault(kind):
            get(faults, json.dumps({"endpoint": "all", "fault": kind}).encode())

        print("| Outage | Mode | Time in requests | Mean in flight | Saved |")
        print("|---|---|---|---|---|")
        time.sleep(21 * INTERVAL)
        for outage in OUTAGES:
            before = {m: busy_seconds(p) for m, p in ports.items()}
            set_fault("hang")
            time.sleep(outage)
            set_fault("none")
            time.sleep(6)  # until the last request has timed out
            took = {m: busy_seconds(p) - before[m] for m, p in ports.items()}
            for mode in MODES:
                saved = 1 - took[mode] / took["fixed"]
                print(f"| {outage} s | {mode} | {took[mode]:.0f} s "
                      f"| {took[mode] / outage:.0f} | {saved:.0%} |",
                      flush=True)
            time.sleep(RECOVERY)


if __name__ == "__main__":
    main()
