#pragma once

#include "net/http_client.hpp"

#include <boost/system/error_code.hpp>

namespace betanet::net {

/// What a failure to connect means.
error connect_error(boost::system::error_code ec);

/// What a failure of an established connection means.
error io_error(boost::system::error_code ec);

/// What a failed handshake means; `defect` is what verification found.
error handshake_error(boost::system::error_code ec, const std::string& defect);

} // namespace betanet::net
