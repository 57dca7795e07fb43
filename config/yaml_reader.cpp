#include "config/quote_impl.hpp"
#include "config/yaml_reader_impl.hpp"

#include <filesystem>
#include <set>

namespace betanet::config {

namespace {

std::string suggestion(const std::string& name,
                       const std::vector<std::string>& known) {
  const auto near = nearest(name, known);
  return near ? ", did you mean \"" + *near + "\"?" : "";
}

} // namespace

const char* kind_of(const YAML::Node& node) {
  switch (node.Type()) {
  case YAML::NodeType::Map:
    return "a mapping";
  case YAML::NodeType::Sequence:
    return "a list";
  case YAML::NodeType::Scalar:
    return "a value";
  default:
    return "nothing";
  }
}

std::vector<std::string> yaml_reader::problems() {
  if (too_many_problems_)
    problems_.push_back(file_ + ": and more problems");
  return std::move(problems_);
}

std::string yaml_reader::place_of(const YAML::Node& node) const {
  const auto mark = node.Mark();
  return file_ + ":" + std::to_string(mark.line + 1) + ":" +
         std::to_string(mark.column + 1) + ": ";
}

void yaml_reader::problem(const YAML::Node& at, const std::string& text) {
  constexpr std::size_t told = 100;
  too_many_problems_ = problems_.size() == told;
  if (!too_many_problems_)
    problems_.push_back(place_of(at) + text);
}

void yaml_reader::each_item(const YAML::Node& map, const std::string& prefix,
                            const take_entry& take) {
  if (map.IsNull())
    return; // all keys of the mapping are commented out
  if (!map.IsMap()) {
    const auto what = prefix.empty() ? "the configuration"
                                     : prefix.substr(0, prefix.size() - 1);
    return problem(map, what + ": expected a mapping, found " + kind_of(map));
  }
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar())
      problem(entry.first, "a key must be a plain word");
    else if (!seen.insert(entry.first.Scalar()).second)
      problem(entry.first, prefix + name_for_message(entry.first.Scalar()) +
                               ": duplicate key, each key may occur once");
    else
      take(entry.first, entry.second);
  }
}

void yaml_reader::each_entry(const YAML::Node& map, const std::string& prefix,
                             const std::vector<std::string>& known,
                             const take_entry& take) {
  each_item(map, prefix, [&](const YAML::Node& key, const YAML::Node& value) {
    const auto& name = key.Scalar();
    const auto& later = unsupported_keys();
    if (std::find(later.begin(), later.end(), prefix + name) != later.end())
      problem(key, prefix + name + ": not supported");
    else if (std::find(known.begin(), known.end(), name) == known.end())
      problem(key, prefix + name_for_message(name) + ": unknown key" +
                       suggestion(name, known));
    else
      take(key, value);
  });
}

void yaml_reader::with_scalar(const YAML::Node& node, const std::string& what,
                              const take_scalar& take) {
  if (null_is_absent_ && node.IsNull())
    return;
  if (!node.IsScalar())
    return problem(node, what + ": expected a value, found " + kind_of(node));
  origins_[what] = {place_of(node) + what};
  try {
    take(meaning_ ? meaning_(node.Scalar()) : node.Scalar());
  } catch (const std::invalid_argument& e) {
    problem(node, what + ": " + e.what());
  }
}

origin yaml_reader::origin_of(const std::string& what) const {
  const auto found = origins_.find(what);
  return found == origins_.end() ? origin{file_} : found->second;
}

std::string yaml_reader::beside(const std::string& path) const {
  const auto folder = std::filesystem::path{file_}.parent_path();
  return path.empty() ? path : (folder / path).string();
}

} // namespace betanet::config
