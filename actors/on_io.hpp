#pragma once

#include "net/loop.hpp"

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <limits>
#include <utility>

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

/// A `caf::stateful_actor` that runs on the I/O thread. Messages between such
/// actors, and between them and the network, switch no thread. The behaviour of
/// the actor does not change. The loop must run until the actor has quit.
template <class Actor>
class on_io : public Actor {
public:
  using typename Actor::behavior_type;
  using init = std::function<behavior_type(Actor*)>;

  on_io(caf::actor_config& cfg, net::loop& l, init f)
      : Actor(cfg), unit_(*this, l), init_(std::move(f)) {}

  void enqueue(caf::mailbox_element_ptr m, caf::execution_unit*) override {
    note_enqueued(this);
    Actor::enqueue(std::move(m), &unit_);
  }

  caf::invoke_message_result consume(caf::mailbox_element& m) override {
    note_consumed(this);
    return Actor::consume(m);
  }

  void launch(caf::execution_unit*, bool lazy, bool hide) override {
    Actor::launch(&unit_, lazy, hide);
  }

  behavior_type make_behavior() override {
    return std::exchange(init_, nullptr)(this);
  }

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
      const auto result = self->Actor::resume(
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
  init init_; ///< Null after the start.
};

/// Spawns an actor by `host`, a system or another actor, on the thread of the
/// loop; without a loop, on CAF's workers. `f` makes its behaviour from `xs`.
template <class Host, class Behavior, class Actor, class... Params, class... Ts>
typename Actor::actor_hdl spawn_on(net::loop* l, Host& host,
                                   Behavior (*f)(Actor*, Params...),
                                   Ts&&... xs) {
  if (!l)
    return host.spawn(f, std::forward<Ts>(xs)...);
  return host.template spawn<on_io<Actor>>(
      *l, [f, ... xs = std::forward<Ts>(xs)](Actor* self) mutable {
        return f(self, std::move(xs)...);
      });
}

} // namespace betanet
