#pragma once

#include "metrics/self.hpp"
#include "metrics/snapshot.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace betanet::metrics {

/// The front's paths as label values of `handler`.
enum class handler : std::uint8_t {
  metrics,
  health,
  healthy,
  ready,
  reload,
  sd,
  config,
  index,
  other,
};

inline constexpr std::size_t handler_count = 9;
std::string_view name(handler h);

/// Every code a handler can give; each is a series from the start.
std::span<const int> codes(handler h);

/// What the HTTP front counted since the process started.
struct front_totals {
  std::map<std::pair<handler, int>, std::uint64_t> requests;
  std::uint64_t connections = 0; ///< Open now.
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

/// Scrapes by what they met; index is `hit`.
using hit_counts = std::array<std::uint64_t, 3>;

/// One rendered page and what it showed.
struct page {
  std::string text;
  std::optional<duration> oldest_age; ///< Of any endpoint of any target.
  bool fresh = false;                 ///< Every target was a fresh hit.
  bool empty = false;                 ///< No target showed a value.
};

/// Turns the latest snapshots into the text exposition format. A target's lines
/// are rendered when they changed, a page is heads and those lines, family by
/// family. Not thread-safe.
class exposition {
public:
  exposition(detail d, build_info build, reload_status reload);

  /// Adds or replaces the snapshot of a target; "" is the unnamed one.
  void update(const std::string& target, std::shared_ptr<const snapshot> s);

  /// Forgets a target and what it counted.
  void remove(const std::string& target) { targets_.erase(target); }

  void show(const reload_status& s) { reload_ = s; }

  /// Counts `scrapes` answered from the last page, by what each target was on
  /// it: an hour later they would be something else.
  void count_scrapes(std::uint64_t scrapes);

  page render(time_point now, const front_totals& front,
              const process_stats& process);

  /// The families of one target alone; counts as a scrape of it. Empty if
  /// there is no such target.
  std::optional<page> render_target(const std::string& target, time_point now);

private:
  struct cached_target {
    std::shared_ptr<const snapshot> latest;
    std::vector<std::string> activity; ///< The same of what it made us do.
    std::vector<std::string> rendered; ///< Sample lines, by family.
    time_point valid_until{};          ///< Rendered anew from here on.
    std::optional<hit> last_hit;       ///< Empty: not on a page yet.
    hit_counts hits{};
  };

  void refresh(const std::string& target, cached_target& cached,
               time_point now) const;

  detail detail_;
  build_info build_;
  reload_status reload_;
  std::map<std::string, cached_target> targets_;
};

} // namespace betanet::metrics
