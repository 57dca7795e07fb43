#pragma once

#include "actors/messages.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace betanet {

/// Requests of clients that wait for the answer of another actor, which is
/// asked one question at a time. All clients with the same question get its
/// answer, so that many clients cannot fill the mailbox of that actor.
template <class Question>
class shared_questions {
public:
  void add(Question q, exchange_ptr e) {
    if (waiting_.size() >= prune_at_) {
      drop_closed();
      prune_at_ = std::max(least_prune_at, 2 * waiting_.size());
    }
    waiting_.emplace_back(std::move(q), std::move(e));
  }

  /// The question to ask now, for which `end` must be called when the answer is
  /// there. Null while a question is being asked and if nobody waits. Clients
  /// that have gone are dropped.
  const Question* begin() {
    if (asked_)
      return nullptr;
    while (!waiting_.empty() && !waiting_.front().second->is_open())
      waiting_.pop_front();
    if (waiting_.empty())
      return nullptr;
    asked_ = waiting_.front().first;
    return &*asked_;
  }

  /// The number of requests that wait.
  std::size_t size() const { return waiting_.size(); }

  /// The question that is being asked.
  const Question& asked() const { return *asked_; }

  /// Returns the requests with the question that was asked.
  std::vector<exchange_ptr> end() {
    std::vector<exchange_ptr> found;
    std::erase_if(waiting_, [&](auto& w) {
      if (!(w.first == *asked_))
        return false;
      found.push_back(std::move(w.second));
      return true;
    });
    asked_.reset();
    return found;
  }

private:
  /// Above the default of `web.max_connections`: below it all may be open.
  static constexpr std::size_t least_prune_at = 512;

  void drop_closed() {
    std::erase_if(waiting_, [](const auto& w) { return !w.second->is_open(); });
  }

  std::deque<std::pair<Question, exchange_ptr>> waiting_;
  std::optional<Question> asked_;
  std::size_t prune_at_ = least_prune_at;
};

} // namespace betanet
