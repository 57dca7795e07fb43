#include "config/yaml_reader_impl.hpp"

#include <yaml-cpp/eventhandler.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

namespace betanet::config {

namespace {

/// Receives the events of the YAML parser and stores the positions at which
/// documents begin.
struct document_marks : YAML::EventHandler {
  std::vector<YAML::Mark> marks;

  void OnDocumentStart(const YAML::Mark& mark) override {
    marks.push_back(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// Replaces control characters by `\xNN`, because a terminal would obey them.
std::string harmless(const std::string& text) {
  constexpr auto hex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    else
      out += c;
  }
  return out;
}

std::string suggestion(const std::string& name,
                       const std::vector<std::string>& known) {
  const auto near = nearest(name, known);
  return near ? ", did you mean \"" + *near + "\"?" : "";
}

} // namespace

// `YAML::LoadAll` cannot be used to find a second document: for a text with a
// stray `,` it returns empty documents without end.
YAML::Node load_yaml(const std::string& yaml, const std::string& file) {
  const auto refuse = [&](const YAML::Mark& at, const std::string& why) {
    return invalid({file + ":" + std::to_string(at.line + 1) + ":" +
                    std::to_string(at.column + 1) + ": " + why});
  };
  try {
    std::istringstream in{yaml};
    YAML::Parser parser{in};
    document_marks seen;
    if (parser.HandleNextDocument(seen) && parser.HandleNextDocument(seen))
      throw refuse(seen.marks.back(), "unexpected text, or a second document");
    return YAML::Load(yaml);
  } catch (const YAML::ParserException& e) {
    throw refuse(e.mark, e.msg == YAML::ErrorMsg::BAD_FILE ? "nested too deeply"
                                                           : e.msg);
  }
}

std::string expand(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto rest = std::string_view{text}.substr(i);
    const auto close = rest.starts_with("${") ? rest.find('}') : rest.npos;
    if (rest.starts_with("$$")) {
      out += '$';
      ++i;
    } else if (close != rest.npos) {
      const std::string name{rest.substr(2, close - 2)};
      const char* value = std::getenv(name.c_str());
      if (!value)
        throw std::invalid_argument("environment variable " + name +
                                    " is not set");
      out += value;
      i += close;
    } else {
      out += text[i];
    }
  }
  return out;
}

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

void yaml_reader::finish() {
  constexpr std::size_t shown = 100;
  if (problems_.size() > shown) {
    const auto more = problems_.size() - shown;
    problems_.resize(shown);
    problems_.push_back(file_ + ": and " + std::to_string(more) +
                        " more problems");
  }
  if (!problems_.empty())
    throw invalid(std::move(problems_));
}

void yaml_reader::problem(const YAML::Node& at, const std::string& text) {
  const auto mark = at.Mark();
  problems_.push_back(file_ + ":" + std::to_string(mark.line + 1) + ":" +
                      std::to_string(mark.column + 1) + ": " + harmless(text));
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
      problem(entry.first, prefix + entry.first.Scalar() + ": duplicate key");
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
      problem(key, prefix + name + ": unknown key" + suggestion(name, known));
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
  try {
    take(meaning_ ? meaning_(node.Scalar()) : node.Scalar());
  } catch (const std::invalid_argument& e) {
    problem(node, what + ": " + e.what());
  }
}

std::string yaml_reader::beside(const std::string& path) const {
  const auto folder = std::filesystem::path{file_}.parent_path();
  return path.empty() ? path : (folder / path).string();
}

} // namespace betanet::config
