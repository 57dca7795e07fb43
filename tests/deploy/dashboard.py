"""Tests of the Grafana dashboard on a real Prometheus.

usage: BINARY_DIR=build/release python3 tests/deploy/dashboard.py
       BINARY_DIR=build/release python3 tests/deploy/dashboard.py draw FILE

The second form draws what the panels show of a simulated outage, in about four
minutes. After a change of the dashboard, FILE is docs/dashboard.svg.
"""

import json
import math
import os
import re
import shutil
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import draw  # noqa: E402
import monitoring  # noqa: E402
from harness import SOURCES, free_port, wait_for  # noqa: E402
from monitoring import scrape_job  # noqa: E402

FILE = f"{SOURCES}/deploy/grafana/betanet.json"
SERIES = r"(?:betanet|process)_\w+"
# What Prometheus adds to every series, and a name that a target may have.
ADDED = {"job", "instance", "target"}


def dashboard():
    with open(FILE) as f:
        return json.load(f)


def panels():
    return [p for p in dashboard()["panels"] if p["type"] != "row"]


def queries():
    """Every query of the panels, with the title of its panel."""
    return [(p["title"], target["expr"]) for p in panels()
            for target in p["targets"]]


def annotations():
    return [(a["name"], a["expr"])
            for a in dashboard()["annotations"]["list"]]


def filled_in(expression, job, window="5s"):
    """The query as Grafana sends it with one job and all of the rest chosen."""
    for name, value in (("$__rate_interval", window), ("$__range", window),
                        ("$job", job), ("$instance", ".*"),
                        ("$target", ".*")):
        expression = expression.replace(name, value)
    return expression


class Structure(unittest.TestCase):
    def test_each_panel_explains_itself(self):
        for panel in panels():
            for key in ("title", "description"):
                self.assertGreater(len(panel[key]), 2, panel["id"])
            defaults = panel["fieldConfig"]["defaults"]
            self.assertTrue(defaults["unit"], panel["title"])
            steps = defaults["thresholds"]["steps"]
            self.assertTrue(steps, panel["title"])
            for step in steps[1:] or steps:  # the first one draws no line
                self.assertNotEqual(step["color"], "transparent",
                                    panel["title"])
            self.assertTrue(panel["targets"], panel["title"])

    def test_no_panel_covers_another(self):
        taken = {}
        for panel in dashboard()["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24)
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertIsNone(taken.get((x, y)), panel["title"])
                    taken[x, y] = panel["title"]
        ids = [panel["id"] for panel in dashboard()["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_everything_can_be_chosen(self):
        variables = {v["name"]: v for v in dashboard()["templating"]["list"]}
        self.assertEqual(list(variables),
                         ["datasource", "job", "instance", "target"])
        self.assertEqual(variables["datasource"]["type"], "datasource")
        for name in ("job", "instance", "target"):
            # a target without a name has no label, which only .* matches
            self.assertEqual(variables[name]["allValue"], ".*")
            self.assertTrue(variables[name]["multi"])
            self.assertTrue(variables[name]["includeAll"])
        for panel in panels():
            for where in (panel, *panel["targets"]):
                self.assertEqual(where["datasource"]["uid"], "${datasource}")
        for title, expression in queries() + annotations():
            for selector in re.findall(r"\{(.*?)\}", expression):
                self.assertIn('job=~"$job", instance=~"$instance"', selector)

    def test_rates_follow_the_width_of_the_panel(self):
        for title, expression in queries():
            for window in re.findall(r"(?:rate|increase)\([^\[]*(\[.*?\])",
                                     expression):
                self.assertEqual(window, "[$__rate_interval]", title)


class Picture(unittest.TestCase):
    """The picture in docs/, which the second form of this script draws."""

    @classmethod
    def setUpClass(cls):
        with open(f"{SOURCES}/docs/dashboard.svg") as f:
            cls.text = f.read()

    def words(self, attributes):
        return re.findall(rf"<text [^>]*{attributes}[^>]*>([^<]*)<", self.text)

    def test_the_readme_shows_it(self):
        with open(f"{SOURCES}/README.md") as f:
            self.assertRegex(f.read(), r"!\[.+\]\(docs/dashboard\.svg\)")

    def test_it_has_the_panels_of_today(self):
        titles = [p["title"] for p in panels()]
        drawn = self.words('font-size="13"')
        self.assertEqual(drawn, titles[:titles.index(draw.LAST) + 1])

    def test_its_scales_have_round_numbers(self):
        self.assertEqual(draw.ticks(7), [0, 2, 4, 6, 8])
        self.assertEqual(draw.ticks(0.31), [0, 0.1, 0.2, 0.3, 0.4])
        self.assertEqual(draw.ticks(1), [0, 0.25, 0.5, 0.75, 1])
        self.assertEqual(draw.formatted(0.5, "reqps"), "0.5 req/s")
        for tick in self.words('font-size="10"[^>]*text-anchor="end"'):
            number = re.match(r"[\d.]+(?= |$)", tick)
            if number:
                digits = number[0].replace(".", "").strip("0")
                self.assertLessEqual(len(digits), 2, tick)

    def test_its_legends_are_whole(self):
        for endpoint in ("metrics", "nodes_status", "network_stats"):
            # states, age of data, retries, 90th percentile
            self.assertEqual(len([w for w in self.words('font-size')
                                  if w.endswith(endpoint)]), 4, endpoint)


@unittest.skipUnless(shutil.which("prometheus"), "no prometheus")
class Data(monitoring.Case):
    def start_all(self, interval="500ms"):
        """An exporter of one unnamed service and one of two named ones."""
        self.start_sim()
        url = f"http://127.0.0.1:{self.upstream}"
        self.alone, self.port = self.start_configured({None: url})
        self.fleet, port = self.start_configured({"eu-1": url, "us-1": url})
        self.start_prometheus({
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": [scrape_job("betanet", self.port),
                               scrape_job("betanet-fleet", port)]})

    def empty(self, asked):
        """Which of the queries have no value for one of the jobs."""
        found = []
        for title, expression in asked:
            for job in ("betanet", "betanet-fleet"):
                values = self.query(filled_in(expression, job))
                if not any(math.isfinite(v) for _, v in values):
                    found.append((title, job, expression))
        return found

    def wait_for_data(self, asked, when):
        wait_for(lambda: not self.empty(asked),
                 lambda: f"data {when}: {self.empty(asked)}", 30)

    def check_labels(self):
        """Every label of a query is one of the page's, or one that Prometheus
        adds."""
        labels = {}
        for name, own in self.samples():
            labels.setdefault(name, set()).update(k for k, _ in own)
        for title, expression in queries() + annotations():
            named = re.findall(rf"({SERIES})\{{(.*?)\}}", expression)
            self.assertTrue(named, title)
            for metric, selector in named:
                self.assertIn(metric, labels, title)
                self.assertLessEqual(set(re.findall(r"(\w+)=", selector)),
                                     labels[metric] | ADDED, title)
            shown = {label for group in re.findall(r"by \((.*?)\)", expression)
                     for label in group.split(", ")}
            self.assertLessEqual(
                shown, set.union(*(labels[m] for m, _ in named)) | ADDED,
                title)

    def test_no_panel_is_ever_empty(self):
        self.start_all()
        self.wait_for_data(queries(), "on healthy services")
        self.check_labels()
        for name in ("job", "instance"):
            self.assertTrue(self.query(f"count by ({name}) (betanet_up)"))
        opened, restarted, service_restarted = (
            [a] for a in annotations())

        self.sim.stop(signal.SIGKILL)
        self.wait_for_data(opened, "when the breakers open")
        self.wait_for_data(queries(), "in an outage")

        self.start_sim()
        self.wait_for_data(service_restarted, "after the service's restart")
        self.wait_for_data(queries(), "after the outage")

        self.alone.stop()
        self.start_configured({None: f"http://127.0.0.1:{self.upstream}"},
                              port=self.port)
        wait_for(lambda: self.query(filled_in(restarted[0][1], "betanet")),
                 "the restart of the exporter")

    # -- the picture ---------------------------------------------------------

    def results(self, panel, start, end, step):
        """What each query of the panel gave over the time: legend, points."""
        series = []
        for target in panel.get("targets", []):
            whole = target["expr"].replace("$__range", f"{end - start:.0f}s")
            found = self.ask_prometheus(
                "query_range", start=start, end=end, step=step,
                query=filled_in(whole, ".*"))["result"]
            for one in found:
                legend = re.sub(r"\{\{(\w+)\}\}",
                                lambda m: one["metric"].get(m[1], ""),
                                target["legendFormat"])
                points = [(float(t), float(v)) for t, v in one["values"]]
                series.append((" ".join(legend.split()), points))
        return series

    def draw(self, path):
        """Draws three minutes: one endpoint that hangs, one that answers
        nonsense, and an outage of the whole service."""
        self.start_sim()
        self.port = free_port()
        self.start_configured(
            {"eu-1": f"http://127.0.0.1:{self.upstream}"}, self.port)
        self.start_prometheus({
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "scrape_configs": [scrape_job("betanet", self.port,
                                          instance="exporter:9200")]})
        start = time.time() + 6
        for second, endpoint, fault, more in (
                (25, "network_stats", "slow", {"delay_ms": 120}),
                (45, "network_stats", "hang", {}),
                (75, "network_stats", "none", {}),
                (95, "nodes_status", "no_json", {}),
                (110, "all", "refuse", {}),
                (140, "all", "none", {}),
                (180, "all", "none", {})):
            time.sleep(max(0, start + second - time.time()))
            self.fault(endpoint, fault, **more)
        end = time.time()
        shown = [(p, self.results(p, start, end, 1))
                 for p in dashboard()["panels"]]
        with open(path, "w") as f:
            f.write(draw.picture(shown, start, end))


if __name__ == "__main__":
    if sys.argv[1:2] == ["draw"]:
        case = Data("test_no_panel_is_ever_empty")  # any; it does not run
        case.setUp()
        try:
            case.draw(sys.argv[2])
        finally:
            case.doCleanups()
    else:
        unittest.main()
