#include "config/config.hpp"
#include "config/label_name_impl.hpp"
#include "config/quote_impl.hpp"
#include "config/target_groups.hpp"
#include "config/yaml_reader_impl.hpp"

#include <yaml-cpp/binary.h>

namespace betanet::config {

namespace {

constexpr std::string_view tag_prefix = "tag:yaml.org,2002:";

class group_reader {
public:
  group_reader(const std::string& text, const std::string& place)
      : text_(text), place_(place) {}

  target_groups read(const YAML::Node& root) {
    target_groups groups;
    if (root.IsNull())
      return groups;
    require(root, root.IsSequence(), "a list of groups");
    for (const auto& node : root) {
      // NULL in capitals is no null group but an empty one for yaml.v2
      if (node.IsNull() && !is_null_in_capitals(node))
        fail(node, "a group is null, a mapping is expected");
      groups.emplace_back();
      if (!node.IsNull())
        read_group(node, groups.back());
    }
    return groups;
  }

private:
  [[noreturn]] void fail(const YAML::Node& at, const std::string& why) const {
    const auto mark = at.Mark();
    throw invalid({place_ + ":" + std::to_string(mark.line + 1) + ":" +
                   std::to_string(mark.column + 1) + ": " + why});
  }

  void require(const YAML::Node& node, bool good, const char* what) const {
    if (!good)
      fail(node, std::string{"found "} + kind_of(node) + ", " + what +
                     " is expected");
  }

  bool is_null_in_capitals(const YAML::Node& node) const {
    const auto at = static_cast<std::size_t>(std::max(0, node.Mark().pos));
    const auto word = text_.substr(std::min(at, text_.size()), 4);
    return word == "NULL" || word == "Null";
  }

  static bool is_merge(const YAML::Node& key) {
    return key.IsScalar() && key.Scalar() == "<<" && key.Tag() == "?";
  }

  /// Calls `take(mapping)` for each mapping of a merge key
  /// (https://yaml.org/type/merge.html). An earlier one has priority.
  template <class Take>
  void merge(const YAML::Node& node, Take take) const {
    if (node.IsMap())
      return take(node);
    require(node, node.IsSequence(), "a mapping or a list of mappings");
    for (auto i = node.size(); i-- > 0;) {
      require(node[i], node[i].IsMap(), "a mapping");
      take(node[i]);
    }
  }

  void read_group(const YAML::Node& node, target_group& group) const {
    require(node, node.IsMap(), "a mapping with targets and labels");
    bool has_targets = false, has_labels = false;
    for (const auto& entry : node) {
      const auto& [key, value] = std::pair{entry.first, entry.second};
      if (is_merge(key)) {
        merge(value, [&](const auto& other) { read_group(other, group); });
        continue;
      }
      const auto name = text_of(key);
      if (name != "targets" && name != "labels")
        fail(key, "unknown field " + quote(name) +
                      ", targets and labels are expected");
      if (std::exchange(name == "targets" ? has_targets : has_labels, true))
        fail(key, name + ": duplicate key, each key may occur once");
      if (name == "targets")
        read_targets(value, group.targets);
      else
        read_labels(value, group.labels);
    }
  }

  void read_targets(const YAML::Node& node,
                    std::vector<std::string>& targets) const {
    targets.clear();
    if (node.IsNull())
      return;
    require(node, node.IsSequence(), "a list of addresses");
    for (const auto& item : node)
      targets.push_back(text_of(item));
  }

  void read_labels(const YAML::Node& node,
                   std::map<std::string, std::string>& labels) const {
    if (node.IsNull())
      return labels.clear();
    require(node, node.IsMap(), "a mapping of labels");
    for (const auto& entry : node) {
      if (is_merge(entry.first)) {
        merge(entry.second,
              [&](const auto& other) { read_labels(other, labels); });
        continue;
      }
      const auto name = text_of(entry.first);
      if (!entry.first.IsNull() && !is_label_name(name))
        fail(entry.first, quote(name) + " is not the name of a label");
      if (!labels.emplace(name, text_of(entry.second)).second)
        fail(entry.first, name + ": duplicate key, each key may occur once");
    }
  }

  /// The text of a scalar as it was written; empty for null.
  std::string text_of(const YAML::Node& node) const {
    if (node.IsNull())
      return {};
    require(node, node.IsScalar(), "a text");
    std::string_view tag = node.Tag();
    if (!tag.starts_with(tag_prefix))
      return node.Scalar();
    tag.remove_prefix(tag_prefix.size());
    if (tag == "binary") {
      const auto bytes = YAML::DecodeBase64(node.Scalar());
      return {bytes.begin(), bytes.end()};
    }
    double number = 0;
    bool truth = false;
    const bool wrong =
        ((tag == "int" || tag == "float") &&
         !YAML::convert<double>::decode(node, number)) ||
        (tag == "bool" && !YAML::convert<bool>::decode(node, truth));
    if (wrong)
      fail(node, "the value does not have the type of its tag");
    return node.Scalar();
  }

  const std::string& text_;
  const std::string& place_;
};

} // namespace

target_groups parse_yaml_groups(const std::string& text,
                                const std::string& place) {
  return group_reader{text, place}.read(load_first_document(text, place));
}

} // namespace betanet::config
