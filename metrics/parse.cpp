#include "metrics/parse.hpp"

#include <boost/json.hpp>

#include <cmath>
#include <new>
#include <variant>

namespace betanet::metrics {

namespace {

namespace json = boost::json;

/// Spec section 1: larger numbers are no measurement, and text formats of
/// doubles near the limit are out of range for some readers.
constexpr double largest_value = 1e300;

/// Refuses more than a small multiple of the body: a hostile one of 1 MiB
/// would otherwise become 25 MiB of values.
class bounded_resource : public json::memory_resource {
public:
  explicit bounded_resource(std::size_t body_size)
      : left_(4 * body_size + 65536) {}

private:
  void* do_allocate(std::size_t size, std::size_t) override {
    if (size > left_)
      throw std::bad_alloc{};
    left_ -= size;
    return ::operator new(size); // Boost.JSON needs no more alignment
  }

  void do_deallocate(void* p, std::size_t size, std::size_t) override {
    left_ += size;
    ::operator delete(p);
  }

  bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::size_t left_;
};

/// The value of a field, or what is wrong with it.
using judged = std::variant<double, const char*>;

judged judge(const json::value* v, bool fraction_allowed) {
  if (!v)
    return "is missing";
  if (v->is_null())
    return "is null";
  if (!v->is_number())
    return "is no number";
  const double x = v->to_number<double>();
  if (x < 0)
    return "is negative";
  if (x > largest_value)
    return "is out of range";
  if (!fraction_allowed && x != std::floor(x))
    return "has a fraction";
  return std::abs(x); // -0 is 0
}

void note(std::string& text, field f, const char* defect) {
  if (!text.empty())
    text += ", ";
  text += name(f);
  text += ' ';
  text += defect;
}

parsed no_object(std::string text) {
  parsed result;
  result.failure = failure{reason::json, std::move(text)};
  return result;
}

parsed read_fields(endpoint e, const json::value& root) {
  if (!root.is_object())
    return no_object("the JSON document is no object");
  parsed result;
  std::string defects;
  for (std::size_t i = 0; i < field_count; ++i) {
    const auto f = static_cast<field>(i);
    if (source(f) != e)
      continue;
    const auto key = name(f);
    const auto read =
        judge(root.get_object().if_contains({key.data(), key.size()}),
              f == field::avg_latency_ms);
    if (const auto* defect = std::get_if<const char*>(&read))
      note(defects, f, *defect);
    else
      result.values[i] = std::get<double>(read);
  }
  if (!defects.empty())
    result.failure = failure{reason::schema, std::move(defects)};
  return result;
}

} // namespace

parsed parse(endpoint e, std::string_view body) {
  bounded_resource memory{body.size()};
  try {
    json::error_code ec;
    json::parser parser{&memory}; // its stack is bounded too
    parser.reset(&memory);
    parser.write({body.data(), body.size()}, ec);
    if (ec)
      return no_object(body.empty() ? "empty body"
                                    : "invalid JSON: " + ec.message());
    return read_fields(e, parser.release());
  } catch (const std::bad_alloc&) {
    return no_object("the JSON document is too complex");
  }
}

} // namespace betanet::metrics
