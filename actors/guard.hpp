#pragma once

#include "actors/actors.hpp"
#include "actors/log.hpp"
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

/// One look at the web configuration file and the files it names.
struct web_look {
  std::string text;           ///< Of the file itself.
  config::web_config written; ///< What it says.
  config::web_config found;   ///< With the content of the files it names.
  std::shared_ptr<net::tls_context> tls; ///< Made of it; null: plain HTTP.
  std::string problem;                   ///< Empty: none, the others hold.
};

/// May block: it reads files. What has not changed is taken from `last`, the
/// latest look without a problem, or none.
web_look look_at(const std::string& web_config_file, const web_look& last);

/// Requests that may still come at once: one more an interval, up to the
/// burst.
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
  web_look first; ///< Without a problem.
  /// Looks again, somewhere else, and then calls back once. Any thread.
  std::function<void(std::function<void(web_look)>)> look;
  /// Does the work, somewhere else, and then calls back once with what it
  /// gave. False if that cannot be.
  std::function<bool(std::function<bool()> work, std::function<void(bool)>)>
      verify;
  /// Whether it is the password of the hash: the work.
  std::function<bool(const std::string& password, const std::string& hash)>
      matches = net::matches;
  /// Takes the connections to come from now on.
  std::function<void(net::server_security)> secure;
};

/// Its public messages and those it sends itself.
using guard_impl = guard_actor::extend<
    // Look at the files, and then again.
    caf::reacts_to<atom::look>,
    // What was found.
    caf::reacts_to<atom::look, web_look_ptr>,
    // Whether the login of this digest is good.
    caf::reacts_to<atom::verified, std::string, bool>>;

struct guard_state {
  /// A login being checked.
  struct check {
    std::string user; ///< Empty: one that does not exist.
    std::string peer;
    /// Each with whether it asks for health, which needs no login.
    std::vector<std::pair<exchange_ptr, bool>> waiting;
  };

  explicit guard_state(guard_impl::pointer p) : self(p) {}
  guard_impl::behavior_type make_behavior();

  void serve(const exchange_ptr& e);
  void check_login(const exchange_ptr& e, bool health);
  bool has_room_for(const check& c) const;
  void pass(const exchange_ptr& e, admission granted);
  void looked(const web_look_ptr& seen);
  std::string objection(const web_look& seen) const;
  void rule(const web_look& by);
  void verified(const std::string& digest, bool good);

  /// The bcrypt work for a login: the same for known and unknown users.
  std::function<bool()> work_for(const net::login& l,
                                 const std::string* hash) const;

  guard_impl::pointer self;
  event_log log;
  guard_settings settings;
  http_front_actor front;

  config::web_config rules;
  std::string problem;  ///< Of the latest look; empty: the rules hold.
  web_look_ptr pending; ///< Seen once: nobody should be writing it just now.
  token_bucket bucket;

  std::set<std::string> known;         ///< Digests of good logins.
  std::map<std::string, check> checks; ///< By digest.
  std::size_t waiting = 0;             ///< For all of them.
  static inline const char* name = "guard";
};

guard_impl::behavior_type guard(guard_impl::stateful_pointer<guard_state> self,
                                guard_settings settings, http_front_actor front,
                                event_log l);

} // namespace betanet
