#define CAF_SUITE on_io

#include "actors/on_io.hpp"

#include "tests/suite.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace betanet;

namespace {

using echo_actor =
    caf::typed_actor<caf::replies_to<std::string>::with<std::string>,
                     caf::reacts_to<int>>;

struct echo_state {
  static inline const char* name = "echo";
  static inline std::thread::id ran_on;
};

echo_actor::behavior_type echo(echo_actor::stateful_pointer<echo_state>,
                               std::string prefix) {
  return {
      [prefix](const std::string& text) {
        echo_state::ran_on = std::this_thread::get_id();
        return prefix + text;
      },
      [](int) { throw std::runtime_error("on purpose"); },
  };
}

struct loop_fixture {
  ~loop_fixture() {
    self->send_exit(aut, caf::exit_reason::kill);
    self->wait_for(aut);
    loop.stop();
    runner.join();
  }

  std::string ask(const std::string& text) {
    std::string result;
    self->request(aut, caf::infinite, text)
        .receive([&](const std::string& r) { result = r; },
                 [](const caf::error&) {});
    return result;
  }

  net::loop loop;
  std::thread runner{[this] { loop.run(); }};
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  echo_actor aut = spawn_on(&loop, system, echo, "you said ");
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(on_io_tests, loop_fixture)

CAF_TEST(an actor on the loop runs on the thread of the loop) {
  CAF_CHECK_EQUAL(ask("hello"), "you said hello");

  CAF_CHECK(echo_state::ran_on == runner.get_id());
}

CAF_TEST(without a loop an actor runs on a worker) {
  const auto other = spawn_on(nullptr, system, echo, "");

  self->request(other, caf::infinite, "x")
      .receive([](const std::string&) {}, [](const caf::error&) {});

  CAF_CHECK(echo_state::ran_on != runner.get_id());
  self->send_exit(other, caf::exit_reason::kill);
}

CAF_TEST(an exception ends the actor and not the loop) {
  self->monitor(aut);

  self->send(aut, 1);

  caf::error cause;
  self->receive([&](const caf::down_msg& down) { cause = down.reason; });
  CAF_CHECK(cause != caf::none);
  CAF_CHECK_EQUAL(ask("hello"), "");
  aut = spawn_on(&loop, system, echo, "again ");
  CAF_CHECK_EQUAL(ask("hello"), "again hello");
}

CAF_TEST(messages from many threads arrive in their order) {
  std::vector<std::thread> all;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    all.emplace_back([&] {
      caf::scoped_actor own{system};
      for (int i = 0; i < 500; ++i)
        own->request(aut, caf::infinite, std::to_string(i))
            .receive(
                [&](const std::string& r) {
                  wrong += r != "you said " + std::to_string(i);
                },
                [&](const caf::error&) { ++wrong; });
    });
  for (auto& t : all)
    t.join();

  CAF_CHECK_EQUAL(wrong.load(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
