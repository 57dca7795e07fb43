#include "config/http_client.hpp"

#include "config/file.hpp"
#include "config/quote_impl.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace betanet::config {

namespace {

/// The Base64 encoding of RFC 4648, section 4.
std::string base64(const std::string& bytes) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j)
      group = group << 8 |
              (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      out += i + j > bytes.size() ? '=' : alphabet[group >> (18 - 6 * j) & 63];
  }
  return out;
}

/// Appends a header field. Throws if the value contains a line break, which
/// would begin another field, or another control character.
void append_field(std::string& lines, const std::string& name,
                  const std::string& value) {
  const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
  if (!clean)
    throw std::runtime_error("the value for header " + name +
                             " contains a line break or a control character");
  lines += name + ": " + value + "\r\n";
}

} // namespace

bool iequals(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::string reveal(const secret& s) {
  if (s.file.empty())
    return s.text;
  auto text = read_file(s.file, largest_secret);
  constexpr const char* blanks = " \t\r\n";
  text.erase(text.find_last_not_of(blanks) + 1);
  text.erase(0, text.find_first_not_of(blanks));
  if (text.empty()) // another program may be about to rewrite the file
    throw std::runtime_error("cannot read " + path_for_message(s.file) +
                             ": empty");
  return text;
}

void reveal_all(const std::vector<secret*>& secrets,
                std::vector<std::string>& problems) {
  for (auto* s : secrets)
    try {
      *s = {reveal(*s), {}, s->origin};
    } catch (const std::runtime_error& e) {
      problems.push_back(s->origin.text + ": " + e.what() +
                         ", a readable file is expected");
      *s = {{}, {}, s->origin};
    }
}

std::vector<secret*> http_client::secrets() {
  std::vector<secret*> all{&tls_config.ca, &tls_config.cert, &tls_config.key};
  if (basic_auth)
    all.insert(all.end(), {&basic_auth->username, &basic_auth->password});
  if (authorization)
    all.push_back(&authorization->credentials);
  for (auto& h : http_headers)
    for (auto& s : h.secrets)
      all.push_back(&s);
  return all;
}

std::vector<const secret*> http_client::secrets() const {
  const auto all = const_cast<http_client*>(this)->secrets(); // only reads them
  return {all.begin(), all.end()};
}

bool http_client::uses_files() const {
  const auto all = secrets();
  return std::any_of(all.begin(), all.end(),
                     [](const secret* s) { return !s->file.empty(); });
}

std::string header_lines(const http_client& c) {
  std::string lines;
  if (c.basic_auth)
    append_field(lines, "Authorization",
                 "Basic " + base64(reveal(c.basic_auth->username) + ":" +
                                   reveal(c.basic_auth->password)));
  if (c.authorization)
    append_field(lines, "Authorization",
                 c.authorization->type + " " +
                     reveal(c.authorization->credentials));
  for (const auto& h : c.http_headers) {
    for (const auto& v : h.values)
      append_field(lines, h.name, v);
    for (const auto& s : h.secrets)
      append_field(lines, h.name, reveal(s));
  }
  return lines;
}

std::vector<std::string> contradictions(const http_client& c) {
  std::vector<std::string> found;
  const auto at_most_one = [&](const secret& s, const std::string& block,
                               const std::string& key) {
    if (!s.text.empty() && !s.file.empty())
      found.push_back("at most one of " + block + key + " & " + key +
                      "_file must be configured");
  };
  if (c.basic_auth && c.authorization)
    found.push_back(
        "at most one of basic_auth & authorization must be configured");
  if (c.basic_auth) {
    at_most_one(c.basic_auth->username, "basic_auth ", "username");
    at_most_one(c.basic_auth->password, "basic_auth ", "password");
  }
  if (c.authorization) {
    at_most_one(c.authorization->credentials, "authorization ", "credentials");
    if (iequals(c.authorization->type, "basic"))
      found.push_back("authorization type cannot be set to \"basic\", use "
                      "\"basic_auth\" instead");
  }
  const auto& t = c.tls_config;
  at_most_one(t.ca, "", "ca");
  at_most_one(t.cert, "", "cert");
  at_most_one(t.key, "", "key");
  if (t.cert.given() && !t.key.given())
    found.push_back("exactly one of key or key_file must be configured when a "
                    "client certificate is configured");
  if (t.key.given() && !t.cert.given())
    found.push_back("exactly one of cert or cert_file must be configured when "
                    "a client key is configured");
  if (t.min_version > t.max_version)
    found.push_back("min_version is above max_version");
  return found;
}

bool is_reserved_header(const std::string& name) {
  static constexpr std::array reserved{"Accept",
                                       "Accept-Encoding",
                                       "Authorization",
                                       "Connection",
                                       "Content-Encoding",
                                       "Content-Length",
                                       "Content-Type",
                                       "Expect",
                                       "Host",
                                       "Keep-Alive",
                                       "Proxy-Authenticate",
                                       "Proxy-Authorization",
                                       "Te",
                                       "Trailer",
                                       "Transfer-Encoding",
                                       "Upgrade",
                                       "User-Agent",
                                       "Www-Authenticate"};
  return std::any_of(reserved.begin(), reserved.end(),
                     [&](const char* r) { return iequals(name, r); });
}

} // namespace betanet::config
