#pragma once

#include "actors/messages.hpp"
#include "net/fair_queue.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace betanet {

/// The logins whose passwords are checked, one at a time, and the requests that
/// wait for the results. The clients take turns, and no client can take the
/// places of the others. Whether a user exists makes no difference.
class login_checks {
public:
  /// The largest number of requests that wait: the default of
  /// `web.max_connections`.
  static constexpr std::size_t max_waiting = 256;
  /// The largest number of those from one client (`net::client_network`).
  static constexpr std::size_t max_waiting_a_client = max_waiting / 4;
  /// The largest number of those with the same login.
  static constexpr std::size_t max_waiting_a_login = max_waiting / 2;
  /// The last places are for clients of whom no request waits.
  static constexpr std::size_t kept_places = max_waiting / 4;
  /// The largest number of different logins of one client that wait. A check
  /// takes up to some seconds.
  static constexpr std::size_t max_logins_a_client = 4;

  struct waiter {
    exchange_ptr request;
    bool optional = false; ///< The path also answers without a login.
  };

  /// Lets a request wait for the check of the login with this digest, which
  /// `work` does. False if there is no place.
  bool add(const std::string& digest, waiter w, std::function<bool()> work);

  /// The next check to run; empty while one is running, and if nobody waits for
  /// one. `end` must be called when the check has ended.
  struct check {
    std::string digest;
    std::function<bool()> work;
  };
  std::optional<check> begin();

  /// Ends the running check and returns the requests that waited for it.
  std::vector<waiter> end();

private:
  struct login {
    std::function<bool()> work;
    std::vector<waiter> waiting;
  };

  bool has_place(const std::string& digest, const std::string& client) const;
  void drop_closed();

  std::map<std::string, login> logins_; ///< By their digests.
  /// Digests by client. A login that several clients wait for is in it for each
  /// of them; its check takes the first of their turns.
  net::fair_queue<std::string> turns_;
  std::string running_; ///< The digest of the running check; empty: none.
};

} // namespace betanet
