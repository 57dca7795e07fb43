"""Simulated services, and lists of targets for those who poll them."""

import json
import re
import time
import urllib.error

from programs import Failure, answers, get, until


def start_services(session, count, *flags):
    """Starts simulators that listen at every address of this machine; returns
    their ports. One has room for the connections of about 5000 targets."""
    ports = [session.simulator(*flags, host="0.0.0.0")[1] for _ in range(count)]
    for port in ports:
        until(lambda: answers(f"http://127.0.0.1:{port}/api/v1/metrics"),
              "the simulator does not answer")
    return ports


def address(services, i, network=1):
    """Each target has an address of its own: equal ones would be one target."""
    return (f"127.{network}.{i // 250}.{i % 250 + 1}:"
            f"{services[i % len(services)]}")


def configured(services, targets):
    return "targets:\n" + "".join(
        f"- {{ name: t-{i}, url: 'http://{address(services, i)}' }}\n"
        for i in range(targets))


def with_replicas(services, targets):
    return "targets:\n" + "".join(
        f"- {{ name: t-{i}, replicas: ['http://{address(services, i)}', "
        f"'http://{address(services, i, 2)}'] }}\n" for i in range(targets))


def discovered(session, services, targets):
    file = session.write(json.dumps(
        [{"targets": [address(services, i)],
          "labels": {"name": f"t-{i}", "region": "eu"}}
         for i in range(targets)]), "json")
    return f"target_files: ['{file}']\n"


def requests(page):
    """How many requests an exporter has made, by its page."""
    return sum(float(x) for x in re.findall(
        r"^betanet_exporter_requests_total\{.*\} (.*)$", page, re.M))


def page_of(exporter, query=""):
    """A page as text. One that is not rendered within 1 s is asked for again,
    as a scraper would do."""
    for _ in range(20):
        try:
            return get(f"{exporter.url}/metrics{query}").decode()
        except urllib.error.HTTPError as e:
            if e.code != 503:
                raise
            time.sleep(1)
    raise Failure("the exporter does not render its page")


def slot(name, interval):
    """The offset of a target's grid in seconds: FNV-1a of its name."""
    value = 0xcbf29ce484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    nanoseconds = value % (interval * 10**9)
    width = interval * 10**9 // 150
    return nanoseconds // width * width / 10**9


def lateness(page, interval, names=""):
    """The seconds from the grid points of all targets to their latest answers,
    the shortest one subtracted. `names` begins the names of those counted."""
    found = re.findall(
        r"^betanet_exporter_last_success_timestamp_seconds"
        r'\{target="(' + names + r'.*?)",.*\} (.*)$', page, re.M)
    late = [(float(at) - slot(name, interval)) % interval for name, at in found]
    first = min(late, key=lambda x: (x - late[0] + interval / 2) % interval)
    return sorted((x - first) % interval for x in late)
