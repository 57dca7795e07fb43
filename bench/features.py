"""What discovery, replicas and adaptive timeouts cost: exporters with and
without them poll the same number of targets at the same time."""

import time

from figures import median, percentile, spread
from targets import (configured, discovered, lateness, page_of, requests,
                     start_services, with_replicas)

INTERVAL = 5  # seconds
LEARNING = 21  # collections, after which the timeouts have been learned
TARGETS = 1000
FEATURES = {
    "none": ("configured", "fixed"),
    "adaptive timeouts": ("configured", "adaptive"),
    "discovery": ("discovered", "fixed"),
    "discovery and adaptive timeouts": ("discovered", "adaptive"),
    "replicas": ("replicas", "fixed"),
    "replicas and adaptive timeouts": ("replicas", "adaptive"),
}


def run(bench):
    targets = 100 if bench.quick else TARGETS
    with bench.session() as session:
        services = start_services(session, 4)
        texts = {"configured": configured(services, targets),
                 "discovered": discovered(session, services, targets),
                 "replicas": with_replicas(services, targets)}
        exporters = {name: session.exporter(
            texts[kind], f"--collection.interval={INTERVAL}s",
            "--metrics.detail=compact", f"--collection.timeout-mode={mode}")
            for name, (kind, mode) in FEATURES.items()}
        time.sleep(2 if bench.quick else LEARNING * INTERVAL)
        table(bench, targets, exporters, measure(exporters, bench.intervals))


def measure(exporters, rounds):
    """For each exporter the processor seconds for one collection of a target,
    one value a round. Each is scraped once an interval, as by Prometheus."""
    costs = {name: [] for name in exporters}
    before = {name: (e.usage(), requests(page_of(e)))
              for name, e in exporters.items()}
    for _ in range(rounds):
        for _ in range(4):
            time.sleep(INTERVAL)
            pages = {name: page_of(e) for name, e in exporters.items()}
        for name, e in exporters.items():
            now = e.usage(), requests(pages[name])
            collections = (now[1] - before[name][1]) / 3
            costs[name].append((now[0] - before[name][0]).seconds / collections)
            before[name] = now
    return costs


def table(bench, targets, exporters, costs):
    rows = bench.section.table(
        f"{targets} targets every {INTERVAL} s, compact",
        ["", "CPU a collection, us", "ratio", "private memory, ratio",
         "late, median", "99 %"])
    private = {name: e.memory()[1] for name, e in exporters.items()}
    for name, e in exporters.items():
        ratio = [a / b for a, b in zip(costs[name], costs["none"])]
        late = lateness(page_of(e), INTERVAL)
        memory = private[name] / private["none"]
        rows.append([name, spread([c * 1e6 for c in costs[name]]),
                     spread(ratio), f"{memory:.2f}",
                     *(f"{percentile(late, p) * 1e3:.1f} ms"
                       for p in (0.5, 0.99))])
        bench.section.figure(f"features.{name}", [median(ratio)])
