#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace betanet::net {

/// The text formats of metrics.
enum class format : std::uint8_t { text_0_0_4, openmetrics_1_0_0 };

/// The first parameter of this name in a query, decoded as forms are.
std::optional<std::string> query_value(std::string_view query,
                                       std::string_view name);

/// What an `Accept` header prefers; 0.0.4 unless OpenMetrics 1.0.0 has the
/// higher weight. Anything malformed counts as absent.
format preferred_format(std::string_view accept);

/// Whether an `Accept-Encoding` header takes gzip at least as gladly as the
/// plain text.
bool accepts_gzip(std::string_view accept_encoding);

/// In the gzip format, RFC 1952.
std::string gzip(std::string_view text);

} // namespace betanet::net
