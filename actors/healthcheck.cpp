#include "actors/healthcheck.hpp"

#include "actors/guard.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"

namespace betanet {

namespace {

constexpr auto patience = std::chrono::seconds{3};

/// Our own listener, seen from this machine.
net::resource verdict_at(const std::string& address,
                         const std::string& user_agent) {
  const auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.starts_with('['))
    host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "0.0.0.0" || host == "::")
    host = "127.0.0.1"; // a bare container cannot resolve localhost
  return {host,
          static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))),
          "/-/healthy", user_agent, 65536};
}

net::outcome ask(net::resource what) {
  net::loop loop;
  net::outbound shared{loop};
  net::http_client client{shared, std::move(what)};
  net::outcome result = net::error{net::errc::local, "no answer"};
  client.get(patience, [&](net::outcome o) {
    result = std::move(o);
    loop.stop();
  });
  loop.run();
  return result;
}

/// Alerts of a server that wants another certificate than none: 42, 116, and
/// 40 before TLS 1.3.
bool refuses_us(const net::error& e) {
  return e.code == net::errc::tls &&
         (e.text.find("alert bad certificate") != e.text.npos ||
          e.text.find("alert certificate required") != e.text.npos ||
          e.text.find("alert handshake failure") != e.text.npos);
}

/// Who it is need not be proved: whoever answers there is meant.
std::string complaint(net::resource what, const config::web_config& web) {
  what.tls = web.tls.has_value();
  if (what.tls)
    what.identity.tls.emplace().verify = false;
  const auto result = ask(std::move(what));
  if (const auto* e = std::get_if<net::error>(&result)) {
    const bool asks =
        web.tls && web.tls->client_auth_type != config::client_auth::none;
    return asks && refuses_us(*e) ? "" : e->text;
  }
  const auto& r = std::get<net::response>(result);
  return r.status == 200 ? "" : r.body;
}

} // namespace

std::string healthcheck(const config::invocation& what,
                        const std::string& user_agent) {
  if (what.systemd_socket)
    return "systemd alone knows the sockets of --web.systemd-socket";
  const auto& web = what.settings.web;
  const auto target = verdict_at(web.listen_addresses.front(), user_agent);
  if (web.config_file.empty())
    return complaint(target, {});
  if (const auto look = look_at(web.config_file, {}); look.problem.empty())
    return complaint(target, look.found);
  // The exporter goes on with what the file said when it was good.
  config::web_config strictest;
  strictest.tls.emplace().client_auth_type =
      config::client_auth::require_and_verify;
  const auto why = complaint(target, strictest);
  return why.empty() ? why : complaint(target, {});
}

} // namespace betanet
