"""Tests of the status page in a real browser."""

import contextlib
import http.client
import itertools
import json
import re
import subprocess
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
    def open(self, *flags, path="/"):
        self.start_sim("--still")
        self.start_exporter(*FAST, *flags)
        wait_for(lambda: self.value("betanet_up") == 1, "up")
        self.browser = Browser(self)
        self.visit(path)

    def visit(self, path="/"):
        self.browser.call("Page.navigate",
                          url=f"http://127.0.0.1:{self.port}{path}")
        wait_for(lambda: self.browser.value("document.readyState")
                 == "complete" and self.browser.value("location.pathname")
                 == "/", "the page")

    def text(self):
        return self.browser.value("document.body.innerText")

    def row(self, endpoint):
        rows = json.loads(self.browser.value(
            "JSON.stringify([...document.querySelectorAll('tbody tr')].map("
            "r => [...r.cells].map(c => c.innerText)))"))
        return next(r for r in rows if r[0] == endpoint)

    def test_the_page_shows_an_outage_and_the_recovery(self):
        self.open()
        for e in ENDPOINTS:
            self.assertEqual(self.row(e)[1], "up")
            self.assertTrue(self.row(e)[2].startswith("closed"))
        self.fault("nodes_status", "refuse")
        wait_for(lambda: self.row("nodes_status")[1] == "down", "down")
        self.assertEqual(self.row("metrics")[1], "up")
        self.assertIn("connection", self.row("nodes_status")[6].lower())
        wait_for(lambda: self.browser.value(
            "document.querySelectorAll('.polls i.bad').length") > 0, "marks")
        self.fault("all", "none")
        wait_for(lambda: self.row("nodes_status")[1] == "up", "up again")
        self.assertEqual(self.browser.complaints, [])

    def test_the_page_says_when_the_exporter_has_stopped(self):
        self.open()
        lost = "getComputedStyle(document.getElementById('lost')).display"
        self.assertEqual(self.browser.value(lost), "none")
        self.exporter.stop()
        wait_for(lambda: self.browser.value(lost) == "block", "a warning")
        self.assertIn("up", self.row("metrics")[1])

    def test_script_and_server_format_values_equally(self):
        self.open("--collection.interval=1h")
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.visit()
        moving = r"\d+ (s|min|h)\b"
        plain = re.sub(moving, "TIME", re.sub(moving, "TIME", self.text()))
        self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        self.visit()
        wait_for(lambda: self.browser.value("'live' in document.body.dataset"),
                 "script")
        self.assertEqual(re.sub(moving, "TIME", self.text()), plain)

    def test_hostile_text_is_escaped(self):
        self.start_sim("--still")
        name = "<img src=x onerror=alert(1)>\"'&"
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
            f.write("targets: [{name: " + json.dumps(name) +
                    f", url: 'http://127.0.0.1:{self.upstream}'}}]\n")
            f.flush()
            self.launch_exporter(*FAST, f"--config.file={f.name}")
        wait_for(lambda: request(self.port, "/-/ready")[0] == 200, "ready")
        self.browser = Browser(self)
        self.visit()
        wait_for(lambda: self.browser.value("'live' in document.body.dataset"),
                 "script")
        self.assertEqual(self.browser.value(
            "document.querySelector('h2').textContent"), name)
        self.assertEqual(self.browser.value(
            "document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.complaints, [])

    def test_the_page_fits_a_narrow_screen(self):
        self.open()
        self.browser.call("Emulation.setDeviceMetricsOverride", width=360,
                          height=800, deviceScaleFactor=1, mobile=True)
        self.visit()
        self.assertLessEqual(self.browser.value(
            "document.documentElement.scrollWidth"), 360)


if __name__ == "__main__":
    unittest.main()
