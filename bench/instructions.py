"""Instructions of small pieces of work, counted by valgrind.

Two runs of the same work differ by less than 0.1 %, on any machine with the
same compiler and libraries nearly as little, so that CI can compare them. The
kernel's instructions are not counted.
"""

import os
import re
import subprocess

from programs import Failure, end_with_parent

# How often each piece of work is done; and then twice as often. The difference
# is what it costs, without start and preparation.
TIMES = {"parse": 200, "render": 4, "serialize": 4, "scrape": 200, "fetch": 200,
         "collect": 200}
WORDS = {
    "parse": "parsing of the three bodies of a target",
    "render": "page of 100 targets that have all changed",
    "serialize": "its families through prometheus-cpp's serializer",
    "scrape": "scrape of a page that is ready, without the kernel",
    "fetch": "request of the HTTP client, with the server's side",
    "collect": "collection of a target by its actors, without the network",
}
TOLERANCE = 0.05


def run(bench):
    for step in (["-DBETANET_COUNTS=ON", bench.binaries],
                 ["--build", bench.binaries, "--target", "counts"]):
        subprocess.run(["cmake", *step], check=True, stdout=subprocess.DEVNULL)
    found = {}
    rows = bench.section.table("Instructions", ["work", "instructions"])
    for name, times in TIMES.items():
        few, many = (count(bench, name, n) for n in (times, 2 * times))
        found[name] = round((many - few) / times)
        rows.append([WORDS[name], f"{found[name]:,}".replace(",", " ")])
        bench.section.figure(f"counts.{name}", [found[name]], "lower",
                             name != "serialize", TOLERANCE)
    ratio = found["render"] / found["serialize"]
    rows.append(["page : serializer", f"{ratio:.2f}"])
    bench.section.figure("counts.render.ratio", [ratio], "lower", True,
                         TOLERANCE)


def count(bench, name, times):
    done = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no",
         f"--cachegrind-out-file={os.devnull}", f"{bench.binaries}/counts",
         name, str(times)], capture_output=True, text=True, timeout=300,
        check=False, preexec_fn=end_with_parent)
    refs = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode != 0 or not refs:
        raise Failure(f"counts {name} failed:\n{done.stderr}")
    return int(refs[1].replace(",", ""))
