#include "actors/enums.hpp"

#include <stdexcept>

// The switches have no default, so that the compiler reports missing values.
namespace betanet {

namespace {

[[noreturn]] void not_an_enumerator() {
  throw std::logic_error("a value that is not an enumerator");
}

} // namespace

metrics::parse_fallback to_metrics(config::parse_fallback f) {
  switch (f) {
  case config::parse_fallback::last_known:
    return metrics::parse_fallback::last_known;
  case config::parse_fallback::default_value:
    return metrics::parse_fallback::default_value;
  case config::parse_fallback::omit:
    return metrics::parse_fallback::omit;
  }
  not_an_enumerator();
}

metrics::detail to_metrics(config::metrics_detail d) {
  switch (d) {
  case config::metrics_detail::full:
    return metrics::detail::full;
  case config::metrics_detail::compact:
    return metrics::detail::compact;
  }
  not_an_enumerator();
}

metrics::balance to_metrics(config::balance b) {
  switch (b) {
  case config::balance::failover:
    return metrics::balance::failover;
  case config::balance::round_robin:
    return metrics::balance::round_robin;
  }
  not_an_enumerator();
}

metrics::reason to_metrics(net::errc e) {
  using metrics::reason;
  switch (e) {
  case net::errc::dns:
    return reason::dns;
  case net::errc::connect:
    return reason::connect;
  case net::errc::reset:
    return reason::reset;
  case net::errc::eof:
    return reason::eof;
  case net::errc::timeout:
    return reason::timeout;
  case net::errc::tls:
    return reason::tls;
  case net::errc::protocol:
    return reason::protocol;
  case net::errc::too_large:
    return reason::too_large;
  case net::errc::encoding:
    return reason::encoding;
  case net::errc::local:
    return reason::local;
  }
  not_an_enumerator();
}

net::tls_version to_net(config::tls_version v) {
  switch (v) {
  case config::tls_version::tls10:
    return net::tls_version::v1_0;
  case config::tls_version::tls11:
    return net::tls_version::v1_1;
  case config::tls_version::tls12:
    return net::tls_version::v1_2;
  case config::tls_version::tls13:
    return net::tls_version::v1_3;
  }
  not_an_enumerator();
}

net::client_auth to_net(config::client_auth a) {
  switch (a) {
  case config::client_auth::none:
    return net::client_auth::none;
  case config::client_auth::request:
    return net::client_auth::request;
  case config::client_auth::require_any:
    return net::client_auth::require_any;
  case config::client_auth::verify_if_given:
    return net::client_auth::verify_if_given;
  case config::client_auth::require_and_verify:
    return net::client_auth::require_and_verify;
  }
  not_an_enumerator();
}

} // namespace betanet
