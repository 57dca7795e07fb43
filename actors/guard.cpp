#include "actors/guard.hpp"

#include "pages/routes.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How often the web configuration file and the files it names are read. A
/// change takes effect after two equal readings, that is within a second.
constexpr auto read_every = std::chrono::milliseconds{500};
/// The largest number of passwords of one user whose checks are queued. All
/// unknown user names count as one user. A check takes up to a second, and the
/// checks run one after the other.
constexpr std::size_t max_checks_a_user = 4;
/// The largest number of requests that wait for the result of a check.
constexpr std::size_t max_waiting = 64;
/// The largest number of successful logins that are remembered. There are few
/// users, but bcrypt ignores all bytes of a password after the first 72, so
/// that a client can make many passwords of one user that are accepted.
constexpr std::size_t max_good_logins = 100;
/// The highest bcrypt cost of the check that is made for an unknown user; it
/// takes 0.4 s.
constexpr int max_decoy_cost = 13;

} // namespace

bool token_bucket::take(metrics::time_point now) {
  if (rules_.interval <= rules_.interval.zero())
    return true;
  const auto earned = (now - filled_) / rules_.interval;
  if (earned >= rules_.burst - tokens_) {
    tokens_ = rules_.burst;
    filled_ = now;
  } else {
    tokens_ += static_cast<int>(earned);
    filled_ += earned * rules_.interval;
  }
  return tokens_ > 0 && tokens_-- > 0;
}

guard_impl::behavior_type guard_state::make_behavior() {
  return {
      [this](atom::serve, const exchange_ptr& e) { serve(e); },
      [this](atom::read) {
        settings.read([me = guard_impl{self}](web_reading found) {
          caf::anon_send(me, atom::read_v,
                         std::make_shared<const web_reading>(std::move(found)));
        });
      },
      [this](atom::read, const web_reading_ptr& found) { was_read(found); },
      [this](atom::verified, const std::string& digest, bool good) {
        verified(digest, good);
      },
  };
}

// -- requests ----------------------------------------------------------------

void guard_state::pass(const exchange_ptr& e, permission granted) {
  self->send(front, atom::serve_v, e, granted);
}

void guard_state::serve(const exchange_ptr& e) {
  const auto& route =
      pages::find_route(e->request().path, settings.telemetry_path);
  if (!problem.empty())
    return pass(e, route.needs_login ? permission::broken
                                     : permission::health_only);
  if (route.rate_limited && !bucket.take(self->clock().now()))
    return pass(e, permission::too_often);
  if (rules.users.empty())
    return pass(e, permission::full);
  check_login(e, !route.needs_login);
}

void guard_state::check_login(const exchange_ptr& e, bool optional) {
  const auto refusal =
      optional ? permission::health_only : permission::login_needed;
  const auto& request = e->request();
  const auto login = net::parse_basic_auth(request.authorization);
  if (!login)
    return pass(e, refusal);
  const auto user = rules.users.find(login->user);
  const auto* const hash = user == rules.users.end() ? nullptr : &user->second;
  const auto digest = net::digest_of(*login, hash ? *hash : "");
  if (good_logins.contains(digest))
    return pass(e, permission::full);
  const auto no_room = optional ? refusal : permission::busy;
  if (waiting >= max_waiting)
    return pass(e, no_room);
  if (!checks.contains(digest)) {
    const check fresh{hash ? login->user : "", request.peer, {}};
    const auto tell = [me = guard_impl{self}, digest](bool good) {
      caf::anon_send(me, atom::verified_v, digest, good);
    };
    if (!has_room_for(fresh) || !settings.verify(work_for(*login, hash), tell))
      return pass(e, no_room);
    checks.emplace(digest, fresh);
  }
  checks.at(digest).waiting.emplace_back(e, optional);
  ++waiting;
}

/// Whether another check may be queued. There is one check at a time for each
/// pair of user and address, so that a client that guesses passwords does not
/// block the user at another address. There are at most `max_checks_a_user` for
/// each user, so that guesses at one user do not block the other users.
bool guard_state::has_room_for(const check& c) const {
  std::size_t same_user = 0, same_peer = 0;
  for (const auto& [_, other] : checks) {
    same_user += other.user == c.user;
    same_peer += other.user == c.user && other.peer == c.peer;
  }
  return same_peer == 0 && same_user < max_checks_a_user;
}

std::function<bool()> guard_state::work_for(const net::login& l,
                                            const std::string* hash) const {
  int decoy_cost = 4;
  for (const auto& [_, h] : rules.users)
    decoy_cost = std::max(decoy_cost, net::cost_of(h));
  decoy_cost = std::min(decoy_cost, max_decoy_cost);
  return [password = l.password, matches = settings.matches, decoy_cost,
          is_user = hash != nullptr,
          real = hash ? *hash : net::decoy_hash(decoy_cost)] {
    if (matches(password, real) && is_user)
      return true;
    // With the costs c of the hash and d of the decoy, a refusal takes
    // 2^c + 2^c + 2^(c+1) + ... + 2^(d-1) = 2^d steps for every user name, so
    // that the response time does not reveal whether a user exists.
    for (int cost = net::cost_of(real); cost < decoy_cost; ++cost)
      matches(password, net::decoy_hash(cost));
    return false;
  };
}

void guard_state::verified(const std::string& digest, bool good) {
  if (good) {
    if (good_logins.size() >= max_good_logins)
      good_logins.erase(good_logins.begin()); // a random one: digests are
    good_logins.insert(digest);
  }
  const auto ended = checks.extract(digest);
  if (!ended)
    return;
  waiting -= ended.mapped().waiting.size();
  for (const auto& [e, optional] : ended.mapped().waiting)
    pass(e, good       ? permission::full
            : optional ? permission::health_only
                       : permission::login_needed);
}

// -- rules -------------------------------------------------------------------

void guard_state::apply_rules(const web_reading& of) {
  // `good_logins` stays valid when a password changes: the digest of a login
  // depends on the user's hash.
  rules = of.found;
  if (bucket.rules() != rules.rate_limit)
    bucket = {rules.rate_limit, self->clock().now()};
  settings.secure({of.tls, rules.headers});
  for (const auto& w : rules.warnings)
    log.warn("Web configuration", {{"warning", w}});
}

/// Why the rules of a reading cannot replace the rules in use; empty if they
/// can.
std::string guard_state::objection(const web_reading& found) const {
  if (!found.problem.empty())
    return found.problem;
  if (found.found == config::web_config{} && rules != config::web_config{})
    return "the web configuration has become empty: turning off logins and TLS "
           "needs a restart";
  if (found.found.tls.has_value() != rules.tls.has_value())
    return "tls_server_config was added or removed, which needs a restart";
  return {};
}

void guard_state::was_read(const web_reading_ptr& found) {
  self->scheduled_send(guard_impl{self}, self->clock().now() + read_every,
                       atom::read_v);
  const auto before = std::exchange(pending, found);
  if (!before || before->found != found->found ||
      before->problem != found->problem)
    return;
  const auto why = objection(*found);
  if (!why.empty() && why != problem)
    log.error("Web configuration cannot be used, refusing requests",
              {{"error", why}});
  if (why.empty() && (found->found != rules || !problem.empty())) {
    apply_rules(*found);
    log.info("Web configuration reloaded");
  }
  problem = why;
}

guard_impl::behavior_type guard(guard_impl::stateful_pointer<guard_state> self,
                                guard_settings settings, http_front_actor front,
                                event_log l) {
  auto& state = self->state;
  state.log = std::move(l);
  state.settings = std::move(settings);
  state.front = std::move(front);
  state.apply_rules(state.settings.first);
  self->send(guard_impl{self}, atom::read_v);
  return state.make_behavior();
}

} // namespace betanet
