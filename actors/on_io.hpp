#pragma once

#include "net/loop.hpp"

#include <caf/execution_unit.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <limits>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace betanet {

/// These two tell the thread sanitizer that a message is enqueued before it is
/// consumed, which it does not see because Debian's CAF is not instrumented. It
/// would report, and suppress, a race for every few bytes of a page, which
/// takes it tens of seconds.
inline void note_enqueued([[maybe_unused]] void* receiver) {
#ifdef __SANITIZE_THREAD__
  __tsan_release(receiver);
#endif
}

inline void note_consumed([[maybe_unused]] void* receiver) {
#ifdef __SANITIZE_THREAD__
  __tsan_acquire(receiver);
#endif
}

/// Wraps an actor so that it runs on the I/O thread, where requests reach it
/// without a switch of threads. The behaviour of the actor does not change. The
/// loop must run until the actor has quit.
template <class Interface, class State>
class on_io : public caf::stateful_actor<State, typename Interface::base> {
  using super = caf::stateful_actor<State, typename Interface::base>;

public:
  using typename super::behavior_type;
  using init = std::function<behavior_type(super*)>;

  on_io(caf::actor_config& cfg, net::loop& l, init f)
      : super(cfg), unit_(*this, l), init_(std::move(f)) {}

  void enqueue(caf::mailbox_element_ptr m, caf::execution_unit*) override {
    note_enqueued(this);
    super::enqueue(std::move(m), &unit_);
  }

  caf::invoke_message_result consume(caf::mailbox_element& m) override {
    note_consumed(this);
    return super::consume(m);
  }

  void launch(caf::execution_unit*, bool lazy, bool hide) override {
    super::launch(&unit_, lazy, hide);
  }

  behavior_type make_behavior() override { return init_(this); }

private:
  /// Runs the wrapped actor on the loop and all other actors on CAF's
  /// scheduler.
  class unit : public caf::execution_unit {
  public:
    unit(on_io& self, net::loop& l)
        : caf::execution_unit(&self.home_system()), self_(self), loop_(l) {}

    void exec_later(caf::resumable* r) override {
      if (r == static_cast<caf::resumable*>(&self_))
        loop_.post([self = &self_] { resume(self); });
      else
        system().scheduler().enqueue(r);
    }

  private:
    static void resume(on_io* self) {
      const auto result = self->super::resume(
          &self->unit_, std::numeric_limits<std::size_t>::max());
      if (result == caf::resumable::resume_later)
        self->unit_.exec_later(self);
      else // releases the reference that `enqueue` has added
        caf::intrusive_ptr_release(self->ctrl());
    }

    on_io& self_;
    net::loop& loop_;
  };

  unit unit_;
  init init_;
};

} // namespace betanet
