"""Targets that hang, refuse and drip beside healthy ones."""

import http.client
import json
import time

from figures import percentile, short
from programs import free_port, get
from targets import lateness, page_of, start_services

INTERVAL = 5  # seconds
FAULTS = ("hang", "refuse", "drip")
SECONDS = 30  # with the faults


def run(bench):
    targets = 300 if bench.quick else 1000
    with bench.session() as session:
        good = start_services(session, 1)[0]
        controls = {}
        ports = {}
        for fault in FAULTS:
            controls[fault] = free_port()
            _, ports[fault] = session.simulator(host="0.0.0.0",
                                                control=controls[fault])
        exporter = session.exporter(configuration(targets, good, ports))
        time.sleep(2 * INTERVAL)
        rows = bench.section.table(
            f"{targets} targets every {INTERVAL} s; of them 10 % hang, 10 % "
            "refuse, 10 % drip",
            ["", "late, p99", "longest", "scrape, p99", "longest", "resident",
             "private"])
        watch(bench, exporter, rows, "all healthy", 3)
        for fault, control in controls.items():
            body = {"endpoint": "all", "fault": fault}
            if fault == "drip":
                body["delay_ms"] = 200
            get(f"http://127.0.0.1:{control}/sim/faults", body=json.dumps(
                body).encode())
        watch(bench, exporter, rows, "with faults", SECONDS // INTERVAL)


def configuration(targets, good, ports):
    lines = [f"collection: {{ interval: {INTERVAL}s }}", "targets:"]
    for i in range(targets):
        kind = FAULTS[i % 10] if i % 10 < len(FAULTS) else "good"
        port = ports.get(kind, good)
        lines.append(f"- {{ name: {kind}-{i}, url: 'http://127.1.{i // 250}."
                     f"{i % 250 + 1}:{port}' }}")
    return "\n".join(lines) + "\n"


def watch(bench, exporter, rows, name, rounds):
    """Small scrapes all the time, and once an interval the whole page."""
    late, waits = [], []
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port)
    for _ in range(rounds):
        end = time.monotonic() + INTERVAL
        while time.monotonic() < end:
            began = time.monotonic()
            connection.request("GET", "/metrics?target=good-9")
            connection.getresponse().read()
            waits.append((time.monotonic() - began) * 1e3)
            time.sleep(0.005)
        late += [x * 1e3
                 for x in lateness(page_of(exporter), INTERVAL, "good-")]
    resident, private = exporter.memory()
    rows.append([name, *(f"{short(percentile(x, p))} ms" for x in (late, waits)
                         for p in (0.99, 1)),
                 *(f"{kib / 1024:.1f} MiB" for kib in (resident, private))])
    key = "neighbours." + name.replace(" ", ".")
    bench.section.figure(f"{key}.late", [percentile(late, 0.99)])
    bench.section.figure(f"{key}.scrape", [percentile(waits, 0.99)])
    bench.section.figure(f"{key}.private", [private / 1024])
