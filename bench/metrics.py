"""Compares /metrics with nginx, which serves the same bytes from a file.

Both servers run on this machine and are measured alternately, so that other
load of the machine affects both. The result is the ratio of each round.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

BINARIES = "build/release"
NGINX = """
worker_processes 1; pid {home}/pid; error_log {home}/error.log; daemon off;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000; keepalive_timeout 75s;
  sendfile on; tcp_nopush on; open_file_cache max=10;
  default_type "text/plain; version=0.0.4; charset=utf-8";
  client_body_temp_path {home}/b; proxy_temp_path {home}/p;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  server {{ listen 127.0.0.1:19201; root {home}; }}
}}
"""


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def until(url):
    for _ in range(500):
        try:
            return get(url)
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"no answer from {url} within 10 s")


def load(url, pid, seconds, connections):
    """Measures a server. Returns the requests per second, the 99th percentile
    of the latency in ms, and the CPU time of the server per request in
    microseconds."""
    before = cpu_seconds(pid)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url],
        capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(out)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    count = int(re.search(r"(\d+) requests in", out)[1])
    return (rate, float(p99) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit],
            (cpu_seconds(pid) - before) / count * 1e6)


def status(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(rf"{key}:\s+(\d+)", f.read())[1])


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    args = parser.parse_args()
    children = []
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        try:
            def start(*command):
                children.append(subprocess.Popen(
                    command, stderr=subprocess.DEVNULL))
                return children[-1]

            start(f"{BINARIES}/betanet_sim", "--listen=127.0.0.1:19000",
                  "--control=127.0.0.1:19001")
            exporter = start(f"{BINARIES}/betanet_exporter",
                             "--web.listen-address=127.0.0.1:19200",
                             "--betanet.url=http://127.0.0.1:19000")
            ours = "http://127.0.0.1:19200/metrics"
            until("http://127.0.0.1:19200/-/ready")
            cold = status(exporter.pid, "VmRSS")
            with open(f"{home}/metrics", "wb") as f:
                f.write(until(ours))
            with open(f"{home}/nginx.conf", "w") as f:
                f.write(NGINX.format(home=home))
            nginx = start("/usr/sbin/nginx", "-c", f"{home}/nginx.conf")
            theirs = "http://127.0.0.1:19201/metrics"
            size = len(until(theirs))
            with open(f"/proc/{nginx.pid}/task/{nginx.pid}/children") as f:
                worker = int(f.read())
            print(f"{size} bytes a page, {args.connections} connections, "
                  f"{args.rounds} rounds of {args.seconds} s each")
            ratios, tails, costs = [], [], []
            for n in range(args.rounds):
                a, a99, acpu = load(ours, exporter.pid, args.seconds,
                                    args.connections)
                b, b99, bcpu = load(theirs, worker, args.seconds,
                                    args.connections)
                ratios.append(a / b)
                tails.append(a99 / b99)
                costs.append(acpu / bcpu)
                print(f"  round {n + 1}: exporter {a:7.0f}/s p99 {a99:.2f} ms "
                      f"{acpu:.1f} us CPU, nginx {b:7.0f}/s p99 {b99:.2f} ms "
                      f"{bcpu:.1f} us CPU, ratio {a / b:.2f}")
            print(f"requests per second, exporter : nginx = "
                  f"{statistics.median(ratios):.2f} (median; "
                  f"{min(ratios):.2f} to {max(ratios):.2f})")
            print(f"CPU time per request, exporter : nginx = "
                  f"{statistics.median(costs):.2f}")
            print(f"99th percentile, exporter : nginx = "
                  f"{statistics.median(tails):.2f}")
            print(f"resident memory: {cold / 1024:.1f} MiB after the start, "
                  f"{status(exporter.pid, 'VmRSS') / 1024:.1f} MiB after the "
                  "load")
            before = cpu_seconds(exporter.pid)
            time.sleep(30)
            idle = (cpu_seconds(exporter.pid) - before) / 30
            print(f"idle: {idle * 100:.2f} % of a core over 30 s, "
                  f"{status(exporter.pid, 'Threads')} threads")
        finally:
            for child in children:
                child.send_signal(signal.SIGTERM)
            for child in children:
                child.wait()


if __name__ == "__main__":
    main()
