#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Functions that evaluate the `Accept` headers of a client (RFC 9110, 12.5).
namespace betanet::net {

/// The text formats of metrics.
enum class format : std::uint8_t { text_0_0_4, openmetrics_1_0_0 };

/// The name of the enumerator.
std::string to_string(format f);

/// The format an `Accept` header prefers: 0.0.4 unless OpenMetrics 1.0.0 has
/// the higher weight. Malformed elements count as absent.
format preferred_format(std::string_view accept);

/// The parameter `escaping` of the element of an `Accept` header that decides
/// about the format, if it is one of the schemes by which Prometheus asks for
/// names of metrics in old characters. Otherwise empty.
std::string_view preferred_escaping(std::string_view accept);

/// Whether an `Accept-Encoding` header gives gzip a weight above 0 and not
/// below that of the plain text.
bool accepts_gzip(std::string_view accept_encoding);

} // namespace betanet::net
