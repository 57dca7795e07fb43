#include "config/config.hpp"
#include "config/label_name_impl.hpp"
#include "config/quote_impl.hpp"
#include "config/target_groups.hpp"
#include "config/utf8_impl.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cstdlib>

namespace betanet::config {

namespace {

namespace json = boost::json;
using error_code = boost::json::error_code;

/// U+FFFD, by which Go replaces what is not Unicode.
constexpr auto replacement = "\xEF\xBF\xBD";
constexpr auto escaped_replacement = "\\ufffd";

/// The code unit of an escape `\uXXXX` at the beginning of the text, else less
/// than 0x1000.
unsigned long unit_at(std::string_view text) {
  constexpr auto digits = "0123456789abcdefABCDEF";
  if (!text.starts_with("\\u"))
    return 0;
  const std::string hex{text.substr(2, 4)};
  if (hex.find_first_not_of(digits) != hex.npos)
    return 0;
  return std::strtoul(hex.c_str(), nullptr, 16);
}

bool is_between(unsigned long unit, unsigned long first, unsigned long last) {
  return unit >= first && unit <= last;
}

/// The text with everything replaced that Go takes for U+FFFD but that
/// Boost.JSON refuses: bytes that are not UTF-8, and half surrogate pairs.
std::string replace_invalid(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    const auto unit = unit_at(rest);
    std::size_t size = 1;
    if (is_between(unit, 0xd800, 0xdfff)) {
      const auto next = unit_at(rest.substr(6));
      const bool pair = unit < 0xdc00 && is_between(next, 0xdc00, 0xdfff);
      size = pair ? 12 : 6;
      out += pair ? rest.substr(0, size) : escaped_replacement;
    } else if (rest[0] == '\\') {
      size = std::min<std::size_t>(2, rest.size());
      out += rest.substr(0, size);
    } else if (const auto c = character_at(text, at)) {
      size = c->size;
      out += rest.substr(0, size);
    } else {
      out += replacement;
    }
    at += size;
  }
  return out;
}

/// Takes the events of the JSON parser. Only an event handler sees all of two
/// fields with one name, of which each must be valid.
class group_reader {
public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  target_groups groups;
  std::string problem; ///< Set when an event was refused.

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code& ec) {
    if (place_ == place::document)
      return enter(place::list);
    if (place_ != place::group || field_ != field::targets)
      return refuse(ec, "a list");
    groups.back().targets.clear();
    return enter(place::targets);
  }
  bool on_array_end(std::size_t, error_code&) {
    return enter(place_ == place::targets ? place::group : place::document);
  }
  bool on_object_begin(error_code& ec) {
    if (place_ == place::list) {
      groups.emplace_back();
      return enter(place::group);
    }
    if (place_ != place::group || field_ != field::labels)
      return refuse(ec, "an object");
    groups.back().labels.clear();
    return enter(place::labels);
  }
  bool on_object_end(std::size_t, error_code&) {
    return enter(place_ == place::labels ? place::group : place::list);
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t n, error_code& ec) {
    on_key_part(part, n, ec);
    key_ = std::exchange(text_, {});
    return place_ == place::labels ? take_label_name(ec) : take_field(ec);
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t n, error_code& ec) {
    on_string_part(part, n, ec);
    return take_text(std::exchange(text_, {}), ec);
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code& ec) {
    return refuse(ec, "a number");
  }
  bool on_uint64(std::uint64_t, json::string_view, error_code& ec) {
    return refuse(ec, "a number");
  }
  bool on_double(double, json::string_view, error_code& ec) {
    return refuse(ec, "a number");
  }
  bool on_bool(bool, error_code& ec) { return refuse(ec, "a boolean"); }
  bool on_null(error_code& ec) {
    switch (place_) {
    case place::document:
      return true;
    case place::list:
      return fail(ec, "a group is null, an object is expected");
    case place::group:
      if (field_ == field::targets)
        groups.back().targets.clear();
      else
        groups.back().labels.clear();
      return true;
    case place::targets:
    case place::labels:
      return take_text({}, ec);
    }
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

private:
  enum class place { document, list, group, targets, labels };
  enum class field { targets, labels };

  bool enter(place p) {
    place_ = p;
    return true;
  }

  bool fail(error_code& ec, std::string why) {
    problem = std::move(why);
    ec = json::error::syntax; // any: `problem` is what counts
    return false;
  }

  bool refuse(error_code& ec, const std::string& found) {
    static constexpr std::array expected{"a list of groups", "an object",
                                         "a list of addresses", "an address",
                                         "a text"};
    std::size_t i = static_cast<std::size_t>(place_);
    std::string what = expected[i];
    if (place_ == place::group && field_ == field::labels)
      what = "an object of labels";
    return fail(ec, "found " + found + ", " + what + " is expected");
  }

  bool take_field(error_code& ec) {
    auto name = key_;
    // Go compares names without regard to case; U+017F is another small s
    for (auto at = name.find("\xC5\xBF"); at != name.npos;
         at = name.find("\xC5\xBF"))
      name.replace(at, 2, "s");
    if (iequals(name, "targets"))
      field_ = field::targets;
    else if (iequals(name, "labels"))
      field_ = field::labels;
    else
      return fail(ec, "unknown field " + quote(key_) +
                          ", targets and labels are expected");
    return true;
  }

  bool take_label_name(error_code& ec) {
    if (is_label_name(key_))
      return true;
    return fail(ec, quote(key_) + " is not the name of a label");
  }

  bool take_text(std::string text, error_code& ec) {
    if (place_ == place::targets)
      groups.back().targets.push_back(std::move(text));
    else if (place_ == place::labels)
      groups.back().labels[key_] = std::move(text);
    else
      return refuse(ec, "a text");
    return true;
  }

  place place_ = place::document;
  field field_ = field::targets;
  std::string key_, text_;
};

} // namespace

target_groups parse_json_groups(const std::string& text,
                                const std::string& place) {
  const auto clean = replace_invalid(text);
  json::basic_parser<group_reader> parser{json::parse_options{}};
  error_code ec;
  const auto used = parser.write_some(false, clean.data(), clean.size(), ec);
  auto& found = parser.handler();
  if (!ec && clean.find_first_not_of(" \t\r\n", used) == clean.npos)
    return std::move(found.groups);
  const auto before = std::string_view{clean}.substr(0, used);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  const auto why = !found.problem.empty() ? found.problem
                   : ec                   ? "not JSON: " + ec.message()
                                          : "unexpected text after the list";
  throw invalid({place + ":" + std::to_string(line) + ":" +
                 std::to_string(column) + ": " + why});
}

} // namespace betanet::config
