#include "config/discovered.hpp"

#include "config/quote_impl.hpp"
#include "config/utf8_impl.hpp"

#include <unordered_map>

namespace betanet::config {

namespace {

/// The labels of a target that its series of information gets. As in
/// Prometheus, an empty label is no label, and `exported_` begins the name of
/// one that would hide a label of the series itself.
std::map<std::string, std::string>
shown_labels(const std::map<std::string, std::string>& labels) {
  std::map<std::string, std::string> shown;
  for (const auto& [name, value] : labels)
    if (!name.empty() && !value.empty() && !name.starts_with("__") &&
        name != "name" && name != "target" && name != "url")
      shown.emplace(name, value);
  for (const std::string reserved : {"target", "url"}) {
    const auto found = labels.find(reserved);
    if (found == labels.end() || found->second.empty())
      continue;
    auto name = "exported_" + reserved;
    while (shown.contains(name))
      name.insert(0, "exported_");
    shown.emplace(name, found->second);
  }
  return shown;
}

class merger {
public:
  explicit merger(const settings& s) : settings_(s) {
    result_.targets = s.targets;
    for (const auto& t : s.targets)
      for (const auto& url : urls_of(t))
        remember(t.name, canonical(url));
    for (const auto& [name, url] : s.targets_elsewhere)
      remember(name, url);
  }

  void add(const target_list& list) {
    for (const auto& group : list.groups) {
      const auto name = group.labels.find("name");
      const auto labels = shown_labels(group.labels);
      for (const auto& address : group.targets)
        add(list.source, address,
            name == group.labels.end() ? "" : name->second, labels);
    }
  }

  merged_targets finish() {
    if (left_out_ > shown_warnings)
      result_.warnings.push_back("and " +
                                 std::to_string(left_out_ - shown_warnings) +
                                 " more discovered targets are left out");
    return std::move(result_);
  }

private:
  static constexpr std::size_t shown_warnings = 10;

  void remember(const std::string& name, const std::string& url) {
    urls_.emplace(name, url);
    names_.emplace(url, name);
  }

  void leave_out(const std::string& source, const std::string& why) {
    if (++left_out_ <= shown_warnings)
      result_.warnings.push_back(source + ": " + why);
  }

  void add(const std::string& source, const std::string& address,
           const std::string& name,
           const std::map<std::string, std::string>& labels) {
    target t;
    try {
      t.url = parse_url(
          address.find("://") == address.npos ? "http://" + address : address);
    } catch (const std::invalid_argument& e) {
      return leave_out(source, "the target " + quote(address) +
                                   " is left out: " + e.what());
    }
    t.name = name.empty() ? authority(t.url) : name;
    if (!is_target_name(t.name))
      return leave_out(source, "the target " + to_string(t.url) +
                                   " is left out: its name has more than 200 "
                                   "characters or control characters");
    const auto url = canonical(t.url);
    if (const auto same = names_.find(url); same != names_.end())
      return leave_out(source, "the target " + quote(t.name) +
                                   " is left out: " + url + " is the target " +
                                   quote(same->second));
    if (const auto same = urls_.find(t.name); same != urls_.end())
      return leave_out(source, "the target " + url + " is left out: its name " +
                                   quote(t.name) + " is that of " +
                                   same->second);
    remember(t.name, url);
    if (settings_.shard &&
        owner(url, settings_.shard->count) != settings_.shard->index)
      return;
    t.polling = settings_.polling;
    t.origin = {source};
    t.labels = labels;
    result_.targets.push_back(std::move(t));
  }

  const settings& settings_;
  std::unordered_map<std::string, std::string> urls_;  ///< By name.
  std::unordered_map<std::string, std::string> names_; ///< By URL.
  std::size_t left_out_ = 0;
  merged_targets result_;
};

} // namespace

bool is_target_name(const std::string& s) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < s.size(); ++characters) {
    const auto c = character_at(s, at);
    if (!c || is_control(c->code))
      return false;
    at += c->size;
  }
  return characters >= 1 && characters <= 200;
}

merged_targets merge_targets(const settings& s,
                             const std::vector<target_list>& lists) {
  merger all{s};
  for (const auto& list : lists)
    all.add(list);
  return all.finish();
}

} // namespace betanet::config
