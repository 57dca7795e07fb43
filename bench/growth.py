"""From 1 to 5000 targets and from 1 to 1000 connections: is there a cliff?"""

from figures import median, percentile, short
from fleet import NAMES, OURS, measure
from load import in_pairs, load
from nginx import start_nginx
from programs import get
from scrape import WIDE
from targets import configured, start_services

SIZES = (1, 10, 100, 1000, 5000)
CONNECTIONS = (1, 10, 100, 1000)


def run(bench):
    sizes = SIZES[:3] if bench.quick else SIZES
    fleets = measure(bench, *sizes[:3])  # those that disturb each other little
    for size in sizes[3:]:
        fleets.update(measure(bench, size))
    plots = bench.section.plots
    plots["cpu"] = lines(
        "CPU for a collection", "targets every 15 s", "microseconds", sizes,
        NAMES, lambda n, s: median(fleets[s, n].cost) * 1e6)
    plots["memory"] = lines(
        "Private memory", "targets every 15 s", "MiB", sizes, NAMES,
        lambda n, s: fleets[s, n].private / 1024)
    plots["page"] = lines(
        "Time of the whole page", "targets", "milliseconds", sizes, OURS,
        lambda n, s: median(fleets[s, n].page_times) * 1e3)
    plots["lateness"] = lines(
        "Lateness of the answers, 99 %", "targets every 15 s", "milliseconds",
        sizes, OURS,
        # A single target is late by nothing beside itself.
        lambda n, s: max(percentile(fleets[s, n].late, 0.99) * 1e3, 0.01))
    for name in ("cpu", "memory", "page", "lateness"):
        plot = plots[name]
        rows = bench.section.table(f"{plot['title']}, {plot['unit']}",
                                   ["targets", *plot["lines"]])
        for i, size in enumerate(sizes):
            rows.append([size, *(short(line[i][1])
                                 for line in plot["lines"].values())])
    connections(bench, plots)


def lines(title, axis, unit, sizes, names, value):
    return {"title": title, "axis": axis, "unit": unit,
            "lines": {n: [[s, value(n, s)] for s in sizes] for n in names}}


def connections(bench, plots):
    rows = bench.section.table(
        "Scrapes of the page of one target by connections, 1/s",
        ["connections", "ours", "nginx", "ratio", "p99, ms", "nginx"])
    found = {"ours": [], "nginx": []}
    with bench.session() as session:
        exporter = session.exporter(
            WIDE + configured(start_services(session, 1), 1))
        url = f"{exporter.url}/metrics"
        page = get(url)
        nginx = start_nginx(session, page, page)
        for count in CONNECTIONS:
            pairs = in_pairs(
                lambda: load(exporter, url, bench.seconds, count),
                lambda: load(nginx, nginx.url, bench.seconds, count),
                bench.rounds)
            rates = [median([p[i].rate for p in pairs]) for i in (0, 1)]
            tails = [median([p[i].p99 for p in pairs]) for i in (0, 1)]
            found["ours"].append([count, rates[0]])
            found["nginx"].append([count, rates[1]])
            rows.append([count, *map(short, rates), short(rates[0] / rates[1]),
                         *map(short, tails)])
    plots["connections"] = {
        "title": "Scrapes of the page of one target", "axis": "connections",
        "unit": "requests per second", "lines": found}
