#include "actors/upstream.hpp"

#include "actors/enums.hpp"
#include "actors/tls_problems.hpp"
#include "config/file.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

namespace betanet {

namespace {

net::tls_material material_of(const config::http_client::tls_keys& c) {
  return {config::reveal(c.ca),  config::reveal(c.cert),
          config::reveal(c.key), !c.insecure_skip_verify,
          to_net(c.min_version), to_net(c.max_version)};
}

net::identity identity_of(const config::http_client& client, bool tls,
                          const std::string& more_fields = {}) {
  net::identity result{config::header_lines(client) + more_fields, {}};
  if (tls)
    result.tls = material_of(client.tls_config);
  return result;
}

/// Sets how requests are authorized. `more_fields` are header lines.
void identify(net::resource& what, const config::http_client& client,
              const std::string& more_fields = {}) {
  what.server_name = client.tls_config.server_name;
  if (client.uses_files())
    what.identify = [client, tls = what.tls, more_fields] {
      return identity_of(client, tls, more_fields);
    };
  else
    what.identity = identity_of(client, what.tls, more_fields);
}

transport transport_to(net::outbound& shared, net::resource what) {
  const auto client =
      std::make_shared<net::http_client>(shared, std::move(what));
  return [client](auto timeout, auto done) {
    client->get(timeout, std::move(done));
  };
}

/// Prometheus tells servers its interval in seconds (discovery/http/http.go).
std::string interval_field(config::duration interval) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(),
                    std::chrono::duration<double>(interval).count(),
                    std::chars_format::fixed)
          .ptr;
  return "X-Prometheus-Refresh-Interval-Seconds: " +
         std::string{text.data(), end} + "\r\n";
}

/// `owner` is the origin of what the client belongs to.
std::shared_ptr<net::tls_context> check_client(config::http_client client,
                                               bool tls,
                                               const config::origin& owner,
                                               net::tls_contexts& contexts) {
  std::vector<std::string> problems;
  std::shared_ptr<net::tls_context> context;
  reveal_all(client.secrets(), problems);
  const auto& block = client.origin.text.empty() ? owner : client.origin;
  try {
    config::header_lines(client);
  } catch (const std::runtime_error& e) {
    problems.push_back(block.text + ": " + e.what());
  }
  try {
    if (tls)
      context = contexts.get(material_of(client.tls_config));
  } catch (const net::bad_tls_material& e) {
    const auto& c = client.tls_config;
    add_tls_problems(e, {c.ca, c.cert, c.key, block}, problems);
  }
  if (!problems.empty())
    throw config::invalid(std::move(problems));
  return context;
}

} // namespace

transport connect(net::outbound& shared, const config::target& t, endpoint e,
                  const std::string& user_agent) {
  net::resource what{t.url.host, t.url.port, t.url.path + t.paths[index(e)],
                     user_agent, t.polling.collection.max_body_bytes};
  what.tls = t.url.tls;
  identify(what, t.http_client);
  return transport_to(shared, std::move(what));
}

transport connect(net::outbound& shared, const config::target_server& server,
                  const std::string& user_agent) {
  net::resource what{server.url.host, server.url.port, server.resource,
                     user_agent, config::largest_file};
  what.tls = server.url.tls;
  identify(what, server.http_client, interval_field(server.refresh_interval));
  return transport_to(shared, std::move(what));
}

std::shared_ptr<net::tls_context> check_identity(const config::target& t,
                                                 net::tls_contexts& contexts) {
  return check_client(t.http_client, t.url.tls, t.origin, contexts);
}

std::shared_ptr<net::tls_context>
check_identity(const config::target_server& server,
               net::tls_contexts& contexts) {
  return check_client(server.http_client, server.url.tls, server.origin,
                      contexts);
}

} // namespace betanet
