#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"
#include "actors/login_checks.hpp"
#include "actors/web_reading.hpp"
#include "config/web_config.hpp"
#include "net/basic_auth.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace betanet {

/// A limit of the rate of requests. Each request takes a token; each interval
/// adds one, up to `burst` tokens. An interval of 0 means no limit.
class token_bucket {
public:
  token_bucket() = default;
  token_bucket(config::web_config::rate_limit_keys rules,
               metrics::time_point now)
      : rules_(rules), tokens_(rules.burst), filled_(now) {}

  const config::web_config::rate_limit_keys& rules() const { return rules_; }

  /// Takes a token; false if there is none.
  bool take(metrics::time_point now);

private:
  config::web_config::rate_limit_keys rules_;
  int tokens_ = 0;
  metrics::time_point filled_{};
};

struct guard_settings {
  web_reading first; ///< The reading at the start; it has no problem.
  std::string telemetry_path = "/metrics";
  /// Reads the files again in another thread and then calls the function once,
  /// from any thread.
  std::function<void(std::function<void(web_reading)>)> read;
  /// Runs `work` in another thread and then calls the second function once with
  /// its result, from any thread. Returns false, and does nothing, if no thread
  /// is available.
  std::function<bool(std::function<bool()> work, std::function<void(bool)>)>
      verify;
  /// Whether the password belongs to the bcrypt hash. Takes up to a second.
  std::function<bool(const std::string& password, const std::string& hash)>
      matches = net::matches;
  /// Sets the TLS context and the headers of connections accepted from now on.
  std::function<void(net::server_security)> secure;
};

using guard_impl = guard_actor::extend<
    // Delayed message to itself: read the files.
    caf::reacts_to<atom::read>,
    // From the thread that reads the files: the result.
    caf::reacts_to<atom::read, web_reading_ptr>,
    // From the thread that checks logins: whether the login with this digest is
    // accepted.
    caf::reacts_to<atom::verified, std::string, bool>>;

struct guard_state {
  /// A login that a client has sent.
  struct given_login {
    net::login login;
    const std::string* hash; ///< Of the user's password; null: no such user.
    std::string digest;
  };

  explicit guard_state(guard_impl::pointer p) : self(p) {}
  guard_impl::behavior_type make_behavior();

  void serve(const exchange_ptr& e);
  std::optional<given_login> login_of(const net::request& r) const;
  permission after_token(const exchange_ptr& e, permission granted);
  void check_login(const exchange_ptr& e, const given_login& l, bool optional);
  void run_next_check();
  void pass(const exchange_ptr& e, permission granted);
  void was_read(const web_reading_ptr& found);
  std::string defect_of(const web_reading& found) const;
  void apply_rules(const web_reading& of);
  void verified(const std::string& digest, bool good);

  /// Makes the function that checks a login. It takes equally long for known
  /// and unknown users.
  std::function<bool()> work_for(const given_login& l) const;

  guard_impl::pointer self;
  event_log log;
  guard_settings settings;
  http_front_actor front;

  config::web_config rules; ///< The rules in use.
  /// Why the latest reading cannot be used. Requests are refused unless it is
  /// empty.
  std::string problem;
  /// The latest reading. It is used when the next reading equals it, because
  /// then nobody is writing the files.
  web_reading_ptr pending;
  token_bucket bucket;

  std::set<std::string> good_logins; ///< The digests of accepted logins.
  login_checks checks;
  static inline const char* name = "guard";
};

guard_impl::behavior_type guard(guard_impl::stateful_pointer<guard_state> self,
                                guard_settings settings, http_front_actor front,
                                event_log l);

} // namespace betanet
