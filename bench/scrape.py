"""Scrapes beside nginx that serves the same bytes from a file."""

import socket
import ssl
import subprocess
import urllib.request

from load import COLUMNS, in_pairs, load, ratios, row
from nginx import start_nginx
from programs import Failure, free_port, get, until
from targets import configured, start_services

# Above the limits for clients, which would refuse most connections of the load.
WIDE = ("web: { max_connections: 2048, max_connections_per_address: 2048, "
        "max_requests: 0 }\n")
LARGE = 400  # targets, whose page with detail=compact has about 1 MB
MANY = 1000  # targets that are asked for one by one
GZIP = "Accept-Encoding: gzip"
# Of the password "right", with the lowest cost of bcrypt.
LOGIN = "alice: $2b$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC"
LOGIN_FIELD = "Authorization: Basic YWxpY2U6cmlnaHQ="
CONNECTIONS = (1, 32, 256)


def run(bench):
    section = bench.section
    with bench.session() as session:
        services = start_services(session, 1)
        small = session.exporter(WIDE + configured(services, 1))
        large = session.exporter(WIDE + configured(services, LARGE),
                                 "--metrics.detail=compact")
        pages = {"health": (small, "/health"), "20 kB": (small, "/metrics"),
                 "1 MB": (large, "/metrics")}
        compare_pages(bench, session, section, pages)
        compare_tls(bench, session, section, services)
        compare_login(bench, session, section, services, small)
        compare_targets(bench, session, section, services)
    section.plots["scrape"] = {
        "title": "Scrapes a second, exporter : nginx",
        "unit": "by page, encoding and number of connections",
        "mark": 1, "bars": {
            key.removeprefix("scrape.").removesuffix(".rate")
            .replace(".", ", "): figure["median"]
            for key, figure in section.figures.items()
            if key.endswith(".rate") and key.count(".") >= 3}}


def compare_pages(bench, session, section, pages):
    """Each page, plain and compressed, at several numbers of connections."""
    for name, (exporter, path) in pages.items():
        url = exporter.url + path
        plain, packed = get(url), get(url, {"Accept-Encoding": "gzip"})
        nginx = start_nginx(session, plain, packed)
        rows = section.table(
            f"{name}: `{path}`, {len(plain)} bytes, {len(packed)} with gzip",
            COLUMNS)
        for encoding in ("plain", "gzip"):
            headers = [GZIP] if encoding == "gzip" else []
            for connections in (32,) if bench.quick else CONNECTIONS:
                pairs = in_pairs(
                    lambda: load(exporter, url, bench.seconds, connections,
                                 headers),
                    lambda: load(nginx, nginx.url, bench.seconds, connections,
                                 headers), bench.rounds)
                rows.append(row(f"{encoding}, {connections} connections",
                                pairs))
                note(section, f"scrape.{name}.{encoding}.{connections}", pairs)
        nginx.close()


def note(section, key, pairs):
    """The ratios that are kept: rate, tail, and processor time a request."""
    section.figure(f"{key}.rate", ratios(pairs, "rate"), "higher", True)
    section.figure(f"{key}.p99", ratios(pairs, "p99"))
    section.figure(f"{key}.cpu", ratios(pairs, "cost"), "lower", True)
    section.figure(f"{key}.wakeups", [ours.switches for ours, _ in pairs])


def compare_tls(bench, session, section, services):
    certificate, key = make_certificate(session)
    web = session.write(f"tls_server_config: {{ cert_file: {certificate}, "
                        f"key_file: {key} }}\n")
    exporter = session.exporter(WIDE + configured(services, 1),
                                f"--web.config.file={web}", ready=False,
                                scheme="https")
    until(lambda: cipher(exporter.port), "the exporter does not speak TLS")
    page = get_trusting(exporter.url + "/metrics")
    nginx = start_nginx(session, page, page, (certificate, key))
    if cipher(exporter.port) != cipher(nginx.port):
        raise Failure("the servers chose different ciphers")
    rows = section.table(
        f"TLS with the same certificate, {' '.join(cipher(nginx.port)[:2])}, "
        f"{len(page)} bytes", COLUMNS)
    for connections in (1, 32):
        pairs = in_pairs(
            lambda: load(exporter, f"{exporter.url}/metrics", bench.seconds,
                         connections),
            lambda: load(nginx, nginx.url, bench.seconds, connections),
            bench.rounds)
        rows.append(row(f"{connections} connections", pairs))
        note(section, f"scrape.tls.{connections}", pairs)
    nginx.close()


def make_certificate(session):
    folder = session.folder()
    certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def cipher(port):
    """Name and protocol of the cipher that a server chooses."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with trusting().wrap_socket(plain) as s:
            return s.cipher()


def get_trusting(url):
    with urllib.request.urlopen(url, context=trusting()) as answer:
        return answer.read()


def compare_login(bench, session, section, services, open_one):
    web = session.write(f"basic_auth_users: {{ {LOGIN} }}\n")
    guarded = session.exporter(WIDE + configured(services, 1),
                               f"--web.config.file={web}")
    rows = section.table("Behind basic auth; the peer is ours without it",
                         COLUMNS)
    pairs = in_pairs(
        lambda: load(guarded, f"{guarded.url}/metrics", bench.seconds, 32,
                     [LOGIN_FIELD]),
        lambda: load(open_one, f"{open_one.url}/metrics", bench.seconds, 32),
        bench.rounds)
    rows.append(row("32 connections", pairs))
    note(section, "scrape.login", pairs)


CYCLE = """
local i = 0
request = function()
  i = (i + 1) % {count}
  return wrk.format("GET", "{path}" .. i)
end
"""


def compare_targets(bench, session, section, services):
    """One target after the other, beside blackbox_exporter, which asks one
    URL a request and remembers nothing."""
    exporter = session.exporter(WIDE + configured(services, MANY),
                                "--metrics.detail=compact")
    ours = session.write(CYCLE.format(
        count=MANY, path="/metrics?target=t-"), "lua")
    port = free_port()
    modules = session.write("modules: { http_2xx: { prober: http } }\n")
    blackbox = session.start(
        "prometheus-blackbox-exporter", f"--config.file={modules}",
        f"--web.listen-address=127.0.0.1:{port}")
    probe = (f"http://127.0.0.1:{port}/probe?module=http_2xx&target="
             f"http://127.0.0.1:{services[0]}/api/v1/metrics")
    until(lambda: get(probe), "blackbox_exporter does not probe")
    size = len(get(f"{exporter.url}/metrics?target=t-1"))
    rows = section.table(
        f"`?target=`, {MANY} targets in turn, {size} bytes; the peer is "
        "blackbox_exporter, which asks the service each time", COLUMNS)
    for connections in (8, 32):
        pairs = in_pairs(
            lambda: load(exporter, exporter.url, bench.seconds, connections,
                         script=ours),
            lambda: load(blackbox, probe, bench.seconds, connections),
            bench.rounds)
        rows.append(row(f"{connections} connections", pairs))
    section.figure("scrape.target.rate", [a.rate for a, _ in pairs], "higher")
    section.figure("scrape.target.cpu", ratios(pairs, "cost"), "lower", True)
