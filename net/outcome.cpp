#include "net/outcome.hpp"

namespace betanet::net {

std::string to_string(errc code) {
  switch (code) {
  case errc::dns:
    return "dns";
  case errc::connect:
    return "connect";
  case errc::reset:
    return "reset";
  case errc::eof:
    return "eof";
  case errc::timeout:
    return "timeout";
  case errc::tls:
    return "tls";
  case errc::protocol:
    return "protocol";
  case errc::too_large:
    return "too_large";
  case errc::encoding:
    return "encoding";
  case errc::local:
    return "local";
  }
  return {}; // not reached: every enumerator returns above
}

const trace& trace_of(const outcome& o) {
  return std::visit(
      [](const auto& either) -> const trace& { return either.trace; }, o);
}

} // namespace betanet::net
