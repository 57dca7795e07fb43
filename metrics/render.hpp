#pragma once

#include "metrics/freshness.hpp"
#include "metrics/process.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace betanet::metrics {

/// The number of requests that one handler answered with one status code.
struct request_count {
  std::string_view handler; ///< Refers to a string of static lifetime.
  int code = 0;
  std::uint64_t count = 0;
};

/// Counters of the HTTP front since the process started.
struct front_totals {
  std::vector<request_count> requests; ///< Contains pairs with a count of 0.
  std::uint64_t connections = 0;       ///< The connections that are open now.
  std::uint64_t rejected_limit = 0;
  std::uint64_t rejected_descriptors = 0;
  /// When the first certificate of the listener expires; empty: no TLS.
  std::optional<std::chrono::sys_seconds> certificate_expiry{};
};

/// The labels of `betanet_exporter_build_info`.
struct build_info {
  std::string version, revision, compiler, caf_version, boost_version;
};

/// How the latest reload of the configuration ended. The first load, when the
/// process starts, counts as a reload.
struct reload_status {
  bool successful = true;
  wall_time succeeded_at{};
  /// The latest valid configuration differs from the one in use in a key that
  /// needs a restart.
  bool restart_pending = false;
  /// Each source of targets has been asked at least once.
  bool discovered = true;
};

/// How often a source of targets was read.
struct source_count {
  std::string source;          ///< The pattern of files or the URL of a server.
  std::uint64_t refreshes = 0; ///< Failed ones included.
  std::uint64_t failures = 0;
};

/// Which part of all targets this process polls.
struct shard_place {
  std::uint64_t index = 0, count = 1;
};

/// Which families have a `target` label: all families about a target, or only
/// those with its values and its state.
enum class detail : std::uint8_t { full, compact };

/// The number of lookups of each kind, by `index(lookup)`.
using lookup_counts = std::array<std::uint64_t, lookup_count>;

/// One rendered page and a summary of its contents.
struct page {
  std::string text;
  /// The age of the endpoint whose last good poll is longest ago, of those
  /// whose target shows a value.
  std::optional<duration> oldest_age;
  bool fresh = false; ///< Every target was a fresh lookup.
};

/// Renders the latest snapshots in the Prometheus text format. Not thread-safe.
class exposition {
public:
  /// Without `exporter_metrics`, pages lack the families about the process
  /// itself and its HTTP front.
  exposition(detail d, build_info build, reload_status reload,
             bool exporter_metrics = true);

  /// Adds or replaces the snapshot of a target; "" is the unnamed one.
  void update(const std::string& target, std::shared_ptr<const snapshot> s);

  /// Adds a target. It replaces one of the same name, whose counters go on.
  void replace(const std::string& target, std::shared_ptr<const snapshot> s);

  /// Removes a target. What it has counted stays in the sums over all targets.
  void remove(const std::string& target);

  /// Sets the state of the latest reload, which later pages show.
  void show(const reload_status& s) { reload_ = s; }

  /// Sets the counts of all sources of targets.
  void show(std::vector<source_count> sources) {
    sources_ = std::move(sources);
  }

  /// Sets the place among the shards; without it, pages do not tell one.
  void show(const shard_place& place) { shard_ = place; }

  /// Counts `scrapes` more answers with the latest page: for each target a
  /// lookup of the kind that it was on that page.
  void count_scrapes(std::uint64_t scrapes);

  page render(time_point now, const front_totals& front,
              const process_stats& process);

  /// Renders the families of one target only, and counts a lookup of it.
  /// Returns nothing if there is no such target.
  std::optional<page> render_target(const std::string& target, time_point now);

private:
  struct shown_target {
    std::shared_ptr<const snapshot> latest;
    std::optional<lookup> last_lookup; ///< Empty until the first page.
    lookup_counts lookups{};
    /// What former targets of this name had counted when they were replaced.
    /// Null: there was none.
    std::shared_ptr<const activity> former;

    /// Adds what the targets of this name have counted until now.
    void add_to(metrics::activity& all) const;
    metrics::activity counted() const;
    /// What its page shows: without replicas that only former targets had.
    metrics::activity shown() const;
  };

  void look_up_all(page& result, time_point now);
  void append_targets(std::string& text, time_point now,
                      const front_totals& front) const;
  void append_sums(std::string& text) const;

  detail detail_;
  build_info build_;
  reload_status reload_;
  std::vector<source_count> sources_;
  std::optional<shard_place> shard_;
  bool exporter_metrics_;
  std::map<std::string, shown_target> targets_;
  activity removed_; ///< What the removed targets had counted.
  lookup_counts removed_lookups_{};
};

} // namespace betanet::metrics
