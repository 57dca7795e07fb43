// Bytes from an upstream, all the way to the page: the response reader, JSON,
// the snapshot, the text format and a strict look at it. The first byte names
// the endpoint and where the bytes are split.
#include "metrics/parse.hpp"
#include "metrics/render.hpp"
#include "net/response_reader.hpp"

#include <bitset>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <tuple>
#include <utility>

// The check of pages guides no input, and its instrumentation took a third of
// the time.
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))),         \
                             apply_to = function)
#include "tests/exposition_check.hpp"
#pragma clang attribute pop

using namespace betanet;
using net::response_reader;

namespace {

constexpr std::uint64_t max_body_bytes = 4096;

/// Feeds `step` bytes at a time, then the end of the connection.
net::outcome read(std::string_view bytes, std::size_t step) {
  response_reader reader{max_body_bytes};
  auto state = response_reader::progress::need_more;
  while (!bytes.empty() && state == response_reader::progress::need_more) {
    state = reader.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  if (state == response_reader::progress::need_more)
    state = reader.finish(response_reader::ending::orderly);
  if (state == response_reader::progress::failed)
    return reader.failure();
  return reader.take_response();
}

std::string text_of(const net::outcome& o) {
  if (const auto* e = std::get_if<net::error>(&o))
    return to_string(e->code) + e->text;
  const auto& r = std::get<net::response>(o);
  return std::to_string(r.status) + " " +
         std::to_string(r.retry_after.count()) + " " + r.body;
}

/// Aborts if the page is not well-formed.
void check_page(endpoint e, const net::response& response) {
  const auto p = metrics::poll_of(metrics::parse(e, response.body));
  // The page depends on nothing else; most inputs repeat the one before.
  static std::tuple<endpoint, metrics::reading,
                    std::bitset<metrics::field_count>, metrics::quality>
      last;
  const std::tuple now{e, p.values, p.unusable, p.result};
  if (std::exchange(last, now) == now)
    return;
  auto s = std::make_shared<metrics::snapshot>(
      metrics::freshness_rules{},
      std::make_shared<const std::vector<double>>(std::vector{0.1}),
      metrics::time_point{});
  s->apply(e, p, {});
  s->endpoints[index(e)].last_failure = p.failure;
  metrics::exposition pages{metrics::detail::full, {}, {}};
  pages.update("", s);
  if (const auto d = testing::defect(pages.render({}, {}, {}).text)) {
    std::cerr << *d << '\n';
    std::abort();
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  const auto e = all_endpoints[data[0] % endpoint_count];
  const std::size_t step = 1 + data[0] / endpoint_count;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1,
                               size - 1};
  const auto outcome = read(bytes, size);
  if (text_of(outcome) != text_of(read(bytes, step))) {
    std::cerr << "in pieces: " << text_of(read(bytes, step)) << '\n';
    std::abort();
  }
  if (const auto* response = std::get_if<net::response>(&outcome))
    check_page(e, *response);
  return 0;
}
