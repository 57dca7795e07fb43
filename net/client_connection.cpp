#include "net/client_connection_impl.hpp"
#include "net/errors_impl.hpp"

#include <boost/asio/write.hpp>

namespace betanet::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

client_connection::client_connection(tcp::socket socket,
                                     std::shared_ptr<tls_context> context)
    : stream_(std::move(socket)), context_(std::move(context)) {
  error_code ignored;
  stream_.socket().set_option(tcp::no_delay{true}, ignored);
}

/// `f` as a handler that keeps the connection alive and does nothing once it is
/// closed.
template <class F>
auto client_connection::while_open(F f) {
  return [self = shared_from_this(), f = std::move(f)](auto... args) {
    if (self->open_)
      f(args...);
  };
}

void client_connection::close() {
  open_ = false;
  done_ = nullptr;
  recorder_ = nullptr;
  error_code ignored;
  stream_.socket().close(ignored);
}

void client_connection::shake_hands(
    const std::string& server_name, trace_recorder& recorder,
    std::function<void(std::optional<error>)> done) {
  recorder.enter(step::handshake);
  auto& secured = stream_.secure(*context_);
  auto* const ssl = secured.native_handle();
  if (!expect_host(ssl, server_name, *context_, chain_))
    return done(error{errc::tls, "TLS: no certificate can be checked against "
                                 "this server name"});
  secured.async_handshake(
      asio::ssl::stream_base::client,
      while_open([this, &recorder, ssl, done = std::move(done)](error_code ec) {
        recorder.trace.certificate_expiry = expiry_of(ssl);
        if (ec)
          return done(handshake_error(ec, chain_.defect));
        recorder.trace.tls_version = SSL_get_version(ssl);
        done(std::nullopt);
      }));
}

// -- one request --------------------------------------------------------------

void client_connection::exchange(std::string request,
                                 std::uint64_t max_body_bytes,
                                 trace_recorder& recorder,
                                 std::function<void(answer)> done) {
  done_ = std::move(done);
  recorder_ = &recorder;
  if (!is_kept_ && has_early_bytes())
    return fail({errc::protocol, "the server sent data before the request"});
  recorder.enter(step::send);
  request_ = std::move(request);
  incoming_ = std::make_unique<incoming>(max_body_bytes);
  is_writing_ = true;
  asio::async_write(
      stream_, asio::buffer(request_),
      while_open([this](error_code ec, std::size_t) { on_written(ec); }));
}

/// A response may be complete before its request is written.
void client_connection::enter(step s) {
  if (recorder_)
    recorder_->enter(s);
}

/// On a new connection: bytes that cannot be the response to a request.
bool client_connection::has_early_bytes() {
  error_code ignored;
  return stream_.is_secured() ? stream_.has_decrypted_bytes()
                              : stream_.socket().available(ignored) > 0;
}

void client_connection::on_written(error_code ec) {
  is_writing_ = false;
  request_ = std::string{}; // frees it, unlike {}
  write_error_ = ec;
  if (!done_) // the response was complete before
    return;
  if (ec && io_error(ec).code == errc::local)
    return fail(io_error(ec));
  // Even after an error: a server that refuses to read may still answer.
  enter(step::wait);
  if (!is_reading_ahead_)
    read();
}

void client_connection::read() {
  auto& large = incoming_->large_buffer;
  const auto to = large ? asio::buffer(*large) : asio::buffer(small_buffer_);
  stream_.async_read_some(to,
                          while_open([this, to](error_code ec, std::size_t n) {
                            if (ec)
                              on_lost(ec);
                            else
                              feed({static_cast<const char*>(to.data()), n});
                          }));
}

void client_connection::feed(std::string_view bytes) {
  auto& reader = incoming_->reader;
  enter(step::read);
  if (bytes.size() == small_buffer_.size() && !incoming_->large_buffer)
    incoming_->large_buffer = std::make_unique<std::array<char, 16384>>();
  switch (reader.feed(bytes)) {
  case response_reader::progress::need_more:
    if (!is_writing_)
      read();
    return;
  case response_reader::progress::complete:
    return finish();
  case response_reader::progress::failed:
    return fail(reader.failure());
  }
}

/// The connection ended, in whatever way, while a request ran.
void client_connection::on_lost(error_code ec) {
  auto& reader = incoming_->reader;
  auto e = io_error(ec);
  if (e.code == errc::eof) {
    const auto how = ec == asio::error::eof ? response_reader::ending::orderly
                                            : response_reader::ending::cut;
    if (reader.finish(how) == response_reader::progress::complete)
      return finish();
  }
  const bool died = e.code == errc::eof || e.code == errc::reset;
  const bool lost = is_kept_ && died && !reader.has_begun();
  // A failed write knows more than the read after it.
  if (!lost && !reader.has_begun() && write_error_)
    e = io_error(write_error_);
  fail(std::move(e), lost);
}

void client_connection::finish() {
  auto& reader = incoming_->reader;
  answer a{reader.take_response()};
  const bool keep = reader.may_keep_connection();
  incoming_.reset();
  is_kept_ = true;
  if (keep)
    read_ahead();
  else
    open_ = false;
  end_request(std::move(a));
}

void client_connection::fail(error e, bool lost_before_response) {
  open_ = false;
  end_request({std::move(e), lost_before_response});
}

void client_connection::end_request(answer a) {
  const auto done = std::move(done_);
  if (!open_)
    close();
  done_ = nullptr;
  recorder_ = nullptr;
  done(std::move(a));
}

// -- between requests ---------------------------------------------------------

/// Waits for bytes. While no request runs they close the connection; once the
/// next request is sent they are the beginning of the response. Neither the
/// kernel nor OpenSSL can tell of itself whether a part of a TLS record has
/// come.
void client_connection::read_ahead() {
  is_reading_ahead_ = true;
  stream_.async_read_some(asio::buffer(small_buffer_),
                          while_open([this](error_code ec, std::size_t n) {
                            on_read_ahead(ec, n);
                          }));
}

void client_connection::on_read_ahead(error_code ec, std::size_t n) {
  is_reading_ahead_ = false;
  if (!done_)
    return close();
  if (ec)
    return on_lost(ec);
  feed({small_buffer_.data(), n});
}

} // namespace betanet::net
