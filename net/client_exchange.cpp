#include "net/client_exchange_impl.hpp"
#include "net/loop_impl.hpp"

namespace betanet::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::string request_text(const resource& r, const std::string& fields) {
  const bool is_v6 = r.host.find(':') != std::string::npos;
  auto host = is_v6 ? "[" + r.host + "]" : r.host;
  if (r.port != (r.tls ? 443 : 80))
    host += ":" + std::to_string(r.port);
  return "GET " + r.path + " HTTP/1.1\r\nHost: " + host +
         "\r\nUser-Agent: " + r.user_agent +
         "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n" +
         fields + "\r\n";
}

/// `50ms` as `0.05s`.
std::string seconds_text(std::chrono::nanoseconds d) {
  auto text = std::to_string(std::chrono::duration<double>(d).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + "s";
}

} // namespace

client_memory::client_memory(outbound& o, resource r)
    : io(o.events.internals().io),
      target(std::move(r)),
      shared(o),
      identities(std::make_shared<identity_reader>(o, target)) {}

client_exchange::client_exchange(client_memory& memory,
                                 const time_limits& limits,
                                 std::function<void(outcome)> done)
    : memory_(memory),
      limits_(limits),
      done_(std::move(done)),
      deadline_(memory.io) {}

client_exchange::~client_exchange() {
  abandon();
}

/// `f` as a handler that does nothing once this object is gone.
template <class F>
auto client_exchange::while_alive(F f) {
  return [weak = weak_from_this(), f = std::move(f)](auto&&... args) {
    if (const auto self = weak.lock())
      f(std::forward<decltype(args)>(args)...);
  };
}

/// Closes what is connecting or connected.
void client_exchange::abandon() {
  if (connector_)
    connector_->stop();
  if (connection_)
    connection_->close();
}

void client_exchange::start() {
  limit_to(limits_.fresh);
  memory_.identities->read(while_alive([this](identity_reader::result r) {
    if (auto* e = std::get_if<error>(&r))
      finish(std::move(*e));
    else
      prepared(std::get<identity_reader::prepared>(std::move(r)));
  }));
}

/// Sets the deadline to this long after the start.
void client_exchange::limit_to(std::chrono::nanoseconds timeout) {
  if (timeout == std::exchange(timeout_, timeout))
    return;
  deadline_.expires_at(started_ + timeout); // cancels the former wait
  deadline_.async_wait(while_alive([this](error_code cancelled) {
    if (!cancelled)
      time_out();
  }));
}

void client_exchange::time_out() {
  // Files are our own: the server has not been asked yet.
  finish(error{is_prepared_ ? errc::timeout : errc::local,
               "timed out after " + seconds_text(timeout_) + " while " +
                   recorder_.text()});
}

void client_exchange::prepared(identity_reader::prepared identity) {
  identity_ = std::move(identity);
  is_prepared_ = true;
  take_kept_connection();
  if (!connection_)
    return connect();
  limit_to(limits_.kept);
  send();
}

/// Takes the kept connection, or closes it if it must not be used again.
void client_exchange::take_kept_connection() {
  const auto kept = std::exchange(memory_.kept, nullptr);
  if (!kept)
    return;
  const auto age = std::chrono::steady_clock::now() - kept->opened_at();
  if (kept->context() == identity_.context &&
      age < memory_.target.max_connection_age && kept->is_reusable())
    connection_ = kept;
  else
    kept->close();
}

void client_exchange::connect() {
  connection_.reset();
  connector_ =
      std::make_shared<connector>(memory_.io, memory_.shared, &memory_);
  connector_->start(
      memory_.target.host, memory_.target.port, recorder_,
      while_alive([this](connector::result r) { connected(std::move(r)); }));
}

void client_exchange::connected(connector::result r) {
  if (auto* e = std::get_if<error>(&r))
    return finish(std::move(*e));
  connection_ = std::make_shared<client_connection>(
      std::get<tcp::socket>(std::move(r)), identity_.context);
  if (!identity_.context)
    return send();
  const auto& target = memory_.target;
  connection_->shake_hands(
      target.server_name.empty() ? target.host : target.server_name, recorder_,
      while_alive([this](std::optional<error> e) {
        if (e)
          finish(std::move(*e));
        else
          send();
      }));
}

void client_exchange::send() {
  connection_->exchange(request_text(memory_.target, identity_.fields),
                        memory_.target.max_body_bytes, recorder_,
                        while_alive([this](client_connection::answer a) {
                          answered(std::move(a));
                        }));
}

void client_exchange::answered(client_connection::answer a) {
  if (a.lost_before_response) {
    limit_to(limits_.fresh);
    return connect();
  }
  if (connection_->is_open())
    memory_.kept = std::exchange(connection_, nullptr);
  finish(std::move(a.result));
}

/// Whoever gets the result destroys this object, which closes a connection that
/// is not kept.
void client_exchange::finish(outcome result) {
  deadline_.cancel();
  std::visit([this](auto& either) { either.trace = recorder_.finish(); },
             result);
  const auto done = std::exchange(done_, nullptr);
  done(std::move(result));
}

} // namespace betanet::net
