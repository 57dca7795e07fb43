#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace betanet::net {

/// Items that wait, each for an owner such as an address. The owners take
/// turns, so that one with many items does not hold up the others.
template <class Item>
class fair_queue {
public:
  void push(const std::string& owner, Item item) {
    auto& own = waiting_[owner];
    if (own.empty())
      turns_.push_back(owner);
    own.push_back(std::move(item));
  }

  /// The oldest item of the owner whose turn it is.
  std::optional<Item> pop() {
    if (turns_.empty())
      return std::nullopt;
    const auto owner = std::move(turns_.front());
    turns_.pop_front();
    const auto own = waiting_.find(owner);
    auto item = std::move(own->second.front());
    own->second.pop_front();
    if (own->second.empty())
      waiting_.erase(own);
    else
      turns_.push_back(owner);
    return item;
  }

  bool empty() const { return turns_.empty(); }

  /// How many items of this owner wait.
  std::size_t size_of(const std::string& owner) const {
    const auto own = waiting_.find(owner);
    return own == waiting_.end() ? 0 : own->second.size();
  }

private:
  std::map<std::string, std::deque<Item>> waiting_; ///< No empty ones.
  std::deque<std::string> turns_; ///< The owners of `waiting_`.
};

} // namespace betanet::net
