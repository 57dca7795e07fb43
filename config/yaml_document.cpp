#include "config/quote_impl.hpp"
#include "config/utf8_impl.hpp"
#include "config/yaml_reader_impl.hpp"

#include <yaml-cpp/eventhandler.h>

#include <cstdlib>
#include <sstream>
#include <utility>

namespace betanet::config {

namespace {

/// The largest depth of lists and mappings in each other, and the largest
/// number of nodes, each alias counted as the nodes for which it stands. A few
/// lines with aliases of aliases would otherwise stand for billions of nodes.
constexpr std::size_t most_levels = 32;
constexpr std::size_t most_nodes = 1'000'000;

/// Thrown where a second document begins that is to be ignored.
struct first_document_ended {};

/// Receives the events of the YAML parser and refuses, with a
/// `YAML::ParserException`, a second document and one that is too large.
class document_check : public YAML::EventHandler {
public:
  /// `ignores_second`: a second document is not refused but ends the reading.
  document_check(const std::string& yaml, bool ignores_second)
      : yaml_(yaml), ignores_second_(ignores_second) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!std::exchange(begun_, true))
      return;
    if (ignores_second_ && mark.pos >= 0 &&
        yaml_.compare(static_cast<std::size_t>(mark.pos), 3, "---") == 0)
      throw first_document_ended{};
    throw YAML::ParserException(mark, "unexpected text, or a second document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, {}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end())
      throw YAML::ParserException(mark, "an alias inside of its own anchor");
    add(mark, found->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string&,
                YAML::anchor_t anchor, const std::string&) override {
    add(mark, {}, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, anchor);
  }
  void OnMapEnd() override { close(); }

private:
  struct tree {
    std::size_t nodes = 1;
    std::size_t levels = 0; ///< Lists and mappings in each other.
  };
  struct container {
    YAML::anchor_t anchor;
    tree content;
  };

  void add(const YAML::Mark& mark, const tree& t, YAML::anchor_t anchor = 0) {
    total_ += t.nodes;
    if (open_.size() + t.levels > most_levels)
      throw YAML::ParserException(mark, "nested in more than " +
                                            std::to_string(most_levels) +
                                            " levels");
    if (total_ > most_nodes)
      throw YAML::ParserException(
          mark, "more than " + std::to_string(most_nodes) + " nodes");
    if (anchor)
      anchored_[anchor] = t;
    join(t);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor) {
    open_.push_back({anchor, {0, 1}});
    add(mark, {});
  }

  void close() {
    const auto closed = open_.back();
    open_.pop_back();
    if (closed.anchor)
      anchored_[closed.anchor] = closed.content;
    join(closed.content);
  }

  /// Makes a tree a part of the container that is open.
  void join(const tree& t) {
    if (open_.empty())
      return;
    auto& whole = open_.back().content;
    whole.nodes += t.nodes;
    whole.levels = std::max(whole.levels, t.levels + 1);
  }

  const std::string& yaml_;
  const bool ignores_second_;
  bool begun_ = false;
  std::size_t total_ = 0;
  std::vector<container> open_;
  std::map<YAML::anchor_t, tree> anchored_;
};

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// The NAME of `${NAME}` at the beginning of the text; empty if it begins with
/// something else.
std::string variable_at(std::string_view text) {
  if (!text.starts_with("${"))
    return {};
  std::size_t end = 2;
  while (end < text.size() && is_name_character(text[end]))
    ++end;
  const bool named =
      end > 2 && !std::isdigit(static_cast<unsigned char>(text[2]));
  return named && text.substr(end).starts_with('}')
             ? std::string{text.substr(2, end - 2)}
             : std::string{};
}

std::string not_set(const std::string& variable) {
  return "the environment variable " + variable + " is not set";
}

/// The text of a line after its first `column` characters.
std::string_view rest_of_line(std::string_view text, int line, int column) {
  for (; line > 0 && !text.empty(); --line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  for (; column > 0 && !text.empty(); --column)
    text.remove_prefix(1);
  return text;
}

/// What the parser says, without text of the file. `${NAME}` without quotation
/// marks between `{}` or `[]` is a mistake that the parser cannot explain: for
/// YAML it is a `$` and a mapping.
std::string explain(const YAML::ParserException& e, const std::string& yaml) {
  if (e.msg == YAML::ErrorMsg::BAD_FILE)
    return "nested too deeply";
  const auto name =
      e.mark.column > 0
          ? variable_at(rest_of_line(yaml, e.mark.line, e.mark.column - 1))
          : std::string{};
  if (name.empty())
    return e.msg.substr(0, e.msg.find(": "));
  return "${" + name + "} between { } or [ ] needs quotation marks: \"${" +
         name + "}\"" + (std::getenv(name.c_str()) ? "" : "; " + not_set(name));
}

/// Refuses bytes that are not text. YAML 1.2, section 5.1, allows no control
/// characters but these.
void check_text(const std::string& yaml, const std::string& file) {
  std::size_t line = 1, column = 1;
  for (std::size_t at = 0; at < yaml.size();) {
    const auto c = character_at(yaml, at);
    const bool allowed =
        c && (!is_control(c->code) || c->code == '\t' || c->code == '\n' ||
              c->code == '\r' || c->code == 0x85);
    if (!allowed)
      throw invalid({file + ":" + std::to_string(line) + ":" +
                     std::to_string(column) +
                     ": the file is not text, YAML in UTF-8 is expected"});
    column = c->code == '\n' ? 1 : column + 1;
    line += c->code == '\n';
    at += c->size;
  }
}

/// Refuses many brackets that nothing closes. The parser reads ahead to the end
/// of them, with 240 bytes of memory for each, before it tells the first one.
/// Strings count too: no text has a thousand brackets more than it closes.
void check_brackets(const std::string& yaml, const std::string& file) {
  constexpr int most = 1000;
  std::size_t line = 1, line_start = 0;
  int open = 0;
  std::string too_deep; // the place of the first bracket of too many
  for (std::size_t i = 0; i < yaml.size(); ++i) {
    const char c = yaml[i];
    if (c == '\n') {
      ++line;
      line_start = i + 1;
    }
    const int change = (c == '[' || c == '{') - (c == ']' || c == '}');
    open += change;
    if (change > 0 && open == static_cast<int>(most_levels) + 1)
      too_deep =
          std::to_string(line) + ":" + std::to_string(i + 1 - line_start);
    if (open > most)
      throw invalid({file + ":" + too_deep + ": nested in more than " +
                     std::to_string(most_levels) + " levels"});
  }
}

// `YAML::LoadAll` cannot be used to find a second document: for a text with a
// stray `,` it returns empty documents without end.
YAML::Node load(const std::string& yaml, const std::string& file,
                bool ignores_second) {
  check_text(yaml, file);
  check_brackets(yaml, file);
  try {
    std::istringstream in{yaml};
    YAML::Parser parser{in};
    document_check check{yaml, ignores_second};
    try {
      if (parser.HandleNextDocument(check))
        parser.HandleNextDocument(check);
    } catch (const first_document_ended&) { // what follows is not looked at
    }
    return YAML::Load(yaml);
  } catch (const YAML::ParserException& e) {
    throw invalid({file + ":" + std::to_string(e.mark.line + 1) + ":" +
                   std::to_string(e.mark.column + 1) + ": " +
                   explain(e, yaml)});
  }
}

/// Refuses a file that says that it is of another version of YAML than 1.1, as
/// Prometheus does.
void check_version(const std::string& yaml, const std::string& file) {
  std::istringstream in{yaml};
  std::string line;
  for (std::size_t n = 1; std::getline(in, line) && !line.starts_with("---");
       ++n) {
    std::istringstream words{line};
    std::string directive, version;
    words >> directive >> version;
    if (directive == "%YAML" && version != "1.1")
      throw invalid(
          {file + ":" + std::to_string(n) + ":1: YAML 1.1 is expected"});
  }
}

} // namespace

YAML::Node load_yaml(const std::string& yaml, const std::string& file) {
  return load(yaml, file, false);
}

YAML::Node load_first_document(const std::string& yaml,
                               const std::string& file) {
  check_version(yaml, file);
  return load(yaml, file, true);
}

std::string expand(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto rest = std::string_view{text}.substr(i);
    const auto name = variable_at(rest);
    if (rest.starts_with("$$")) {
      out += '$';
      ++i;
    } else if (!name.empty()) {
      const char* value = std::getenv(name.c_str());
      if (!value)
        throw std::invalid_argument(not_set(name));
      out += value;
      i += name.size() + 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

} // namespace betanet::config
