#include "net/reply.hpp"

#include <boost/beast/http/error.hpp> // includes <ostream> for status.hpp
#include <boost/beast/http/status.hpp>

#include <array>
#include <ctime>
#include <utility>

namespace betanet::net {

namespace {

namespace http = boost::beast::http;

/// RFC 9110, 5.6.7.
std::string http_date() {
  const auto now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  // English names: no part of the program calls setlocale.
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

} // namespace

reply::reply(int status, std::string_view content_type, std::string body,
             std::string_view fields)
    : reply(status, content_type,
            std::make_shared<const std::string>(std::move(body)), fields) {}

reply::reply(int status, std::string_view content_type,
             std::shared_ptr<const std::string> body, std::string_view fields)
    : status_(status), body_(std::move(body)) {
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  head_ = "HTTP/1.1 " + std::to_string(status) + " ";
  head_.append(reason.data(), reason.size());
  head_ += "\r\nDate: " + http_date() + "\r\nContent-Type: ";
  head_ += content_type;
  head_ += "\r\nContent-Length: " + std::to_string(body_->size()) + "\r\n";
  // No page may show an answer in a frame or take it for a script.
  head_ += "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n";
  head_ += fields;
}

} // namespace betanet::net
