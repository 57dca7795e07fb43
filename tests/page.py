"""Tests of the status page in a real browser."""

import base64
import contextlib
import crypt
import http.client
import itertools
import json
import os
import re
import resource
import tempfile
import unittest

import websocket

import harness
from harness import ENDPOINTS, FAST, request, wait_for


class Browser:
    """Headless Chromium, controlled through its DevTools protocol."""

    def __init__(self, case):
        home = case.enterContext(tempfile.TemporaryDirectory(
            ignore_cleanup_errors=True))
        self.process = case.start(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu",
            "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-quic",
            "--remote-debugging-port=0", "--remote-allow-origins=*",
            f"--user-data-dir={home}", "about:blank")
        port = int(wait_for(
            lambda: re.search(r"ws://127\.0\.0\.1:(\d+)",
                              self.process.text()), "chromium", 60)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/json/list")
            pages = json.load(connection.getresponse())
        page = next(p for p in pages if p["type"] == "page")
        self.socket = websocket.create_connection(
            page["webSocketDebuggerUrl"], timeout=20)
        case.addCleanup(self.socket.close)
        self.numbers = itertools.count(1)
        self.complaints = []
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps(
            {"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                return message["result"]
            if message.get("method") in ("Runtime.exceptionThrown",
                                         "Runtime.consoleAPICalled",
                                         "Log.entryAdded"):
                self.complaints.append(message["params"])

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True)
        return result["result"].get("value")


class StatusPage(harness.Case):
    def open(self, *flags, path="/", values=("--still",)):
        self.start_sim(*values)
        self.start_exporter(*FAST, *flags)
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        self.browser = Browser(self)
        self.visit(path)

    def open_many(self, up, down, waiting):
        """Starts an exporter with many targets and opens its page."""
        self.start_sim()
        file = self.write_targets(up, down, waiting)
        self.launch_exporter(f"--config.file={file}")
        wait_for(lambda: f"{down} of {up + down + waiting:,} targets down<"
                 in request(self.port, "/")[2].decode(), "outages")
        self.browser = Browser(self)
        self.set_screen(1280, "light")
        self.visit()

    def write_targets(self, up, down, waiting):
        file = self.enterContext(tempfile.NamedTemporaryFile(
            "w", suffix=".yml"))
        slow = "collection: {interval: 5s}"
        file.write("retry: {delays: []}\ntargets:\n")
        for name, count, port, rules in (
                ("eu-mix", up, self.upstream, slow),
                ("us-mix", down, harness.free_port(), slow),
                ("ap-mix", waiting, self.upstream,
                 "collection: {interval: 1d}")):
            for i in range(count):
                file.write(f"  - {{name: {name}-{i:05}, "
                           f"url: 'http://127.0.0.1:{port}', {rules}}}\n")
        file.flush()
        return file.name

    def visit(self, path="/", login=""):
        self.browser.call("Page.navigate",
                          url=f"http://{login}127.0.0.1:{self.port}{path}")
        wait_for(lambda: self.browser.value("document.readyState")
                 == "complete" and self.browser.value("location.pathname")
                 == "/", "the page")

    def wait_for_script(self):
        wait_for(lambda: self.browser.value("'live' in document.body.dataset"),
                 "script")

    def picture(self, name):
        """Saves a screenshot if a directory for it is given."""
        directory = os.environ.get("SCREENSHOTS")
        if directory:
            data = self.browser.call("Page.captureScreenshot",
                                     captureBeyondViewport=False)["data"]
            with open(f"{directory}/{name}.png", "wb") as file:
                file.write(base64.b64decode(data))

    def set_screen(self, width, scheme):
        self.browser.call("Emulation.setDeviceMetricsOverride", width=width,
                          height=1000, deviceScaleFactor=1, mobile=width < 500)
        self.browser.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])

    def check_screens(self, name):
        """Looks at the page on wide and narrow screens, light and dark."""
        for width, scheme in ((1280, "light"), (1280, "dark"), (1000, "light"),
                              (900, "light"), (400, "light"),
                              (400, "dark")):
            self.set_screen(width, scheme)
            self.assertLessEqual(self.browser.value(
                "document.documentElement.scrollWidth"), width)
            self.assertGreaterEqual(self.least_contrast(), 4.5,
                                    (width, scheme))
            self.picture(f"{name}-{scheme}-{width}")
        self.set_screen(1280, "light")

    def least_contrast(self):
        """The lowest contrast of a text with its background, as WCAG 2.1
        defines it (1.4.3)."""
        return self.browser.value("""
            (() => {
              const light = c => c.match(/[\\d.]+/g).slice(0, 3)
                .map(x => x / 255)
                .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4)
                .reduce((sum, x, i) => sum + x * [.2126, .7152, .0722][i], 0);
              const under = e => {
                for (; e; e = e.parentElement) {
                  const c = getComputedStyle(e).backgroundColor;
                  if (c !== "rgba(0, 0, 0, 0)") return light(c);
                }
                return 1;
              };
              return Math.min(...[...document.querySelectorAll(
                "h1, h2, .dim, td, th, a, b, dt, dd, input")].slice(0, 400)
                .map(e => {
                  const [a, b] = [light(getComputedStyle(e).color), under(e)];
                  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                }));
            })()""")

    def colour(self, selector):
        return self.browser.value("getComputedStyle(document.querySelector("
                                  f"{json.dumps(selector)})).color")

    def headline(self):
        return self.browser.value("document.querySelector('h1').textContent")

    def count(self, selector):
        return self.browser.value(
            f"document.querySelectorAll({json.dumps(selector)}).length")

    def row(self, endpoint):
        rows = json.loads(self.browser.value(
            "JSON.stringify([...document.querySelectorAll("
            "'.endpoints tbody tr')].map(r => [...r.cells].map("
            "c => c.innerText)))"))
        return next(r for r in rows if r[0].startswith(endpoint))

    def type_filter(self, text):
        self.browser.call("Runtime.evaluate", expression=(
            "filter.focus(); filter.value = " + json.dumps(text) +
            "; filter.dispatchEvent(new Event('input'))"))

    def test_the_page_shows_an_outage_and_the_recovery(self):
        self.open(values=())
        self.assertEqual(self.headline(), "1 target up")
        for e in ENDPOINTS:
            self.assertTrue(self.row(e)[1].startswith("up"))
            self.assertTrue(self.row(e)[2].startswith("closed"))
        self.fault("nodes_status", "refuse")
        wait_for(lambda: self.row("nodes_status")[1].startswith("down"),
                 "down")
        self.assertEqual(self.headline(), "1 of 1 target down")
        self.assertIn("1 of 1 target down",
                      self.browser.value("document.title"))
        self.assertIn("nodes_status failed first",
                      self.browser.value("document.body.innerText"))
        self.assertIn(f":{self.upstream}/api/v1/nodes/status",
                      self.row("nodes_status")[0])
        self.assertTrue(self.row("metrics")[1].startswith("up"))
        self.assertIn("connection", self.row("nodes_status")[5].lower())
        wait_for(lambda: self.count(".endpoints path.bad") == 1, "marks")
        wait_for(lambda: self.row("nodes_status")[2].startswith("open"),
                 "open")
        self.check_screens("1-down")
        self.fault("all", "none")
        wait_for(lambda: self.row("nodes_status")[1].startswith("up"), "up")
        self.assertEqual(self.headline(), "1 target up")
        wait_for(lambda: self.count("dl svg") == 5, "courses")
        self.check_screens("1-up")
        self.assertEqual(self.browser.complaints, [])

    def test_the_page_says_when_the_exporter_has_stopped(self):
        self.open()
        self.wait_for_script()
        self.assertTrue(self.browser.value("lost.hidden"))
        healthy = self.colour("h1")
        self.exporter.stop()
        wait_for(lambda: not self.browser.value("lost.hidden"), "a warning")
        self.assertIn("does not answer", self.browser.value("lost.innerText"))
        self.assertEqual(self.browser.value("document.title"),
                         "The exporter does not answer - Betanet exporter")
        self.assertNotEqual(self.colour("h1"), healthy)
        self.assertIn("%23888", self.browser.value(
            "document.querySelector('link').href"))
        self.assertTrue(self.row("metrics")[1].startswith("up"))

    def test_the_page_is_complete_without_a_script(self):
        self.open(values=())
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)

        def has_courses():
            self.visit()  # the page does not change by itself
            return self.count("dl svg path[d]") == 5
        wait_for(has_courses, "courses")
        self.assertEqual(self.count(".endpoints svg"), 3)

    def test_the_page_works_with_a_login_in_its_url(self):
        self.start_sim("--still")
        salt = crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)
        file = self.enterContext(tempfile.NamedTemporaryFile(
            "w", suffix=".yml"))
        file.write("basic_auth_users: {ann: "
                   f"{crypt.crypt('secret', salt)}}}\n")
        file.flush()
        self.start_exporter(*FAST, f"--web.config.file={file.name}")
        self.browser = Browser(self)
        self.visit(login="ann:secret@")
        self.wait_for_script()
        wait_for(lambda: self.headline() == "1 target up", "up")
        self.fault("all", "refuse")
        wait_for(lambda: "down" in self.headline(), "an outage")
        self.assertEqual(self.browser.complaints, [])

    def test_hostile_text_is_escaped(self):
        self.start_sim("--still")
        name = "<img src=x onerror=alert(1)>\"'&"
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
            f.write("targets: [{name: " + json.dumps(name) +
                    f", url: 'http://127.0.0.1:{self.upstream}'}}, "
                    f"{{name: b, url: 'http://127.0.0.1:{self.upstream}'}}]\n")
            f.flush()
            self.launch_exporter(*FAST, f"--config.file={f.name}")
        wait_for(lambda: request(self.port, "/-/ready")[0] == 200, "ready")
        self.browser = Browser(self)
        self.visit()
        self.wait_for_script()
        link = "document.querySelector('.values tbody a')"
        self.assertEqual(self.browser.value(f"{link}.textContent"), name)
        self.browser.call("Runtime.evaluate", expression=f"{link}.click()")
        wait_for(lambda: (self.browser.value(
            "document.querySelector('h2').textContent") or "").startswith(name),
            "the page of the target")
        self.assertEqual(self.count("img"), 0)
        self.assertEqual(self.browser.complaints, [])

    def test_twenty_targets(self):
        self.open_many(up=17, down=3, waiting=0)
        wait_for(lambda: self.count(".values tbody tr") == 17, "all are up")
        self.assertEqual(self.headline(), "3 of 20 targets down")
        self.assertEqual(self.count(".endpoints tbody"), 3)
        self.check_columns_are_in_line()
        wait_for(lambda: self.count(".values svg") == 5 * 17, "two polls")
        self.wait_for_script()
        self.check_screens("20")
        self.assertEqual(self.browser.complaints, [])

    def check_columns_are_in_line(self):
        for table in (".values", ".endpoints"):
            edges = json.loads(self.browser.value(
                "JSON.stringify([...document.querySelectorAll('" + table +
                " tr:not(.target)')].map(r => [...r.cells].map(c => "
                "c.getBoundingClientRect().left)))"))
            self.assertEqual(edges, [edges[0]] * len(edges))

    def test_two_hundred_targets(self):
        self.open_many(up=180, down=20, waiting=0)
        self.assertEqual(self.count(".endpoints tbody"), 20)
        wait_for(lambda: self.count(".values tbody tr") == 180, "all are up")
        self.check_columns_are_in_line()
        self.wait_for_script()
        self.check_screens("200")

    def test_ten_thousand_targets(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = 3 * 10000 + 32
        if hard < needed:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, needed))
            except (OSError, ValueError):
                print(f"the hard limit of descriptors is {hard}: fewer targets")
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # What a target needs, and 100 for clients and the process.
        total = min(10000, (hard - 100) // 3)
        self.open_many(up=20, down=5, waiting=total - 25)
        self.assertEqual(self.headline(), f"5 of {total:,} targets down")
        self.assertLess(len(request(self.port, "/")[2]), 1_000_000)
        self.assertEqual(self.count(".endpoints tbody"), 5)
        self.assertEqual(self.count(".values tbody tr"), 195)
        self.assertEqual(self.count("nav[aria-label=Pages]"), 2)
        self.wait_for_script()
        self.check_screens("10000")

        self.type_filter("AP-mix-00123")
        wait_for(lambda: self.count(".values tbody tr") == 1, "the filter")
        self.assertEqual(self.headline(), f"5 of {total:,} targets down")
        self.assertEqual(self.browser.value("location.search"),
                         "?filter=AP-mix-00123")
        self.assertEqual(self.browser.value("document.activeElement.id"),
                         "filter")
        self.visit("/?filter=eu-mix")
        self.assertEqual(self.count(".values tbody tr"), 20)
        self.visit("/?page=20")
        self.assertEqual(self.count(".values tbody tr"), 200)
        self.assertEqual(self.browser.complaints, [])

    def test_a_selection_survives_updates(self):
        self.open(values=())
        self.wait_for_script()
        self.browser.call("Runtime.evaluate", expression=(
            "getSelection().selectAllChildren("
            "document.querySelector('.url'))"))
        header = "document.querySelector('header').innerText"
        before = self.browser.value(header)
        wait_for(lambda: self.browser.value(header) != before, "an update")
        self.assertIn("/api/v1/metrics",
                      self.browser.value("getSelection().toString()"))


if __name__ == "__main__":
    unittest.main()
