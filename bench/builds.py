"""How long a build takes after a change of one file."""

import os
import subprocess
import time

from figures import short

ROOMS = ("actors", "config", "metrics", "net", "pages", "sim", ".")


def run(bench):
    """The largest source of each room, or with --quick of two rooms, or with
    --cold every source and then all of them."""
    rows = bench.section.table(
        f"Warm build of `{os.path.basename(bench.binaries)}` after a change of "
        "one file, without ccache", ["file", "lines", "seconds"])
    for room in ROOMS[:2] if bench.quick else ROOMS:
        found = sorted(sources(room), reverse=True)
        longest = 0
        for lines, source in found if bench.cold else found[:1]:
            seconds = rebuild(bench.binaries, source)
            longest = max(longest, seconds)
            rows.append([source, lines, short(seconds)])
        bench.section.figure(f"build.{room}", [longest])
    if bench.cold:
        began = time.monotonic()
        subprocess.run(["cmake", "--build", bench.binaries, "--clean-first"],
                       check=True, env=without_cache(), capture_output=True)
        rows.append(["all files", "", short(time.monotonic() - began)])


def sources(room):
    """The sources of a room with their numbers of lines."""
    for name in os.listdir(room):
        if name.endswith(".cpp"):
            path = os.path.normpath(f"{room}/{name}")
            with open(path, encoding="ascii") as f:
                yield sum(1 for _ in f), path


def without_cache():
    return {**os.environ, "CCACHE_DISABLE": "1"}


def rebuild(folder, source):
    os.utime(source)
    began = time.monotonic()
    subprocess.run(["cmake", "--build", folder], check=True,
                   env=without_cache(), capture_output=True)
    return time.monotonic() - began
