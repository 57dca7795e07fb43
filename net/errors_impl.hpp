#pragma once

#include "net/outcome.hpp"

#include <boost/system/error_code.hpp>

namespace betanet::net {

/// Translates a failure to connect.
error connect_error(boost::system::error_code ec);

/// Translates a failure of an established connection or of the HTTP parser.
error io_error(boost::system::error_code ec);

/// Translates a failed TLS handshake. `defect` is what the verification of the
/// certificate found wrong; empty: nothing.
error handshake_error(boost::system::error_code ec, const std::string& defect);

} // namespace betanet::net
