#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"
#include "actors/web_reading.hpp"
#include "config/web_config.hpp"
#include "net/basic_auth.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace betanet {

/// How many requests may come at once: one more for each interval that passes,
/// up to the burst.
class token_bucket {
public:
  token_bucket() = default;
  token_bucket(config::web_config::rate_limit_keys rules,
               metrics::time_point now)
      : rules_(rules), tokens_(rules.burst), filled_(now) {}

  const config::web_config::rate_limit_keys& rules() const { return rules_; }
  bool take(metrics::time_point now);

private:
  config::web_config::rate_limit_keys rules_;
  int tokens_ = 0;
  metrics::time_point filled_{};
};

struct guard_settings {
  web_reading first; ///< Without a problem.
  /// Reads the files again in another thread and then calls back once, from any
  /// thread.
  std::function<void(std::function<void(web_reading)>)> read;
  /// Does the work in another thread and then calls back once with its result,
  /// from any thread. False if there is no thread.
  std::function<bool(std::function<bool()> work, std::function<void(bool)>)>
      verify;
  /// Whether the password is that of the hash. This is the work.
  std::function<bool(const std::string& password, const std::string& hash)>
      matches = net::matches;
  /// Secures the connections that are accepted from now on.
  std::function<void(net::server_security)> secure;
};

using guard_impl = guard_actor::extend<
    // Its own alarm: read the files.
    caf::reacts_to<atom::read>,
    // From the thread that read them.
    caf::reacts_to<atom::read, web_reading_ptr>,
    // From the thread that checks logins: whether that of this digest is good.
    caf::reacts_to<atom::verified, std::string, bool>>;

struct guard_state {
  /// A login being checked.
  struct check {
    std::string user; ///< Empty for a name that does not exist.
    std::string peer;
    /// Each with whether its path needs no login.
    std::vector<std::pair<exchange_ptr, bool>> waiting;
  };

  explicit guard_state(guard_impl::pointer p) : self(p) {}
  guard_impl::behavior_type make_behavior();

  void serve(const exchange_ptr& e);
  void check_login(const exchange_ptr& e, bool optional);
  bool has_room_for(const check& c) const;
  void pass(const exchange_ptr& e, permission granted);
  void was_read(const web_reading_ptr& found);
  std::string objection(const web_reading& found) const;
  void apply_rules(const web_reading& of);
  void verified(const std::string& digest, bool good);

  /// The bcrypt work for a login: the same for known and unknown users.
  std::function<bool()> work_for(const net::login& l,
                                 const std::string* hash) const;

  guard_impl::pointer self;
  event_log log;
  guard_settings settings;
  http_front_actor front;

  config::web_config rules;
  std::string problem; ///< Of the latest reading; empty: the rules hold.
  /// The latest reading. Two equal ones in a row are taken as complete: nobody
  /// is writing the files.
  web_reading_ptr pending;
  token_bucket bucket;

  std::set<std::string> good_logins;   ///< Digests.
  std::map<std::string, check> checks; ///< By digest.
  std::size_t waiting = 0;             ///< Exchanges of all checks.
  static inline const char* name = "guard";
};

guard_impl::behavior_type guard(guard_impl::stateful_pointer<guard_state> self,
                                guard_settings settings, http_front_actor front,
                                event_log l);

} // namespace betanet
