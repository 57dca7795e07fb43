"""Tests of the recording rules and alerts with promtool."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import SOURCES  # noqa: E402
from record import RULES, notation  # noqa: E402
from rule_cases import CASES, NEVER, counter, grow, hold  # noqa: E402

RECORDING = f"{RULES}/betanet.rules.yml"
ALERTING = f"{RULES}/betanet.alerts.yml"

# The ways in which a target can be scraped: unnamed, named on a page with
# others, and found at /sd.
TOPOLOGIES = {
    "unnamed": {"instance": "exporter:9200"},
    "named": {"instance": "exporter:9200", "target": "eu-1"},
    "sd": {"instance": "eu-1", "target": "eu-1"},
}
NO_METRICS = {"betanet_exporter", "betanet_sim"}
OF_THE_PROCESS = ("process_", "betanet_exporter_config_",
                  "betanet_exporter_sd_", "betanet_exporter_shard_")


def groups(path):
    with open(path) as f:
        return yaml.safe_load(f)["groups"]


def rules(path):
    return [rule for group in groups(path) for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules(ALERTING)}


def known_metrics():
    """The series names of every documented metric. The suite `documentation`
    holds the document to the program."""
    names = set()
    with open(f"{SOURCES}/docs/metrics.md") as f:
        for name, kind in re.findall(
                r"^\| `((?:betanet|process)_\w+)` \| (\w+) \|", f.read(),
                re.MULTILINE):
            suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" \
                else ("",)
            names |= {name + suffix for suffix in suffixes}
    return names


def metrics_in(text):
    """The names of the exporter's series in an expression or a text."""
    return set(re.findall(r"(?<![\w:/.-])(?:betanet|process)_\w+(?![\w:/-])",
                          text)) - NO_METRICS


def split(series):
    """`name{a="b"}` as the name and its labels."""
    name, _, labels = series.partition("{")
    return name, dict(re.findall(r'(\w+)="([^"]*)"', labels))


def join(name, labels):
    text = ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
    return f"{name}{{{text}}}"


def place(labels, topology, scope):
    """The labels that a series or an alert has in a topology."""
    more = {"job": f"betanet-{topology}", **TOPOLOGIES[topology]}
    if scope != "target":
        more.pop("target", None)
    if scope == "process":
        more["instance"] = "exporter:9200"
    if scope == "job":
        more.pop("instance")
    if scope == "nothing":
        more = {}
    return {**more, **labels}


def scope_of(name):
    if name == "up":
        return "scrape"
    return "process" if name.startswith(OF_THE_PROCESS) else "target"


def placed(series, topology):
    name, labels = split(series)
    return join(name, place(labels, topology, scope_of(name)))


def minutes(number):
    """A duration, which may be a part of a minute."""
    return f"{60 * number:.0f}s"


def firing(step, alert, labels=()):
    """A check that the alert fires then, once with each of the labels."""
    samples = [{"labels": join("ALERTS", l), "value": 1} for l in labels]
    return {"expr": f'ALERTS{{alertname="{alert}", alertstate="firing"}}',
            "eval_time": minutes(step), "exp_samples": samples}


def checks(alert, case):
    if case.fires is NEVER:
        length = minutes(case.step * max(map(len, case.series.values())))
        ever = (f'max_over_time(ALERTS{{alertname="{alert}", '
                f'alertstate="firing"}}[{length}])')
        return [{"expr": ever, "eval_time": length, "exp_samples": []}]
    own = {"alertname": alert, "alertstate": "firing",
           **ALERTS[alert]["labels"]}
    places = TOPOLOGIES if case.scope != "nothing" else ["unnamed"]
    labels = [{**own, **place(case.labels, topology, case.scope)}
              for topology in places]

    def at(step, *labels):
        return firing(step * case.step, alert, *labels)

    wanted = [at(case.fires - 1), at(case.fires + case.late, labels)]
    if case.ends is not NEVER:
        wanted += [at(case.ends - 1, labels), at(case.ends + case.late)]
    return wanted


def promtool(tests, *, rule_files=(RECORDING, ALERTING), interval="1m"):
    """Runs the tests with promtool and returns its complaints."""
    # Without an order promtool evaluates the groups in a random one, and a rule
    # that reads another group's result may miss the latest value.
    document = {"rule_files": list(rule_files),
                "group_eval_order": [group["name"] for path in rule_files
                                     for group in groups(path)],
                "evaluation_interval": interval, "tests": tests}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        json.dump(document, f)  # YAML too, and much faster to write
        f.flush()
        done = subprocess.run(["promtool", "test", "rules", f.name],
                              capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_of(alert, case):
    return {"name": alert, "interval": minutes(case.step),
            "input_series": [{"series": placed(name, topology),
                              "values": notation(values)}
                             for name, values in case.series.items()
                             for topology in TOPOLOGIES],
            "promql_expr_test": checks(alert, case)}


needs_promtool = unittest.skipUnless(shutil.which("promtool"), "no promtool")


@needs_promtool
class Alerts(unittest.TestCase):
    maxDiff = None

    def test_each_alert_is_complete(self):
        with open(ALERTING) as f:
            text = f.read()
        for name, alert in ALERTS.items():
            self.assertIn(alert["labels"]["severity"], ("critical", "warning"))
            self.assertEqual(set(alert["annotations"]),
                             {"summary", "description", "runbook_url"})
            _, _, own = text.partition(f"- alert: {name}\n")
            own, _, _ = own.partition("- alert: ")
            self.assertRegex(own, r"\n +# .*\n +for: \w+\n", name)

    def test_alertmanager_knows_the_alerts_it_silences(self):
        with open(f"{SOURCES}/deploy/alertmanager/alertmanager.yml") as f:
            inhibitions = yaml.safe_load(f)["inhibit_rules"]
        for rule in inhibitions:
            for matcher in rule["source_matchers"] + rule["target_matchers"]:
                names = re.search('"(.*)"', matcher)[1]
                for name in names.split("|"):
                    self.assertTrue([a for a in ALERTS
                                     if re.fullmatch(name, a)], name)

    def test_the_scrape_configurations_are_valid(self):
        examples = []
        for path, count in ((f"{RULES}/README.md", 4),
                            (f"{SOURCES}/README.md", 2)):
            with open(path) as f:
                found = re.findall(r"# prometheus\.yml\n(.*?)```", f.read(),
                                   re.DOTALL)
            self.assertEqual(len(found), count, path)
            examples += found
        for example in examples:
            with tempfile.NamedTemporaryFile("w", dir=RULES,
                                             suffix=".tmp") as f:
                f.write(example)
                f.flush()
                subprocess.run(["promtool", "check", "config", f.name],
                               check=True, capture_output=True)

    def test_no_group_is_so_slow_that_its_values_are_forgotten(self):
        for path in (RECORDING, ALERTING):
            for group in groups(path):
                interval = group.get("interval", "1m")
                self.assertRegex(interval, r"^[1-4]m$", group["name"])

    def test_rules_name_metrics_that_exist(self):
        for path in (RECORDING, ALERTING):
            for rule in rules(path):
                self.assertLessEqual(metrics_in(rule["expr"]), known_metrics(),
                                     rule)

    def test_promtool_finds_nothing_to_complain_of(self):
        subprocess.run(["promtool", "check", "rules", "--lint=all",
                        "--lint-fatal", RECORDING, ALERTING], check=True,
                       capture_output=True)

    def test_each_alert_has_cases_that_fire_and_that_are_harmless(self):
        self.assertEqual(set(CASES), set(ALERTS))
        for alert, cases in CASES.items():
            fires = [case.fires is not NEVER for case in cases]
            ends = [case.ends is not NEVER for case in cases]
            self.assertTrue(any(fires) and any(ends) and not all(fires), alert)

    def test_each_alert_fires_and_ends_to_the_minute(self):
        kinds = {(case.step, case.recorded)
                 for cases in CASES.values() for case in cases}
        for step, recorded in sorted(kinds):
            files = (ALERTING,) if recorded else (RECORDING, ALERTING)
            tests = [test_of(alert, case)
                     for alert, cases in CASES.items() for case in cases
                     if (case.step, case.recorded) == (step, recorded)]
            self.assertEqual(promtool(tests, rule_files=files,
                                      interval=minutes(step)), "")

    def test_each_text_can_be_read(self):
        for alert, cases in CASES.items():
            case = next(c for c in cases if c.ends is not NEVER)
            test = {**test_of(alert, case), "promql_expr_test": [],
                    "alert_rule_test": [{
                        "eval_time": minutes((case.ends - 1) * case.step),
                        "alertname": alert, "exp_alerts": []}]}
            files = (ALERTING,) if case.recorded else (RECORDING, ALERTING)
            # promtool tells what it got instead of nothing
            told = promtool([test], rule_files=files,
                            interval=minutes(case.step))
            texts = re.findall(
                'Labels:{(.*)}\n *Annotations:{description="(.*)", '
                'runbook_url="(.*)", summary="(.*)"}', told)
            self.assertEqual(len(texts), 1 if case.scope == "nothing" else 3)
            for labels, description, url, summary in texts:
                self.assertTrue(url.endswith(f"runbook.md#{alert.lower()}"))
                self.assertNotRegex(description + summary,
                                    "{{|<no value>|<error|%!|  |NaN|Inf")
                # 1.003 times, 66.67m times, 0.07 answers a second
                self.assertNotRegex(
                    description + summary,
                    r"(\d\.\d+\w*|\d[mukMG]) (times|peers|exporters|answers)"
                    "| a second")
                for name, value in re.findall('(job|target)="(.*?)"', labels):
                    self.assertIn(value, description)


@needs_promtool
class Recordings(unittest.TestCase):
    """The recording rules, on series with round results."""

    def check(self, series, minute, expected, step=1):
        """Checks the values of expressions at a minute; None is no value."""
        checks = [{"expr": expr, "eval_time": f"{minute}m",
                   "exp_samples": [] if value is None else
                   [{"labels": "{}", "value": value}]}
                  for expr, value in expected.items()]
        test = {"interval": f"{step}m", "promql_expr_test": checks,
                "input_series": [{"series": s, "values": notation(v)}
                                 for s, v in series.items()]}
        self.assertEqual(promtool([test], rule_files=(RECORDING,),
                                  interval=f"{step}m"), "")

    def test_traffic_of_a_target_and_of_all(self):
        self.check({
            'betanet_bytes_transmitted_total{job="b", target="x"}':
            grow(120, 20),
            'betanet_bytes_transmitted_total{job="b", target="y"}':
            grow(60, 20),
            'betanet_bytes_received_total{job="b", target="x"}': grow(60, 20),
            'betanet_packets_processed_total{job="b", target="x"}':
            grow(180, 20),
            'betanet_packets_dropped_total{job="b", target="x"}':
            grow(60, 20),
            'betanet_packets_processed_total{job="b", target="y"}':
            grow(240, 20),
            'betanet_packets_dropped_total{job="b", target="y"}': hold(0, 20),
            'betanet_packets_processed_total{job="b", target="idle"}':
            hold(0, 20),
            'betanet_packets_dropped_total{job="b", target="idle"}':
            hold(0, 20),
            'betanet_connected_peers{job="b", target="x"}': hold(7, 20),
            'betanet_connected_peers{job="b", target="y"}': hold(5, 20),
            'betanet_mixnode_active{job="b", target="x"}': hold(4, 20),
        }, 15, {
            'sum(target:betanet_bytes_transmitted:rate5m{target="x"})': 2,
            'sum(job:betanet_bytes_transmitted:rate5m{job="b"})': 3,
            'sum(job:betanet_bytes_received:rate5m{job="b"})': 1,
            'sum(target:betanet_packets_dropped:ratio_rate5m{target="x"})':
            0.25,
            'sum(target:betanet_packets_dropped:ratio_rate5m{target="y"})': 0,
            'target:betanet_packets_dropped:ratio_rate5m{target="idle"}': None,
            'sum(job:betanet_packets_processed:rate5m{job="b"})': 7,
            'sum(job:betanet_packets_dropped:ratio_rate5m{job="b"})': 0.125,
            'sum(job:betanet_connected_peers:sum{job="b"})': 12,
            'sum(job:betanet_mixnode_active:sum{job="b"})': 4,
        })

    def test_a_target_of_two_exporters_counts_once(self):
        # named ones count once by name, unnamed ones once an exporter
        series = {}
        for instance, transmitted, peers in (("a", 120, 7), ("b", 60, 5)):
            for target in (', target="x"', ""):
                labels = f'{{job="b", instance="{instance}"{target}}}'
                series |= {
                    f"betanet_bytes_transmitted_total{labels}":
                    grow(transmitted, 20),
                    f"betanet_connected_peers{labels}": hold(peers, 20),
                    f"betanet_up{labels}": hold(1, 20)}
        self.check(series, 15, {
            'sum(job:betanet_bytes_transmitted:rate5m{job="b"})': 2 + 2 + 1,
            'sum(job:betanet_connected_peers:sum{job="b"})': 7 + 7 + 5,
            'sum(job:betanet_up:sum{job="b"})': 3,
            'sum(job:betanet_up:count{job="b"})': 3})

    def test_latency_is_the_average_over_polls(self):
        self.check({
            "betanet_message_latency_seconds_sum":
            counter((1, 20), (0, 20)),
            "betanet_message_latency_seconds_count":
            counter((4, 20), (0, 20)),
            "betanet_message_latency_average_seconds": grow(1, 61),
        }, 19, {"sum(target:betanet_message_latency_seconds:avg5m)": 0.25})
        self.check({
            "betanet_message_latency_seconds_sum":
            counter((1, 20), (0, 20)),
            "betanet_message_latency_seconds_count":
            counter((4, 20), (0, 20)),
            "betanet_message_latency_average_seconds": grow(1, 61),
        }, 39, {"target:betanet_message_latency_seconds:avg5m": None,
                "sum(target:betanet_message_latency_seconds:avg1h)": 0.25})
        self.check({
            "betanet_message_latency_average_seconds": grow(1, 61),
        }, 60, {"sum(target:betanet_message_latency_average_seconds:p95_1h)":
                57})

    def test_availability_over_every_window(self):
        # In the second half of a month one scrape of four sees a failure. A
        # window holds the values at both of its ends: nine in 2 h.
        days = hold(1, 16 * 24 * 4) + [0, 1, 1, 1] * (15 * 24)
        self.check({'betanet_up{job="b"}': days}, 31 * 24 * 60 - 15, {
            f"round(sum(target:betanet_up:avg{window}), 0.01)": value
            for window, value in (("1h", 0.8), ("2h", 0.78), ("6h", 0.76),
                                  ("1d", 0.75), ("3d", 0.75), ("30d", 0.88))
        } | {"sum(job:betanet_up:count)": 1}, step=15)
        self.check({'betanet_up{job="b"}': [1, 1, 0, 1] * 10}, 35, {
            "round(sum(target:betanet_up:avg5m), 0.01)": 0.67,
            "round(sum(target:betanet_up:avg30m), 0.01)": 0.74})


if __name__ == "__main__":
    unittest.main()
