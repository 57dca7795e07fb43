#pragma once

#include "metrics/types.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace betanet::metrics {

/// A histogram with N bounded buckets. `counts[i]` is the number of values in
/// bucket i alone, not cumulated; the last bucket is unbounded (+Inf).
template <std::size_t N>
struct histogram {
  std::array<std::uint64_t, N + 1> counts{};
  double sum = 0;

  void observe(const std::array<double, N>& bounds, double value) {
    std::size_t i = 0;
    while (i < N && value > bounds[i])
      ++i;
    ++counts[i];
    sum += value;
  }
};

/// Adds two arrays element by element.
template <class T, std::size_t N>
void operator+=(std::array<T, N>& to, const std::array<T, N>& from) {
  for (std::size_t i = 0; i < N; ++i)
    to[i] += from[i];
}

/// Upper bounds in seconds: the default buckets of Prometheus's client
/// libraries, without 10 s, because the default timeout of a request is 5 s.
inline constexpr std::array request_duration_bounds{
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};

/// Counters of one endpoint of one target since the target was added. Each
/// member is exposed by one row of `counter_table`.
struct endpoint_counters {
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::array<std::uint64_t, reason_count> failures{};
  histogram<request_duration_bounds.size()> request_duration;
  std::uint64_t skipped = 0;
  std::array<std::uint64_t, breaker_state_count> transitions{};
  std::uint64_t rejected = 0;

  void operator+=(const endpoint_counters& other) {
    // Does not compile when a member is added: then its sum is due below.
    [[maybe_unused]] const auto& [a, b, c, d, e, f, g] = *this;
    requests += other.requests;
    retries += other.retries;
    failures += other.failures;
    request_duration.counts += other.request_duration.counts;
    request_duration.sum += other.request_duration.sum;
    skipped += other.skipped;
    transitions += other.transitions;
    rejected += other.rejected;
  }
};

/// Receives the samples of one metric family.
struct sample_sink {
  virtual ~sample_sink() = default;
  virtual void count(std::uint64_t n) = 0;
  virtual void count(std::string_view label, std::string_view value,
                     std::uint64_t n) = 0;
  virtual void observations(std::span<const double> bounds,
                            std::span<const std::uint64_t> counts,
                            double sum) = 0;
};

/// One metric family with counters of each endpoint.
struct counter_row {
  const char* family;
  const char* help;
  void (*sample)(const endpoint_counters&, sample_sink&);
  bool is_histogram = false;
};

inline constexpr std::array counter_table{
    counter_row{
        "betanet_exporter_requests_total",
        "HTTP requests to the endpoint that were started: first attempts, "
        "retries and circuit breaker probes.",
        [](const endpoint_counters& c, sample_sink& to) {
          to.count(c.requests);
        }},
    counter_row{"betanet_exporter_retries_total",
                "HTTP requests to the endpoint that repeated a failed one.",
                [](const endpoint_counters& c, sample_sink& to) {
                  to.count(c.retries);
                }},
    counter_row{"betanet_exporter_request_failures_total",
                "HTTP requests to the endpoint that failed, by reason.",
                [](const endpoint_counters& c, sample_sink& to) {
                  for (const auto r : all_reasons)
                    to.count("reason", name(r), c.failures[index(r)]);
                }},
    counter_row{
        "betanet_exporter_request_duration_seconds",
        "Duration of the HTTP requests to the endpoint, failed ones included.",
        [](const endpoint_counters& c, sample_sink& to) {
          to.observations(request_duration_bounds, c.request_duration.counts,
                          c.request_duration.sum);
        },
        true},
    counter_row{"betanet_exporter_polls_skipped_total",
                "Polls skipped because the previous poll of the endpoint was "
                "still running.",
                [](const endpoint_counters& c, sample_sink& to) {
                  to.count(c.skipped);
                }},
    counter_row{"betanet_exporter_circuit_breaker_transitions_total",
                "Changes of the circuit breaker's state, by the new state.",
                [](const endpoint_counters& c, sample_sink& to) {
                  for (const auto s : all_breaker_states)
                    to.count("to", name(s), c.transitions[index(s)]);
                }},
    counter_row{"betanet_exporter_circuit_breaker_rejections_total",
                "Polls refused because the circuit breaker was open or "
                "half-open.",
                [](const endpoint_counters& c, sample_sink& to) {
                  to.count(c.rejected);
                }},
};

/// How often actors of a target's group died and were replaced.
struct restart_counters {
  std::uint64_t fetcher = 0;
  std::uint64_t aggregator = 0;
};

/// The counters of one target, or their sums over all targets.
struct activity {
  std::array<endpoint_counters, endpoint_count> endpoints;
  restart_counters restarts;
  /// Values of counters that were held back; empty: there are no replicas.
  std::optional<std::uint64_t> counter_holds;
  std::map<std::string, std::uint64_t> replica_requests; ///< By URL.

  void operator+=(const activity& other) {
    if (other.counter_holds)
      counter_holds = counter_holds.value_or(0) + *other.counter_holds;
    for (const auto& [url, n] : other.replica_requests)
      replica_requests[url] += n;
    endpoints += other.endpoints;
    restarts.fetcher += other.restarts.fetcher;
    restarts.aggregator += other.restarts.aggregator;
  }
};

} // namespace betanet::metrics
