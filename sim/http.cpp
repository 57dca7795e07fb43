#include "sim/http.hpp"

#include <cctype>
#include <sstream>
#include <stdexcept>

namespace sim {

namespace {

/// The largest body of a request to the control API: what it reads is below
/// 1 KiB.
constexpr std::size_t largest_body = 64u << 10;

bool has_body(int status) {
  return status != 204 && status != 304; // RFC 9110, 6.4.1
}

std::string in_lower_case(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

} // namespace

request parse_head(const std::string& head) {
  std::istringstream lines{head};
  request r;
  lines >> r.method >> r.path;
  for (std::string line; std::getline(lines, line);) {
    line = in_lower_case(std::move(line));
    if (line.starts_with("content-length:"))
      r.length = std::stoul(line.substr(15));
    if (line.starts_with("connection: close"))
      r.close = true;
  }
  if (r.length > largest_body)
    throw std::runtime_error("body too large");
  return r;
}

std::string response(int status, const std::string& body,
                     const std::string& fields, const std::string& type) {
  return "HTTP/1.1 " + std::to_string(status) +
         (status == 200 ? " OK" : " Simulated") + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

std::string response_with(const fault& f, const std::string& body, bool close) {
  auto correct = response(200, body, close ? "Connection: close\r\n" : "");
  switch (f.kind) {
  case kind::status:
    return response(
        f.status, has_body(f.status) ? "{\"error\":\"simulated\"}" : "",
        f.retry_after.empty() ? "" : "Retry-After: " + f.retry_after + "\r\n");
  case kind::garbage:
    return "SSH-2.0-simulated\r\n\r\n";
  case kind::no_json:
    return response(200, "<html>maintenance</html>", {}, "text/html");
  case kind::truncated:
    correct.resize(correct.size() - body.size() / 2);
    return correct;
  case kind::oversized:
    return response(200, std::string(f.size, ' '));
  case kind::body:
    return response(200, f.body);
  case kind::none:
  case kind::refuse:
  case kind::reset:
  case kind::hang:
  case kind::slow:
  case kind::drip:
  case kind::wrong_types:
    return correct;
  }
  return correct;
}

} // namespace sim
