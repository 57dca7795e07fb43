#pragma once

#include "config/keys.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace betanet::config {

/// The only document of a file. Throws `invalid`.
YAML::Node load_yaml(const std::string& yaml, const std::string& file);

/// `${NAME}` is the environment's value, `$$` is `$`, any other `$` is itself.
/// Throws `std::invalid_argument`.
std::string expand(const std::string& text);

/// "a list", for messages.
const char* kind_of(const YAML::Node& node);

/// Reads blocks of keys strictly and collects every problem on the way.
class yaml_reader {
public:
  /// What a scalar of the file stands for; null: itself.
  using meaning = std::string (*)(const std::string&);

  explicit yaml_reader(std::string file, meaning of_scalars = nullptr)
      : file_(std::move(file)), meaning_(of_scalars) {}

  /// From here on a key without a value is one that is not there.
  void null_is_absent() { null_is_absent_ = true; }

  /// Throws `invalid` if there were problems.
  void finish();

  void problem(const YAML::Node& at, const std::string& text);

  /// `key` is a scalar.
  using take_entry =
      std::function<void(const YAML::Node& key, const YAML::Node& value)>;
  using take_scalar = std::function<void(const std::string& text)>;

  /// Calls `take` for each entry with a known, new key; reports the others.
  void each_entry(const YAML::Node& map, const std::string& prefix,
                  const std::vector<std::string>& known,
                  const take_entry& take);

  /// Calls `take` for each entry whose key may be anything; reports doubles.
  void each_item(const YAML::Node& map, const std::string& prefix,
                 const take_entry& take);

  /// Calls `take` with what the scalar stands for and reports what it throws.
  void with_scalar(const YAML::Node& node, const std::string& what,
                   const take_scalar& take);

  /// A path of the file is relative to the file's folder; an empty one stays.
  std::string beside(const std::string& path) const;

  /// Reads one section of a table of keys.
  template <class T>
  void section(const std::vector<key<T>>& keys, T& to, const std::string& name,
               const YAML::Node& value) {
    std::vector<std::string> known;
    for (const auto& k : keys)
      if (k.name.starts_with(name + "."))
        known.push_back(k.name.substr(name.size() + 1));
    each_entry(value, name + ".", known,
               [&](const YAML::Node& leaf, const YAML::Node& node) {
                 const auto full = name + "." + leaf.Scalar();
                 const auto found =
                     std::find_if(keys.begin(), keys.end(), [&](const auto& k) {
                       return k.name == full;
                     });
                 read_key(*found, to, node);
               });
  }

private:
  template <class T>
  void read_key(const key<T>& k, T& to, const YAML::Node& node) {
    if (null_is_absent_ && node.IsNull())
      return;
    if (!k.list)
      return add_item(k, to, node);
    if (!node.IsSequence())
      return problem(node,
                     k.name + ": expected a list, found " + kind_of(node));
    k.clear(to);
    for (const auto& item : node)
      add_item(k, to, item);
  }

  template <class T>
  void add_item(const key<T>& k, T& to, const YAML::Node& node) {
    with_scalar(node, k.name,
                [&](const std::string& text) { k.add(to, text); });
  }

  std::string file_;
  meaning meaning_;
  bool null_is_absent_ = false;
  std::vector<std::string> problems_;
};

} // namespace betanet::config
