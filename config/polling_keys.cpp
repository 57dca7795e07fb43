#include "config/key_kinds_impl.hpp"
#include "config/keys_impl.hpp"

#include <algorithm>

namespace betanet::config {

namespace {

double parse_jitter(const std::string& text) {
  const double x = parse_number(text);
  if (x < 0 || x > 1)
    throw std::invalid_argument(quote(text) + " is not between 0 and 1");
  return x;
}

void add_bucket(std::vector<double>& buckets, const std::string& text) {
  const double bound = parse_number(text);
  if (bound <= 0)
    throw std::invalid_argument(quote(text) + " is not above 0");
  if (!buckets.empty() && bound <= buckets.back())
    throw std::invalid_argument(quote(text) +
                                " is not above the previous bucket");
  if (buckets.size() == 64)
    throw std::invalid_argument("more than 64 buckets");
  buckets.push_back(bound);
}

void add_delay(std::vector<duration>& delays, const std::string& text) {
  if (delays.size() == 16)
    throw std::invalid_argument("more than 16 delays");
  delays.push_back(bounded_duration(text, 0s, 1h));
}

std::optional<duration> parse_max_stale(const std::string& text) {
  if (text == "forever")
    return std::nullopt;
  try {
    return parse_duration(text);
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(e.what() + std::string{", or forever"});
  }
}

} // namespace

const std::vector<key<polling>>& polling_keys() {
  static const words<parse_fallback> fallbacks{
      {"last_known", parse_fallback::last_known},
      {"default", parse_fallback::default_value},
      {"omit", parse_fallback::omit}};
  static const words<timeout_mode> modes{{"fixed", timeout_mode::fixed},
                                         {"adaptive", timeout_mode::adaptive}};
  static const std::vector<key<polling>> all{
      duration_key<polling>(
          "collection.interval", "Time between two collections of a target.",
          10ms, 24h, [](auto& p) -> auto& { return p.collection.interval; }),
      duration_key<polling>(
          "collection.timeout",
          "Time limit of one request, from the name lookup to the last byte of "
          "the response.",
          1ms, 24h, [](auto& p) -> auto& { return p.collection.timeout; }),
      word_key<polling>(
          "collection.timeout_mode",
          "fixed, or adaptive: the time limit of a request is learned from the "
          "answers and never exceeds collection.timeout.",
          modes, [](auto& p) -> auto& { return p.collection.timeout_mode; }),
      int_key<polling>(
          "collection.max_body_bytes", "Largest response body in bytes.",
          std::uint64_t{1024}, std::uint64_t{1} << 30,
          [](auto& p) -> auto& { return p.collection.max_body_bytes; }),
      word_key<polling>(
          "collection.parse_fallback",
          "What is shown for a field that is missing or invalid in a response: "
          "last_known, default or omit.",
          fallbacks, [](auto& p) -> auto& { return p.collection.fallback; }),
      {"collection.latency_buckets",
       "Upper bounds of the buckets of the latency histogram in seconds, "
       "ascending.",
       true,
       [](polling& p, const std::string& s) {
         add_bucket(p.collection.latency_buckets, s);
       },
       [](polling& p) { p.collection.latency_buckets.clear(); },
       [](const polling& p) {
         return print_list(p.collection.latency_buckets, print_number);
       },
       "NUMBER,..."},
      {"retry.delays", "Pauses after failed attempts 1, 2, ...; [] = no retry.",
       true,
       [](polling& p, const std::string& s) { add_delay(p.retry.delays, s); },
       [](polling& p) { p.retry.delays.clear(); },
       [](const polling& p) {
         return print_list(p.retry.delays, print_duration);
       },
       "DURATION,..."},
      {"retry.jitter",
       "Each pause is multiplied by 1 + jitter * u, where u is a random number "
       "from [-1, 1].",
       false,
       [](polling& p, const std::string& s) {
         p.retry.jitter = parse_jitter(s);
       },
       {},
       [](const polling& p) { return print_number(p.retry.jitter); },
       "NUMBER"},
      int_key<polling>(
          "circuit_breaker.failure_threshold",
          "Number of consecutive failed polls after which the breaker of an "
          "endpoint opens.",
          1, 2147483647,
          [](auto& p) -> auto& { return p.circuit_breaker.failure_threshold; }),
      duration_key<polling>(
          "circuit_breaker.open_duration",
          "How long a breaker stays open before it sends a probe.", 1ms, 24h,
          [](auto& p) -> auto& { return p.circuit_breaker.open_duration; }),
      duration_key<polling>(
          "cache.ttl",
          "Values younger than this count as fresh in the cache metrics.", 0s,
          24h, [](auto& p) -> auto& { return p.cache.ttl; }),
      {"cache.max_stale",
       "How long the last values of a failing endpoint are shown; forever = "
       "without limit.",
       false,
       [](polling& p, const std::string& s) {
         p.cache.max_stale = parse_max_stale(s);
       },
       {},
       [](const polling& p) -> std::string {
         return p.cache.max_stale ? print_duration(*p.cache.max_stale)
                                  : "forever";
       },
       "DURATION|forever"},
  };
  return all;
}

} // namespace betanet::config
