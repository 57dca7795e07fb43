#include "net/negotiate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>
#include <zlib.h>

namespace betanet::net {

namespace {

/// One element of a list such as `text/plain;version=0.0.4;q=0.5`.
struct offer {
  std::string name;    ///< Lower case.
  std::string version; ///< Of that parameter; empty: any.
  double weight = 1;
};

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
    s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
    s.remove_suffix(1);
  return s;
}

std::string lower(std::string_view s) {
  std::string result{s};
  std::transform(s.begin(), s.end(), result.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return result;
}

/// Cuts the part up to the separator off `rest`.
std::string_view next(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// Empty if there is a weight that is none (RFC 9110, 12.4.2).
std::optional<offer> parse_offer(std::string_view text) {
  offer o{lower(next(text, ';')), {}, 1};
  while (!text.empty()) {
    auto value = next(text, ';');
    const auto key = lower(next(value, '='));
    if (key == "version") {
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      o.version = value;
    } else if (key == "q") {
      const auto [end, ec] =
          std::from_chars(value.data(), value.data() + value.size(), o.weight,
                          std::chars_format::fixed);
      if (ec != std::errc{} || end != value.data() + value.size() ||
          !(o.weight >= 0 && o.weight <= 1))
        return std::nullopt;
    }
  }
  return o;
}

std::vector<offer> parse_offers(std::string_view list) {
  std::vector<offer> all;
  while (!list.empty())
    if (const auto o = parse_offer(next(list, ',')); o && !o->name.empty())
      all.push_back(*o);
  return all;
}

/// The weight of a media type: what names it exactly beats what names its kind
/// beats `*/*`.
double weight(const std::vector<offer>& offers, std::string_view type,
              std::string_view version) {
  const auto kind = std::string{type.substr(0, type.find('/'))} + "/*";
  std::array<std::optional<double>, 3> found;
  for (const auto& o : offers) {
    const auto exact =
        o.name == type && (o.version.empty() || o.version == version);
    const std::size_t rank = exact             ? 0
                             : o.name == kind  ? 1
                             : o.name == "*/*" ? 2
                                               : found.size();
    if (rank < found.size())
      found[rank] = std::max(found[rank].value_or(0), o.weight);
  }
  for (const auto& f : found)
    if (f)
      return *f;
  return 0;
}

/// application/x-www-form-urlencoded; what is no code stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const bool coded = text[i] == '%' && i + 2 < text.size() &&
                       std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                       std::isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (coded) {
      std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

} // namespace

std::optional<std::string> query_value(std::string_view query,
                                       std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto mark = std::min(pair.find('='), pair.size());
    if (decoded(pair.substr(0, mark)) == name)
      return decoded(pair.substr(std::min(mark + 1, pair.size())));
  }
  return std::nullopt;
}

format preferred_format(std::string_view accept) {
  const auto offers = parse_offers(accept);
  const bool open = weight(offers, "application/openmetrics-text", "1.0.0") >
                    weight(offers, "text/plain", "0.0.4");
  return open ? format::openmetrics_1_0_0 : format::text_0_0_4;
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<double> gzip, identity, any;
  for (const auto& o : parse_offers(accept_encoding)) {
    if (o.name == "gzip" || o.name == "x-gzip")
      gzip = o.weight;
    else if (o.name == "identity")
      identity = o.weight;
    else if (o.name == "*")
      any = o.weight;
  }
  const double wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= identity.value_or(0);
}

std::string gzip(std::string_view text) {
  z_stream z{};
  constexpr int gzip_format = 15 + 16; // zlib's windowBits
  constexpr int memory_level = 8;      // its default
  // The page is of one moment and repeats itself: speed is what matters.
  if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, gzip_format, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib cannot start");
  std::string out(deflateBound(&z, text.size()), '\0');
  z.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); // only read
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (result != Z_STREAM_END)
    throw std::runtime_error("zlib cannot compress");
  return out;
}

} // namespace betanet::net
