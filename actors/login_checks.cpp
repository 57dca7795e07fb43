#include "actors/login_checks.hpp"

#include <algorithm>

namespace betanet {

bool login_checks::add(const std::string& digest, waiter w,
                       std::function<bool()> work) {
  const auto& client = w.request->request().peer;
  if (!has_place(digest, client)) {
    drop_closed();
    if (!has_place(digest, client))
      return false;
  }
  auto& login = logins_[digest];
  const bool has_turn = std::any_of(
      login.waiting.begin(), login.waiting.end(), [&](const auto& other) {
        return other.request->request().peer == client;
      });
  if (!has_turn && digest != running_)
    turns_.push(client, digest);
  if (!login.work)
    login.work = std::move(work);
  login.waiting.push_back(std::move(w));
  return true;
}

bool login_checks::has_place(const std::string& digest,
                             const std::string& client) const {
  std::size_t all = 0, of_client = 0, of_login = 0, logins_of_client = 0;
  bool client_has_login = false;
  for (const auto& [other, login] : logins_) {
    const auto own = static_cast<std::size_t>(std::count_if(
        login.waiting.begin(), login.waiting.end(),
        [&](const auto& w) { return w.request->request().peer == client; }));
    all += login.waiting.size();
    of_client += own;
    logins_of_client += own > 0;
    if (other == digest) {
      of_login = login.waiting.size();
      client_has_login = own > 0;
    }
  }
  const auto places = of_client > 0 ? max_waiting - kept_places : max_waiting;
  return all < places && of_client < max_waiting_a_client &&
         of_login < max_waiting_a_login &&
         (client_has_login || logins_of_client < max_logins_a_client);
}

/// Forgets requests whose clients have gone.
void login_checks::drop_closed() {
  for (auto& [_, login] : logins_)
    std::erase_if(login.waiting,
                  [](const auto& w) { return !w.request->is_open(); });
}

auto login_checks::begin() -> std::optional<check> {
  if (!running_.empty())
    return std::nullopt;
  drop_closed();
  while (const auto digest = turns_.pop()) {
    const auto found = logins_.find(*digest);
    if (found == logins_.end())
      continue; // checked in the turn of another client
    if (found->second.waiting.empty()) {
      logins_.erase(found);
      continue;
    }
    running_ = *digest;
    return check{running_, found->second.work};
  }
  return std::nullopt;
}

auto login_checks::end() -> std::vector<waiter> {
  auto ended = logins_.extract(std::exchange(running_, {}));
  return ended ? std::move(ended.mapped().waiting) : std::vector<waiter>{};
}

} // namespace betanet
