"""nginx as the measure of what serving bytes costs, and as a service."""

import gzip
import os

from programs import answers, free_port, until

# One worker, as nginx recommends for files that fit into memory.
CONFIGURATION = """
worker_processes 1; pid {home}/pid; error_log {home}/error.log; daemon off;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000; keepalive_timeout 75s;
  sendfile on; tcp_nopush on; open_file_cache max=10; gzip_static on;
  default_type "text/plain; version=0.0.4; charset=utf-8";
  client_body_temp_path {home}/b; proxy_temp_path {home}/p;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  {servers}
}}
"""
# What Prometheus and vmagent scrape: the values that ours reads of a target.
TARGET_PAGE = "".join(f"betanet_value_{i} {i * 1000}\\n" for i in range(9))


def start(session, servers, url):
    home = session.folder()
    os.chmod(session.home, 0o755)
    os.chmod(home, 0o755)
    with open(f"{home}/nginx.conf", "w", encoding="ascii") as f:
        f.write(CONFIGURATION.format(home=home, servers=servers))
    program = session.start("/usr/sbin/nginx", "-e", f"{home}/error.log", "-c",
                            f"{home}/nginx.conf")
    until(lambda: program.read(f"task/{program.pid}/children").split(),
          "nginx has no worker")
    # What is measured is the worker; what is ended is the master.
    program.pid = int(program.read(f"task/{program.pid}/children").split()[0])
    program.url = url
    return program


def start_nginx(session, page, packed, tls=None):
    """Serves a page from a file, and the same compressed."""
    folder = session.folder()
    os.chmod(folder, 0o755)
    with open(f"{folder}/page", "wb") as f:
        f.write(page)
    with open(f"{folder}/page.gz", "wb") as f:
        f.write(packed if packed[:2] == b"\x1f\x8b" else gzip.compress(page))
    port = free_port()
    listen, more, scheme = f"127.0.0.1:{port}", "", "http"
    if tls:
        listen, scheme = listen + " ssl", "https"
        more = (f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]}; "
                "ssl_protocols TLSv1.2 TLSv1.3;")
    program = start(session, f"server {{ listen {listen}; root {folder}; "
                    f"{more} }}", f"{scheme}://127.0.0.1:{port}/page")
    program.port = port
    if not tls:
        until(lambda: answers(program.url), "nginx does not answer")
    return program


def start_pages(session):
    """Serves a small page of metrics at every address of this machine, and
    takes what is written to it. Returns the port."""
    port = free_port()
    program = start(
        session, f"server {{ listen 0.0.0.0:{port}; keepalive_requests 1000000;"
        f" location /metrics {{ return 200 \"{TARGET_PAGE}\"; }} "
        f"location / {{ client_max_body_size 64m; return 204; }} }}",
        f"http://127.0.0.1:{port}/metrics")
    until(lambda: answers(program.url), "nginx does not answer")
    return port
