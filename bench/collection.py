"""What a collection costs, beside vmagent and Prometheus as an agent.

A collection of ours is three requests whose JSON is read. One of the peers is
one request for a page of nine values."""

import time

from figures import percentile, short, spread
from fleet import NAMES, OURS, measure
from targets import configured, start_services

SIZES = (1000, 5000)


def run(bench):
    for size in SIZES[:1] if bench.quick else SIZES:
        fleets = measure(bench, size)
        table(bench.section, size, {n: fleets[size, n] for n in NAMES})
    idle(bench)


def table(section, size, fleets):
    rows = section.table(
        f"{size} targets every 15 s", ["", "CPU a collection, us", "ratio",
                                       "context switches", "wake-ups",
                                       "late, p99", "resident",
                                       "private, a target"])
    for name in NAMES:
        fleet = fleets[name]
        cost = [x * 1e6 for x in fleet.cost]
        ratio = [a / b for a, b in zip(fleet.cost, fleets["vmagent"].cost)]
        key = f"collection.{size}.{name}"
        late = percentile(fleet.late, 0.99) * 1e3 if fleet.late else None
        rows.append([name, spread(cost), spread(ratio),
                     short(percentile(fleet.switches, 0.5)),
                     short(percentile(fleet.voluntary, 0.5)),
                     "-" if late is None else f"{short(late)} ms",
                     f"{fleet.resident / 1024:.1f} MiB",
                     f"{fleet.private / size:.1f} KiB"])
        section.figure(f"{key}.cpu", cost)
        if name in OURS:
            section.figure(f"{key}.ratio", ratio, "lower", True)
            section.figure(f"{key}.voluntary", fleet.voluntary, "lower", True)
            section.figure(f"{key}.late", [late])
            section.figure(f"{key}.private", [fleet.private / size], "lower",
                           True, 0.1)


def idle(bench):
    """One target with defaults, and nobody scrapes."""
    seconds = 5 if bench.quick else 10
    with bench.session() as session:
        exporter = session.exporter(configured(start_services(session, 1), 1))
        time.sleep(2)
        wakeups, parts = [], []
        for _ in range(2 if bench.quick else 3):
            before = exporter.usage()
            time.sleep(seconds)
            used = exporter.usage() - before
            wakeups.append(used.voluntary / seconds)
            parts.append(used.seconds / seconds * 100)
        threads = exporter.read("status").split("Threads:")[1].split()[0]
    rows = bench.section.table("Idle: one target every 15 s, no scrapes",
                               ["wake-ups a second", "% of a core", "threads"])
    rows.append([spread(wakeups), spread(parts), threads])
    bench.section.figure("idle.wakeups", wakeups, "lower", True, 0.1)
    bench.section.figure("idle.core", parts)
