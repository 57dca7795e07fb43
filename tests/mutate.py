"""Changes one thing at a time in the sources and runs the suites: a mutant that
survives is a rule that nobody checks.

    ./dev mutate                       every mutant of the pure rules
    ./dev mutate metrics/circuit.cpp   every mutant of these files
    ./dev mutate --sample=100 --seed=1 a sample over actors, net, config, pages

Needs the build of `./dev test`. Prints the figures and lists the survivors;
fails below 95 % dead of the rules, below 90 % of a sample.
"""

import argparse
import concurrent.futures
import functools
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = f"{ROOT}/build/dev"
RULES = ("metrics/circuit", "metrics/retry", "metrics/schedule",
         "metrics/snapshot", "metrics/freshness", "metrics/number",
         "metrics/parse", "metrics/outage", "metrics/types",
         "metrics/adaptive_timeout", "metrics/monotone_guard",
         "metrics/replicas", "metrics/timeouts", "net/request_head",
         "net/response_head")
ROOMS = ("actors", "net", "config", "pages")
# Suites that take a second or more, run after all others.
SLOW = ("adaptive_timeout", "chaos", "http_client", "http_server", "number",
        "soak", "wiring", "yaml_document")
# The 2000 lives of a usual run take a minute for each mutant.
CHAOS_SEEDS = os.environ.get("CHAOS_SEEDS", "300")
# Suites that read files of the repository: a mutant is not in them. And one
# that writes hours of log lines: it takes longer than all others together.
BLIND = ("documentation", "layers", "log_volume")
# A mutant that needs more hangs: it counts as dead. The suites need 15 s of a
# processor; a loop without an end fills the memory of the machine.
SECONDS = 600
LIMITS = ("prlimit", "--cpu=40", f"--as={2 << 30}")


def shifted(by):
    return lambda m: str(int(m[1]) + by)


# What to look for in a line of code and what to put in its place.
MUTATIONS = [(re.compile(pattern), new) for pattern, new in (
    (r"(?<=\s)<=(?=\s)", "<"), (r"(?<=\s)>=(?=\s)", ">"),
    (r"(?<=\s)<(?=\s)", "<="), (r"(?<=\s)>(?=\s)", ">="),
    (r"(?<=\s)<(?=\s)", ">"), (r"(?<=\s)>(?=\s)", "<"),
    (r"(?<=\s)==(?=\s)", "!="), (r"(?<=\s)!=(?=\s)", "=="),
    (r"(?<=\s)&&(?=\s)", "||"), (r"(?<=\s)\|\|(?=\s)", "&&"),
    (r"(?<=\s)\+(?=\s)", "-"), (r"(?<=\s)-(?=\s)", "+"),
    (r"(?<=\s)\*(?=\s)", "+"), (r"(?<=\s)\+=(?=\s)", "-="),
    (r"\+\+(?=\w)", "--"), (r"--(?=\w)", "++"),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"(?<=[(\s])!(?=\w)", ""),
    (r"\b(\d+)\b(?![\w.'xe])", shifted(1)),
    (r"\bstd::min\b", "std::max"), (r"\bstd::max\b", "std::min"),
    (r"\bany_of\b", "all_of"), (r"\ball_of\b", "any_of"),
    (r"\bcontinue;", "break;"), (r"\bbreak;", "continue;"),
    # a statement that is left out, a result that is replaced by nothing
    (r"^(\s*)(?!return\b|delete\b|using\b)[\w\.\->:]+\([^;]*\);$", r"\1;"),
    (r"^(\s*)[\w\.\->\[\]]+ (?:=|\+=) [^;]+;$", r"\1;"),
    (r"^(\s*)return (?!\{\}|std::nullopt|nullptr|false|0(\.0)?;)[^;{]+;$",
     r"\1return {};"),
)]


def mutants(source):
    """(line number, old line, new line, whole text) for each; comments,
    strings, tables and preprocessor lines are left alone."""
    with open(f"{ROOT}/{source}.cpp") as f:
        lines = f.read().split("\n")
    raw_end = None  # what ends the raw string that a line is in
    for i, line in enumerate(lines):
        begins = re.search(r'R"(\w*)\(', line)
        skip = raw_end is not None or begins
        if begins:
            raw_end = f'){begins[1]}"'
        if raw_end and raw_end in line:
            raw_end = None
        code = line.split("//")[0].rstrip()
        if skip or code.lstrip().startswith(
                ("#", "constexpr std::array", '"', "namespace", "using ")):
            continue
        for pattern, new in MUTATIONS:
            for found in pattern.finditer(code):
                if code[:found.start()].count('"') % 2:
                    continue  # inside a string
                replaced = new(found) if callable(new) else found.expand(new)
                mutated = code[:found.start()] + replaced + code[found.end():]
                yield i + 1, line.strip(), mutated.strip(), "\n".join(
                    lines[:i] + [mutated] + lines[i + 1:])


@functools.cache
def build_rules():
    with open(f"{BUILD}/build.ninja") as f:
        return f.read()


@functools.cache
def link_line():
    """Objects and libraries of the suites."""
    rule = build_rules().split("\nbuild betanet_tests:", 1)[1]
    objects = re.search(r"\S+ ((?:\S+\.o )*\S+\.o)", rule)[1].split()
    libraries = re.search(r"LINK_LIBRARIES = (.*)", rule)[1].split()
    return objects, libraries


@functools.cache
def compile_flags(source):
    """The definitions with which the build compiles this source."""
    rule = re.search(rf"\nbuild CMakeFiles/\S+/{source}\.cpp\.o:.*?\n\n",
                     build_rules(), re.S)[0]
    found = re.search(r"DEFINES = (.*)", rule)
    return shlex.split(found[1]) if found else []


def passes(binary, suites, excluded=""):
    command = [*LIMITS, binary, "-v", "0", "-r", str(SECONDS), "-s", suites]
    if excluded:
        command += ["-S", excluded]
    try:
        return subprocess.run(command, timeout=SECONDS, capture_output=True,
                              env={**os.environ, "CHAOS_SEEDS": CHAOS_SEEDS}
                              ).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def verdict(source, text):
    """Returns "killed" if a suite fails with the mutant, "survived" if none
    does, and "invalid" if it does not compile."""
    with tempfile.TemporaryDirectory() as home:
        with open(f"{home}/m.cpp", "w") as f:
            f.write(text)
        compiled = subprocess.run(
            ["g++", "-std=c++20", "-O1", "-w", f"-I{ROOT}",
             *compile_flags(source), "-c", f"{home}/m.cpp", "-o",
             f"{home}/m.o"], capture_output=True)
        if compiled.returncode:
            return "invalid"
        objects, libraries = link_line()
        # The mutant comes first: the library's own copy is not drawn in.
        subprocess.run(["g++", *objects, f"{home}/m.o", *libraries, "-o",
                        f"{home}/t"], check=True, cwd=BUILD)
        stem = os.path.basename(source)
        slow = "|".join(SLOW)
        blind = "|".join(BLIND)
        for suites, excluded in ((f"^{stem}$", ""),
                                 (".*", f"^({slow}|{blind}|{stem})$"),
                                 (f"^({slow})$", "")):
            if not passes(f"{home}/t", suites, excluded):
                return "killed"
        return "survived"


def sampled(count, seed):
    everything = []
    for room in ROOMS:
        for name in sorted(os.listdir(f"{ROOT}/{room}")):
            if name.endswith(".cpp"):
                source = f"{room}/{name[:-4]}"
                everything += [(source, *m) for m in mutants(source)]
    random.Random(seed).shuffle(everything)
    return everything, count


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sources", nargs="*")
    arguments.add_argument("--sample", type=int)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    if chosen.sample:
        # Some do not compile: half as many more are at hand.
        todo, wanted = sampled(chosen.sample, chosen.seed)
        todo = todo[:wanted * 3 // 2]
        least = 0.90
    else:
        sources = [s.removesuffix(".cpp") for s in chosen.sources] or RULES
        todo = [(s, *m) for s in sources for m in mutants(s)]
        wanted = len(todo)
        least = 0.95
    counts = {"killed": 0, "survived": 0, "invalid": 0}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda m: (m, verdict(m[0], m[4])), todo)
        for (source, n, old, new, _), result in results:
            counts[result] += 1
            if result == "survived":
                print(f"{source}.cpp:{n}\n  - {old}\n  + {new}", flush=True)
            if counts["killed"] + counts["survived"] == wanted:
                pool.shutdown(wait=True, cancel_futures=True)
                break
    judged = counts["killed"] + counts["survived"]
    print(f"the suites found {counts['killed']} of {judged} mutants "
          f"({100 * counts['killed'] / judged:.1f} %), "
          f"{counts['invalid']} did not compile")
    sys.exit(counts["killed"] < least * judged)


if __name__ == "__main__":
    main()
