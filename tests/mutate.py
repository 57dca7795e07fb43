"""Flips one comparison, constant or sign at a time in the pure rules and runs
their suites: a mutant that survives is a rule nobody checks.

After `./dev test`; the figures are printed, survivors are listed.
"""

import concurrent.futures
import functools
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = f"{ROOT}/build/dev"
SUITES = ("circuit", "schedule", "parse", "snapshot", "fetcher", "supervisor",
          "wiring")
SOURCES = ("circuit", "schedule", "parse", "snapshot", "types")

# What to look for and what to put in its place.
MUTATIONS = [(re.compile(pattern), new) for pattern, new in (
    (r"(?<=\s)<=(?=\s)", "<"), (r"(?<=\s)>=(?=\s)", ">"),
    (r"(?<=\s)<(?=\s)", "<="), (r"(?<=\s)>(?=\s)", ">="),
    (r"(?<=\s)<(?=\s)", ">"), (r"(?<=\s)>(?=\s)", "<"),
    (r"(?<=\s)==(?=\s)", "!="), (r"(?<=\s)!=(?=\s)", "=="),
    (r"(?<=\s)&&(?=\s)", "||"), (r"(?<=\s)\|\|(?=\s)", "&&"),
    (r"(?<=\s)\+(?=\s)", "-"), (r"(?<=\s)-(?=\s)", "+"),
    (r"(?<=\s)\*(?=\s)", "+"), (r"\+\+(?=\w)", "--"),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"(?<=[(\s])!(?=\w)", ""),
    (r"\b(\d+)\b(?![\w.'xe])", lambda m: str(int(m[1]) + 1)),
)]


def mutants(source):
    """(line number, old line, mutated text) for each; comments are left."""
    with open(f"{ROOT}/metrics/{source}.cpp") as f:
        lines = f.read().split("\n")
    for i, line in enumerate(lines):
        code = line.split("//")[0]
        if code.lstrip().startswith(("#", "constexpr std::array", '"')):
            continue
        for pattern, new in MUTATIONS:
            for found in pattern.finditer(code):
                if code[:found.start()].count('"') % 2:
                    continue  # inside a string
                replaced = new(found) if callable(new) else new
                mutated = code[:found.start()] + replaced + code[found.end():]
                yield i + 1, line.strip(), mutated.strip(), "\n".join(
                    lines[:i] + [mutated] + lines[i + 1:])


@functools.cache
def libraries():
    """What the suites are linked with."""
    with open(f"{BUILD}/build.ninja") as f:
        rule = f.read().split("\nbuild betanet_tests:", 1)[1]
    return re.search(r"LINK_LIBRARIES = (.*)", rule)[1].split()


def verdict(source, text):
    """killed, survived, or invalid if it does not compile."""
    with tempfile.TemporaryDirectory() as home:
        with open(f"{home}/m.cpp", "w") as f:
            f.write(text)
        compiled = subprocess.run(
            ["g++", "-std=c++20", "-O1", "-w", f"-I{ROOT}", "-c",
             f"{home}/m.cpp", "-o", f"{home}/m.o"], capture_output=True)
        if compiled.returncode:
            return "invalid"
        objects = [f"{BUILD}/tests/CMakeFiles/betanet_tests.dir/{s}.cpp.o"
                   for s in ("main", *SUITES)]
        # The mutant comes first: the library's own copy is not drawn in.
        subprocess.run(
            ["g++", *objects, f"{home}/m.o", *libraries(), "-o",
             f"{home}/t"], check=True, cwd=BUILD)
        try:
            run = subprocess.run([f"{home}/t", "-v", "0"], timeout=60,
                                 capture_output=True)
        except subprocess.TimeoutExpired:
            return "killed"
        return "survived" if run.returncode == 0 else "killed"


def main():
    chosen = sys.argv[1:] or SOURCES
    counts = {"killed": 0, "survived": 0, "invalid": 0}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(verdict, source, text): (source, n, old, new)
                for source in chosen for n, old, new, text in mutants(source)}
        for job in concurrent.futures.as_completed(jobs):
            result = job.result()
            counts[result] += 1
            if result == "survived":
                source, n, old, new = jobs[job]
                print(f"metrics/{source}.cpp:{n}\n  - {old}\n  + {new}",
                      flush=True)
    judged = counts["killed"] + counts["survived"]
    print(f"{counts['killed']} of {judged} mutants died "
          f"({100 * counts['killed'] / judged:.1f} %), "
          f"{counts['invalid']} did not compile")
    sys.exit(counts["killed"] < 0.95 * judged)


if __name__ == "__main__":
    main()
