#define CAF_SUITE background

#include "net/background.hpp"

#include "tests/suite.hpp"

#include <atomic>
#include <future>
#include <thread>

using namespace betanet::net;

CAF_TEST(work runs in a thread and its result is passed to the loop) {
  loop l;
  background b{l, 1};
  std::thread::id worker;
  std::string got;
  std::thread::id receiver;

  const bool asked = b.ask(
      [&] {
        worker = std::this_thread::get_id();
        return std::string{"result"};
      },
      [&](const std::string& result) {
        got = result;
        receiver = std::this_thread::get_id();
        l.stop();
      });
  l.run();

  CAF_CHECK(asked);
  CAF_CHECK_EQUAL(got, "result");
  CHECK_EQUAL(receiver, std::this_thread::get_id());
  CAF_CHECK(worker != receiver);
}

CAF_TEST(work waits while all threads are busy) {
  loop l;
  background b{l, 2};
  std::atomic<int> running = 0, most = 0;
  int done = 0;

  for (int i = 0; i < 50; ++i)
    CAF_REQUIRE(b.ask(
        [&] {
          const int n = ++running;
          int seen = most;
          while (n > seen && !most.compare_exchange_weak(seen, n))
            ;
          std::this_thread::yield();
          --running;
          return 0;
        },
        [&](int) {
          if (++done == 50)
            l.stop();
        }));
  l.run();

  CAF_CHECK_EQUAL(done, 50);
  CAF_CHECK_LESS_OR_EQUAL(most.load(), 2);
}

CAF_TEST(nothing is called after destruction) {
  loop l;
  std::promise<void> started, hang, ended;
  auto over = hang.get_future().share();
  bool called = false;
  auto b = std::make_unique<background>(l, 1);
  const bool asked = b->ask(
      [over, &started, &ended] {
        started.set_value();
        over.wait();
        ended.set_value();
        return 0;
      },
      [&](int) { called = true; });

  started.get_future().get();
  b.reset();
  hang.set_value();
  ended.get_future().get();
  l.post([&] { l.stop(); });
  l.run();

  CAF_CHECK(asked);
  CAF_CHECK(!called);
}

CAF_TEST(functions posted to the loop run in order) {
  loop l;
  std::string order;

  for (const char c : {'a', 'b', 'c'})
    l.post([&order, c] { order += c; });
  l.post([&] { l.stop(); });
  l.run();

  CAF_CHECK_EQUAL(order, "abc");
}
