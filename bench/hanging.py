"""What adaptive timeouts save while 100 of 1000 targets hang.

Two exporters, one with fixed and one with adaptive timeouts, poll the same
services, of which 100 hang for a while, three times. The result is the time
that requests to them took, for which they held a connection, and its mean over
the outage: the number of requests in flight.
"""

import json
import re
import time

from programs import free_port, get
from targets import page_of

TARGETS, HANGING = 1000, 100
INTERVAL = 5  # seconds; 20 polls teach the limit
OUTAGES = (10, 60, 180)  # seconds
RECOVERY = 60  # seconds until all breakers are closed again
MODES = ("fixed", "adaptive")


def run(bench):
    with bench.session() as session:
        control = free_port()
        good = session.simulator()[1]
        hanging = session.simulator(control=control)[1]
        text = configuration(good, hanging)
        exporters = {m: session.exporter(text, f"--collection.timeout-mode={m}")
                     for m in MODES}

        def set_fault(kind):
            get(f"http://127.0.0.1:{control}/sim/faults",
                body=json.dumps({"endpoint": "all", "fault": kind}).encode())
        time.sleep(21 * INTERVAL)
        rows = bench.section.table(
            "100 of 1000 targets hang",
            ["outage", "mode", "time in requests", "mean in flight", "saved"])
        for outage in OUTAGES[:1] if bench.quick else OUTAGES:
            before = {m: busy_seconds(e) for m, e in exporters.items()}
            set_fault("hang")
            time.sleep(outage)
            set_fault("none")
            time.sleep(6)  # until the last request has timed out
            took = {m: busy_seconds(e) - before[m]
                    for m, e in exporters.items()}
            for mode in MODES:
                rows.append([f"{outage} s", mode, f"{took[mode]:.0f} s",
                             f"{took[mode] / outage:.0f}",
                             f"{1 - took[mode] / took['fixed']:.0%}"])
            time.sleep(RECOVERY)


def configuration(good, hanging):
    lines = [f"collection: {{ interval: {INTERVAL}s }}", "targets:"]
    for i in range(TARGETS):
        port, kind = (hanging, "hanging") if i < HANGING else (good, "good")
        lines.append(f"- name: {kind}-{i}")
        lines.append(f"  url: http://127.0.0.1:{port}")
    return "\n".join(lines) + "\n"


def busy_seconds(exporter):
    """The duration of all requests to the hanging targets so far."""
    return sum(float(x) for x in re.findall(
        r'^betanet_exporter_request_duration_seconds_sum'
        r'\{target="hanging-.*\} (.*)$', page_of(exporter), re.MULTILINE))
