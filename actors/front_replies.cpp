#include "actors/front_replies_impl.hpp"

namespace betanet {

namespace {

constexpr auto exposition_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr auto openmetrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

} // namespace

reply_ptr text_reply(int status, const std::string& text,
                     std::string_view fields) {
  return std::make_shared<const net::reply>(status, "text/plain; charset=utf-8",
                                            text, fields);
}

reply_ptr page_reply(const page_ptr& p, net::format format, bool compressed,
                     std::string_view escaping) {
  constexpr const char* plain = "Vary: Accept, Accept-Encoding\r\n";
  constexpr const char* packed =
      "Vary: Accept, Accept-Encoding\r\nContent-Encoding: gzip\r\n";
  std::string type =
      format == net::format::text_0_0_4 ? exposition_type : openmetrics_type;
  if (!escaping.empty())
    type.append("; escaping=").append(escaping);
  return std::make_shared<const net::reply>(
      200, type, std::shared_ptr<const std::string>{p, &p->text},
      compressed ? packed : plain);
}

reply_ptr answer_without_cache(const pages::route& r) {
  const auto a = pages::without_census(r);
  return std::make_shared<const net::reply>(a.status, a.content_type, a.body,
                                            a.fields);
}

reply_ptr reply_to_denied(permission granted) {
  switch (granted) {
  case permission::full:
  case permission::health_only:
    return nullptr;
  case permission::login_needed:
    return text_reply(401, "Unauthorized\n",
                      "WWW-Authenticate: Basic realm=\"betanet_exporter\", "
                      "charset=\"UTF-8\"\r\n");
  case permission::too_often:
    return text_reply(429, "Too many requests.\n", "Retry-After: 1\r\n");
  case permission::busy:
    return text_reply(503, "Too many logins are being checked.\n",
                      "Retry-After: 1\r\n");
  case permission::broken:
    return text_reply(500, "The web configuration cannot be used.\n");
  }
  return nullptr;
}

reply_ptr reply_to_unservable(const pages::route& r,
                              const net::request_head& asked) {
  const auto m = asked.method;
  if (&r == &pages::unknown_route)
    return text_reply(404, "Not found.\n");
  const bool get = m == net::method::get || m == net::method::head;
  if (r.is_post && m == net::method::post && net::is_cross_site(asked))
    return text_reply(403, "A page of another site must not ask for this.\n");
  if (r.is_post ? m == net::method::post : get)
    return nullptr;
  return text_reply(405, "Method not allowed.\n",
                    r.is_post ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
}

reply_ptr reply_without_cache() {
  return text_reply(503, "The cache does not answer.\n");
}

reply_ptr reply_without_configuration() {
  return text_reply(503, "The configuration is busy.\n");
}

reply_ptr reply_without_reload() {
  return text_reply(500, "The reload did not end in time.\n");
}

} // namespace betanet
