#include "actors/healthcheck.hpp"

#include "config/web_config.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"

#include <optional>

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
    host = "localhost";
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

/// Who it is need not be proved: whoever answers there is meant. That it tells
/// us by TLS to show a certificate is an answer too.
std::string complaint(net::resource what, bool encrypted) {
  what.tls = encrypted;
  if (encrypted)
    what.identity.tls.emplace().verify = false;
  const auto result = ask(std::move(what));
  if (const auto* e = std::get_if<net::error>(&result))
    return e->code == net::errc::tls &&
                   e->text.find(" alert ") != std::string::npos
               ? ""
               : e->text;
  const auto& r = std::get<net::response>(result);
  return r.status == 200 ? "" : r.body;
}

/// Empty if the file cannot be read now: the exporter goes on with what it was.
std::optional<bool> encrypts(const std::string& web_config_file) {
  try {
    return !web_config_file.empty() &&
           config::read_web_config(web_config_file).tls.has_value();
  } catch (const std::runtime_error&) {
    return {};
  }
}

} // namespace

std::string healthcheck(const config::settings& s,
                        const std::string& user_agent) {
  const auto what = verdict_at(s.web.listen_addresses.front(), user_agent);
  const auto encrypted = encrypts(s.web.config_file);
  const auto why = complaint(what, encrypted.value_or(true));
  return why.empty() || encrypted ? why : complaint(what, false);
}

} // namespace betanet
