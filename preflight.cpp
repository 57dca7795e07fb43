#include "preflight.hpp"

#include "actors/upstream.hpp"
#include "actors/web_reading.hpp"
#include "config/file.hpp"
#include "net/descriptors.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <sys/prctl.h>

namespace betanet {

namespace {

/// Where a key was set; its name if that is not known.
std::string origin_of(const config::settings& s, const std::string& key) {
  const auto found = s.origins.find(key);
  return found == s.origins.end() ? key : found->second.text;
}

/// Reads the web configuration and adds what is wrong with it.
void check_web(const config::settings& s, start_check& found) {
  const auto& file = s.web.config_file;
  if (file.empty())
    return;
  try {
    config::read_file(file, config::largest_secret);
  } catch (const std::runtime_error& e) {
    found.problems.push_back(origin_of(s, "web.config_file") + ": " + e.what() +
                             ", a readable file is expected");
    return;
  }
  auto reading = read_web(file, {});
  std::istringstream lines{reading.problem};
  for (std::string line; std::getline(lines, line);)
    found.problems.push_back(line);
  if (reading.problem.empty())
    found.warnings = std::move(reading.found.warnings);
}

/// The secrets of a client that are given. Certificates and user names are
/// none.
std::vector<const config::secret*> secrets_of(const config::http_client& c) {
  std::vector<const config::secret*> all{&c.tls_config.key};
  if (c.basic_auth)
    all.push_back(&c.basic_auth->password);
  if (c.authorization)
    all.push_back(&c.authorization->credentials);
  for (const auto& h : c.http_headers)
    for (const auto& s : h.secrets)
      all.push_back(&s);
  std::erase_if(all, [](const auto* s) { return !s->given(); });
  return all;
}

/// The target at a replica that is reached by https, if there is one: only
/// there certificates are used.
config::target most_demanding(const config::target& t) {
  const auto urls = urls_of(t);
  const auto found = std::find_if(urls.begin(), urls.end(),
                                  [](const auto& url) { return url.tls; });
  return at_url(t, found == urls.end() ? t.url : *found);
}

/// How the targets, and the servers that list more, are asked.
std::vector<const config::http_client*> clients_of(const config::settings& s) {
  std::vector<const config::http_client*> all;
  for (const auto& t : s.targets)
    all.push_back(&t.http_client);
  for (const auto& server : s.target_servers)
    all.push_back(&server.http_client);
  return all;
}

/// The problems with the certificates and secrets of the targets, and with
/// their number.
std::vector<std::string> target_problems(const config::settings& s) {
  std::vector<std::string> all;
  if (auto lack = net::descriptor_problem(count_services(s.targets),
                                          net::descriptor_limit());
      !lack.empty())
    all.push_back(std::move(lack));
  net::tls_contexts contexts;
  std::vector<std::shared_ptr<net::tls_context>>
      held; // so that targets with equal settings share a context
  const auto check = [&](const auto& asked) {
    try {
      held.push_back(check_identity(asked, contexts));
    } catch (const config::invalid& e) {
      all.insert(all.end(), e.problems.begin(), e.problems.end());
    }
  };
  for (const auto& t : s.targets)
    check(most_demanding(t));
  for (const auto& server : s.target_servers)
    check(server);
  return all;
}

} // namespace

start_check check_start(const config::settings& s) {
  start_check found{target_problems(s), {}};
  check_web(s, found);
  if (!s.log.file.empty())
    if (const auto why = config::write_problem(s.log.file); !why.empty())
      found.problems.push_back(origin_of(s, "log.file") + ": " + why);
  for (auto& exposed : exposed_secrets(s))
    found.warnings.push_back(std::move(exposed));
  return found;
}

void hide_memory_with_secrets(const config::settings& s) {
  const auto clients = clients_of(s);
  if (!s.web.config_file.empty() ||
      std::any_of(clients.begin(), clients.end(),
                  [](const auto* c) { return !secrets_of(*c).empty(); }))
    ::prctl(PR_SET_DUMPABLE, 0);
}

std::vector<std::string> exposed_secrets(const config::settings& s) {
  std::set<std::string> files; // targets may share a file
  for (const auto* c : clients_of(s))
    for (const auto* secret : secrets_of(*c))
      files.insert(secret->file);
  std::vector<std::string> warnings;
  for (const auto& file : files)
    if (auto exposed = config::exposure_of(file); !exposed.empty())
      warnings.push_back(std::move(exposed));
  return warnings;
}

} // namespace betanet
