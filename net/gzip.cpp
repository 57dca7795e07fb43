#include "net/gzip.hpp"

#include <stdexcept>
#include <zlib.h>

namespace betanet::net {

std::string gzip(std::string_view text) {
  z_stream z{};
  constexpr int gzip_format = 15 + 16; // windowBits: 32 KiB, gzip header
  constexpr int memory_level = 8;      // zlib's default
  // A page is compressed once and sent to few clients: speed comes first.
  if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, gzip_format, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib cannot start");
  std::string out(deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(
      const_cast<char*>(text.data())); // zlib only reads
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (result != Z_STREAM_END)
    throw std::runtime_error("zlib cannot compress");
  return out;
}

} // namespace betanet::net
