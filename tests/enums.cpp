#define CAF_SUITE enums

#include "actors/enums.hpp"

#include "tests/suite.hpp"

using namespace betanet;

CAF_TEST(the values of the configuration mean those of the layer below) {
  using c_fallback = config::parse_fallback;
  using m_fallback = metrics::parse_fallback;
  CHECK_EQUAL(to_metrics(c_fallback::last_known), m_fallback::last_known);
  CHECK_EQUAL(to_metrics(c_fallback::default_value), m_fallback::default_value);
  CHECK_EQUAL(to_metrics(c_fallback::omit), m_fallback::omit);

  CHECK_EQUAL(to_metrics(config::metrics_detail::full), metrics::detail::full);
  CHECK_EQUAL(to_metrics(config::metrics_detail::compact),
              metrics::detail::compact);
  CHECK_EQUAL(to_metrics(config::balance::failover),
              metrics::balance::failover);
  CHECK_EQUAL(to_metrics(config::balance::round_robin),
              metrics::balance::round_robin);

  CHECK_EQUAL(to_net(config::tls_version::tls10), net::tls_version::v1_0);
  CHECK_EQUAL(to_net(config::tls_version::tls11), net::tls_version::v1_1);
  CHECK_EQUAL(to_net(config::tls_version::tls12), net::tls_version::v1_2);
  CHECK_EQUAL(to_net(config::tls_version::tls13), net::tls_version::v1_3);

  using c_auth = config::client_auth;
  using n_auth = net::client_auth;
  CHECK_EQUAL(to_net(c_auth::none), n_auth::none);
  CHECK_EQUAL(to_net(c_auth::request), n_auth::request);
  CHECK_EQUAL(to_net(c_auth::require_any), n_auth::require_any);
  CHECK_EQUAL(to_net(c_auth::verify_if_given), n_auth::verify_if_given);
  CHECK_EQUAL(to_net(c_auth::require_and_verify), n_auth::require_and_verify);
}

CAF_TEST(an error of a request and the reason of a failure have one name) {
  using net::errc;

  for (const auto e :
       {errc::dns, errc::connect, errc::reset, errc::eof, errc::timeout,
        errc::tls, errc::protocol, errc::too_large, errc::encoding})
    CAF_CHECK_EQUAL(std::string{metrics::name(to_metrics(e))}, to_string(e));
  CHECK_EQUAL(to_metrics(errc::local), metrics::reason::local);
}
