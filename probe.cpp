#include "probe.hpp"

#include "actors/upstream.hpp"
#include "net/descriptors.hpp"
#include "net/loop.hpp"
#include "probe_lists.hpp"
#include "probe_table.hpp"

#include <algorithm>
#include <array>

namespace betanet {

namespace {

/// How many targets are polled side by side: about 100 connections.
constexpr std::size_t max_running = 32;

/// Each replica of the targets as a target of its own.
std::vector<config::target>
split_replicas(const std::vector<config::target>& targets) {
  std::vector<config::target> all;
  for (const auto& t : targets)
    for (const auto& url : urls_of(t))
      all.push_back(at_url(t, url));
  return all;
}

/// Polls all targets. The functions other than `run` run on the loop's thread.
class prober {
public:
  prober(const std::vector<config::target>& targets, std::string user_agent)
      : targets_(targets), user_agent_(std::move(user_agent)) {}

  /// Returns what was found, in the order of the targets and their endpoints.
  std::vector<probe_finding> run() {
    if (targets_.empty())
      return {};
    for (const auto& t : targets_)
      for (const auto e : all_endpoints)
        found_.push_back({&t, e, {}, {}});
    while (next_ < std::min(targets_.size(), max_running))
      start_next();
    loop_.run();
    return std::move(found_);
  }

private:
  struct running {
    std::array<transport, endpoint_count> transports;
    std::size_t left = endpoint_count; ///< Polls that have not ended.
  };

  void start_next() {
    const auto i = next_++;
    const auto& t = targets_[i];
    const auto r = std::make_shared<running>();
    for (const auto e : all_endpoints)
      r->transports[index(e)] = connect(outbound_, t, e, user_agent_);
    for (const auto e : all_endpoints)
      r->transports[index(e)](
          t.polling.collection.timeout, [this, r, i, e](net::outcome o) {
            ended(*r, found_[i * endpoint_count + index(e)], std::move(o));
          });
  }

  void ended(running& r, probe_finding& f, net::outcome o) {
    f.poll = judge(f.endpoint, o);
    f.outcome = std::move(o);
    if (--r.left > 0)
      return;
    r.transports = {}; // closes the connections
    if (next_ < targets_.size())
      start_next();
    if (++ended_ == targets_.size())
      loop_.stop();
  }

  const std::vector<config::target>& targets_;
  const std::string user_agent_;
  std::vector<probe_finding> found_;
  std::size_t next_ = 0;  ///< Index of the next target to poll.
  std::size_t ended_ = 0; ///< Targets whose polls have all ended.
  net::loop loop_;
  net::outbound outbound_{loop_};
};

} // namespace

bool probe(const config::settings& s, const std::string& user_agent,
           std::ostream& out) {
  net::raise_descriptor_limit();
  const auto read = read_target_lists(s, user_agent);
  const auto merged = config::merge_targets(s, read.lists);
  for (const auto* lines : {&read.problems, &merged.warnings})
    for (const auto& line : *lines)
      out << line << '\n';
  const auto targets = split_replicas(merged.targets);
  const auto found = prober{targets, user_agent}.run();
  out << probe_table(found);
  return read.problems.empty() && merged.warnings.empty() &&
         std::all_of(found.begin(), found.end(), [](const auto& f) {
           return f.poll.result == metrics::quality::good;
         });
}

} // namespace betanet
