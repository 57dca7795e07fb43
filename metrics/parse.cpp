#include "metrics/parse.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <variant>

namespace betanet::metrics {

namespace {

namespace json = boost::json;

/// Why a field has no number. The first is the default of `field_result`.
enum class no_number : std::uint8_t { missing, null, other_type };

using field_result = std::variant<no_number, number_defect, double>;

std::string text_of(no_number d) {
  switch (d) {
  case no_number::missing:
    return "is missing";
  case no_number::null:
    return "is null";
  case no_number::other_type:
    break;
  }
  return "is not a number";
}

std::string text_of(number_defect d, const number_rules& rules) {
  switch (d) {
  case number_defect::negative:
    return "is negative";
  case number_defect::too_large:
    return "is above 1e" + std::to_string(rules.largest_power);
  case number_defect::fraction:
    break;
  }
  return "has a fraction";
}

/// What is wrong with a field that has no valid value.
std::string defect_text(const field_row& row, const field_result& r) {
  const auto* const d = std::get_if<number_defect>(&r);
  return d ? text_of(*d, row.rules) : text_of(std::get<no_number>(r));
}

bool may_be_absent(const field_row& row, const field_result& r) {
  const auto* const d = std::get_if<no_number>(&r);
  return row.needed == presence::optional && d && *d != no_number::other_type;
}

/// The handler of a Boost.JSON parser. It keeps the fields of one endpoint and
/// skips the rest of the document, so that the memory for parsing does not grow
/// with the number of values in the body.
class field_reader {
public:
  explicit field_reader(endpoint e) : endpoint_(e) {}

  std::array<field_result, field_count> results{}; ///< At first: missing.
  bool is_object = false; ///< The root of the document is an object.

  // The interface that json::basic_parser requires of its handler. A member
  // function that returned false would stop the parser.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  bool on_document_begin(json::error_code&) { return pass(); }
  bool on_document_end(json::error_code&) { return pass(); }
  bool on_object_begin(json::error_code&) {
    is_object = is_object || depth_ == 0;
    return enter();
  }
  bool on_object_end(std::size_t, json::error_code&) { return leave(); }
  bool on_array_begin(json::error_code&) { return enter(); }
  bool on_array_end(std::size_t, json::error_code&) { return leave(); }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    add_to_key(s);
    return pass();
  }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    add_to_key(s);
    current_ = depth_ == 1 ? find_field() : nullptr;
    key_.clear();
    return pass();
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) {
    return pass();
  }
  bool on_string(json::string_view, std::size_t, json::error_code&) {
    return take(no_number::other_type);
  }
  // A body is parsed at once, so no number comes in parts.
  bool on_number_part(json::string_view, json::error_code&) { return pass(); }
  bool on_int64(std::int64_t, json::string_view s, json::error_code&) {
    return number({s.data(), s.size()});
  }
  bool on_uint64(std::uint64_t, json::string_view s, json::error_code&) {
    return number({s.data(), s.size()});
  }
  // The double is not used: Boost.JSON 1.81 rounds twice and gives NaN for
  // 0e400.
  bool on_double(double, json::string_view s, json::error_code&) {
    return number({s.data(), s.size()});
  }
  bool on_bool(bool, json::error_code&) { return take(no_number::other_type); }
  bool on_null(json::error_code&) { return take(no_number::null); }
  bool on_comment_part(json::string_view, json::error_code&) { return pass(); }
  bool on_comment(json::string_view, json::error_code&) { return pass(); }

private:
  static bool pass() { return true; }

  bool enter() {
    take(no_number::other_type);
    ++depth_;
    return pass();
  }

  bool leave() {
    --depth_;
    return pass();
  }

  void add_to_key(json::string_view s) {
    if (depth_ == 1)
      key_.append(s.data(), s.size());
  }

  const field_row* find_field() const {
    for (const auto& row : field_table)
      if (row.source == endpoint_ && row.key == key_)
        return &row;
    return nullptr;
  }

  bool number(std::string_view text) {
    if (depth_ != 1 || !current_)
      return pass();
    return take(std::visit([](auto x) { return field_result{x}; },
                           read_number(text, current_->rules)));
  }

  /// Stores the value of a field of the root object. If a key occurs more than
  /// once, its last value counts.
  bool take(field_result r) {
    if (depth_ == 1 && current_)
      results[index(current_->id)] = r;
    return pass();
  }

  endpoint endpoint_;
  std::size_t depth_ = 0;
  std::string key_; ///< The part of the present key that has been parsed.
  const field_row* current_ = nullptr; ///< The field of the latest key, if any.
};

/// The result for a body that is not a JSON object: no field of the endpoint is
/// usable.
parsed without_object(endpoint e, std::string text) {
  parsed result;
  for (const auto& row : field_table)
    result.unusable[index(row.id)] = row.source == e;
  result.failure = failure{reason::json, std::move(text)};
  return result;
}

parsed collect(endpoint e, const field_reader& reader) {
  parsed result;
  std::string defects;
  for (const auto& row : field_table) {
    const auto& found = reader.results[index(row.id)];
    if (row.source != e || may_be_absent(row, found))
      continue;
    if (const auto* x = std::get_if<double>(&found)) {
      result.values[index(row.id)] = *x;
      continue;
    }
    result.unusable.set(index(row.id));
    const auto& wrong = result.defects[index(row.id)] = defect_text(row, found);
    defects += (defects.empty() ? "" : ", ") + std::string{row.key} + " ";
    defects += wrong;
  }
  if (!defects.empty())
    result.failure = failure{reason::schema, std::move(defects)};
  return result;
}

/// Copies a body and cuts its exponents to nine digits after leading zeros,
/// because Boost.JSON refuses exponents above 2^31. A number with such an
/// exponent stays 0, too large or too small, as no body has 10^8 digits. What
/// looks like an exponent in a string may be cut too: no key that is read does.
std::string shorten_exponents(std::string_view body) {
  constexpr std::size_t longest = 9;
  std::string copy;
  for (auto e = body.find_first_of("eE"); e != body.npos;
       e = body.find_first_of("eE")) {
    const auto first =
        std::min(body.find_first_not_of("+-0", e + 1), body.size());
    const auto end =
        std::min(body.find_first_not_of("0123456789", first), body.size());
    copy += body.substr(0, std::min(end, first + longest));
    body.remove_prefix(end);
  }
  return copy.append(body);
}

} // namespace

parsed parse(endpoint e, std::string_view body) {
  json::basic_parser<field_reader> parser{json::parse_options{}, e};
  json::error_code ec;
  const auto used = parser.write_some(false, body.data(), body.size(), ec);
  if (ec == json::error::exponent_overflow)
    return parse(e, shorten_exponents(body));
  if (!ec && used < body.size())
    ec = json::error::extra_data;
  if (ec)
    return without_object(e, body.empty() ? "empty body"
                                          : "invalid JSON: " + ec.message());
  if (!parser.handler().is_object)
    return without_object(e, "the JSON document is not an object");
  return collect(e, parser.handler());
}

poll poll_of(parsed p) {
  poll result;
  result.result = !p.failure                         ? quality::good
                  : p.failure->why == reason::schema ? quality::partial
                                                     : quality::bad;
  result.failure = std::move(p.failure);
  result.values = p.values;
  result.unusable = p.unusable;
  result.defects = p.defects;
  return result;
}

} // namespace betanet::metrics
