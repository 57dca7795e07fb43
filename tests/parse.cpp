#define CAF_SUITE parse

#include "metrics/parse.hpp"

#include "tests/suite.hpp"

using namespace betanet::metrics;

namespace {

std::optional<double> nodes(const std::string& number) {
  const auto p = parse(endpoint::nodes_status,
                       "{\"total_nodes\":" + number +
                           ",\"active_nodes\":5,\"inactive_nodes\":2}");
  CAF_CHECK_EQUAL(p.values[index(field::active_nodes)], 5.0);
  CAF_CHECK_EQUAL(p.values[index(field::total_nodes)].has_value(), !p.failure);
  if (p.failure)
    CAF_CHECK(p.failure->why == reason::schema);
  return p.values[index(field::total_nodes)];
}

reason json_failure(const std::string& body) {
  const auto p = parse(endpoint::metrics, body);
  CAF_REQUIRE(p.failure);
  for (const auto& v : p.values)
    CAF_CHECK(!v);
  return p.failure->why;
}

} // namespace

CAF_TEST(the examples of the API are read) {
  auto p = parse(endpoint::metrics,
                 R"({"packets_processed": 5000, "packets_dropped": 10})");
  CAF_CHECK(!p.failure);
  CAF_CHECK_EQUAL(p.values[index(field::packets_processed)], 5000.0);
  CAF_CHECK_EQUAL(p.values[index(field::packets_dropped)], 10.0);
  CAF_CHECK(!p.values[index(field::total_nodes)]);
  p = parse(endpoint::network_stats,
            R"({"bytes_transmitted": 1000000, "bytes_received": 500000,
                "avg_latency_ms": 45.0, "peak_throughput": 10000})");
  CAF_CHECK(!p.failure);
  CAF_CHECK_EQUAL(p.values[index(field::bytes_transmitted)], 1e6);
  CAF_CHECK_EQUAL(p.values[index(field::bytes_received)], 5e5);
  CAF_CHECK_EQUAL(p.values[index(field::avg_latency_ms)], 45.0);
  CAF_CHECK_EQUAL(p.values[index(field::peak_throughput)], 1e4);
}

CAF_TEST(a field is any number without a fraction that is not negative) {
  CAF_CHECK_EQUAL(nodes("7"), 7.0);
  CAF_CHECK_EQUAL(nodes("7.0"), 7.0);
  CAF_CHECK_EQUAL(nodes("7e2"), 700.0);
  CAF_CHECK_EQUAL(nodes("0"), 0.0);
  CAF_CHECK_EQUAL(nodes("9007199254740992"), 9007199254740992.0);
  CAF_CHECK_EQUAL(nodes("18446744073709551615"), 18446744073709551616.0);
  CAF_CHECK_EQUAL(nodes("1e300"), 1e300);
  for (const auto* bad : {"7.5", "-1", "\"7\"", "null", "true", "[]", "{}",
                          "1.1e300", "1e400", "-1e400", "\"\""})
    CAF_CHECK(!nodes(bad));
  CAF_CHECK_EQUAL(nodes("1e-400000"), 0.0); // underflow
}

CAF_TEST(minus zero is zero) {
  for (const auto* zero : {"-0", "-0.0"}) {
    const auto value = nodes(zero);
    CAF_REQUIRE(value);
    CAF_CHECK(!std::signbit(*value));
  }
}

CAF_TEST(only the latency may have a fraction) {
  const auto p = parse(endpoint::network_stats,
                       R"({"bytes_transmitted": 1, "bytes_received": 1.5,
                           "avg_latency_ms": 45.25, "peak_throughput": 1})");
  CAF_CHECK_EQUAL(p.values[index(field::avg_latency_ms)], 45.25);
  CAF_CHECK(!p.values[index(field::bytes_received)]);
  CAF_CHECK_EQUAL(p.failure->text, "bytes_received has a fraction");
}

CAF_TEST(every bad field is named) {
  const auto p = parse(endpoint::nodes_status,
                       R"({"total_nodes": -1, "active_nodes": "5"})");
  CAF_CHECK_EQUAL(p.failure->text, "total_nodes is negative, active_nodes is "
                                   "no number, inactive_nodes is missing");
}

CAF_TEST(what is no object is json and an empty object is schema) {
  for (const auto* body :
       {"", " ", "[]", "\"x\"", "null", "7", "{", "{}x", "<html></html>",
        "\xef\xbb\xbf{}", "{\"a\":NaN}", "{'a':1}", "{\"a\":1,}"})
    CAF_CHECK(json_failure(body) == reason::json);
  CAF_CHECK(json_failure("{}") == reason::schema);
}

CAF_TEST(deep nesting fails at once) {
  CAF_CHECK(json_failure(std::string(100000, '[')) == reason::json);
  std::string deep = "{\"a\":";
  for (int i = 0; i < 40; ++i)
    deep += "[";
  CAF_CHECK(json_failure(deep) == reason::json);
}

CAF_TEST(a hostile body is refused before it costs memory) {
  for (const auto* element : {"1,", "[],", "{},", "\"\","})
    for (const std::size_t size : {32 << 10, 1 << 20}) {
      std::string body = "{\"x\":[";
      while (body.size() < size)
        body += element;
      const auto p = parse(endpoint::metrics, body + "1]}");
      CAF_REQUIRE(p.failure);
      CAF_CHECK_EQUAL(p.failure->text, "the JSON document is too complex");
    }
}

CAF_TEST(a large body of ordinary fields is read) {
  std::string body = "{\"packets_processed\":1,\"packets_dropped\":2";
  for (int i = 0; body.size() < 1 << 20; ++i)
    body += ",\"field number " + std::to_string(i) +
            "\":\"a text of some length, as a name or an address has it\"";
  CAF_CHECK(!parse(endpoint::metrics, body + "}").failure);
}

CAF_TEST(the last duplicate wins and unknown fields are ignored) {
  const auto p = parse(endpoint::metrics,
                       R"({"packets_processed": 1, "packets_dropped": 2,
                           "packets_processed": 3, "more": {"x": [1]}})");
  CAF_CHECK(!p.failure);
  CAF_CHECK_EQUAL(p.values[index(field::packets_processed)], 3.0);
}
