"""Load on a server with wrk, and what the server used meanwhile."""

import re
import subprocess
from dataclasses import dataclass

from figures import median, short, spread
from programs import Failure, end_with_parent

UNITS = {"us": 1e-3, "ms": 1, "s": 1e3}


@dataclass
class Load:
    rate: float  # requests per second
    p99: float  # of the latency, in milliseconds
    cost: float  # processor time of the server for a request, in microseconds
    switches: float  # voluntary context switches of the server for a request


def run_wrk(url, seconds, connections, headers=(), script=None):
    """Returns the rate, the 99th percentile in ms and the number of
    requests."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    if script:
        command += ["-s", script]
    out = subprocess.run(command + [url], capture_output=True, text=True,
                         check=True, preexec_fn=end_with_parent).stdout
    if "Non-2xx" in out:
        raise Failure(f"{url} failed under load:\n{out}")
    tail, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
            float(tail) * UNITS[unit],
            int(re.search(r"(\d+) requests in", out)[1]))


def load(program, *arguments, **options):
    before = program.usage()
    rate, p99, count = run_wrk(*arguments, **options)
    used = program.usage() - before
    return Load(rate, p99, used.seconds / count * 1e6, used.voluntary / count)


def in_pairs(ours, theirs, rounds):
    """Measures two servers alternately, each first in every other round. Both
    are functions that return a `Load`."""
    pairs = []
    for n in range(rounds):
        if n % 2 == 0:
            first = ours()
            pairs.append((first, theirs()))
        else:
            first = theirs()
            pairs.append((ours(), first))
    return pairs


COLUMNS = ["", "ours, 1/s", "peer, 1/s", "ratio", "p99, ms", "peer",
           "CPU, us", "peer", "wake-ups"]


def row(name, pairs):
    """A row of a table with the columns above."""
    ours, theirs = zip(*pairs)

    def mid(loads, field):
        return short(median([getattr(x, field) for x in loads]))
    return [name, mid(ours, "rate"), mid(theirs, "rate"),
            spread(ratios(pairs, "rate")), mid(ours, "p99"), mid(theirs, "p99"),
            mid(ours, "cost"), mid(theirs, "cost"), mid(ours, "switches")]


def ratios(pairs, field):
    return [getattr(a, field) / getattr(b, field) for a, b in pairs]
