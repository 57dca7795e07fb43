#pragma once

#include "actors/messages.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace betanet {

/// Requests of clients that wait for the answer of another actor, which is
/// asked one question at a time. All clients with the same question get its
/// answer, so that many clients cannot fill the mailbox of that actor, and the
/// clients take turns, so that one with many questions does not hold up others.
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
  /// there, however late. Null while a question is being asked and if nobody
  /// waits. Clients that have gone are dropped.
  const Question* begin(metrics::time_point now) {
    if (asked_)
      return nullptr;
    drop_closed();
    if (waiting_.empty()) {
      served_.clear();
      return nullptr;
    }
    const auto next = std::min_element(
        waiting_.begin(), waiting_.end(), [this](const auto& a, const auto& b) {
          return served_[client_of(a)] < served_[client_of(b)];
        });
    served_[client_of(*next)] = ++turn_;
    asked_ = next->first;
    asked_at_ = now;
    return &*asked_;
  }

  /// The number of requests that wait.
  std::size_t size() const { return waiting_.size(); }

  /// The question that is being asked.
  const Question& asked() const { return *asked_; }

  /// How much of `timeout` is left for the answer to the question that is being
  /// asked; negative if it is late, empty if none is being asked.
  std::optional<metrics::duration> time_left(metrics::time_point now,
                                             metrics::duration timeout) const {
    return asked_ ? std::optional{asked_at_ + timeout - now} : std::nullopt;
  }

  /// Ends the question that was asked, and returns the requests with it.
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

  /// Returns all requests, because the answer to the question that was asked is
  /// late. It remains asked: to ask again would only add to the other actor's
  /// work.
  std::vector<exchange_ptr> expire() {
    std::vector<exchange_ptr> all;
    for (auto& w : std::exchange(waiting_, {}))
      all.push_back(std::move(w.second));
    return all;
  }

private:
  /// Above the default of `web.max_connections`: below it all may be open.
  static constexpr std::size_t least_prune_at = 512;

  using waiter = std::pair<Question, exchange_ptr>;

  static const std::string& client_of(const waiter& w) {
    return w.second->request().peer;
  }

  void drop_closed() {
    std::erase_if(waiting_, [](const auto& w) { return !w.second->is_open(); });
  }

  std::deque<waiter> waiting_;
  std::optional<Question> asked_;
  metrics::time_point asked_at_{};
  std::size_t prune_at_ = least_prune_at;
  /// The latest turn of each client, until nobody waits.
  std::unordered_map<std::string, std::uint64_t> served_;
  std::uint64_t turn_ = 0;
};

} // namespace betanet
