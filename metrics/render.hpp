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

/// Requests answered by one handler with one code.
struct request_count {
  std::string_view handler; ///< Refers to a constant.
  int code = 0;
  std::uint64_t count = 0;
};

/// What the HTTP front counted since the process started.
struct front_totals {
  std::vector<request_count> requests; ///< Every pair there can be, also at 0.
  std::uint64_t connections = 0;       ///< Open now.
  std::uint64_t rejected_limit = 0;
  std::uint64_t rejected_descriptors = 0;
};

/// What never changes while the process runs.
struct build_info {
  std::string version, revision, compiler, caf_version, boost_version;
};

/// The latest reload of the configuration; the start counts as one.
struct reload_status {
  bool successful = true;
  wall_time succeeded_at{};
};

/// Which families keep the `target` label.
enum class detail : std::uint8_t { full, compact };

/// How many scrapes found what; by `index(lookup)`.
using lookup_counts = std::array<std::uint64_t, lookup_count>;

/// One rendered page and what it showed.
struct page {
  std::string text;
  std::optional<duration> oldest_age; ///< Of any endpoint of any target.
  bool fresh = false;                 ///< Every target was a fresh lookup.
  bool empty = false;                 ///< No target showed a value.
};

/// Turns the latest snapshots into the text exposition format. The lines of a
/// target are rendered when its snapshot changed; a page is made of heads and
/// of those lines, family by family. Not thread-safe.
class exposition {
public:
  exposition(detail d, build_info build, reload_status reload);

  /// Adds or replaces the snapshot of a target; "" is the unnamed one.
  void update(const std::string& target, std::shared_ptr<const snapshot> s);

  /// Forgets a target and what it counted.
  void remove(const std::string& target) { targets_.erase(target); }

  void show(const reload_status& s) { reload_ = s; }

  /// Counts `scrapes` that were answered with the latest page. Each target
  /// counts as what it was on that page.
  void count_scrapes(std::uint64_t scrapes);

  page render(time_point now, const front_totals& front,
              const process_stats& process);

  /// The families of one target alone; counts as a scrape of it. Nothing if
  /// there is no such target.
  std::optional<page> render_target(const std::string& target, time_point now);

private:
  struct cached_target {
    std::shared_ptr<const snapshot> latest;
    std::vector<std::string> values;   ///< Sample lines, by family.
    std::vector<std::string> activity; ///< Sample lines, by family.
    time_point valid_until{};          ///< Until then the lines are right.
    std::optional<lookup> last_lookup; ///< Nothing: not on a page yet.
    lookup_counts lookups{};
  };

  void refresh(const std::string& target, cached_target& cached,
               time_point now) const;

  detail detail_;
  build_info build_;
  reload_status reload_;
  std::map<std::string, cached_target> targets_;
};

} // namespace betanet::metrics
