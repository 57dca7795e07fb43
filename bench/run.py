"""Measures the exporter beside its peers: speed, memory and cost.

Without names of sections, the standard set is measured. The results are tables
on the terminal, and JSON in build/bench/latest.json, which keeps the latest
result of each section.
"""

import argparse
import importlib
import json
import os
import signal
import sys
import tempfile
import time
import traceback

import baseline
import document
import environment
import goals
from figures import Section, markdown
from programs import Session

STANDARD = ("scrape", "collection", "page", "start", "neighbours", "growth",
            "memory")
OTHERS = ("build", "counts", "features", "hanging")
# The modules that do not have the name of their section.
MODULES = {"build": "builds", "counts": "instructions"}
LATEST = "build/bench/latest.json"
BASELINE = "bench/baseline.json"


class Bench:
    """What the sections need: options, programs, and where results go."""

    def __init__(self, arguments, home):
        self.binaries = os.path.abspath(arguments.binaries)
        self.rounds = 1 if arguments.quick else arguments.rounds
        self.seconds = arguments.seconds
        self.intervals = 1 if arguments.quick else arguments.intervals
        self.quick = arguments.quick
        self.cold = arguments.cold
        self.home = home
        self.fleets = {}  # by number of targets and name of the program
        self.section = Section()

    def session(self):
        return Session(self.binaries, tempfile.mkdtemp(dir=self.home))

    @staticmethod
    def say(text):
        print(f"bench: {text}", file=sys.stderr, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION",
                        help=" ".join((*STANDARD, *OTHERS)))
    parser.add_argument("--binaries", default="build/release")
    parser.add_argument("--rounds", type=int, default=3,
                        help="pairs of measurements under load")
    parser.add_argument("--seconds", type=int, default=1,
                        help="duration of one measurement under load")
    parser.add_argument("--intervals", type=int, default=2,
                        help="intervals for which fleets are watched")
    parser.add_argument("--quick", action="store_true",
                        help="less of everything, to try the benchmarks")
    parser.add_argument("--cold", action="store_true",
                        help="section build: every source, then all anew")
    parser.add_argument("--check", action="store_true",
                        help=f"compare with {BASELINE}; fail if worse")
    parser.add_argument("--write-baseline", action="store_true",
                        help=f"write ratios and counts to {BASELINE}")
    parser.add_argument("--write", action="store_true",
                        help="write all latest results to docs/performance.md")
    parser.add_argument("--no-run", action="store_true",
                        help="measure nothing: --write has the latest results")
    parser.add_argument("--json", help="write the results of this run there")
    found = parser.parse_args(arguments)
    for name in found.sections:
        if name not in STANDARD + OTHERS:
            parser.error(f'"{name}" is not one of {parser.format_usage()}'
                         f"{' '.join(STANDARD + OTHERS)}")
    if found.no_run:
        found.sections = []
    elif not found.sections:
        found.sections = STANDARD
    return found


def measure(bench, names):
    """The results by section, and the names of sections that failed."""
    results, failed = {}, []
    for name in names:
        bench.section = Section()
        surroundings = environment.describe(bench.binaries)
        bench.say(f"section {name}")
        began = time.monotonic()
        try:
            importlib.import_module(MODULES.get(name, name)).run(bench)
        except Exception:  # the other sections may still work
            traceback.print_exc()
            failed.append(name)
            continue
        took = time.monotonic() - began
        results[name] = {"environment": surroundings, "seconds": round(took),
                         **bench.section.plain()}
        print(f"## {name}\n\n{markdown(bench.section.tables)}", flush=True)
        bench.say(f"section {name} took {took:.0f} s")
    return results, failed


def keep(results):
    """Adds results to the latest ones; returns all of them."""
    latest = {}
    if os.path.exists(LATEST):
        with open(LATEST, encoding="ascii") as f:
            latest = json.load(f)
    latest.update(results)
    write_json(LATEST, latest)
    return latest


def write_json(path, results):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        json.dump(results, f, indent=1)


def check(results):
    worse, compared = baseline.compare(BASELINE, results)
    print(f"{compared} figures compared with {BASELINE}")
    for line in worse:
        print(f"worse: {line}")
    return bool(worse)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="betanet-bench-") as home:
        os.chmod(home, 0o755)  # nginx's worker has another user
        results, failed = measure(Bench(arguments, home), arguments.sections)
    if results:
        first = next(iter(results.values()))["environment"]
        print(f"{environment.moment(first)}\n{environment.machine(first)}\n")
        reached = goals.table(results)
        if reached["rows"]:
            print(markdown([reached]))
    if arguments.json:
        write_json(arguments.json, results)
    latest = results if arguments.quick else keep(results)
    if arguments.write:
        document.write(latest)
    if arguments.write_baseline:
        baseline.write(BASELINE, results)
    if failed:
        print(f"failed: {' '.join(failed)}")
    worse = arguments.check and check(results)
    return 1 if failed or worse else 0


if __name__ == "__main__":
    sys.exit(main())
