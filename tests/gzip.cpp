#define CAF_SUITE gzip

#include "net/gzip.hpp"

#include "tests/suite.hpp"

#include <zlib.h>

using namespace betanet::net;

namespace {

std::string gunzip(const std::string& packed) {
  z_stream z{};
  CAF_REQUIRE_EQUAL(inflateInit2(&z, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  CAF_REQUIRE_EQUAL(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

} // namespace

CAF_TEST(compressed text can be decompressed) {
  for (const auto& text :
       {std::string{}, std::string{"x"}, std::string(300000, 'a')})
    CAF_CHECK_EQUAL(gunzip(gzip(text)), text);
}

CAF_TEST(repetitive text becomes much smaller) {
  CAF_CHECK_LESS(gzip(std::string(300000, 'a')).size(), 3000u);
}
