#pragma once

#include "actors/messages.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <list>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace betanet {

/// Requests of clients that wait for the answers of another actor. All clients
/// with the same question get its answer, and few questions are asked at a
/// time, so that many clients cannot fill the mailbox of that actor. The
/// clients take turns, so that one with many questions does not hold up others.
template <class Question>
class shared_questions {
public:
  /// At most `at_once` questions are being asked at any time.
  explicit shared_questions(std::size_t at_once = 1) : at_once_(at_once) {}

  void add(Question q, exchange_ptr e) {
    if (size() >= prune_at_) {
      drop_closed();
      prune_at_ = std::max(least_prune_at, 2 * size());
    }
    const auto same = find_asked(q);
    if (same != asked_.end())
      same->clients.push_back(std::move(e));
    else
      waiting_.emplace_back(std::move(q), std::move(e));
  }

  /// A question to ask now, for which `end` must be called when the answer is
  /// there, however late. Null while as many as allowed are being asked, or if
  /// nobody waits. Clients that have gone are dropped.
  const Question* begin(metrics::time_point now) {
    if (asked_.size() >= at_once_)
      return nullptr;
    std::erase_if(waiting_, [](const auto& w) { return is_closed(w.second); });
    if (waiting_.empty()) {
      if (asked_.empty())
        served_.clear();
      return nullptr;
    }
    const auto next = std::min_element(
        waiting_.begin(), waiting_.end(), [this](const auto& a, const auto& b) {
          return served_[client_of(a)] < served_[client_of(b)];
        });
    served_[client_of(*next)] = ++turn_;
    asked_.push_back({next->first, now});
    auto& asked = asked_.back();
    std::erase_if(waiting_, [&](auto& w) {
      if (!(w.first == asked.question))
        return false;
      asked.clients.push_back(std::move(w.second));
      return true;
    });
    return &asked.question;
  }

  /// The number of requests that wait.
  std::size_t size() const {
    return std::accumulate(
        asked_.begin(), asked_.end(), waiting_.size(),
        [](auto sum, const auto& a) { return sum + a.clients.size(); });
  }

  /// How much of `timeout` is left for the answer to the question that was
  /// asked first; negative if it is late, empty if none is being asked.
  std::optional<metrics::duration> time_left(metrics::time_point now,
                                             metrics::duration timeout) const {
    if (asked_.empty())
      return std::nullopt;
    return asked_.front().at + timeout - now;
  }

  /// Ends a question that is being asked, and returns the requests with it.
  std::vector<exchange_ptr> end(const Question& q) {
    const auto found = find_asked(q);
    auto clients = std::move(found->clients);
    asked_.erase(found);
    return clients;
  }

  /// Returns all requests, because the answer to a question is late. What was
  /// asked remains asked: to ask again would only add to the other actor's
  /// work.
  std::vector<exchange_ptr> expire() {
    std::vector<exchange_ptr> all;
    for (auto& a : asked_)
      for (auto& e : std::exchange(a.clients, {}))
        all.push_back(std::move(e));
    for (auto& w : std::exchange(waiting_, {}))
      all.push_back(std::move(w.second));
    return all;
  }

private:
  /// Above the default of `web.max_connections`: below it all may be open.
  static constexpr std::size_t least_prune_at = 512;

  using waiter = std::pair<Question, exchange_ptr>;

  struct asked_question {
    Question question;
    metrics::time_point at;
    std::vector<exchange_ptr> clients{};
  };

  static const std::string& client_of(const waiter& w) {
    return w.second->request().peer;
  }

  static bool is_closed(const exchange_ptr& e) { return !e->is_open(); }

  auto find_asked(const Question& q) {
    return std::find_if(asked_.begin(), asked_.end(),
                        [&](const auto& a) { return a.question == q; });
  }

  void drop_closed() {
    std::erase_if(waiting_, [](const auto& w) { return is_closed(w.second); });
    for (auto& a : asked_)
      std::erase_if(a.clients, is_closed);
  }

  std::size_t at_once_;
  std::deque<waiter> waiting_;      ///< Their question is not being asked.
  std::list<asked_question> asked_; ///< In the order in which they were asked.
  std::size_t prune_at_ = least_prune_at;
  /// The latest turn of each client, until nobody waits.
  std::unordered_map<std::string, std::uint64_t> served_;
  std::uint64_t turn_ = 0;
};

} // namespace betanet
