#include "config/keys.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

namespace betanet::config {

namespace {

/// `${NAME}` is the environment's value, `$$` is `$`, any other `$` is itself.
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

/// Valid: UTF-8 without control characters, 1 to 200 characters.
bool valid_target_name(const std::string& s) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < s.size(); ++characters) {
    const auto c = static_cast<unsigned char>(s[i]);
    const std::size_t length = c < 0x80   ? 1
                               : c < 0xc2 ? 0
                               : c < 0xe0 ? 2
                               : c < 0xf0 ? 3
                               : c < 0xf5 ? 4
                                          : 0;
    if (length == 0 || i + length > s.size() || c < 0x20 || c == 0x7f)
      return false;
    unsigned code = length == 1 ? c : c & (0x7fu >> length);
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(s[i + j]);
      if ((next & 0xc0) != 0x80)
        return false;
      code = code << 6 | (next & 0x3fu);
    }
    const bool overlong =
        (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    const bool c1_control = code >= 0x80 && code < 0xa0;
    if (overlong || surrogate || c1_control || code > 0x10ffff)
      return false;
    i += length;
  }
  return characters >= 1 && characters <= 200;
}

/// Where documents begin.
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

/// The only document of the text. `YAML::LoadAll` would never end on a stray
/// `,` that it takes for one empty document after the other.
YAML::Node load_one(const std::string& yaml, const std::string& file) {
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
    throw refuse(e.mark, e.msg);
  }
}

/// Reads one document and collects every problem on the way.
class reader {
public:
  explicit reader(std::string file) : file_(std::move(file)) {}

  settings read(const YAML::Node& root, const overlay& flags) {
    settings s;
    YAML::Node target_list;
    bool has_targets = false;
    each_entry(root, "", top_level_names(),
               [&](const std::string& name, const YAML::Node& value) {
                 if (name == "targets") {
                   target_list.reset(value);
                   has_targets = true;
                 } else if (is_section(polling_keys(), name)) {
                   section(polling_keys(), s.polling, name, value);
                 } else {
                   section(process_keys(), s, name, value);
                 }
               });
    if (flags)
      flags(s);
    if (has_targets)
      targets(s, target_list);
    else
      s.targets.push_back(unnamed_target(s.polling, default_url));
    if (!problems_.empty())
      throw invalid(std::move(problems_));
    return s;
  }

private:
  void problem(const YAML::Node& at, const std::string& text) {
    problem(at.Mark(), text);
  }

  void problem(const YAML::Mark& mark, const std::string& text) {
    problems_.push_back(file_ + ":" + std::to_string(mark.line + 1) + ":" +
                        std::to_string(mark.column + 1) + ": " + text);
  }

  template <class T>
  static bool is_section(const std::vector<key<T>>& keys,
                         const std::string& name) {
    return std::any_of(keys.begin(), keys.end(), [&](const auto& k) {
      return k.name.starts_with(name + ".");
    });
  }

  template <class T>
  static void add_sections(std::vector<std::string>& names,
                           const std::vector<key<T>>& keys) {
    for (const auto& k : keys)
      if (const auto s = k.name.substr(0, k.name.find('.'));
          std::find(names.begin(), names.end(), s) == names.end())
        names.push_back(s);
  }

  static std::vector<std::string> top_level_names() {
    std::vector<std::string> names;
    add_sections(names, polling_keys());
    add_sections(names, process_keys());
    names.push_back("targets");
    return names;
  }

  /// Calls `take` for each entry with a known, new key; reports the others.
  template <class Take>
  void each_entry(const YAML::Node& map, const std::string& prefix,
                  const std::vector<std::string>& known, Take take) {
    if (map.IsNull())
      return; // all its keys are commented out
    if (!map.IsMap()) {
      const auto what = prefix.empty() ? "the configuration"
                                       : prefix.substr(0, prefix.size() - 1);
      return problem(map, what + ": expected a mapping, found " + kind_of(map));
    }
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        problem(entry.first, "a key must be a plain word");
        continue;
      }
      const auto& name = entry.first.Scalar();
      const auto& later = unsupported_keys();
      if (std::find(later.begin(), later.end(), prefix + name) != later.end())
        problem(entry.first, prefix + name + ": not supported");
      else if (std::find(known.begin(), known.end(), name) == known.end())
        problem(entry.first,
                prefix + name + ": unknown key" + suggestion(name, known));
      else if (!seen.insert(name).second)
        problem(entry.first, prefix + name + ": duplicate key");
      else
        take(name, entry.second);
    }
  }

  static std::string suggestion(const std::string& name,
                                const std::vector<std::string>& known) {
    const auto near = nearest(name, known);
    return near ? ", did you mean \"" + *near + "\"?" : "";
  }

  template <class T>
  void section(const std::vector<key<T>>& keys, T& to, const std::string& name,
               const YAML::Node& value) {
    std::vector<std::string> known;
    for (const auto& k : keys)
      if (k.name.starts_with(name + "."))
        known.push_back(k.name.substr(name.size() + 1));
    each_entry(value, name + ".", known,
               [&](const std::string& leaf, const YAML::Node& node) {
                 const auto full = name + "." + leaf;
                 const auto found =
                     std::find_if(keys.begin(), keys.end(), [&](const auto& k) {
                       return k.name == full;
                     });
                 read_key(*found, to, node);
               });
  }

  template <class T>
  void read_key(const key<T>& k, T& to, const YAML::Node& node) {
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

  /// Calls `take` with the expanded scalar and reports what it throws.
  template <class Take>
  void with_scalar(const YAML::Node& node, const std::string& what, Take take) {
    if (!node.IsScalar())
      return problem(node, what + ": expected a value, found " + kind_of(node));
    try {
      take(expand(node.Scalar()));
    } catch (const std::invalid_argument& e) {
      problem(node, what + ": " + e.what());
    }
  }

  void targets(settings& s, const YAML::Node& list) {
    if (!list.IsSequence())
      return problem(list, std::string{"targets: expected a list, found "} +
                               kind_of(list));
    std::set<std::string> names;
    for (const auto& node : list) {
      auto t = one_target(s.polling, node);
      if (t.name.empty() && list.size() > 1 && node.IsMap() && !node["name"])
        problem(node, "target.name: needed when there is more than one target");
      if (!t.name.empty() && !names.insert(t.name).second)
        problem(node, "target.name: \"" + t.name + "\" is used twice");
      s.targets.push_back(std::move(t));
    }
  }

  target one_target(const polling& inherited, const YAML::Node& node) {
    target t;
    t.polling = inherited;
    std::vector<std::string> known{"name", "url", "endpoints",
                                   "http_client_config"};
    add_sections(known, polling_keys());
    bool has_url = false;
    each_entry(
        node, "target.", known,
        [&](const std::string& name, const YAML::Node& value) {
          if (name == "name") {
            with_scalar(value, "target.name", [&](std::string text) {
              if (!valid_target_name(text))
                throw std::invalid_argument(
                    "a name has 1 to 200 characters of UTF-8 and no control "
                    "characters");
              t.name = std::move(text);
            });
          } else if (name == "url") {
            has_url = true;
            with_scalar(value, "target.url", [&](const std::string& text) {
              t.url = parse_url(text);
            });
          } else if (name == "endpoints") {
            endpoints(t, value);
          } else if (name == "http_client_config") {
            http_client_config(t.http_client, value);
          } else {
            section(polling_keys(), t.polling, name, value);
          }
        });
    if (node.IsMap() && !has_url)
      problem(node, "target.url: missing");
    if (node.IsNull())
      problem(node, "targets: expected a mapping, found nothing");
    return t;
  }

  void endpoints(target& t, const YAML::Node& node) {
    const std::vector<std::string> known(endpoint_names.begin(),
                                         endpoint_names.end());
    each_entry(node, "target.endpoints.", known,
               [&](const std::string& name, const YAML::Node& value) {
                 const auto i = static_cast<std::size_t>(
                     std::find(known.begin(), known.end(), name) -
                     known.begin());
                 with_scalar(value, "target.endpoints." + name,
                             [&](const std::string& text) {
                               t.paths[i] = parse_path(text);
                             });
               });
  }

  void http_client_config(http_client& c, const YAML::Node& node) {
    const std::string prefix = "target.http_client_config";
    each_entry(node, prefix + ".",
               {"basic_auth", "authorization", "tls_config", "http_headers"},
               [&](const std::string& name, const YAML::Node& value) {
                 if (value.IsNull())
                   return; // all its keys are commented out
                 if (name == "http_headers")
                   return http_headers(c, value);
                 if (name == "basic_auth")
                   c.basic_auth.emplace();
                 if (name == "authorization")
                   c.authorization.emplace();
                 section(http_client_keys(), c, name, value);
               });
    for (const auto& why : contradictions(c))
      problem(node, prefix + ": " + why);
    for (auto* s : c.secrets())
      if (!s->file.empty())
        s->file = std::filesystem::path{file_}.parent_path() / s->file;
  }

  void http_headers(http_client& c, const YAML::Node& node) {
    const std::string prefix = "target.http_client_config.http_headers";
    if (!node.IsMap())
      return problem(node,
                     prefix + ": expected a mapping, found " + kind_of(node));
    for (const auto& entry : node) {
      http_header h;
      const auto name =
          entry.first.IsScalar() ? entry.first.Scalar() : std::string{};
      try {
        h.name = parse_token(name);
      } catch (const std::invalid_argument& e) {
        problem(entry.first, prefix + ": " + e.what());
        continue;
      }
      if (is_reserved_header(name))
        problem(entry.first,
                prefix + ": setting header \"" + name + "\" is not allowed");
      if (std::any_of(
              c.http_headers.begin(), c.http_headers.end(),
              [&](const auto& other) { return iequals(other.name, name); }))
        problem(entry.first, prefix + "." + name + ": duplicate key");
      each_entry(entry.second, prefix + "." + name + ".",
                 {"values", "secrets", "files"},
                 [&](const std::string& kind, const YAML::Node& list) {
                   header_values(h, prefix + "." + name + "." + kind, list);
                 });
      c.http_headers.push_back(std::move(h));
    }
  }

  void header_values(http_header& h, const std::string& what,
                     const YAML::Node& list) {
    if (!list.IsSequence())
      return problem(list, what + ": expected a list, found " + kind_of(list));
    for (const auto& item : list)
      with_scalar(item, what, [&](const std::string& text) {
        if (what.ends_with(".values"))
          h.values.push_back(text);
        else if (what.ends_with(".secrets"))
          h.secrets.push_back({text, {}});
        else
          h.secrets.push_back({{}, text});
      });
  }

  std::string file_;
  std::vector<std::string> problems_;
};

} // namespace

target unnamed_target(const polling& p, const std::string& url) {
  target t;
  t.url = parse_url(url);
  t.polling = p;
  return t;
}

settings parse_yaml(const std::string& yaml, const std::string& file,
                    const overlay& flags) {
  return reader{file}.read(load_one(yaml, file), flags);
}

} // namespace betanet::config
