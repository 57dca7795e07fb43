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
  const bool all = host.empty() || host == "0.0.0.0" || host == "::";
  // An address is used because a minimal container cannot resolve localhost.
  return {all ? "127.0.0.1" : host, address.port,
          std::string{pages::healthy_path}, user_agent, 65536};
}

net::outcome fetch(net::resource from) {
  net::loop loop;
  net::outbound shared{loop};
  net::http_client client{shared, std::move(from)};
  net::outcome result = net::error{net::errc::local, "no answer"};
  client.get(timeout, [&](net::outcome o) {
    result = std::move(o);
    loop.stop();
  });
  loop.run();
  return result;
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

/// Why the exporter is not healthy; empty if it is. The server's certificate is
/// not verified, because the request contains no secret and does not leave this
/// machine.
std::string complaint(net::resource listener, const config::web_config& web) {
  listener.tls = web.tls.has_value();
  if (listener.tls)
    listener.identity.tls.emplace().verify = false;
  const auto result = fetch(std::move(listener));
  if (const auto* e = std::get_if<net::error>(&result)) {
    const bool asks =
        web.tls && web.tls->client_auth_type != config::client_auth::none;
    return asks && demands_certificate(*e) ? "" : e->text;
  }
  const auto& r = std::get<net::response>(result);
  return r.status == 200 ? "" : r.body;
}

} // namespace

std::string healthcheck(const config::invocation& given,
                        const std::string& user_agent) {
  if (given.systemd_socket)
    return "not possible with --web.systemd-socket: only systemd knows the "
           "addresses of the sockets";
  const auto& web = given.settings.web;
  const auto listener = own_listener(web.listen_addresses.front(), user_agent);
  if (web.config_file.empty())
    return complaint(listener, {});
  const auto reading = read_web(web.config_file, {});
  if (reading.problem.empty())
    return complaint(listener, reading.found);
  // The running exporter still uses the last valid content of the file, which
  // is not known here. So the check tries TLS with a client certificate first
  // and then plain HTTP.
  config::web_config strictest;
  strictest.tls.emplace().client_auth_type =
      config::client_auth::require_and_verify;
  const auto why = complaint(listener, strictest);
  return why.empty() ? why : complaint(listener, {});
}

} // namespace betanet
