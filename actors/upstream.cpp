#include "actors/upstream.hpp"

#include "actors/enums.hpp"

#include <stdexcept>

namespace betanet {

namespace {

net::identity identity_of(const config::target& t) {
  net::identity result{config::header_lines(t.http_client), {}};
  if (!t.url.tls)
    return result;
  const auto& c = t.http_client.tls_config;
  result.tls = net::tls_material{config::reveal(c.ca),  config::reveal(c.cert),
                                 config::reveal(c.key), !c.insecure_skip_verify,
                                 to_net(c.min_version), to_net(c.max_version)};
  return result;
}

/// What is wrong with the authorities and with the own certificate and key of a
/// target, each with its place.
std::vector<std::string> tls_problems(const config::target& t,
                                      const net::tls_material& all,
                                      net::tls_contexts& contexts) {
  const auto& keys = t.http_client.tls_config;
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

} // namespace

transport connect(net::outbound& shared, const config::target& t, endpoint e,
                  const std::string& user_agent) {
  net::resource what{t.url.host, t.url.port, t.url.path + t.paths[index(e)],
                     user_agent, t.polling.collection.max_body_bytes};
  what.tls = t.url.tls;
  what.server_name = t.http_client.tls_config.server_name;
  if (t.http_client.uses_files())
    what.identify = [t] { return identity_of(t); };
  else
    what.identity = identity_of(t);
  const auto client =
      std::make_shared<net::http_client>(shared, std::move(what));
  return [client](auto timeout, auto done) {
    client->get(timeout, std::move(done));
  };
}

std::shared_ptr<net::tls_context> check_identity(const config::target& t,
                                                 net::tls_contexts& contexts) {
  std::vector<std::string> problems;
  for (const auto* s : t.http_client.secrets())
    if (auto problem = problem_with(*s); !problem.empty())
      problems.push_back(std::move(problem));
  if (!problems.empty())
    throw config::invalid(std::move(problems));
  try {
    const auto id = identity_of(t);
    if (!id.tls)
      return nullptr;
    problems = tls_problems(t, *id.tls, contexts);
    if (problems.empty())
      return contexts.get(*id.tls);
  } catch (const std::runtime_error& e) {
    const auto& block = t.http_client.origin.text;
    problems = {(block.empty() ? t.origin.text : block) + ": " + e.what()};
  }
  throw config::invalid(std::move(problems));
}

} // namespace betanet
