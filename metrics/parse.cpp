#include "metrics/parse.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cmath>
#include <variant>

namespace betanet::metrics {

namespace {

namespace json = boost::json;

/// The largest value that is accepted. Larger numbers cannot be measurements,
/// and some programs cannot read numbers close to the limit of a double.
constexpr double largest_value = 1e300;

/// Why a field has no valid value. `missing` and `null` are allowed for an
/// optional field.
enum class defect : std::uint8_t {
  missing,
  null,
  not_a_number,
  negative,
  out_of_range,
  fraction,
};

const char* text_of(defect d) {
  switch (d) {
  case defect::missing:
    return "is missing";
  case defect::null:
    return "is null";
  case defect::not_a_number:
    return "is not a number";
  case defect::negative:
    return "is negative";
  case defect::out_of_range:
    return "is out of range";
  case defect::fraction:
    return "has a fraction";
  }
  return "";
}

/// The value of a field, or what is wrong with it.
using field_result = std::variant<double, defect>;

field_result check_number(double x, number_form form) {
  if (x < 0)
    return defect::negative;
  if (x > largest_value)
    return defect::out_of_range;
  if (form == number_form::whole && x != std::floor(x))
    return defect::fraction;
  return std::abs(x); // turns -0 into 0
}

bool may_be_absent(const field_row& row, const field_result& r) {
  const auto* const d = std::get_if<defect>(&r);
  return row.needed == presence::optional && d &&
         (*d == defect::missing || *d == defect::null);
}

/// The handler of a Boost.JSON parser. It keeps the fields of one endpoint and
/// skips the rest of the document, so that the memory for parsing does not grow
/// with the number of values in the body.
class field_reader {
public:
  explicit field_reader(endpoint e) : endpoint_(e) {}

  std::array<field_result, field_count> results = all_missing();
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
    return take(defect::not_a_number);
  }
  bool on_number_part(json::string_view, json::error_code&) { return pass(); }
  bool on_int64(std::int64_t x, json::string_view, json::error_code&) {
    return number(static_cast<double>(x));
  }
  bool on_uint64(std::uint64_t x, json::string_view, json::error_code&) {
    return number(static_cast<double>(x));
  }
  bool on_double(double x, json::string_view, json::error_code&) {
    return number(x);
  }
  bool on_bool(bool, json::error_code&) { return take(defect::not_a_number); }
  bool on_null(json::error_code&) { return take(defect::null); }
  bool on_comment_part(json::string_view, json::error_code&) { return pass(); }
  bool on_comment(json::string_view, json::error_code&) { return pass(); }

private:
  static bool pass() { return true; }

  static std::array<field_result, field_count> all_missing() {
    std::array<field_result, field_count> all;
    all.fill(defect::missing);
    return all;
  }

  bool enter() {
    take(defect::not_a_number);
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

  bool number(double x) {
    return take(current_ ? check_number(x, current_->form) : field_result{});
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
    defects += (defects.empty() ? "" : ", ") + std::string{row.key} + " " +
               text_of(std::get<defect>(found));
  }
  if (!defects.empty())
    result.failure = failure{reason::schema, std::move(defects)};
  return result;
}

} // namespace

parsed parse(endpoint e, std::string_view body) {
  json::basic_parser<field_reader> parser{json::parse_options{}, e};
  json::error_code ec;
  const auto used = parser.write_some(false, body.data(), body.size(), ec);
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
  return result;
}

} // namespace betanet::metrics
