#include "actors/upstream.hpp"

#include "actors/enums.hpp"
#include "config/file.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

namespace betanet {

namespace {

net::identity identity_of(const config::http_client& client, bool tls,
                          const std::string& more_fields = {}) {
  net::identity result{config::header_lines(client) + more_fields, {}};
  if (!tls)
    return result;
  const auto& c = client.tls_config;
  result.tls = net::tls_material{config::reveal(c.ca),  config::reveal(c.cert),
                                 config::reveal(c.key), !c.insecure_skip_verify,
                                 to_net(c.min_version), to_net(c.max_version)};
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

/// What is wrong with the authorities and with the own certificate and key of a
/// client, each with its place.
std::vector<std::string> tls_problems(const config::http_client& client,
                                      const net::tls_material& all,
                                      net::tls_contexts& contexts) {
  const auto& keys = client.tls_config;
  const std::pair<const config::secret&, net::tls_material> parts[] = {
      {keys.ca, {.ca = all.ca}},
      {keys.cert, {.certificate = all.certificate, .key = all.key}}};
  std::vector<std::string> problems;
  for (const auto& [from, part] : parts)
    try {
      contexts.get(part);
    } catch (const std::runtime_error& e) {
      problems.push_back(from.origin.text + ": " + e.what());
    }
  return problems;
}

/// `owner` is the origin of what the client belongs to.
std::shared_ptr<net::tls_context>
check_client(const config::http_client& client, bool tls,
             const config::origin& owner, net::tls_contexts& contexts) {
  std::vector<std::string> problems;
  for (const auto* s : client.secrets())
    if (auto problem = problem_with(*s); !problem.empty())
      problems.push_back(std::move(problem));
  if (!problems.empty())
    throw config::invalid(std::move(problems));
  try {
    const auto id = identity_of(client, tls);
    if (!id.tls)
      return nullptr;
    problems = tls_problems(client, *id.tls, contexts);
    if (problems.empty())
      return contexts.get(*id.tls);
  } catch (const std::runtime_error& e) {
    const auto& block = client.origin.text;
    problems = {(block.empty() ? owner.text : block) + ": " + e.what()};
  }
  throw config::invalid(std::move(problems));
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
