"""Fleets of targets, polled by the exporter and by its peers at the same time,
so that the load of other programs on the machine affects all of them."""

import time
from dataclasses import dataclass, field

from nginx import start_pages
from programs import Failure, free_port, get, until
from targets import (address, configured, lateness, page_of, requests,
                     start_services)

INTERVAL = 15  # seconds, the default of the exporter and of many Prometheuses
NAMES = ("compact", "full", "vmagent", "prometheus")
OURS = NAMES[:2]


@dataclass
class Fleet:
    """What polling a number of targets costs one program. Each list has an
    entry for each round."""
    targets: int
    cost: list = field(default_factory=list)  # s of CPU for one collection
    switches: list = field(default_factory=list)  # for one collection
    voluntary: list = field(default_factory=list)  # for one collection
    late: list = field(default_factory=list)  # seconds, of each target
    page_times: list = field(default_factory=list)  # seconds
    resident: int = 0  # KiB
    private: int = 0  # KiB


def scrape_jobs(services, targets):
    """The configuration of Prometheus and of vmagent."""
    listed = ", ".join(f"'{address(services, i)}'" for i in range(targets))
    return (f"global: {{ scrape_interval: {INTERVAL}s }}\nscrape_configs:\n"
            "- job_name: betanet\n"
            f"  static_configs: [{{targets: [{listed}]}}]\n")


def start_vmagent(session, services, targets):
    port, sink = free_port(), services[0]
    program = session.start(
        "vmagent",
        f"-promscrape.config={session.write(scrape_jobs(services, targets))}",
        f"-remoteWrite.url=http://127.0.0.1:{sink}/write",
        f"-remoteWrite.tmpDataPath={session.folder()}",
        f"-httpListenAddr=127.0.0.1:{port}")
    until(lambda: get(f"http://127.0.0.1:{port}/metrics"),
          "vmagent does not answer")
    return program


def start_prometheus(session, services, targets):
    port = free_port()
    program = session.start(
        "prometheus", "--enable-feature=agent",
        f"--config.file={session.write(scrape_jobs(services, targets))}",
        f"--storage.agent.path={session.folder()}",
        f"--web.listen-address=127.0.0.1:{port}")
    until(lambda: get(f"http://127.0.0.1:{port}/-/ready"),
          "Prometheus is not ready")
    return program


def start_all(session, wanted):
    """Starts the programs of these pairs: number of targets and name."""
    most = max(targets for targets, _ in wanted)
    services = start_services(session, 1 if most < 1500 else 4)
    pages = [start_pages(session)]
    start_peer = {"vmagent": start_vmagent, "prometheus": start_prometheus}
    return {
        (targets, name): start_peer[name](session, pages, targets)
        if name in start_peer else session.exporter(
            configured(services, targets), f"--metrics.detail={name}")
        for targets, name in wanted}


def measure(bench, *sizes, names=NAMES):
    """Runs fleets of these sizes at the same time, for some intervals. Returns
    a fleet for each size and name. They are kept for the other sections of the
    same run."""
    wanted = [(s, n) for s in sizes for n in names]
    missing = [key for key in wanted if key not in bench.fleets]
    if missing:
        bench.say(f"fleets of {', '.join(map(str, sizes))} targets")
        with bench.session() as session:
            programs = start_all(session, missing)
            time.sleep(INTERVAL + 5)
            bench.fleets.update(watch(programs, bench.intervals))
    return {key: bench.fleets[key] for key in wanted}


def watch(programs, intervals):
    found = {key: Fleet(key[0]) for key in programs}
    ours = [key for key in programs if key[1] in OURS]
    done = {key: requests(page_of(programs[key])) for key in ours}
    for _ in range(intervals):
        before = {key: p.usage() for key, p in programs.items()}
        time.sleep(INTERVAL)
        for key, program in programs.items():
            used, fleet = program.usage() - before[key], found[key]
            fleet.cost.append(used.seconds / fleet.targets)
            fleet.switches.append(used.switches / fleet.targets)
            fleet.voluntary.append(used.voluntary / fleet.targets)
    for key, program in programs.items():
        found[key].resident, found[key].private = program.memory()
    for key in ours:
        end(programs[key], found[key], done[key], intervals)
    return found


def end(program, fleet, requests_before, intervals):
    page = page_of(program)
    polls = (requests(page) - requests_before) / 3 / fleet.targets
    # A target may be due in the moments before and after the windows.
    if abs(polls - intervals) > 1:
        raise Failure(f"{polls:.1f} collections of each target "
                         f"instead of {intervals}")
    fleet.late = lateness(page, INTERVAL)
    for _ in range(5):
        time.sleep(0.2)
        began = time.monotonic()
        page_of(program)
        fleet.page_times.append(time.monotonic() - began)
