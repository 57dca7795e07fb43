"""Tests of the rules on what record.py recorded of a real exporter."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import ENDPOINTS  # noqa: E402
from record import INTERVAL, RECORDINGS, START  # noqa: E402
from rules import needs_promtool, promtool  # noqa: E402

NOTHING = set()


def each(*alerts, endpoints=ENDPOINTS):
    """The alerts, once for each endpoint."""
    return {(alert, endpoint) for alert in alerts for endpoint in endpoints}


def of(endpoint, *alerts):
    return each(*alerts, endpoints=[endpoint])


DOWN = {("BetanetTargetDown", "")}
FAILING = each("BetanetEndpointFailing")
OPEN = each("BetanetBreakerOpen")
OLD = each("BetanetDataOld", "BetanetValuesGone")
INVALID = each("BetanetAnswersInvalid")
SLOW = each("BetanetCollectionSlow")

# What fires so many minutes after the beginning. The outages last from minute
# 5 to minute 24; a poll of a service that hangs needs 27 s to fail.
EXPECTED = {
    "kill": {4: NOTHING, 6: NOTHING, 9: DOWN, 15: DOWN,
             19: DOWN | FAILING | OPEN, 22: DOWN | FAILING | OPEN | OLD,
             26: NOTHING, 31: NOTHING},
    "hang": {4: NOTHING, 6: NOTHING, 9: DOWN, 15: DOWN,
             22: DOWN | FAILING | OPEN | OLD, 26: NOTHING},
    "garbage": {4: NOTHING, 6: NOTHING, 9: DOWN,
                22: DOWN | FAILING | OPEN | OLD, 26: NOTHING},
    # The service answers, so no breaker opens.
    "no_json": {4: NOTHING, 6: NOTHING, 8: DOWN, 12: DOWN | INVALID,
                22: DOWN | INVALID | FAILING | OLD, 26: INVALID, 31: NOTHING},
    # 3 s of the 5 s that a request may take
    "slow": {4: NOTHING, 9: NOTHING, 14: NOTHING, 22: SLOW},
    "reset": {4: NOTHING, 14: NOTHING,
              22: of("network_stats", "BetanetEndpointFailing",
                     "BetanetBreakerOpen", "BetanetDataOld",
                     "BetanetValuesGone"),
              26: NOTHING},
    # The third outage ends at minute 11.5; none is long.
    "flap": {9: NOTHING, 14: of("metrics", "BetanetBreakerFlapping"),
             31: of("metrics", "BetanetBreakerFlapping")},
    "refused": {4: NOTHING, 6: NOTHING, 9: DOWN | each("BetanetAccessRefused"),
                22: DOWN | each("BetanetAccessRefused") | FAILING | OLD,
                30: NOTHING},
    # The other values of the answer are still read.
    "partial": {4: NOTHING, 9: NOTHING,
                12: of("nodes_status", "BetanetAnswersInvalid"),
                22: of("nodes_status", "BetanetAnswersInvalid",
                       "BetanetEndpointFailing", "BetanetDataOld",
                       "BetanetValuesGone"),
                31: NOTHING},
}

# Two targets: eu is down from minute 5, us from minute 9; both are back at 13;
# us is removed at 20. The third word of an alert is its target.
FLEET = {
    4: NOTHING,
    8: {("BetanetTargetDown", "", "eu")},
    12: {("BetanetTargetDown", "", "eu"), ("BetanetTargetDown", "", "us"),
         ("BetanetAllTargetsDown", "", "")},
    15: NOTHING,
    22: NOTHING,
    30: {("BetanetTargetVanished", "", "us")},
}


def inputs(recording):
    with open(f"{RECORDINGS}/{recording}.txt") as f:
        lines = [line.rstrip("\n").split("\t") for line in f]
    return [{"series": series, "values": f"_x{START // INTERVAL} {values}"}
            for series, values in lines]


def sample(alert, endpoint, target=""):
    labels = {"alertname": alert, "endpoint": endpoint, "target": target}
    text = ", ".join(f'{k}="{v}"' for k, v in labels.items() if v)
    return {"labels": f"{{{text}}}", "value": 1}


@unittest.skipUnless(os.path.isdir(RECORDINGS), "no recordings: run record.py")
@needs_promtool
class Recorded(unittest.TestCase):
    def check(self, recording, expected):
        expression = ('count by (alertname, endpoint, target) '
                      '(ALERTS{alertstate="firing"})')
        test = {"name": recording, "interval": f"{INTERVAL}s",
                "input_series": inputs(recording),
                "promql_expr_test": [
                    {"expr": expression, "eval_time": f"{START // 60 + at}m",
                     "exp_samples": [sample(*alert) for alert in alerts]}
                    for at, alerts in expected.items()]}
        self.assertEqual(promtool([test], interval=f"{INTERVAL}s"), "")

    def test_outages_raise_the_right_alerts_and_no_others(self):
        for recording, expected in EXPECTED.items():
            with self.subTest(recording):
                self.check(recording, expected)

    def test_named_targets_on_one_page_and_found_at_sd(self):
        for recording in ("fleet_page", "fleet_sd"):
            with self.subTest(recording):
                self.check(recording, FLEET)

    def test_every_recording_is_used(self):
        self.assertEqual({f"{name}.txt" for name in
                          (*EXPECTED, "fleet_page", "fleet_sd")},
                         set(os.listdir(RECORDINGS)))


if __name__ == "__main__":
    unittest.main()
