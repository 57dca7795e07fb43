#include "actors/guard.hpp"

#include "config/file.hpp"
#include "net/tls.hpp"

#include <algorithm>

namespace betanet {

namespace {

/// A change of the files rules after two looks.
constexpr auto look_every = std::chrono::milliseconds{500};
/// Of one user at a time, and of all names that nobody has; from one address
/// one. A check takes up to a second, and one runs at a time.
constexpr std::size_t max_checks_a_user = 4;
/// Requests that wait for any of them.
constexpr std::size_t max_waiting = 64;
/// There are few good ones, but bcrypt does not see what is after 72 bytes.
constexpr std::size_t max_known = 100;
/// What an unknown user may cost us, log2 of the steps: 0.4 s.
constexpr int max_decoy_cost = 13;

std::shared_ptr<net::tls_context> context_of(const config::tls_server_keys& k) {
  return net::serve_tls(
      {k.cert.text, k.key.text,
       static_cast<net::client_auth>(k.client_auth_type), k.client_ca.text,
       k.client_allowed_sans, static_cast<net::tls_version>(k.min_version),
       static_cast<net::tls_version>(k.max_version), k.cipher_suites,
       k.prefer_server_cipher_suites, k.curve_preferences});
}

bool needs_no_login(const std::string& path) {
  return path == "/health" || path == "/-/healthy" || path == "/-/ready";
}

} // namespace

web_look look_at(const std::string& file, const web_look& last) {
  web_look now = last;
  try {
    now.text = config::read_file(file, config::largest_secret);
    if (now.text != last.text)
      now.written = config::parse_web_config(now.text, file);
    now.found = config::with_files(now.written);
    if (!now.found.tls)
      now.tls.reset();
    else if (!now.tls || now.found.tls != last.found.tls)
      now.tls = context_of(*now.found.tls);
  } catch (const config::invalid& e) {
    now.problem = e.what();
  } catch (const std::runtime_error& e) {
    now.problem = file + ": " + e.what();
  }
  return now;
}

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
      [this](atom::look) {
        settings.look([me = guard_impl{self}](web_look seen) {
          caf::anon_send(me, atom::look_v,
                         std::make_shared<const web_look>(std::move(seen)));
        });
      },
      [this](atom::look, const web_look_ptr& seen) { looked(seen); },
      [this](atom::verified, const std::string& digest, bool good) {
        verified(digest, good);
      },
  };
}

// -- requests ----------------------------------------------------------------

void guard_state::pass(const exchange_ptr& e, admission granted) {
  self->send(front, atom::serve_v, e, granted);
}

void guard_state::serve(const exchange_ptr& e) {
  const bool health = needs_no_login(e->what().path);
  if (!problem.empty())
    return pass(e, health ? admission::health_only : admission::broken);
  // A flood must not look like a dead exporter: a probe is always answered.
  if (!health && !bucket.take(self->clock().now()))
    return pass(e, admission::too_often);
  if (rules.users.empty())
    return pass(e, admission::all);
  check_login(e, health);
}

void guard_state::check_login(const exchange_ptr& e, bool health) {
  const auto refusal =
      health ? admission::health_only : admission::login_needed;
  const auto& request = e->what();
  const auto login = net::parse_basic_auth(request.authorization);
  if (!login)
    return pass(e, refusal);
  const auto user = rules.users.find(login->user);
  const auto* const hash = user == rules.users.end() ? nullptr : &user->second;
  const auto digest = net::digest_of(*login, hash ? *hash : "");
  if (known.contains(digest))
    return pass(e, admission::all);
  const auto no_room = health ? refusal : admission::busy;
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
  checks.at(digest).waiting.emplace_back(e, health);
  ++waiting;
}

/// Who guesses holds up nobody of another address, and those who guess names
/// hold up nobody who has one.
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
    // 2^c + 2^c + 2^(c+1) + ... + 2^(d-1) = 2^d steps for everybody.
    for (int cost = net::cost_of(real); cost < decoy_cost; ++cost)
      matches(password, net::decoy_hash(cost));
    return false;
  };
}

void guard_state::verified(const std::string& digest, bool good) {
  if (good) {
    if (known.size() >= max_known)
      known.erase(known.begin()); // digests are random
    known.insert(digest);
  }
  const auto ended = checks.extract(digest);
  if (!ended)
    return;
  waiting -= ended.mapped().waiting.size();
  for (const auto& [e, health] : ended.mapped().waiting)
    pass(e, good     ? admission::all
            : health ? admission::health_only
                     : admission::login_needed);
}

// -- rules -------------------------------------------------------------------

void guard_state::rule(const web_look& by) {
  rules = by.found; // a digest holds the hash: who has another is unknown
  if (bucket.rules() != rules.rate_limit)
    bucket = {rules.rate_limit, self->clock().now()};
  settings.secure({by.tls, rules.headers});
  for (const auto& w : rules.warnings)
    log.warn("Web configuration", {{"warning", w}});
}

/// Why it may not rule now, though it might from the start.
std::string guard_state::objection(const web_look& seen) const {
  if (!seen.problem.empty())
    return seen.problem;
  if (seen.found == config::web_config{} && rules != config::web_config{})
    return "the web configuration has become empty: no login, no TLS; that "
           "takes a restart";
  if (seen.found.tls.has_value() != rules.tls.has_value())
    return "tls_server_config came or went: that takes a restart";
  return {};
}

void guard_state::looked(const web_look_ptr& seen) {
  self->scheduled_send(guard_impl{self}, self->clock().now() + look_every,
                       atom::look_v);
  const auto before = std::exchange(pending, seen);
  if (!before || before->found != seen->found ||
      before->problem != seen->problem)
    return;
  const auto why = objection(*seen);
  if (!why.empty() && why != problem)
    log.error("Web configuration cannot be used, refusing requests",
              {{"error", why}});
  if (why.empty() && (seen->found != rules || !problem.empty())) {
    rule(*seen);
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
  state.rule(state.settings.first);
  self->send(guard_impl{self}, atom::look_v);
  return state.make_behavior();
}

} // namespace betanet
