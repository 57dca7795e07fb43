#define CAF_SUITE parse

#include "metrics/parse.hpp"

#include "tests/suite.hpp"

#include <sys/resource.h>

using namespace betanet;
using namespace betanet::metrics;

namespace {

/// The peak resident memory of the process in KiB.
long peak() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

std::optional<double> nodes(const std::string& number) {
  const auto p = parse(endpoint::nodes_status,
                       "{\"total_nodes\":" + number +
                           ",\"active_nodes\":5,\"inactive_nodes\":2}");
  CHECK_EQUAL(p.values[index(field::active_nodes)], 5.0);
  CHECK_EQUAL(p.values[index(field::total_nodes)].has_value(), !p.failure);
  if (p.failure)
    CHECK_EQUAL(p.failure->why, reason::schema);
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
  CHECK_EQUAL(p.values[index(field::packets_processed)], 5000.0);
  CHECK_EQUAL(p.values[index(field::packets_dropped)], 10.0);
  CAF_CHECK(!p.values[index(field::total_nodes)]);

  p = parse(endpoint::network_stats,
            R"({"bytes_transmitted": 1000000, "bytes_received": 500000,
                "avg_latency_ms": 45.0, "peak_throughput": 10000})");
  CAF_CHECK(!p.failure);
  CHECK_EQUAL(p.values[index(field::bytes_transmitted)], 1e6);
  CHECK_EQUAL(p.values[index(field::bytes_received)], 5e5);
  CHECK_EQUAL(p.values[index(field::avg_latency_ms)], 45.0);
  CHECK_EQUAL(p.values[index(field::peak_throughput)], 1e4);
}

CAF_TEST(whole numbers that are not negative are valid) {
  CHECK_EQUAL(nodes("7"), 7.0);
  CHECK_EQUAL(nodes("7.0"), 7.0);
  CHECK_EQUAL(nodes("7e2"), 700.0);
  CHECK_EQUAL(nodes("0"), 0.0);
  CHECK_EQUAL(nodes("9007199254740992"), 9007199254740992.0);
  CHECK_EQUAL(nodes("18446744073709551615"), 18446744073709551616.0);
  CHECK_EQUAL(nodes("1e300"), 1e300);
  for (const auto* bad : {"7.5", "-1", "\"7\"", "null", "true", "[]", "{}",
                          "1.1e300", "1e400", "-1e400", "\"\"", "1e-400000"})
    CAF_CHECK(!nodes(bad));
}

CAF_TEST(minus zero is zero) {
  for (const auto* zero : {"-0", "-0.0"}) {
    const auto value = nodes(zero);
    CAF_REQUIRE(value);
    CAF_CHECK(!std::signbit(*value));
  }
}

CAF_TEST(a number is read from its text and not from a rounded double) {
  CHECK_EQUAL(nodes("700000000123.000000"), 700000000123.0);
  CHECK_EQUAL(nodes("9007199254740991.0"), 9007199254740991.0);
  CHECK_EQUAL(nodes("9007199254740991.000000000000000"), 9007199254740991.0);
  CHECK_EQUAL(nodes("0e400"), 0.0);
  CAF_CHECK(!nodes("9007199254740991.00000000000000001"));
}

CAF_TEST(a number may have any exponent) {
  for (const auto* digits : {"2147483647", "2147483648", "99999999999999999999",
                             "0000000000099999999999"}) {
    const auto exponent = std::string{digits};
    CHECK_EQUAL(nodes("0e" + exponent), 0.0);
    CHECK_EQUAL(nodes("0E-" + exponent), 0.0);
    CAF_CHECK(!nodes("1e" + exponent));
    CAF_CHECK(!nodes("1e+" + exponent));
    CAF_CHECK(!nodes("1e-" + exponent));
    CHECK_EQUAL(nodes("7e00000000000000000002, \"x\": 1e" + exponent), 700.0);
    CHECK_EQUAL(nodes("7, \"\\u00e9999999999999e\": [1e" + exponent + ",1e1]"),
                7.0);
    CHECK_EQUAL(json_failure("{\"a\":1e" + exponent + ",}"), reason::json);
    CHECK_EQUAL(json_failure("{\"a\":1e" + exponent), reason::json);
  }
}

CAF_TEST(a latency of a billion milliseconds is the largest) {
  const auto latency = [](const std::string& number) {
    return parse(endpoint::network_stats,
                 "{\"bytes_transmitted\":1,\"avg_latency_ms\":" + number + "}");
  };
  const auto ms = index(field::avg_latency_ms);

  CHECK_EQUAL(latency("1e9").values[ms], 1e9);
  CHECK_EQUAL(latency("0e400").values[ms], 0.0);
  CHECK_EQUAL(latency("1e-400").values[ms], 0.0);
  for (const auto* above : {"1000000000.1", "1e10", "1e300", "1e400"}) {
    const auto p = latency(above);
    CAF_CHECK(!p.values[ms]);
    CAF_CHECK_EQUAL(p.failure->text, "avg_latency_ms is above 1e9");
    CHECK_EQUAL(p.values[index(field::bytes_transmitted)], 1.0);
  }
}

CAF_TEST(the six fields of the first exporter are required) {
  std::vector<std::string> required;
  for (const auto e : all_endpoints) {
    const auto p = parse(e, "{}");
    for (const auto& row : field_table)
      if (p.unusable[index(row.id)])
        required.emplace_back(row.key);
  }

  CHECK_EQUAL(required,
              (std::vector<std::string>{
                  "packets_processed", "packets_dropped", "total_nodes",
                  "active_nodes", "bytes_transmitted", "avg_latency_ms"}));
}

CAF_TEST(only the latency may have a fraction) {
  const auto p = parse(endpoint::network_stats,
                       R"({"bytes_transmitted": 1, "bytes_received": 1.5,
                           "avg_latency_ms": 45.25, "peak_throughput": 1})");

  CHECK_EQUAL(p.values[index(field::avg_latency_ms)], 45.25);
  CAF_CHECK(!p.values[index(field::bytes_received)]);
  CAF_CHECK_EQUAL(p.failure->text, "bytes_received has a fraction");
}

CAF_TEST(every bad field is named) {
  const auto p = parse(endpoint::nodes_status,
                       R"({"total_nodes": -1, "active_nodes": "5",
                           "inactive_nodes": 1.5})");

  CAF_CHECK_EQUAL(p.failure->text,
                  "total_nodes is negative, active_nodes is "
                  "not a number, inactive_nodes has a fraction");
}

CAF_TEST(a required field that is null or missing is named) {
  const auto p = parse(endpoint::nodes_status, R"({"total_nodes": null})");

  CAF_CHECK_EQUAL(p.failure->text,
                  "total_nodes is null, active_nodes is missing");
}

CAF_TEST(an optional field may be missing or null but not wrong) {
  const auto read = [](const std::string& rest) {
    return parse(endpoint::nodes_status,
                 R"({"total_nodes": 7, "active_nodes": 5)" + rest + "}");
  };

  for (const auto* absent : {"", R"(, "inactive_nodes": null)"}) {
    const auto p = read(absent);
    CAF_CHECK(!p.failure);
    CAF_CHECK(p.unusable.none());
    CAF_CHECK(!p.values[index(field::inactive_nodes)]);
  }
  const auto wrong = read(R"(, "inactive_nodes": "2")");

  REQUIRE_EQUAL(wrong.failure.has_value(), true);
  CAF_CHECK_EQUAL(wrong.failure->text, "inactive_nodes is not a number");
  CAF_CHECK(wrong.unusable[index(field::inactive_nodes)]);
  CAF_CHECK(!wrong.unusable[index(field::total_nodes)]);
}

CAF_TEST(a poll takes over all that was parsed) {
  const auto p = parse(endpoint::nodes_status,
                       R"({"total_nodes": 7, "active_nodes": "5"})");

  const auto result = poll_of(p);

  CHECK_EQUAL(result.result, quality::partial);
  CAF_CHECK_EQUAL(result.failure->text, p.failure->text);
  CHECK_EQUAL(result.values[index(field::total_nodes)], 7.0);
  CAF_CHECK(result.unusable[index(field::active_nodes)]);
  CAF_CHECK_EQUAL(result.defects[index(field::active_nodes)],
                  "is not a number");
}

CAF_TEST(a body that is not an object makes all fields unusable) {
  const auto p = parse(endpoint::metrics, "[]");

  for (const auto& row : field_table)
    CAF_CHECK_EQUAL(p.unusable[index(row.id)], row.source == endpoint::metrics);
}

CAF_TEST(a body without an object gives json and an empty object schema) {
  for (const auto* body :
       {"", " ", "[]", "\"x\"", "null", "7", "{", "{}x", "<html></html>",
        "\xef\xbb\xbf{}", "{\"a\":NaN}", "{'a':1}", "{\"a\":1,}"})
    CHECK_EQUAL(json_failure(body), reason::json);
  CHECK_EQUAL(json_failure("{}"), reason::schema);
}

// The cases and expected results of JSONTestSuite, each in an unknown field.
CAF_TEST(JSON is accepted and refused as RFC 8259 requires) {
  const auto well_formed = [](const std::string& text) {
    const auto p = parse(endpoint::metrics, "{\"packets_processed\":1,"
                                            "\"packets_dropped\":2,\"x\":" +
                                                text + "}");
    CAF_CHECK(!p.failure || p.failure->why == reason::json);
    return !p.failure;
  };

  const std::vector<std::string> accepted{
      "[[]   ]", "[\"\"]", "[]", "[\"a\"]", "[false]", "[null, 1, \"1\", {}]",
      "[null]", "[1\n]", " [1]", "[1,null,null,null,2]", "[2] ", "[0e+1]",
      "[0e1]", "[ 4]", "[-0.0000000000000000000000000000000000000000001]",
      "[20e1]", "[-0]", "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]",
      "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123]", "[123.456789]",
      "{\"asd\":\"sdf\"}", "{\"a\":\"b\",\"a\":\"c\"}", "{}", "{\"\":0}",
      "{\"foo\\u0000bar\": 42}", "{\"min\": -1.0e+28, \"max\": 1.0e+28}",
      R"(["\u0060\u012a\u12AB"])", R"(["\uD801\udc37"])", R"(["\"\\\/\b\f"])",
      R"(["\\u0000"])", R"(["\u0000"])", R"(["a/*b*/c/*d//e"])", R"(["\\n"])",
      "[\"\xe2\x80\xa8\"]", "[\"\xf4\x8f\xbf\xbf\"]", "[\"\x7f\"]",
      R"(["\uDBFF\uDFFE"])", "\"\"", "42", "-0.1", "null", "true",
      // The RFC allows either result: huge numbers are read, also as infinity.
      "[123.456e-789]", "[-1e+9999]", "[1.5e+9999]", "[-123123e100000]",
      "[123123e100000]", "[123e-10000000]", "[-123123123123123123123123123123]",
      "[100000000000000000000]",
      "[-237462374673276894279832749832423479823246327846]"};
  for (const auto& yes : accepted)
    if (!well_formed(yes))
      CAF_FAIL("refused: " << yes);

  const std::vector<std::string> refused{
      "[1 true]", "[a\xe5]", "[\"\": 1]", "[\"\"],", "[,1]", "[1,,2]",
      "[\"x\",,]", "[\"x\"]]", "[\"\",]", "[\"x\"", "[x", "[3[4]]", "[\xff]",
      "[1:2]", "[,]", "[-]", "[   , \"\"]", "[\"a\",\n4\n,1,", "[1,]", "[1,,]",
      "[\"\va\"\\f]", "[*]", "[1,\n1\n,1", "[fals]", "[nul]", "[tru]",
      "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]",
      "[.-1]", "[.2e-3]", "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]",
      "[0E]", "[1.0e+]", "[1.0e-]", "[1.0e]", "[1 000.0]", "[1eE2]", "[2.e+3]",
      "[2.e3]", "[9.e+]", "[Inf]", "[NaN]", "[\xef\xbc\x91]", "[1+2]", "[0x1]",
      "[0x42]", "[Infinity]", "[0e+-1]", "[-123.123foo]", "[123\xe5]",
      "[1e1\xe5]", "[-Infinity]", "[- 1]", "[-012]", "[-.123]", "[-1x]",
      "[1ea]", "[1.]", "[.123]", "[1.2a-3]", "[012]", "[\"x\", truth]",
      "{[: \"x\"}", "{\"x\", null}", "{\"x\"::\"b\"}", "{\"a\":\"a\" 123}",
      "{key: 'value'}", "{\"\xb9\":\"0\",}", "{\"a\" b}", "{:\"b\"}",
      "{\"a\" \"b\"}", "{\"a\":", "{\"a\"", "{1:1}", "{9999E9999:1}",
      "{null:null,null:null}", "{\"id\":0,,,,,}", "{'a':0}", "{\"id\":0,}",
      "{\"a\":\"b\"}/**/", "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}",
      "{\"a\":\"a", "{ \"foo\" : \"bar\", \"a\" }", "{\"a\":\"b\"}#", " ",
      R"(["\uD800\"])", R"(["\uD800\u"])", R"(["\uD800\u1"])",
      R"(["\uD800\u1x"])", "[\xc3\xa9]", R"(["\x00"])", R"(["\\\"])",
      "[\"\\\t\"]", R"(["\)", R"(["\u00A"])", R"(["\u"])", "[\"\\u\xe5\"]",
      R"([\u000A""])", "[\"new\nline\"]", "\"\\UA66D\"", "[\"\t\"]",
      "[\"\\a\"]", "<.>", "[<null>]", "[1]x", "[\"a\"b]", "aa", "[True]", "1]",
      "{\"x\": true,", "[][]", "]", "\xef\xbb\xbf{}", "\xe5", "[",
      "[\xe2\x81\xa0]", "{}}", "{\"\":", "{\"a\":/*c*/\"b\"}",
      "{\"a\": true} \"x\"", "['", "[,", "[{", "[\"a", "{]", "{,", "{'a'", "*",
      "[\"\\{[\"\\{", "\xc3\xa5", "[\f]", "", std::string("[\0]", 3),
      std::string("[\"a\0\"]", 6),
      // The RFC allows either result: invalid Unicode is refused.
      R"(["\uDADA"])", R"(["\uD888\u1234"])", R"(["\uD800\n"])",
      R"(["\uDd1ea"])", R"(["\uD800\uD800\n"])", R"(["\ud800"])",
      R"(["\ud800abc"])", R"(["\uDd1e\uD834"])", R"(["\uDFAA"])",
      "[\"\xe6\x97\xa5\xd1\x88\xfa\"]", "[\"\xf4\xbf\xbf\xbf\"]",
      "[\"\xe0\xff\"]", "[\"\x81\"]", "[\"\xe9\"]", "[\"\xed\xa0\x80\"]",
      "[\"\xc0\xaf\"]", "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]", "[\"\xc0\xaf\"]"};
  for (const auto& no : refused)
    if (well_formed(no))
      CAF_FAIL("accepted: " << no);
}

CAF_TEST(deep nesting fails at once) {
  CHECK_EQUAL(json_failure(std::string(100000, '[')), reason::json);

  std::string deep = "{\"a\":";
  for (int i = 0; i < 40; ++i)
    deep += "[";
  CHECK_EQUAL(json_failure(deep), reason::json);
}

CAF_TEST(unknown fields use no memory) {
  for (const std::string element :
       {"1,", "[],", "{},", "\"\",", "\"\\u00e9\",", "{\"id\":1,\"up\":1},"}) {
    std::string body = "{\"packets_processed\":1,\"packets_dropped\":2,\"x\":[";
    while (body.size() < 1 << 20)
      body += element;
    body += "1]}";
    const auto before = peak();
    CAF_CHECK(!parse(endpoint::metrics, body).failure);
    CAF_CHECK_LESS(peak(), before + 512);
  }

  std::string keys = "{";
  for (int i = 0; keys.size() < 1 << 20; ++i)
    keys += "\"" + std::to_string(i) + std::string(500, 'k') + "\":0,";
  keys += "\"packets_processed\":1,\"packets_dropped\":2}";
  const auto before = peak();
  CAF_CHECK(!parse(endpoint::metrics, keys).failure);
  CAF_CHECK_LESS(peak(), before + 512);
}

CAF_TEST(fields are read only at the top level) {
  const auto p = parse(endpoint::metrics,
                       R"({"a": {"packets_processed": 1}, "b":
                           [{"packets_dropped": 2}]})");

  CAF_REQUIRE(p.failure);
  CAF_CHECK_EQUAL(p.failure->text,
                  "packets_processed is missing, packets_dropped is missing");

  CAF_CHECK(!parse(endpoint::metrics,
                   R"({"packets\u005fprocessed": 1, "packets_dropped": 2})")
                 .failure);

  const auto typed =
      parse(endpoint::metrics,
            R"({"packets_processed": {"x": 1}, "packets_dropped": [2]})");
  CAF_REQUIRE(typed.failure);
  CAF_CHECK_EQUAL(typed.failure->text, "packets_processed is not a number, "
                                       "packets_dropped is not a number");
}

CAF_TEST(nesting has a limit) {
  const auto nested = [](int depth) {
    return "{\"packets_processed\":1,\"packets_dropped\":2,\"x\":" +
           std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };

  CAF_CHECK(!parse(endpoint::metrics, nested(31)).failure);
  CHECK_EQUAL(parse(endpoint::metrics, nested(32)).failure->why, reason::json);
}

CAF_TEST(integers up to two to the 53rd are read exactly) {
  CHECK_EQUAL(nodes("9007199254740993"), 9007199254740992.0);
  CHECK_EQUAL(nodes("9223372036854775808"), 9223372036854775808.0);
  CHECK_EQUAL(nodes("18446744073709551616"), 18446744073709551616.0);
  CHECK_EQUAL(nodes("1000000000000000000000000000000"), 1e30);
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
  CHECK_EQUAL(p.values[index(field::packets_processed)], 3.0);
}
