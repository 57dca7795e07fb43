#include "metrics/parse.hpp"

#include <boost/json.hpp>

#include <cmath>

namespace betanet::metrics {

namespace {

namespace json = boost::json;

/// Spec section 1: larger numbers are no measurement, and text formats of
/// doubles near the limit are out of range for some readers.
constexpr double largest_value = 1e300;

/// The value of a field, or what is wrong with it.
struct judged {
  double value = 0;
  const char* defect = nullptr;
};

judged judge(const json::value* v, bool fraction_allowed) {
  if (!v)
    return {0, "is missing"};
  if (v->is_null())
    return {0, "is null"};
  if (!v->is_number())
    return {0, "is no number"};
  const double x = v->to_number<double>();
  if (!(x <= largest_value && x >= -largest_value))
    return {0, "is out of range"};
  if (x < 0)
    return {0, "is negative"};
  if (!fraction_allowed && x != std::floor(x))
    return {0, "has a fraction"};
  return {x == 0 ? 0 : x, nullptr}; // -0 is 0
}

void note(std::string& text, field f, const char* defect) {
  if (!text.empty())
    text += ", ";
  text += name(f);
  text += ' ';
  text += defect;
}

} // namespace

parsed parse(endpoint e, std::string_view body) {
  parsed result;
  json::monotonic_resource memory;
  json::error_code ec;
  const auto root = json::parse({body.data(), body.size()}, ec, &memory);
  if (ec || !root.is_object()) {
    auto text = ec ? "invalid JSON: " + ec.message()
                   : std::string{"the JSON document is no object"};
    if (body.empty())
      text = "empty body";
    result.failure = failure{reason::json, std::move(text)};
    return result;
  }
  std::string defects;
  for (std::size_t i = 0; i < field_count; ++i) {
    const auto f = static_cast<field>(i);
    if (source(f) != e)
      continue;
    const auto key = name(f);
    const auto [value, defect] =
        judge(root.get_object().if_contains({key.data(), key.size()}),
              f == field::avg_latency_ms);
    if (defect)
      note(defects, f, defect);
    else
      result.values[i] = value;
  }
  if (!defects.empty())
    result.failure = failure{reason::schema, std::move(defects)};
  return result;
}

} // namespace betanet::metrics
