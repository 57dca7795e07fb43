#include "net/response_reader.hpp"

#include "net/errors_impl.hpp"
#include "net/response_head.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cctype>
#include <functional>
#include <optional>
#include <string>

namespace betanet::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using progress = response_reader::progress;

/// What nginx allows for the header block of an upstream (proxy_buffer_size, 4
/// or 8 KiB).
constexpr std::size_t max_header_bytes = 8192;
/// Room for a header block of the largest size and as much again.
constexpr std::size_t max_overhead_bytes = 16384;
/// As Go's net/http: 100, 102 and 103 before the final response.
constexpr int max_interim_responses = 5;

/// What a chunked body lacks at least until it is complete: "0", CRLF, CRLF.
/// Beast 1.81 asserts that it is not given fewer bytes of the last chunk.
constexpr std::size_t min_chunked_bytes = 5;
/// What one chunk may add to the body: its size of at most 16 digits, line
/// ends, and zeros in front of the size, which are legal.
constexpr std::size_t max_chunk_frame_bytes = 64;

std::string_view view(boost::beast::string_view s) {
  return {s.data(), s.size()};
}

response_head head_of(const http::response_header<>& head) {
  response_head result;
  result.version = static_cast<int>(head.version());
  result.status = static_cast<int>(head.result_int());
  const auto [first, last] = head.equal_range(http::field::transfer_encoding);
  for (auto line = first; line != last; ++line)
    result.transfer_encodings.push_back(view(line->value()));
  result.content_encoding = view(head[http::field::content_encoding]);
  return result;
}

/// Bytes that begin a chunk hold a whole chunk header of a size above 0. Beast
/// 1.81 asks for more after one whose extension has an unfinished quoted text,
/// and takes the size off the body limit each time.
bool has_whole_chunk_header(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) // the end of the chunk before
    bytes.remove_prefix(2);
  const auto line = bytes.substr(0, bytes.find("\r\n"));
  const auto digit = line.find_first_not_of('0');
  return line.size() < bytes.size() && digit < line.size() &&
         std::isxdigit(static_cast<unsigned char>(line[digit]));
}

} // namespace

struct response_reader::impl {
  explicit impl(std::uint64_t limit) : max_body_bytes(limit) {}

  const std::uint64_t max_body_bytes;
  progress state = progress::need_more;
  error failure{};
  bool begun = false;
  bool has_head = false;
  int interim_responses = 0;
  std::size_t overhead = 0; ///< Bytes so far that are not body.
  std::size_t frames = 0;   ///< Bytes so far that frame chunks.
  std::size_t chunks = 0;
  std::string pending;     ///< Not parsed yet.
  std::size_t scanned = 0; ///< Of `pending`, for the end of the head.
  std::optional<http::response_parser<http::string_body>> parser;
  /// Adds up chunk extensions. Beast keeps a reference to it.
  std::function<void(std::uint64_t, boost::beast::string_view, error_code&)>
      on_chunk_header = [this](std::uint64_t,
                               boost::beast::string_view extensions,
                               error_code& ec) {
        ++chunks;
        overhead += extensions.size();
        if (overhead > max_overhead_bytes)
          ec = http::error::header_limit;
      };

  void fail(error e) {
    state = progress::failed;
    failure = std::move(e);
  }

  void parse_pending();
  bool parse_head();
  void parse_body();
};

/// Parses what can be parsed and leaves the beginning of an element (header
/// block, chunk header, trailers) in `pending`.
void response_reader::impl::parse_pending() {
  while (state == progress::need_more && !has_head)
    if (!parse_head())
      return;
  if (state == progress::need_more)
    parse_body();
}

/// False if the header block is not complete yet.
bool response_reader::impl::parse_head() {
  const auto end = find_response_head_end(
      pending, std::exchange(scanned, pending.size()), max_header_bytes);
  if (end.defect)
    fail(*end.defect);
  if (end.size == 0)
    return false;
  overhead += end.size;
  if (overhead > max_overhead_bytes) {
    fail(io_error(http::error::header_limit));
    return true;
  }
  parser.emplace();
  parser->header_limit(static_cast<std::uint32_t>(end.size + 1));
  parser->body_limit(max_body_bytes);
  parser->on_chunk_header(on_chunk_header);
  error_code ec;
  parser->put(asio::buffer(pending.data(), end.size), ec);
  pending.erase(0, end.size);
  scanned = 0;
  const auto head = head_of(parser->get());
  if (ec)
    fail(io_error(ec));
  else if (auto defect = head_defect(head))
    fail(std::move(*defect));
  else if (!is_interim(head.status))
    has_head = true;
  else if (++interim_responses > max_interim_responses)
    fail({errc::protocol, "too many interim responses"});
  return true;
}

void response_reader::impl::parse_body() {
  std::string_view rest{pending};
  error_code ec;
  const std::size_t least = parser->chunked() ? min_chunked_bytes : 1;
  while (!ec && !parser->is_done() && rest.size() >= least) {
    const auto before = parser->get().body().size();
    const auto used = parser->put(asio::buffer(rest.data(), rest.size()), ec);
    frames += used - (parser->get().body().size() - before);
    rest.remove_prefix(used);
    if (!ec && parser->is_done() && parser->chunked())
      overhead += used; // the last chunk with its trailers
  }
  if (ec == http::error::need_more && has_whole_chunk_header(rest))
    ec = http::error::bad_chunk_extension;
  pending.erase(0, pending.size() - rest.size());
  if (ec && ec != http::error::need_more)
    return fail(io_error(ec));
  const bool full = ec && pending.size() >= max_overhead_bytes;
  const bool padded =
      frames > max_overhead_bytes + max_chunk_frame_bytes * (chunks + 1);
  if (full || overhead > max_overhead_bytes || (parser->chunked() && padded))
    return fail(io_error(http::error::header_limit));
  if (parser->is_done())
    state = progress::complete;
}

response_reader::response_reader(std::uint64_t max_body_bytes)
    : impl_(std::make_unique<impl>(max_body_bytes)) {}

response_reader::~response_reader() = default;
response_reader::response_reader(response_reader&&) noexcept = default;
response_reader&
response_reader::operator=(response_reader&&) noexcept = default;

progress response_reader::feed(std::string_view bytes) {
  auto& i = *impl_;
  i.begun = i.begun || !bytes.empty();
  // In parts: an element that never ends must not be held beyond its limit.
  while (i.state == progress::need_more && !bytes.empty()) {
    const auto part = bytes.substr(0, max_overhead_bytes - i.pending.size());
    i.pending += part;
    bytes.remove_prefix(part.size());
    i.parse_pending();
  }
  i.pending += bytes.substr(0, 1); // enough to know that something is left
  return i.state;
}

progress response_reader::finish(ending how) {
  auto& i = *impl_;
  error_code ec = http::error::partial_message;
  if (how == ending::orderly && i.has_head && i.pending.empty())
    i.parser->put_eof(ec);
  if (ec)
    i.fail(io_error(ec));
  else
    i.state = progress::complete;
  return i.state;
}

bool response_reader::has_begun() const {
  return impl_->begun;
}

response response_reader::take_response() {
  auto& message = impl_->parser->get();
  const auto retry_after =
      parse_retry_after(view(message[http::field::retry_after]));
  const std::string type{view(message[http::field::content_type])};
  return {static_cast<int>(message.result_int()),
          std::move(message.body()),
          retry_after,
          {},
          type};
}

const error& response_reader::failure() const {
  return impl_->failure;
}

bool response_reader::may_keep_connection() const {
  const auto& parser = *impl_->parser;
  return parser.keep_alive() && !parser.need_eof() && impl_->pending.empty();
}

} // namespace betanet::net
