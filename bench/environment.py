"""What was measured on which machine with which programs."""

import os
import platform
import re
import subprocess
import time


def output(*command):
    """The first line that a command prints; empty if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=20, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip().split("\n")[0]


def version(*command):
    """The version that a program says it has."""
    found = re.search(r"\d+\.\d+[\w.+-]*", output(*command))
    return found[0] if found else "?"


def package(name):
    return output("dpkg-query", "-W", "-f", "${Version}", name)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"model name\s*: (.*)", f.read())
    return found[1] if found else platform.machine()


def describe(binaries):
    with open("/proc/meminfo", encoding="ascii") as f:
        memory = int(re.search(r"MemTotal: *(\d+)", f.read())[1])
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": output("git", "describe", "--always", "--dirty"),
        "build": os.path.basename(binaries),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory": f"{memory / 2**20:.0f} GiB",
        "kernel": platform.release().partition("-")[0],
        "compiler": "g++ " + version("g++", "--version"),
        "nginx": version("/usr/sbin/nginx", "-v"),
        "wrk": package("wrk"),
        "vmagent": package("victoria-metrics"),
        "prometheus": version("prometheus", "--version"),
        "blackbox_exporter": version("prometheus-blackbox-exporter",
                                     "--version"),
        "valgrind": version("valgrind", "--version"),
        "load": " ".join(f"{x:.2f}" for x in os.getloadavg()),
    }


def moment(environment):
    """When what was measured."""
    e = environment
    return (f"{e['date']}, commit {e['commit']}, load average at the start "
            f"{e['load']}")


def machine(environment):
    """Where it was measured, and with which programs."""
    e = environment
    return (f"{e['processor']}, {e['cores']} cores, {e['memory']}, Linux "
            f"{e['kernel']}; build `{e['build']}` with {e['compiler']}; nginx "
            f"{e['nginx']}, wrk {e['wrk']}, vmagent {e['vmagent']}, Prometheus "
            f"{e['prometheus']}, blackbox_exporter {e['blackbox_exporter']}, "
            f"valgrind {e['valgrind']}")
