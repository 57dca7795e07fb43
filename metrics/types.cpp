#include "metrics/types.hpp"

namespace betanet::metrics {

namespace {

bool is_gateway_error(int status) {
  return status == 502 || status == 503 || status == 504;
}

} // namespace

std::string_view name(reason r) {
  switch (r) {
  case reason::dns:
    return "dns";
  case reason::connect:
    return "connect";
  case reason::reset:
    return "reset";
  case reason::eof:
    return "eof";
  case reason::timeout:
    return "timeout";
  case reason::http_2xx:
    return "http_2xx";
  case reason::http_3xx:
    return "http_3xx";
  case reason::http_4xx:
    return "http_4xx";
  case reason::http_5xx:
    return "http_5xx";
  case reason::auth:
    return "auth";
  case reason::tls:
    return "tls";
  case reason::protocol:
    return "protocol";
  case reason::too_large:
    return "too_large";
  case reason::encoding:
    return "encoding";
  case reason::json:
    return "json";
  case reason::schema:
    return "schema";
  case reason::local:
    return "local";
  }
  return {};
}

std::optional<reason> reason_of_status(int status) {
  if (status == 200)
    return std::nullopt;
  if (status == 401 || status == 403 || status == 407)
    return reason::auth;
  if (status < 300)
    return reason::http_2xx;
  if (status < 400)
    return reason::http_3xx;
  return status < 500 ? reason::http_4xx : reason::http_5xx;
}

std::string_view name(breaker_state s) {
  switch (s) {
  case breaker_state::closed:
    return "closed";
  case breaker_state::open:
    return "open";
  case breaker_state::half_open:
    return "half_open";
  }
  return {};
}

std::string_view name(quality q) {
  switch (q) {
  case quality::good:
    return "good";
  case quality::partial:
    return "partial";
  case quality::bad:
    return "bad";
  }
  return {};
}

bool retryable(const failure& f) {
  switch (f.why) {
  case reason::dns:
  case reason::connect:
  case reason::reset:
  case reason::eof:
  case reason::timeout:
  case reason::local:
    return true;
  case reason::http_5xx:
    return is_gateway_error(f.status);
  case reason::http_2xx:
  case reason::http_3xx:
  case reason::http_4xx:
  case reason::auth:
  case reason::tls:
  case reason::protocol:
  case reason::too_large:
  case reason::encoding:
  case reason::json:
  case reason::schema:
    break;
  }
  return false;
}

verdict verdict_of(const failure& f) {
  switch (f.why) {
  case reason::json:
  case reason::schema:
    return verdict::success;
  case reason::local:
    return verdict::local;
  case reason::http_2xx:
  case reason::http_3xx:
  case reason::http_4xx:
  case reason::auth:
    return verdict::neither;
  case reason::dns:
  case reason::connect:
  case reason::reset:
  case reason::eof:
  case reason::timeout:
  case reason::http_5xx:
  case reason::tls:
  case reason::protocol:
  case reason::too_large:
  case reason::encoding:
    break;
  }
  return verdict::failure;
}

} // namespace betanet::metrics
