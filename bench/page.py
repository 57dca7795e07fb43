"""The page of a whole fleet: what it costs, and who waits meanwhile."""

import http.client
import os
import signal
import subprocess
import threading
import time

from figures import percentile, spread
from programs import Failure, get
from targets import (configured, lateness, page_of, requests, start_services)

INTERVAL = 15  # seconds
ENCODINGS = {"plain": {}, "gzip": {"Accept-Encoding": "gzip"}}


def run(bench):
    targets = 1000 if bench.quick else 5000
    with bench.session() as session:
        services = start_services(session, 4)
        text = configured(services, targets)
        exporter = session.exporter(text, "--metrics.detail=compact")
        time.sleep(INTERVAL)
        rows = bench.section.table(
            f"The page of {targets} targets, compact",
            ["", "bytes", "CPU, ms", "time, ms"])
        changed(bench, exporter, rows)
        small_scrapes(bench, exporter)
        # Collections pause: what is changed by a reload waits for one more tick
        # of each target, and then for an hour.
        path = exporter.process.args[1].partition("=")[2]
        with open(path, "w", encoding="ascii") as f:
            f.write("collection: { interval: 1h }\n" + text)
        os.kill(exporter.pid, signal.SIGHUP)
        until_quiet(exporter)
        unchanged(bench, exporter, rows)


def until_quiet(exporter):
    time.sleep(INTERVAL + 1)
    for _ in range(20):
        before = requests(page_of(exporter, "?target=t-1"))
        usage = exporter.usage()
        time.sleep(2)
        if (exporter.usage() - usage).seconds < 0.01 and before == requests(
                page_of(exporter, "?target=t-1")):
            return
    raise Failure("the exporter does not become quiet")


def timed(exporter, headers):
    """The size of a page, its processor time and its time, both in seconds."""
    before, began = exporter.usage(), time.monotonic()
    body = get(f"{exporter.url}/metrics", headers)
    took = time.monotonic() - began
    return len(body), (exporter.usage() - before).seconds, took


def note(bench, rows, kind, results):
    size = results[-1][0]
    cost = [c * 1e3 for _, c, _ in results]
    rows.append([kind, size, spread(cost),
                 spread([t * 1e3 for _, _, t in results])])
    bench.section.figure(f"page.{kind.replace(' ', '.')}", cost)


def changed(bench, exporter, rows):
    """After an interval every target has changed. What collections cost while
    the page is made is subtracted."""
    for encoding, headers in ENCODINGS.items():
        results = []
        for _ in range(1 if bench.quick else 2):
            before = exporter.usage()
            time.sleep(INTERVAL + 0.5)
            polling = (exporter.usage() - before).seconds / (INTERVAL + 0.5)
            size, cost, took = timed(exporter, headers)
            results.append((size, cost - polling * took, took))
        note(bench, rows, f"changed {encoding}", results)


def unchanged(bench, exporter, rows):
    timed(exporter, {})
    for encoding, headers in ENCODINGS.items():
        results = []
        for _ in range(10):
            time.sleep(0.3)  # a page serves further scrapes for 100 ms
            results.append(timed(exporter, headers))
        note(bench, rows, f"unchanged {encoding}", results)


def small_scrapes(bench, exporter):
    """Small requests one after the other while the whole page is fetched again
    and again, and without that. Then the lateness of all ticks."""
    quiet = wait_times(exporter, 3)
    stop = threading.Event()
    fetcher = threading.Thread(target=fetch_pages, args=(exporter, stop))
    fetcher.start()
    busy = wait_times(exporter, 5 if bench.quick else INTERVAL)
    late = [x * 1e3 for x in lateness(page_of(exporter), INTERVAL)]
    stop.set()
    fetcher.join()
    rows = bench.section.table(
        "Waiting of small requests in ms (`?target=` of one target)",
        ["", "median", "p99", "longest"])
    for name, times in (("alone", quiet), ("while the page is made", busy)):
        rows.append([name, *(f"{percentile(times, p):.2f}"
                             for p in (0.5, 0.99, 1))])
    rows.append(["lateness of the ticks meanwhile",
                 *(f"{percentile(late, p):.2f}" for p in (0.5, 0.99, 1))])
    bench.section.figure("page.wait.p99", [percentile(busy, 0.99)])
    bench.section.figure("page.wait.longest", [max(busy)])
    bench.section.figure("page.late.p99", [percentile(late, 0.99)])
    bench.section.figure("page.late.longest", [max(late)])


def fetch_pages(exporter, stop):
    """In processes of their own: Python would make the small requests wait."""
    while not stop.is_set():
        subprocess.run(["curl", "-s", "-o", "/dev/null", "--max-time", "30",
                        f"{exporter.url}/metrics"], check=False)
        stop.wait(0.1)


def wait_times(exporter, seconds):
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port)
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        connection.request("GET", f"/metrics?target=t-{len(times) % 1000}")
        connection.getresponse().read()
        times.append((time.monotonic() - began) * 1e3)
        time.sleep(0.002)
    connection.close()
    return times
