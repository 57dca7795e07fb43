#include "actors/discovery.hpp"

#include <algorithm>
#include <regex>
#include <set>

namespace betanet {

namespace {

using namespace std::chrono_literals;

/// How often files are looked at. A look costs one stat(2) for each file and
/// reads only what has changed. Unlike inotify(7), it notices changes on
/// network file systems, needs no watch for each folder and link, and its
/// result does not depend on the order of events.
constexpr auto look_every = 2s;

/// How often all files are read again, as Prometheus does: for file systems
/// whose times are too coarse to tell a change.
constexpr auto read_all_every = 5min;

/// How often a problem that lasts is logged.
constexpr auto remind_every = 5min;
/// How soon another problem of the same server is told. That of a file is told
/// at once: somebody has changed the file.
constexpr auto server_patience = 1min;

/// Prometheus's own rule (discovery/http/http.go).
bool is_json(const std::string& content_type) {
  static const std::regex rule{
      R"(application/json(;\s*charset=("utf-8"|utf-8))?)", std::regex::icase};
  return std::regex_match(content_type, rule);
}

/// Words for the log about an answer that is not a list.
std::string objection(const net::response& r) {
  if (r.status != 200)
    return "HTTP status " + std::to_string(r.status) + ", 200 is expected";
  return "the content type is not application/json";
}

} // namespace

config::target_groups read_answer(const net::outcome& o,
                                  const std::string& place) {
  if (const auto* e = std::get_if<net::error>(&o))
    throw config::invalid({place + ": " + e->text});
  const auto& r = std::get<net::response>(o);
  if (r.status != 200 || !is_json(r.content_type))
    throw config::invalid({place + ": " + objection(r)});
  return config::parse_json_groups(r.body, place);
}

discovery_impl::behavior_type discovery_state::make_behavior() {
  return {
      [this](atom::configure, const sources_ptr& sources,
             const target_sink_actor& to) {
        sink = to;
        configure(*sources);
      },
      [this](atom::read) {
        looking = false;
        look_for_files();
      },
      [this](atom::read, const std::string& pattern, const folder_ptr& found) {
        looked(pattern, found);
      },
      [this](atom::fetch, std::uint64_t number) { ask(number); },
      [this](atom::answer, std::uint64_t number, const outcome_ptr& o) {
        answered(number, *o);
      },
  };
}

/// Keeps the state of the sources that stay. All files are read again.
void discovery_state::configure(const discovery_sources& sources) {
  auto former_files = std::exchange(files, {});
  auto former_servers = std::exchange(servers, {});
  std::map<std::string, metrics::source_count> kept_counts;
  const auto keep_count = [&](const std::string& source) {
    const auto& former = counts[source];
    kept_counts[source] = {source, former.refreshes, former.failures};
  };
  for (const auto& pattern : sources.files) {
    const auto same =
        std::find_if(former_files.begin(), former_files.end(),
                     [&](const auto& f) { return f.pattern == pattern; });
    files.push_back(same == former_files.end() ? file_source{pattern} : *same);
    files.back().all_due = self->clock().now();
    keep_count(pattern);
  }
  for (const auto& server : sources.servers) {
    const auto same =
        std::find_if(former_servers.begin(), former_servers.end(),
                     [&](const auto& s) { return s.settings == server; });
    keep_count(to_string(server));
    if (same != former_servers.end()) {
      servers.push_back(std::move(*same));
      continue;
    }
    servers.push_back({++last_number, server, settings.connect(server)});
    self->send(discovery_impl{self}, atom::fetch_v, last_number);
  }
  counts = std::move(kept_counts);
  told.clear();
  send_counts();
  if (!looking)
    look_for_files();
  publish();
}

// -- files -------------------------------------------------------------------

void discovery_state::look_for_files() {
  const auto now = self->clock().now();
  for (auto& f : files) {
    if (f.reading) // a dead mount delays only its own files
      continue;
    const bool all = now >= f.all_due;
    f.reading = settings.read(
        [pattern = f.pattern, latest = f.latest, all] {
          return config::look_for_targets(
              pattern, latest ? *latest : config::target_folder{}, all);
        },
        [me = discovery_impl{self},
         pattern = f.pattern](config::target_folder found) {
          caf::anon_send(
              me, atom::read_v, pattern,
              std::make_shared<const config::target_folder>(std::move(found)));
        });
    if (f.reading && all)
      f.all_due = now + read_all_every;
  }
  if (files.empty())
    return;
  looking = true;
  self->scheduled_send(discovery_impl{self}, now + look_every, atom::read_v);
}

void discovery_state::looked(const std::string& pattern,
                             const folder_ptr& found) {
  const auto source =
      std::find_if(files.begin(), files.end(),
                   [&](const auto& f) { return f.pattern == pattern; });
  if (source == files.end())
    return; // no longer configured
  source->reading = false;
  const bool first = !source->latest;
  source->latest = found;
  for (const auto& [path, file] : found->files)
    if (file.problem.empty() || file.gone)
      recover(path);
    else
      complain(path, file.problem, file.groups != nullptr, {});
  if (!found->problem.empty())
    complain(pattern, found->problem, !found->files.empty(), {});
  else if (!found->files.contains(pattern)) // else it is the path of a file
    recover(pattern);
  if (first && found->files.empty() && found->problem.empty())
    log.warn("No file matches the pattern, so that it has no targets yet",
             {{"target_files", pattern}});
  if (found->readings > 0) {
    auto& count = counts[pattern];
    count.refreshes += found->readings;
    count.failures += found->failures;
    send_counts();
  }
  if (first || found->changed)
    publish();
}

// -- servers -----------------------------------------------------------------

discovery_state::server_source*
discovery_state::find_server(std::uint64_t number) {
  const auto found =
      std::find_if(servers.begin(), servers.end(),
                   [&](const auto& s) { return s.number == number; });
  return found == servers.end() ? nullptr : &*found;
}

/// The timeout is the interval, as in Prometheus.
void discovery_state::ask(std::uint64_t number) {
  auto* server = find_server(number);
  if (!server)
    return; // no longer configured
  server->asked_at = self->clock().now();
  server->get(server->settings.refresh_interval, [me = discovery_impl{self},
                                                  number](net::outcome o) {
    caf::anon_send(me, atom::answer_v, number,
                   std::make_shared<const net::outcome>(std::move(o)));
  });
}

void discovery_state::answered(std::uint64_t number, const net::outcome& o) {
  auto* server = find_server(number);
  if (!server)
    return;
  server->answered = true;
  const auto source = to_string(server->settings);
  auto& count = counts[source];
  ++count.refreshes;
  try {
    server->groups = read_answer(o, source);
    recover(source);
  } catch (const config::invalid& e) {
    ++count.failures;
    complain(source, e.what(), server->groups.has_value(), server_patience);
  }
  send_counts();
  publish();
  self->scheduled_send(
      discovery_impl{self},
      std::max(self->clock().now(),
               server->asked_at + server->settings.refresh_interval),
      atom::fetch_v, number);
}

// -- results -----------------------------------------------------------------

/// Sends all lists to the reloader if they have changed.
void discovery_state::publish() {
  discovered_lists now;
  now.complete =
      std::all_of(files.begin(), files.end(),
                  [](const auto& f) { return f.latest != nullptr; }) &&
      std::all_of(servers.begin(), servers.end(),
                  [](const auto& s) { return s.answered; });
  std::set<std::string> seen; // two patterns may match one file
  for (const auto& f : files)
    if (f.latest)
      for (const auto& [path, file] : f.latest->files)
        if (file.groups && seen.insert(path).second)
          now.lists.push_back({path, *file.groups});
  for (const auto& s : servers)
    if (s.groups)
      now.lists.push_back({to_string(s.settings), *s.groups});
  if (published == now)
    return;
  published = std::move(now);
  self->send(sink, atom::discover_v,
             std::make_shared<const discovered_lists>(*published));
}

void discovery_state::complain(const std::string& source,
                               const std::string& problem, bool has_targets,
                               metrics::duration patience) {
  const auto now = self->clock().now();
  const auto known = told.find(source);
  if (known != told.end() &&
      now - known->second.at <
          (known->second.problem == problem ? remind_every : patience))
    return;
  told[source] = {now, problem};
  log.warn(has_targets
               ? "A list of targets cannot be read, its former targets stay"
               : "A list of targets cannot be read, it has no targets yet",
           {{"error", problem}});
}

void discovery_state::recover(const std::string& source) {
  const auto known = told.find(source);
  if (known != told.end() && std::exchange(known->second.pending, false))
    log.info("A list of targets is read again", {{"source", source}});
}

void discovery_state::send_counts() {
  auto all = std::make_shared<std::vector<metrics::source_count>>();
  for (const auto& [_, count] : counts)
    all->push_back(count);
  self->send(settings.registry, atom::refresh_v, source_counts_ptr{all});
}

discovery_impl::behavior_type
discovery(discovery_impl::stateful_pointer<discovery_state> self,
          discovery_settings settings, event_log l) {
  self->state.settings = std::move(settings);
  self->state.log = std::move(l);
  return self->state.make_behavior();
}

} // namespace betanet
