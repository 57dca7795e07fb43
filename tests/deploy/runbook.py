"""Tests that the runbook helps with every alert."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import SOURCES  # noqa: E402
from rules import (ALERTS, RECORDING, known_metrics,  # noqa: E402
                   metrics_in, rules)

PARTS = ("Meaning", "Look", "Causes", "Do", "Ignore")


class Runbook(unittest.TestCase):
    def setUp(self):
        with open(f"{SOURCES}/docs/runbook.md") as f:
            self.text = f.read()
        self.sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^#|\Z)", self.text,
                                        re.MULTILINE | re.DOTALL))

    def test_each_alert_has_its_section_and_no_other_has(self):
        self.assertEqual({s for s in self.sections if s.startswith("Betanet")},
                         set(ALERTS))

    def test_each_section_says_all_that_is_needed(self):
        for alert in ALERTS:
            self.assertEqual(
                tuple(re.findall(r"^- \*\*(\w+)\*\*: \S", self.sections[alert],
                                 re.MULTILINE)), PARTS, alert)

    def test_each_metric_that_it_names_exists(self):
        self.assertLessEqual(metrics_in(self.text),
                             known_metrics() | {name.removesuffix("_bucket")
                                                for name in known_metrics()})

    def test_each_recorded_series_that_it_names_exists(self):
        named = set(re.findall(r"(?:target|job):betanet_[\w:]+", self.text))
        self.assertLessEqual(named, {r["record"] for r in rules(RECORDING)})
        self.assertTrue(named)

    def test_its_commands_are_those_of_the_programs(self):
        commands = "\n".join(re.findall(r"^```\n(.*?)^```", self.text,
                                        re.MULTILINE | re.DOTALL))
        with open(f"{SOURCES}/Dockerfile") as f:
            program = json.loads(re.findall(r"^ENTRYPOINT (.*)", f.read(),
                                            re.MULTILINE)[-1])[0]
        for way in ("docker exec", "kubectl exec", "systemd-run"):
            self.assertRegex(commands, rf"(?m)^{way}(.*\\\n)*.*{program} "
                             r"--probe")
        with open(f"{SOURCES}/deploy/systemd/betanet_exporter.service") as f:
            for setting in re.findall(r"Environment(?:File)?=(.*)", f.read()):
                self.assertIn(setting, commands)

        url, = re.findall(r"^sed -i 's#(.*?)#", commands, re.MULTILINE)
        for alert in ALERTS.values():
            self.assertTrue(
                alert["annotations"]["runbook_url"].startswith(url))

    @unittest.skipUnless(shutil.which("amtool"), "no amtool")
    def test_amtool_understands_the_silence(self):
        silence, = re.findall(r"^amtool (?:.*\\\n)*.*", self.text,
                              re.MULTILINE)
        done = subprocess.run(
            ["sh", "-c", silence.replace(":9093", ":1")],
            capture_output=True, text=True)
        # all but Alertmanager was there
        self.assertIn("connection refused", done.stderr)

    def test_each_alert_that_it_refers_to_exists(self):
        self.assertLessEqual(set(re.findall(r"Betanet[A-Z]\w+", self.text)),
                             set(ALERTS))


if __name__ == "__main__":
    unittest.main()
