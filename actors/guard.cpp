#include "actors/guard.hpp"

#include "pages/routes.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// How often the web configuration file and the files it names are read. A
/// change takes effect after two equal readings, that is within a second.
constexpr auto read_every = std::chrono::milliseconds{500};
/// The largest number of successful logins that are remembered. There are few
/// users, but bcrypt ignores all bytes of a password after the first 72, so
/// that a client can make many passwords of one user that are accepted.
constexpr std::size_t max_good_logins = 100;

/// The permission of a client without a valid login. `optional`: the path also
/// answers without one.
permission denial(bool optional) {
  return optional ? permission::health_only : permission::login_needed;
}

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
  const auto login = login_of(e->request());
  const bool verified = login && good_logins.contains(login->digest);
  if (verified)
    return pass(e, permission::full);
  // Only a login that turns out to be wrong takes a token, so that strangers
  // cannot use up those of a scraper.
  if (login)
    return check_login(e, *login, !route.needs_login);
  pass(e, after_token(e, rules.users.empty() ? permission::full
                                             : denial(!route.needs_login)));
}

/// The permission of a request without a good login: `granted`, or that it came
/// too often.
permission guard_state::after_token(const exchange_ptr& e, permission granted) {
  const auto& route =
      pages::find_route(e->request().path, settings.telemetry_path);
  return route.rate_limited && !bucket.take(self->clock().now())
             ? permission::too_often
             : granted;
}

/// The login of a request; empty without one and where no login is needed.
auto guard_state::login_of(const net::request& r) const
    -> std::optional<given_login> {
  auto login = rules.users.empty() ? std::nullopt
                                   : net::parse_basic_auth(r.authorization);
  if (!login)
    return std::nullopt;
  const auto user = rules.users.find(login->user);
  const auto* const hash = user == rules.users.end() ? nullptr : &user->second;
  auto digest = net::digest_of(*login, hash ? *hash : "");
  return given_login{std::move(*login), hash, std::move(digest)};
}

void guard_state::check_login(const exchange_ptr& e, const given_login& l,
                              bool optional) {
  if (!checks.add(l.digest, {e, optional}, work_for(l)))
    return pass(e, optional ? permission::health_only : permission::busy);
  run_next_check();
}

void guard_state::run_next_check() {
  while (const auto next = checks.begin()) {
    const auto tell = [me = guard_impl{self}, digest = next->digest](bool ok) {
      caf::anon_send(me, atom::verified_v, digest, ok);
    };
    if (settings.verify(next->work, tell))
      return;
    for (const auto& w : checks.end()) // no thread can be started
      pass(w.request, w.optional ? permission::health_only : permission::busy);
  }
}

std::function<bool()> guard_state::work_for(const given_login& l) const {
  int decoy_cost = 4;
  for (const auto& [_, h] : rules.users)
    decoy_cost = std::max(decoy_cost, net::cost_of(h));
  return [password = l.login.password, matches = settings.matches, decoy_cost,
          is_user = l.hash != nullptr,
          real = l.hash ? *l.hash : net::decoy_hash(decoy_cost)] {
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
  for (const auto& w : checks.end())
    pass(w.request,
         good ? permission::full : after_token(w.request, denial(w.optional)));
  run_next_check();
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
std::string guard_state::defect_of(const web_reading& found) const {
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
  const auto why = defect_of(*found);
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
