#include "healthcheck.hpp"

#include "actors/web_reading.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "pages/routes.hpp"

namespace betanet {

namespace {

/// The time limit of one request. It is below the 5 s after which the container
/// engine ends the health check (HEALTHCHECK in Dockerfile).
constexpr auto timeout = std::chrono::seconds{3};

/// The health page of the exporter that listens on this address, for a client
/// on the same machine.
net::resource own_listener(const config::listen_address& address,
                           const std::string& user_agent) {
  const auto& host = address.host;
  const auto here = host.empty() || host == "::" ? "localhost"
                    : host == "0.0.0.0"          ? "127.0.0.1"
                                                 : host;
  return {here, address.port, std::string{pages::healthy_path}, user_agent,
          65536};
}

/// Whether the error is the TLS alert of a server that requires a client
/// certificate: 42 bad_certificate or 116 certificate_required (RFC 8446,
/// section 6), or 40 handshake_failure before TLS 1.3 (RFC 5246, section 7.2).
bool demands_certificate(const net::error& e) {
  return e.code == net::errc::tls &&
         (e.text.find("alert bad certificate") != e.text.npos ||
          e.text.find("alert certificate required") != e.text.npos ||
          e.text.find("alert handshake failure") != e.text.npos);
}

/// Why this answer of a listener does not come from a healthy exporter; empty
/// if it does.
std::string complaint(const net::outcome& o, const config::web_config& web) {
  if (const auto* e = std::get_if<net::error>(&o)) {
    const bool asks =
        web.tls && web.tls->client_auth_type != config::client_auth::none;
    return asks && demands_certificate(*e) ? "" : e->text;
  }
  const auto& r = std::get<net::response>(o);
  return r.status == 200 ? "" : r.body;
}

/// Why the exporter is not healthy; empty if it is. All listeners are asked at
/// once, and one healthy answer is enough: they belong to one process, whose
/// front answers for all of them, and a network may have gone since the start.
/// The certificate is not verified, because the request contains no secret and
/// does not leave this machine.
std::string ask(const std::vector<net::resource>& listeners,
                const config::web_config& web) {
  net::loop loop;
  net::outbound shared{loop};
  std::vector<net::http_client> clients;
  std::string complaints;
  auto left = listeners.size();
  for (auto listener : listeners) {
    listener.tls = web.tls.has_value();
    if (listener.tls)
      listener.identity.tls.emplace().verify = false;
    const auto place = listener.host + ":" + std::to_string(listener.port);
    clients.emplace_back(shared, std::move(listener));
    clients.back().get(timeout, [&, place](const net::outcome& o) {
      const auto why = complaint(o, web);
      if (why.empty())
        complaints.clear();
      else
        complaints += (complaints.empty() ? "" : "; ") + place + ": " + why;
      if (why.empty() || --left == 0)
        loop.stop();
    });
  }
  loop.run();
  return complaints;
}

} // namespace

std::string healthcheck(const config::invocation& given,
                        const std::string& user_agent) {
  if (given.systemd_socket)
    return "not possible with --web.systemd-socket: only systemd knows the "
           "addresses of the sockets";
  const auto& web = given.settings.web;
  std::vector<net::resource> listeners;
  for (const auto& address : web.listen_addresses)
    if (address.port != 0)
      listeners.push_back(own_listener(address, user_agent));
  if (listeners.empty())
    return "not possible with port 0: only the log of the exporter tells the "
           "port that it has taken";
  if (web.config_file.empty())
    return ask(listeners, {});
  const auto reading = read_web(web.config_file, {});
  if (reading.problem.empty())
    return ask(listeners, reading.found);
  // The running exporter still uses the last valid content of the file, which
  // is not known here. So the check tries TLS with a client certificate first
  // and then plain HTTP.
  config::web_config strictest;
  strictest.tls.emplace().client_auth_type =
      config::client_auth::require_and_verify;
  const auto why = ask(listeners, strictest);
  return why.empty() ? why : ask(listeners, {});
}

} // namespace betanet
