#include "actors/tls_problems.hpp"

namespace betanet {

namespace {

/// Null: the part has no source of its own.
const config::secret* source_of(net::tls_part part, const tls_sources& from) {
  switch (part) {
  case net::tls_part::authorities:
    return from.ca.given() ? &from.ca : nullptr; // else the system's
  case net::tls_part::certificate:
    return &from.certificate;
  case net::tls_part::key:
    return &from.key;
  case net::tls_part::settings:
    return nullptr;
  }
  return nullptr; // not reached: every enumerator returns above
}

} // namespace

void add_tls_problems(const net::bad_tls_material& bad, const tls_sources& from,
                      std::vector<std::string>& problems) {
  for (const auto& p : bad.problems) {
    const auto* source = source_of(p.part, from);
    if (!source || source->given())
      problems.push_back((source ? source->origin : from.settings).text + ": " +
                         p.text);
  }
}

} // namespace betanet
