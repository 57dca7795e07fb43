#define CAF_SUITE soak

// Checks that memory does not grow in a day of faults on virtual time.

#include "tests/wired.hpp"

#include <malloc.h>
#include <random>

#if defined(__SANITIZE_ADDRESS__)
// A function of the sanitizer's runtime, for which GCC has no header.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

using namespace betanet;
using namespace betanet::testing;

namespace {

std::size_t allocated_bytes() {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

/// An upstream whose behaviour is chosen at random every ten minutes.
struct day : wired_fixture {
  transport connect(const config::target&, endpoint e) override {
    return [this, e](auto timeout, auto done) {
      ++requests;
      const auto ten_minutes =
          static_cast<std::uint64_t>((now() - t0) / 10min) * 3 + index(e);
      switch (std::minstd_rand{static_cast<unsigned>(ten_minutes) + 1}() % 6) {
      case 0:
        return done(refused());
      case 1:
        return later(timeout.fresh, [done] {
          done(net::error{net::errc::timeout, "timed out"});
        });
      case 2:
        return done(ok("{}"));
      case 3:
        return done(net::response{503, "", 2s});
      default:
        return done(ok(good_body(e)));
      }
    };
  }

  void live(std::chrono::hours d) {
    for (const auto end = now() + d; now() < end;) {
      advance(1min);
      page();
      if (now() - t0 >= 30min && now() - t0 < 31min)
        kill(deref<supervisor_type>(group()).state.aggregator);
      logged.text.str({}); // the memory of the log is the test's own
    }
  }

  using supervisor_type =
      caf::stateful_actor<supervisor_state, supervisor_impl::base>;
  std::uint64_t requests = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(soak_tests, day)

CAF_TEST(memory does not grow in a day of faults) {
  start();
  live(4h);
  const auto warm = allocated_bytes();

  live(20h);
  const auto after = allocated_bytes();

  CAF_MESSAGE(requests << " requests; " << warm << " bytes after 4 h, " << after
                       << " after 24 h");
  CAF_CHECK_LESS(after, warm + 32768);
}

CAF_TEST_FIXTURE_SCOPE_END()
