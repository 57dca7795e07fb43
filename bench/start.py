"""From exec to the first good answer, and the check of its health."""

import os
import socket
import subprocess
import time

from figures import spread
from programs import Failure, Program, free_port
from targets import configured, start_services

SCRAPE = (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
          b"Connection: close\r\n\r\n")
LONGEST = 30  # seconds


def run(bench):
    rounds = 5 if bench.quick else 15
    with bench.session() as session:
        services = start_services(session, 4)
        rows = bench.section.table(
            "From exec to the first good answer of `/metrics`, ms",
            ["", "ours", "blackbox_exporter", "ratio"])
        for targets, detail in ((1, "full"), (5000, "compact"),
                                (5000, "full")):
            file = session.write(configured(services, targets))
            modules = session.write("modules: { http: { prober: http } }\n")
            ours, theirs = [], []
            for _ in range(rounds if targets == 1 else 5):
                ours.append(start_time([f"{bench.binaries}/betanet_exporter",
                                        f"--config.file={file}",
                                        f"--metrics.detail={detail}"]))
                theirs.append(start_time(["prometheus-blackbox-exporter",
                                          f"--config.file={modules}"]))
            ratios = [a / b for a, b in zip(ours, theirs)]
            name = f"{targets}.{detail}" if targets > 1 else "1"
            rows.append([f"{targets} targets, {detail}" if targets > 1
                         else "1 target", spread(ours), spread(theirs),
                         spread(ratios)])
            bench.section.figure(f"start.{name}", ours)
            bench.section.figure(f"start.{name}.ratio", ratios, "lower", True)
        healthcheck(bench, session, services, rounds)


def first_answer(port):
    """The first bytes of an answer; nothing if nobody listens yet."""
    with socket.socket() as s:
        s.settimeout(LONGEST)
        if s.connect_ex(("127.0.0.1", port)) != 0:
            return b""
        s.sendall(SCRAPE)
        return s.recv(1024)


def start_time(command):
    """In ms."""
    port = free_port()
    program = Program([*command, f"--web.listen-address=127.0.0.1:{port}"])
    try:
        while not first_answer(port).startswith(b"HTTP/1.1 200"):
            if time.monotonic() - program.began > LONGEST:
                raise Failure(f"{command[0]} does not answer")
            time.sleep(0.0005)
        return (time.monotonic() - program.began) * 1e3
    finally:
        program.close()


def healthcheck(bench, session, services, rounds):
    exporter = session.exporter(configured(services, 1))
    times, costs = [], []
    for _ in range(rounds):
        began = time.monotonic()
        check = subprocess.Popen(
            [f"{bench.binaries}/betanet_exporter", "--healthcheck",
             f"--web.listen-address=127.0.0.1:{exporter.port}"])
        _, status, used = os.wait4(check.pid, 0)
        check.returncode = os.waitstatus_to_exitcode(status)
        if check.returncode != 0:
            raise Failure("--healthcheck failed")
        times.append((time.monotonic() - began) * 1e3)
        costs.append((used.ru_utime + used.ru_stime) * 1e3)
    rows = bench.section.table("`--healthcheck`, ms", ["time", "CPU"])
    rows.append([spread(times), spread(costs)])
    bench.section.figure("start.healthcheck", times)
