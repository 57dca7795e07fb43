#include "net/errors_impl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

bool is_local(error_code ec) {
  return ec == asio::error::no_descriptors || ec == asio::error::no_memory ||
         ec == asio::error::no_buffer_space ||
         ec == asio::error::address_in_use ||
         ec == asio::error::access_denied ||
         ec == asio::error::address_family_not_supported ||
         ec == boost::system::errc::too_many_files_open_in_system ||
         ec == boost::system::errc::address_not_available;
}

bool is_tls(error_code ec) {
  return ec.category() == asio::error::get_ssl_category() ||
         ec == asio::ssl::error::unexpected_result ||
         ec == asio::ssl::error::unspecified_system_error;
}

} // namespace

error connect_error(error_code ec) {
  if (ec == asio::error::connection_reset)
    return {errc::reset, ec.message()}; // accepted and closed at once
  if (ec == asio::error::timed_out)
    return {errc::timeout, ec.message()};
  return {is_local(ec) ? errc::local : errc::connect, ec.message()};
}

error io_error(error_code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return {errc::too_large, "response header too large"};
  if (ec == http::error::body_limit)
    return {errc::too_large, "response body too large"};
  if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
      ec == asio::error::eof || ec == asio::ssl::error::stream_truncated)
    return {errc::eof, "connection closed before the response was complete"};
  if (ec == asio::error::connection_reset || ec == asio::error::broken_pipe ||
      ec == asio::error::connection_aborted ||
      ec == asio::error::host_unreachable ||
      ec == asio::error::network_unreachable || ec == asio::error::network_down)
    return {errc::reset, "connection lost: " + ec.message()};
  if (ec == asio::error::timed_out)
    return {errc::timeout, ec.message()};
  if (is_local(ec))
    return {errc::local, ec.message()};
  if (is_tls(ec))
    return {errc::tls, "TLS: " + ec.message()};
  return {errc::protocol, "invalid HTTP response: " + ec.message()};
}

error handshake_error(error_code ec, const std::string& defect) {
  auto e = io_error(ec);
  if (e.code == errc::eof)
    e.text = "connection closed during the TLS handshake";
  if (e.code != errc::tls)
    return e;
  if (!defect.empty())
    e.text = "TLS: " + defect;
  else if (ERR_GET_REASON(static_cast<unsigned long>(ec.value())) ==
           SSL_R_WRONG_VERSION_NUMBER)
    e.text += ", the peer seems to speak plain HTTP";
  return e;
}

} // namespace betanet::net
