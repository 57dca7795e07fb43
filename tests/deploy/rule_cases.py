"""For each alert: series on which it fires at an exact minute and ends at an
exact minute, and series on which it never fires.

Series have one value a step, which is a minute where a case does not say
otherwise. Job, instance and target are added to each, as the three ways of
scraping do; a label that is written here stays.
"""

from dataclasses import dataclass, field

NEVER = None
DAY = 24 * 6  # steps of ten minutes


def hold(value, minutes):
    return [value] * minutes


def gone(minutes):
    return [None] * minutes


def grow(by, minutes, start=0):
    """A counter that begins anew at `start`."""
    return [start + by * n for n in range(minutes)]


def counter(*pieces):
    """A counter that grows by `by` for so many minutes, piece after piece."""
    values, at = [], 0
    for by, minutes in pieces:
        for _ in range(minutes):
            values.append(at)
            at += by
    return values


@dataclass
class Case:
    series: dict
    fires: int | None = NEVER  # the first step at which the alert fires
    ends: int | None = NEVER   # the first step at which it no longer does
    labels: dict = field(default_factory=dict)  # further ones of the alert
    # What the alert is about: a target, a scrape, a process, a job or nothing.
    scope: str = "target"
    # The series are those of recording rules, which do not run then.
    recorded: bool = False
    # Steps by which the alert may be late: the order in which groups of rules
    # are evaluated is open, so a recorded value may be that of the step before.
    late: int = 0
    step: float = 1  # minutes


def harmless(series, **more):
    return Case(series, **more)


def endpoints(metrics, nodes_status, network_stats, **labels):
    """The values of betanet_exporter_endpoint_up."""
    more = "".join(f', {k}="{v}"' for k, v in labels.items())
    return {
        f'betanet_exporter_endpoint_up{{endpoint="{name}"{more}}}': values
        for name, values in (("metrics", metrics),
                             ("nodes_status", nodes_status),
                             ("network_stats", network_stats))}


def service(values):
    """A service of which all endpoints answer well, or none does."""
    return endpoints(values, values, values) | {"betanet_up": values}


def burn(long, short, before):
    """Averages of recording rules: after `before` steps of no failures, shares
    of failures for 20 steps, each in its window."""
    windows = {f"target:betanet_up:avg{window}":
               hold(1, before) + hold(1 - share, 20) + hold(1, 20)
               for window, share in (long, short)}
    # which also tells since when the service is known
    return {"target:betanet_up:avg5m": hold(1, before + 40)} | windows


def shard(index, count, values, instance=None):
    """The part of one exporter, which is its own instance."""
    return {'betanet_exporter_shard_info{'
            f'index="{index}", count="{count}", '
            f'instance="{instance or index}"}}': values}


def failures(reason, values):
    return {'betanet_exporter_request_failures_total'
            f'{{endpoint="metrics", reason="{reason}"}}': values}


def traffic(processed, dropped):
    return {"betanet_packets_processed_total": processed,
            "betanet_packets_dropped_total": dropped}


def durations(slow, medium=0):
    """Ten requests a minute, of which so many take 2.5 s to 5 s, and so many
    0.1 s to 2.5 s."""
    minutes = len(slow)
    total = counter((10, minutes))
    below = [n - sum(slow[:at]) for at, n in enumerate(total)]
    fast = [n - medium * at for at, n in enumerate(below)]
    name = "betanet_exporter_request_duration_seconds_bucket"
    return {f'{name}{{endpoint="metrics", le="0.1"}}': fast,
            f'{name}{{endpoint="metrics", le="2.5"}}': below,
            f'{name}{{endpoint="metrics", le="5"}}': total,
            f'{name}{{endpoint="metrics", le="+Inf"}}': total}


def values(**absent):
    """The required values, each present but for the minutes that are given."""
    names = ("betanet_packets_processed_total", "betanet_packets_dropped_total",
             "betanet_connected_peers", "betanet_mixnode_active",
             "betanet_bytes_transmitted_total",
             "betanet_message_latency_average_seconds")
    return {name: absent.get(name, hold(7, 40)) for name in names}


UP = hold(1, 40)
DOWN_10 = hold(1, 10) + hold(0, 10) + hold(1, 20)
METRICS = {"endpoint": "metrics"}
# A good answer every minute, and none after that of minute 10 until minute 31.
OLD = {'betanet_exporter_last_success_timestamp_seconds{endpoint="metrics"}':
       grow(60, 11) + hold(600, 20) + grow(60, 9, 31 * 60)}
ANSWER_OF_A_MINUTE_AGO = {
    'betanet_exporter_last_success_timestamp_seconds{endpoint="metrics"}':
    grow(60, 40, -60)}

CASES = {
    "BetanetExporterAbsent": [
        Case({"up": DOWN_10}, 12, 20, scope="nothing"),
        Case({}, 2, scope="nothing"),
        Case({'up{job="node"}': UP}, 2, scope="nothing"),
        harmless({'up{instance="a"}': hold(0, 40), 'up{instance="b"}': UP}),
        # a restart
        harmless({"up": hold(1, 10) + hold(0, 2) + hold(1, 10)}),
    ],
    "BetanetExporterDown": [
        Case({"up": DOWN_10}, 12, 20, scope="scrape"),
        harmless({"up": hold(1, 10) + hold(0, 2) + hold(1, 10)}),
        harmless({'up{job="node"}': hold(0, 40), "up": UP}),
    ],
    "BetanetExporterRestarting": [
        Case({"process_start_time_seconds":
              hold(1, 10) + hold(2, 10) + hold(3, 10) + hold(4, 90)},
             30, 70, scope="process"),
        harmless({"process_start_time_seconds":
                  hold(1, 10) + hold(2, 10) + hold(3, 90)}),
        # another program
        harmless({'process_start_time_seconds{job="node"}':
                  hold(1, 10) + hold(2, 10) + hold(3, 10) + hold(4, 90)}),
        # the target was away, as a new pod is; the process is the same one
        harmless({"process_start_time_seconds":
                  hold(1, 10) + gone(10) + hold(1, 10) + gone(9) +
                  hold(1, 10)}),
    ],
    "BetanetExporterActorRestarted": [
        Case({'betanet_exporter_actor_restarts_total{actor="fetcher"}':
              hold(0, 10) + hold(1, 90)}, 10, 70, {"actor": "fetcher"}),
        harmless({'betanet_exporter_actor_restarts_total{actor="fetcher"}':
                  hold(0, 90)}),
        # the process was restarted
        harmless({'betanet_exporter_actor_restarts_total{actor="fetcher"}':
                  gone(5) + hold(0, 90)}),
    ],
    "BetanetExporterLocalFault": [
        Case(failures("local", hold(0, 10) + hold(3, 30)), 15, 25,
             METRICS | {"reason": "local"}),
        Case(failures("local", hold(0, 10) + hold(1, 30)), 15, 25,
             METRICS | {"reason": "local"}),
        harmless(failures("timeout", counter((4, 40)))),
    ],
    "BetanetExporterReloadFailed": [
        Case({"betanet_exporter_config_last_reload_successful": DOWN_10},
             15, 20, scope="process"),
        # half an edit was saved, the other half two minutes later
        harmless({"betanet_exporter_config_last_reload_successful":
                  hold(1, 10) + hold(0, 2) + hold(1, 10)}),
    ],
    "BetanetExporterRestartPending": [
        Case({"betanet_exporter_config_restart_pending":
              hold(0, 10) + hold(1, 80) + hold(0, 10)}, 70, 90,
             scope="process"),
        harmless({"betanet_exporter_config_restart_pending":
                  hold(0, 10) + hold(1, 50) + hold(0, 40)}),
    ],
    "BetanetTargetVanished": [
        Case({"betanet_up": hold(1, 10) + gone(90),
              'betanet_up{instance="a", target="other"}': hold(1, 100),
              'up{instance="a"}': hold(1, 100)}, 15, 70),
        # the exporter is down, which is told by its own alert
        harmless({"betanet_up": hold(1, 10) + gone(50),
                  "up": hold(1, 10) + hold(0, 50)}),
        # a new instance of the exporter has taken it over
        harmless({'betanet_up{instance="a", target="t"}':
                  hold(1, 10) + gone(50),
                  'betanet_up{instance="b", target="t"}':
                  gone(10) + hold(1, 50),
                  'up{instance="b"}': hold(1, 60)}),
    ],
    "BetanetDiscoveryFailing": [
        Case({'betanet_exporter_sd_refresh_failures_total{source="http://l"}':
              counter((0, 10), (1, 30), (0, 40))}, 26, 55,
             {"source": "http://l"}, scope="process"),
        # a file, which is read every five minutes
        Case({'betanet_exporter_sd_refresh_failures_total{source="a.yml"}':
              [n // 5 for n in range(60)]}, 20, labels={"source": "a.yml"},
             scope="process"),
        # one failed reading
        harmless({'betanet_exporter_sd_refresh_failures_total'
                  '{source="http://l"}': hold(0, 10) + hold(1, 60)}),
    ],
    "BetanetShardMissing": [
        Case(shard(0, 3, hold(1, 60)) | shard(1, 3, hold(1, 60)) |
             shard(2, 3, hold(1, 10) + gone(30) + hold(1, 20)), 20, 40,
             labels={"count": "3"}, scope="job"),
        # one that was never there
        Case(shard(0, 2, hold(1, 60)), 10, labels={"count": "2"}, scope="job"),
        # one that was not told the new number
        Case(shard(0, 2, hold(1, 60)) | shard(1, 3, hold(1, 60)) |
             shard(2, 3, hold(1, 60)), 10, labels={"count": "2"}, scope="job"),
        harmless(shard(0, 2, hold(1, 60)) | shard(1, 2, hold(1, 60))),
        # a restart
        harmless(shard(0, 2, hold(1, 60)) |
                 shard(1, 2, hold(1, 10) + gone(8) + hold(1, 42))),
        # two exporters that share nothing
        harmless({'betanet_up{instance="a"}': hold(1, 60),
                  'betanet_up{instance="b"}': hold(1, 60)}),
    ],
    "BetanetShardDoubled": [
        Case(shard(0, 2, hold(1, 60)) | shard(1, 2, hold(1, 60)) |
             shard(1, 2, gone(10) + hold(1, 20) + gone(30), instance="b"),
             20, 30, labels={"index": "1", "count": "2"}, scope="job"),
        harmless(shard(0, 2, hold(1, 60)) | shard(1, 2, hold(1, 60))),
        # a pod that was replaced
        harmless(shard(0, 1, hold(1, 30) + gone(30)) |
                 shard(0, 1, gone(30) + hold(1, 30), instance="b")),
    ],
    "BetanetAllTargetsDown": [
        Case(endpoints(DOWN_10, DOWN_10, DOWN_10, instance="a") |
             endpoints(*[hold(0, 40)] * 3, instance="b") |
             {'betanet_up{instance="a"}': UP, 'betanet_up{instance="b"}': UP},
             12, 20, scope="job"),
        # one of two
        harmless(endpoints(UP, UP, UP, instance="a") |
                 endpoints(*[hold(0, 40)] * 3, instance="b") |
                 {'betanet_up{instance="a"}': UP,
                  'betanet_up{instance="b"}': hold(0, 40)}),
        # the only one
        harmless(endpoints(*[hold(0, 40)] * 3) | {"betanet_up": hold(0, 40)}),
    ],
    "BetanetTargetDown": [
        Case(endpoints(DOWN_10, DOWN_10, DOWN_10), 12, 21),
        # two of three endpoints fail
        harmless(endpoints(hold(0, 40), hold(0, 40), UP)),
        # a restart of the service
        harmless(endpoints(*[hold(1, 10) + hold(0, 2) + hold(1, 10)] * 3)),
    ],
    "BetanetEndpointFailing": [
        Case(endpoints(hold(1, 10) + hold(0, 15) + hold(1, 10), UP, UP),
             20, 26, METRICS),
        harmless(endpoints(DOWN_10, UP, UP)),
    ],
    "BetanetReplicaDown": [
        # At minute 25 six of eleven values within ten minutes are 0.
        Case({'betanet_exporter_replica_up{replica="http://a"}':
              hold(1, 20) + hold(0, 30) + hold(1, 30)}, 30, 55,
             {"replica": "http://a"}),
        # It is tried again each third minute: seven of eleven are 0 at most.
        Case({'betanet_exporter_replica_up{replica="http://a"}':
              hold(1, 20) + [0, 0, 1] * 20}, 32,
             labels={"replica": "http://a"}),
        # a restart of the replica
        harmless({'betanet_exporter_replica_up{replica="http://a"}':
                  hold(1, 20) + hold(0, 5) + hold(1, 30)}),
        # it rests for half of the time
        harmless({'betanet_exporter_replica_up{replica="http://a"}':
                  [1, 0] * 30}),
    ],
    "BetanetBreakerOpen": [
        Case({'betanet_exporter_circuit_breaker_state{endpoint="metrics"}':
              hold(0, 10) + [1, 2] * 8 + hold(0, 10)}, 20, 26, METRICS),
        harmless({'betanet_exporter_circuit_breaker_state{endpoint="metrics"}':
                  hold(0, 10) + [1, 2] * 4 + hold(0, 10)}),
    ],
    "BetanetBreakerFlapping": [
        # Each of three outages is two changes. The first change leaves the
        # window of 30 minutes at minute 41.
        Case({'betanet_exporter_circuit_breaker_state{endpoint="metrics"}':
              hold(0, 11) + (hold(1, 2) + hold(0, 4)) * 3 + hold(0, 40)},
             25, 41, METRICS),
        # one long outage
        harmless({'betanet_exporter_circuit_breaker_state{endpoint="metrics"}':
                  hold(0, 10) + [1, 2] * 30 + hold(0, 10)}),
        # two outages
        harmless({'betanet_exporter_circuit_breaker_state{endpoint="metrics"}':
                  hold(0, 10) + (hold(1, 2) + hold(0, 4)) * 2 + hold(0, 40)}),
    ],
    "BetanetDataOld": [
        # 45 s is the limit: at minute 11 the answer of minute 10 is 60 s old.
        Case(OLD | {"betanet_exporter_collection_interval_seconds":
                    hold(15, 40)}, 26, 31, METRICS),
        # The latest answer is always 60 s old: two intervals, and three.
        harmless(ANSWER_OF_A_MINUTE_AGO |
                 {"betanet_exporter_collection_interval_seconds":
                  hold(30, 40)}),
        harmless(ANSWER_OF_A_MINUTE_AGO |
                 {"betanet_exporter_collection_interval_seconds":
                  hold(20, 40)}),
        Case(ANSWER_OF_A_MINUTE_AGO |
             {"betanet_exporter_collection_interval_seconds":
              hold(20, 10) + hold(19, 20) + hold(20, 10)}, 25, 30, METRICS),
        # polls of ten minutes
        harmless(OLD | {"betanet_exporter_collection_interval_seconds":
                        hold(600, 40)}),
        # there never was a good answer
        harmless({'betanet_exporter_last_success_timestamp_seconds'
                  '{endpoint="metrics"}': hold(0, 40),
                  "betanet_exporter_collection_interval_seconds":
                  hold(15, 40)}),
    ],
    "BetanetValuesGone": [
        Case(endpoints(UP, UP, UP) | values(
            betanet_mixnode_active=hold(7, 10) + gone(19) + hold(7, 20)),
            20, 29, {"endpoint": "nodes_status"}),
        Case(endpoints(UP, UP, UP) | values(
            betanet_packets_dropped_total=gone(15) + hold(7, 25)),
            10, 15, METRICS),
        Case(endpoints(UP, UP, UP) | values(
            betanet_message_latency_average_seconds=gone(15) + hold(7, 25)),
            10, 15, {"endpoint": "network_stats"}),
        # optional fields do not count
        harmless(endpoints(UP, UP, UP) | values()),
        harmless(endpoints(UP, UP, UP) | values(
            betanet_connected_peers=gone(9) + hold(7, 31))),
    ],
    "BetanetAnswersInvalid": [
        Case(failures("schema", counter((0, 10), (4, 15), (0, 15))), 16, 30,
             METRICS),
        Case(failures("json", counter((0, 10), (4, 15), (0, 15))), 16, 30,
             METRICS),
        harmless(failures("timeout", counter((4, 40)))),
        # one bad answer
        harmless(failures("json", hold(0, 10) + hold(1, 30))),
    ],
    "BetanetAccessRefused": [
        Case(failures("auth", counter((0, 10), (4, 10), (0, 15))), 13, 25,
             METRICS | {"reason": "auth"}),
        harmless(failures("http_4xx", counter((4, 40)))),
    ],
    "BetanetCollectionSlow": [
        Case(durations(hold(0, 20) + hold(10, 30) + hold(0, 40)), 36, 55,
             METRICS),
        # more than a tenth are slow
        Case(durations(hold(0, 20) + [1, 2] * 15 + hold(0, 40)), 39, 52,
             METRICS),
        # a tenth
        harmless(durations(hold(1, 60))),
        # almost slow
        harmless(durations(hold(0, 60), medium=10)),
        # outages in which requests hang, told of by other alerts or too short
        harmless(durations(hold(0, 20) + hold(10, 30) + hold(0, 40)) |
                 endpoints(*[hold(1, 20) + hold(0, 30) + hold(1, 40)] * 3)),
        harmless(durations(hold(0, 20) + hold(10, 30) + hold(0, 40)) |
                 endpoints(hold(1, 20) + hold(0, 30) + hold(1, 40),
                           hold(1, 90), hold(1, 90))),
        harmless(durations(hold(0, 20) + hold(10, 9) + hold(0, 40)) |
                 endpoints(hold(1, 20) + hold(0, 9) + hold(1, 40),
                           hold(1, 69), hold(1, 69))),
        # Requests stay slow after an outage. It is forgotten ten minutes after
        # the last minute in which it was told, 23 and 31.
        Case(durations(hold(0, 20) + hold(10, 50)) |
             endpoints(*[hold(1, 20) + hold(0, 3) + hold(1, 50)] * 3), 49,
             labels=METRICS),
        Case(durations(hold(0, 20) + hold(10, 50)) |
             endpoints(hold(1, 20) + hold(0, 11) + hold(1, 40),
                       hold(1, 70), hold(1, 70)), 57, labels=METRICS),
        # one in a hundred
        harmless(durations(([1] + hold(0, 9)) * 6)),
        harmless(durations(hold(0, 60))),
    ],
    "BetanetErrorBudgetBurningFast": [
        # The limits are 1.44 % of the last hour and of the last minutes, and
        # 0.6 % of the last six hours and of the last half hour.
        Case(burn(("1h", 0.015), ("5m", 0.015), 70), 77, 90, recorded=True),
        Case(burn(("6h", 0.0065), ("30m", 0.0065), 370), 377, 390,
             recorded=True),
        harmless(burn(("1h", 0.5), ("5m", 0.014), 70), recorded=True),
        harmless(burn(("6h", 0.5), ("30m", 0.0055), 370), recorded=True),
        # a burst, which the short window sees alone
        harmless(burn(("1h", 0.014), ("5m", 1), 70), recorded=True),
        harmless(burn(("6h", 0.0055), ("30m", 1), 370), recorded=True),
        # Every fifth poll fails, of one endpoint. The last failure leaves the
        # window of five minutes at minute 136.
        Case(endpoints(hold(1, 70) + [0, 1, 1, 1, 1] * 13 + hold(1, 40),
                       hold(1, 175), hold(1, 175)) |
             {"betanet_up": hold(1, 70) + [0, 1, 1, 1, 1] * 13 + hold(1, 40)},
             77, 136),
        # outages that BetanetTargetDown tells of, and their echo
        harmless(service(hold(1, 370) + hold(0, 10) + hold(1, 50))),
        harmless(service(hold(1, 370) + hold(0, 60) + hold(1, 50))),
        # Many failures after an outage: it is forgotten after 35 minutes.
        Case(endpoints(hold(1, 70) + hold(0, 5) + hold(1, 40) +
                       [0, 1, 1, 1, 1] * 6,
                       hold(1, 70) + hold(0, 5) + hold(1, 70),
                       hold(1, 70) + hold(0, 5) + hold(1, 70)) |
             {"betanet_up": hold(1, 70) + hold(0, 5) + hold(1, 40) +
              [0, 1, 1, 1, 1] * 6}, 122),
        # a restart of 75 s, which is nothing to tell of
        harmless(service(hold(1, 300) + hold(0, 5) + hold(1, 60)), step=0.25),
        # the outage is over: the short window knows it
        harmless({"target:betanet_up:avg1h": hold(0.98, 120),
                  "target:betanet_up:avg5m": hold(1, 120)}, recorded=True),
        # a service that was just added and has not answered its first poll
        harmless({"target:betanet_up:avg1h": hold(0, 50),
                  "target:betanet_up:avg5m": hold(0, 50)}, recorded=True),
        # within the objective
        harmless({"target:betanet_up:avg1h": hold(0.999, 420),
                  "target:betanet_up:avg5m": hold(0.999, 420),
                  "target:betanet_up:avg6h": hold(0.999, 420),
                  "target:betanet_up:avg30m": hold(0.999, 420)},
                 recorded=True),
    ],
    "BetanetErrorBudgetBurningSlowly": [
        # The limits are 0.3 % of the last day and of the last two hours, and
        # 0.1 % of the last three days and of the last six hours.
        Case(burn(("1d", 0.0035), ("2h", 0.0035), 1440), 1455, 1460,
             recorded=True),
        Case(burn(("3d", 0.0012), ("6h", 0.0012), 3 * DAY), 3 * DAY + 2,
             3 * DAY + 20, recorded=True, step=10),
        harmless(burn(("1d", 0.5), ("2h", 0.0025), DAY), recorded=True,
                 step=10),
        harmless(burn(("3d", 0.5), ("6h", 0.0009), 3 * DAY), recorded=True,
                 step=10),
        harmless(burn(("1d", 0.0025), ("2h", 0.5), DAY), recorded=True,
                 step=10),
        harmless(burn(("3d", 0.0009), ("6h", 0.5), 3 * DAY), recorded=True,
                 step=10),
        # an outage that BetanetTargetDown tells of, and its echo
        harmless(service(hold(1, 3 * DAY + 2) + hold(0, 2) + hold(1, 50)),
                 step=10),
        # a failure of an hour that it says nothing of
        Case(endpoints(hold(1, DAY + 2) + hold(0, 6) + hold(1, 10),
                       hold(1, DAY + 18), hold(1, DAY + 18)) |
             {"betanet_up": hold(1, DAY + 2) + hold(0, 6) + hold(1, 10)},
             DAY + 4, step=10),
        # the same eight hours after an outage, which is forgotten after seven
        Case(endpoints(hold(1, DAY + 2) + hold(0, 2) + hold(1, 48) +
                       hold(0, 6),
                       hold(1, DAY + 2) + hold(0, 2) + hold(1, 54),
                       hold(1, DAY + 2) + hold(0, 2) + hold(1, 54)) |
             {"betanet_up": hold(1, DAY + 2) + hold(0, 2) + hold(1, 48) +
              hold(0, 6)}, DAY + 54, step=10),
        # within the objective
        harmless({"target:betanet_up:avg3d": hold(0.9995, 3 * DAY + 12),
                  "target:betanet_up:avg6h": hold(0.9995, 3 * DAY + 12),
                  "target:betanet_up:avg5m": hold(1, 3 * DAY + 12)},
                 recorded=True, step=10),
    ],
    "BetanetCertificateExpiresSoon": [
        # renewed at minute 100; 14 days are 1209600 s
        Case({'betanet_exporter_tls_cert_expiry_timestamp_seconds'
              '{peer="upstream"}':
              hold(14 * 86400 + 600, 100) + hold(90 * 86400, 20)},
             71, 100, {"peer": "upstream"}),
        harmless({'betanet_exporter_tls_cert_expiry_timestamp_seconds'
                  '{peer="upstream"}': hold(20 * 86400, 120)}),
    ],
    "BetanetCertificateAboutToExpire": [
        Case({'betanet_exporter_tls_cert_expiry_timestamp_seconds'
              '{peer="upstream"}':
              hold(2 * 86400 + 600, 100) + hold(90 * 86400, 20)},
             26, 100, {"peer": "upstream"}),
        harmless({'betanet_exporter_tls_cert_expiry_timestamp_seconds'
                  '{peer="upstream"}': hold(3 * 86400, 120)}),
    ],
    "BetanetPacketLossHigh": [
        Case(traffic(counter((900, 90)),
                     counter((9, 10), (100, 30), (9, 50))), 23, 43, late=1),
        harmless(traffic(counter((1000, 60)), counter((10, 60)))),
        Case({"target:betanet_packets_dropped:ratio_rate5m":
              hold(0.05, 10) + hold(0.055, 20) + hold(0.05, 20)}, 20, 30,
             recorded=True),
        harmless({"target:betanet_packets_dropped:ratio_rate5m":
                  hold(0.05, 60)}, recorded=True),
        # nothing flows
        harmless(traffic(hold(1000, 60), hold(500, 60))),
        # the service began anew
        harmless(traffic(counter((1000, 10)) + counter((1000, 50)),
                         counter((10, 10)) + counter((10, 50)))),
    ],
    "BetanetLatencyRising": [
        # against the hour before the last
        Case({"target:betanet_message_latency_seconds:avg5m":
              hold(0.05, 100) + hold(0.2, 40) + hold(0.06, 40),
              "target:betanet_message_latency_seconds:avg1h":
              hold(0.06, 180)}, 115, 140, recorded=True),
        # against a week ago, when this hour was slow as well
        Case({"target:betanet_message_latency_seconds:avg5m":
              hold(0.1, 7 * DAY + 1) + hold(0.5, 6) + hold(0.1, 6),
              "target:betanet_message_latency_seconds:avg1h":
              hold(0.2, 7 * DAY + 13)}, 7 * DAY + 3, 7 * DAY + 7,
             recorded=True, step=10),
        harmless({"target:betanet_message_latency_seconds:avg5m":
                  hold(0.1, 7 * DAY) + hold(0.3, 13),
                  "target:betanet_message_latency_seconds:avg1h":
                  hold(0.2, 7 * DAY + 13)}, recorded=True, step=10),
        # a week ago this hour was slow, unlike yesterday
        harmless({"target:betanet_message_latency_seconds:avg5m":
                  hold(0.1, 7 * DAY) + hold(0.3, 13),
                  "target:betanet_message_latency_seconds:avg1h":
                  hold(0.2, DAY) + hold(0.06, 6 * DAY + 13)},
                 recorded=True, step=10),
        # twice as much, and no more
        harmless({"target:betanet_message_latency_seconds:avg5m":
                  hold(0.2, 120),
                  "target:betanet_message_latency_seconds:avg1h":
                  hold(0.1, 120)}, recorded=True),
        # 50 ms, and a little more
        Case({"target:betanet_message_latency_seconds:avg5m":
              hold(0.05, 100) + hold(0.055, 30) + hold(0.05, 30),
              "target:betanet_message_latency_seconds:avg1h":
              hold(0.01, 160)}, 115, 130, recorded=True),
        # twice of very little
        harmless({"target:betanet_message_latency_seconds:avg5m":
                  hold(0.002, 100) + hold(0.02, 60),
                  "target:betanet_message_latency_seconds:avg1h":
                  hold(0.002, 160)}, recorded=True),
    ],
    "BetanetPeersLow": [
        Case({"betanet_connected_peers":
              hold(7, 10) + hold(2, 15) + hold(3, 15)}, 20, 25),
        harmless({"betanet_connected_peers": hold(3, 40)}),
        harmless({"betanet_connected_peers":
                  hold(7, 10) + hold(0, 10) + hold(7, 10)}),
    ],
    "BetanetPeersFallingFast": [
        # until the higher number has left the window of 30 minutes
        Case({"betanet_connected_peers": hold(100, 40) + hold(50, 60)},
             45, 70),
        harmless({"betanet_connected_peers": hold(100, 40) + hold(70, 60)}),
        Case({"betanet_connected_peers": hold(5, 40) + hold(2, 60)}, 45, 70),
        # there were more than five, but not within half an hour
        harmless({"betanet_connected_peers":
                  hold(6, 40) + hold(4, 31) + hold(1, 60)}),
        # slowly
        harmless({"betanet_connected_peers":
                  [100 - n for n in range(60)]}),
        # from few to fewer, which is told by another alert
        harmless({"betanet_connected_peers": hold(4, 40) + hold(1, 60)}),
    ],
    "BetanetMixnodesInactive": [
        Case({"betanet_connected_peers": hold(10, 60),
              "betanet_mixnode_active":
              hold(7, 10) + hold(4, 30) + hold(5, 20)}, 25, 40),
        Case({"betanet_connected_peers": hold(1, 60),
              "betanet_mixnode_active": hold(0, 60)}, 15),
        harmless({"betanet_connected_peers": hold(10, 60),
                  "betanet_mixnode_active": hold(5, 60)}),
        harmless({"betanet_connected_peers": hold(0, 60),
                  "betanet_mixnode_active": hold(0, 60)}),
    ],
    "BetanetThroughputStalled": [
        Case({"betanet_bytes_transmitted_total":
              counter((1000, 20), (0, 30), (1000, 20)),
              "betanet_mixnode_active": hold(5, 70)} |
             endpoints(*[hold(1, 70)] * 3), 35, 51),
        # The endpoint failed once, at minute 28. One node is active.
        Case({"betanet_bytes_transmitted_total":
              counter((1000, 20), (0, 50)),
              "betanet_mixnode_active": hold(1, 70)} |
             endpoints(hold(1, 70), hold(1, 70),
                       hold(1, 28) + hold(0, 1) + hold(1, 41)), 44),
        # the exporter cannot know: the endpoint does not answer
        harmless({"betanet_bytes_transmitted_total":
                  counter((1000, 20), (0, 50)),
                  "betanet_mixnode_active": hold(5, 70)} |
                 endpoints(hold(1, 70), hold(1, 70),
                           hold(1, 20) + hold(0, 50))),
        # nobody is there to transmit anything
        harmless({"betanet_bytes_transmitted_total": hold(1000, 70),
                  "betanet_mixnode_active": hold(0, 70)} |
                 endpoints(*[hold(1, 70)] * 3)),
    ],
    "BetanetServiceRestarting": [
        Case({"betanet_packets_processed_total":
              counter((100, 10)) * 3 + counter((100, 90))}, 30, 70),
        harmless({"betanet_packets_processed_total":
                  counter((100, 10)) * 2 + counter((100, 90))}),
    ],
}
