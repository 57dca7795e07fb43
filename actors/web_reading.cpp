#include "actors/web_reading.hpp"

#include "actors/enums.hpp"
#include "actors/tls_problems.hpp"
#include "config/file.hpp"

#include <stdexcept>

namespace betanet {

namespace {

/// Null if the certificates, keys or settings cannot be used, which is added to
/// `problems`. A part that is missing is a problem already.
std::shared_ptr<net::tls_context>
context_of(const config::tls_server_keys& k,
           std::vector<std::string>& problems) {
  try {
    return net::serve_tls(
        {k.cert.text, k.key.text, to_net(k.client_auth_type), k.client_ca.text,
         k.client_allowed_sans, to_net(k.min_version), to_net(k.max_version),
         k.cipher_suites, k.prefer_server_cipher_suites, k.curve_preferences});
  } catch (const net::bad_tls_material& e) {
    add_tls_problems(e, {k.client_ca, k.cert, k.key, k.origin}, problems);
    return nullptr;
  }
}

bool holds_secrets(const config::web_config& c) {
  return !c.users.empty() || (c.tls && !c.tls->key.text.empty());
}

} // namespace

web_reading read_web(const std::string& web_config_file,
                     const web_reading& last) {
  web_reading now = last;
  std::vector<std::string> problems;
  try {
    now.text = config::read_file(web_config_file, config::largest_secret);
  } catch (const std::runtime_error& e) {
    now.problem = web_config_file + ": " + e.what();
    return now;
  }
  if (now.text != last.text)
    now.written = config::parse_web_config(now.text, web_config_file, problems);
  now.found = config::with_files(now.written, problems);
  if (auto exposed = config::exposure_of(web_config_file);
      !exposed.empty() && holds_secrets(now.written))
    now.found.warnings.push_back(std::move(exposed));
  if (!now.found.tls)
    now.tls.reset();
  else if (!now.tls || now.found.tls != last.found.tls)
    now.tls = context_of(*now.found.tls, problems);
  if (!problems.empty())
    now.problem =
        config::invalid(config::sorted(std::move(problems), web_config_file))
            .what();
  return now;
}

} // namespace betanet
