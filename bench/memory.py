"""Where the memory of the exporter lies, and what a target adds."""

import os
import re
import time

from fleet import OURS, measure
from programs import get
from targets import configured, start_services

WARM_SECONDS = 10  # of scrapes, before the memory is read


def run(bench):
    one_target(bench)
    if not bench.quick:
        slope(bench)


def one_target(bench):
    with bench.session() as session:
        exporter = session.exporter(
            configured(start_services(session, 1), 1),
            "--collection.interval=1s")
        end = time.monotonic() + WARM_SECONDS
        while time.monotonic() < end:
            get(f"{exporter.url}/metrics", {"Accept-Encoding": "gzip"})
            get(f"{exporter.url}/")
            time.sleep(0.15)
        mappings = read_mappings(exporter)
        resident, private = exporter.memory()
    rows = bench.section.table(
        f"One target every second, {WARM_SECONDS} s of scrapes, in KiB",
        ["mapping", "resident", "private"])
    for name, (rss, own) in sorted(mappings.items(), key=lambda x: -x[1][0]):
        if rss >= 100:
            rows.append([name, rss, own])
    small = [m for m in mappings.values() if m[0] < 100]
    rows.append([f"{len(small)} others", sum(m[0] for m in small),
                 sum(m[1] for m in small)])
    rows.append(["**all**", resident, private])
    bench.section.figure("memory.resident", [resident / 1024], "lower", True,
                         0.05)
    bench.section.figure("memory.private", [private / 1024], "lower", True,
                         0.05)


def read_mappings(program):
    """Resident and private KiB by the kind of mapping."""
    found, name = {}, ""
    for line in program.read("smaps").splitlines():
        head = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)", line)
        if head:
            name = kind(head[1])
            continue
        value = re.match(r"(Rss|Private_Dirty): *(\d+)", line)
        if value:
            rss, own = found.get(name, (0, 0))
            if value[1] == "Rss":
                rss += int(value[2])
            else:
                own += int(value[2])
            found[name] = rss, own
    return found


def kind(path):
    if path == "":
        return "anonymous: stacks of threads, arenas of malloc, large blocks"
    if path.startswith("["):
        return path.strip("[]")
    return os.path.basename(path)


def slope(bench):
    rows = bench.section.table(
        "What a target adds, between 1000 and 5000 targets every 15 s, in KiB",
        ["", "resident", "private", "private at 1000, a target"])
    for name in (*OURS, "vmagent", "prometheus"):
        few = measure(bench, 1000)[1000, name]
        many = measure(bench, 5000)[5000, name]
        own = (many.private - few.private) / 4000
        rows.append([name, f"{(many.resident - few.resident) / 4000:.1f}",
                     f"{own:.1f}", f"{few.private / 1000:.1f}"])
        bench.section.figure(f"memory.slope.{name}", [own], "lower",
                             name in OURS, 0.1)
