#include "actors/web_reading.hpp"

#include "actors/enums.hpp"
#include "config/file.hpp"

#include <stdexcept>

namespace betanet {

namespace {

/// Throws `config::invalid` if the certificates and keys cannot be used.
std::shared_ptr<net::tls_context>
context_of(const config::tls_server_keys& k) try {
  return net::serve_tls(
      {k.cert.text, k.key.text, to_net(k.client_auth_type), k.client_ca.text,
       k.client_allowed_sans, to_net(k.min_version), to_net(k.max_version),
       k.cipher_suites, k.prefer_server_cipher_suites, k.curve_preferences});
} catch (const std::runtime_error& e) {
  throw config::invalid({k.origin.text + ": " + e.what()});
}

} // namespace

web_reading read_web(const std::string& web_config_file,
                     const web_reading& last) {
  web_reading now = last;
  try {
    now.text = config::read_file(web_config_file, config::largest_secret);
    if (now.text != last.text)
      now.written = config::parse_web_config(now.text, web_config_file);
    now.found = config::with_files(now.written);
    const auto& tls = now.written.tls;
    const bool holds_secrets =
        !now.found.users.empty() || (tls && !tls->key.text.empty());
    if (auto exposed = config::exposure_of(web_config_file);
        !exposed.empty() && holds_secrets)
      now.found.warnings.push_back(std::move(exposed));
    if (!now.found.tls)
      now.tls.reset();
    else if (!now.tls || now.found.tls != last.found.tls)
      now.tls = context_of(*now.found.tls);
  } catch (const config::invalid& e) {
    now.problem = e.what();
  } catch (const std::runtime_error& e) {
    now.problem = web_config_file + ": " + e.what();
  }
  return now;
}

} // namespace betanet
