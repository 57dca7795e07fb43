#include "metrics/parse.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cmath>
#include <variant>

namespace betanet::metrics {

namespace {

namespace json = boost::json;

/// Spec section 1: larger numbers are no measurement, and text formats of
/// doubles near the limit are out of range for some readers.
constexpr double largest_value = 1e300;

constexpr auto all_fields = [] {
  std::array<field, field_count> all{};
  for (std::size_t i = 0; i < field_count; ++i)
    all[i] = static_cast<field>(i);
  return all;
}();

/// The value of a field, or what is wrong with it.
using judged = std::variant<double, const char*>;

judged judge(double x, bool fraction_allowed) {
  if (x < 0)
    return "is negative";
  if (x > largest_value)
    return "is out of range";
  if (!fraction_allowed && x != std::floor(x))
    return "has a fraction";
  return std::abs(x); // -0 is 0
}

/// Keeps the fields of one endpoint and lets the rest of a document pass: what
/// a body costs does not depend on what it says.
class field_reader {
public:
  explicit field_reader(endpoint e) : endpoint_(e) {}

  std::array<judged, field_count> read = all_missing();
  bool object = false; ///< The root is one.

  // What json::basic_parser calls; false would end the parsing.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  bool on_document_begin(json::error_code&) { return pass(); }
  bool on_document_end(json::error_code&) { return pass(); }
  bool on_object_begin(json::error_code&) {
    object = object || depth_ == 0;
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
    current_ = depth_ == 1 ? find() : field_count;
    key_.clear();
    return pass();
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) {
    return pass();
  }
  bool on_string(json::string_view, std::size_t, json::error_code&) {
    return take("is no number");
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
  bool on_bool(bool, json::error_code&) { return take("is no number"); }
  bool on_null(json::error_code&) { return take("is null"); }
  bool on_comment_part(json::string_view, json::error_code&) { return pass(); }
  bool on_comment(json::string_view, json::error_code&) { return pass(); }

private:
  static bool pass() { return true; }

  static std::array<judged, field_count> all_missing() {
    std::array<judged, field_count> all;
    all.fill("is missing");
    return all;
  }

  bool enter() {
    take("is no number");
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

  std::size_t find() const {
    for (const auto f : all_fields)
      if (source(f) == endpoint_ && name(f) == key_)
        return index(f);
    return field_count;
  }

  bool number(double x) {
    return take(judge(x, current_ == index(field::avg_latency_ms)));
  }

  /// The value that follows a key of the root; the last one of a key counts.
  bool take(judged v) {
    if (depth_ == 1 && current_ != field_count)
      read[current_] = v;
    return pass();
  }

  endpoint endpoint_;
  std::size_t depth_ = 0;
  std::string key_;                   ///< As far as it has come.
  std::size_t current_ = field_count; ///< The field of the latest key, if any.
};

parsed no_object(std::string text) {
  parsed result;
  result.failure = failure{reason::json, std::move(text)};
  return result;
}

parsed collect(endpoint e, const field_reader& r) {
  parsed result;
  std::string defects;
  for (const auto f : all_fields) {
    if (source(f) != e)
      continue;
    const auto& read = r.read[index(f)];
    if (const auto* x = std::get_if<double>(&read)) {
      result.values[index(f)] = *x;
      continue;
    }
    defects += (defects.empty() ? "" : ", ") + std::string{name(f)} + " " +
               std::get<const char*>(read);
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
    return no_object(body.empty() ? "empty body"
                                  : "invalid JSON: " + ec.message());
  if (!parser.handler().object)
    return no_object("the JSON document is no object");
  return collect(e, parser.handler());
}

} // namespace betanet::metrics
