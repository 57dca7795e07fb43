#pragma once

#include "config/keys_impl.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

namespace betanet::config {

/// Parses a file with one YAML document in UTF-8, of at most 32 levels and 10^6
/// nodes. Throws `invalid`.
YAML::Node load_yaml(const std::string& yaml, const std::string& file);

/// Parses the first document of a file and ignores the others, as Prometheus
/// does. The file must not say that it is of another version than YAML 1.1.
/// Throws `invalid`.
YAML::Node load_first_document(const std::string& yaml,
                               const std::string& file);

/// Replaces `${NAME}` by the value of the environment variable and `$$` by `$`,
/// where NAME consists of letters, digits and `_`. Any other `$` stays. Throws
/// `std::invalid_argument` if a variable is not set.
std::string expand(const std::string& text);

/// The kind of a node for messages, such as "a list".
const char* kind_of(const YAML::Node& node);

/// Reads blocks of keys and collects all problems, such as unknown or duplicate
/// keys.
class yaml_reader {
public:
  /// A function that gives the value of a scalar from its text in the file.
  /// Null: the value is the text.
  using meaning = std::string (*)(const std::string&);

  explicit yaml_reader(std::string file, meaning of_scalars = nullptr)
      : file_(std::move(file)), meaning_(of_scalars) {}

  /// From now on, a key without a value is treated as if it were absent.
  void null_is_absent() { null_is_absent_ = true; }

  /// All problems that were found. Of a long list, the first ones.
  std::vector<std::string> problems();

  /// Whether the list is so long that it is not made longer.
  bool has_too_many_problems() const { return too_many_problems_; }

  /// The position of a node for messages, such as `f.yml:3:7: `.
  std::string place_of(const YAML::Node& node) const;

  /// Adds a problem at the position of a node.
  void problem(const YAML::Node& at, const std::string& text);

  /// Takes an entry of a mapping. `key` is a scalar.
  using take_entry =
      std::function<void(const YAML::Node& key, const YAML::Node& value)>;
  using take_scalar = std::function<void(const std::string& text)>;

  /// Calls `take` for each entry of a mapping. Entries with an unknown or
  /// duplicate key are problems instead.
  void each_entry(const YAML::Node& map, const std::string& prefix,
                  const std::vector<std::string>& known,
                  const take_entry& take);

  /// Calls `take` for each entry of a mapping with arbitrary keys. Entries with
  /// a duplicate key are problems instead.
  void each_item(const YAML::Node& map, const std::string& prefix,
                 const take_entry& take);

  /// Calls `take` with the value of a scalar. A `std::invalid_argument` that it
  /// throws is a problem.
  void with_scalar(const YAML::Node& node, const std::string& what,
                   const take_scalar& take);

  /// Where the scalar that was called `what` was last read.
  origin origin_of(const std::string& what) const;

  /// All origins, by name.
  const std::map<std::string, origin>& origins() const { return origins_; }

  /// Makes a path that is relative to the folder of the file usable. An empty
  /// path stays empty.
  std::string beside(const std::string& path) const;

  /// Reads a section whose keys are rows of a table. `prefix` begins the names
  /// of the keys in messages.
  template <class T>
  void section(const std::vector<key<T>>& keys, T& to, const std::string& name,
               const YAML::Node& value, const std::string& prefix = {}) {
    std::vector<std::string> known;
    for (const auto& k : keys)
      if (k.name.starts_with(name + "."))
        known.push_back(k.name.substr(name.size() + 1));
    each_entry(value, prefix + name + ".", known,
               [&](const YAML::Node& leaf, const YAML::Node& node) {
                 const auto full = name + "." + leaf.Scalar();
                 const auto found =
                     std::find_if(keys.begin(), keys.end(), [&](const auto& k) {
                       return k.name == full;
                     });
                 read_key(*found, to, node, prefix + full);
               });
  }

private:
  template <class T>
  void read_key(const key<T>& k, T& to, const YAML::Node& node,
                const std::string& what) {
    if (null_is_absent_ && node.IsNull())
      return;
    if (!k.list)
      return add_item(k, to, node, what);
    if (!node.IsSequence())
      return problem(node, what + ": expected a list, found " + kind_of(node));
    origins_[what] = {place_of(node) + what};
    k.clear(to);
    for (const auto& item : node)
      add_item(k, to, item, what);
  }

  template <class T>
  void add_item(const key<T>& k, T& to, const YAML::Node& node,
                const std::string& what) {
    with_scalar(node, what, [&](const std::string& text) { k.add(to, text); });
  }

  std::string file_;
  meaning meaning_;
  bool null_is_absent_ = false;
  std::vector<std::string> problems_;
  bool too_many_problems_ = false;
  std::map<std::string, origin> origins_;
};

} // namespace betanet::config
