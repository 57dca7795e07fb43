#include "net/trace_recorder_impl.hpp"

#include <utility>

namespace betanet::net {

void trace_recorder::enter(step next) {
  end_step();
  present_ = next;
}

const char* trace_recorder::text() const {
  switch (present_) {
  case step::prepare:
    return "reading certificates and secrets";
  case step::resolve:
    return "resolving the host name";
  case step::connect:
    return "connecting";
  case step::handshake:
    return "shaking hands (TLS)";
  case step::send:
    return "sending the request";
  case step::wait:
    return "waiting for the response";
  case step::read:
    return "reading the response";
  }
  return ""; // not reached: every enumerator returns above
}

trace trace_recorder::finish() {
  end_step();
  return std::exchange(trace, {});
}

void trace_recorder::end_step() {
  const auto now = clock::now();
  auto& took = trace.took[index(present_)];
  took = took.value_or(std::chrono::nanoseconds{0}) + (now - since_);
  since_ = now;
}

} // namespace betanet::net
