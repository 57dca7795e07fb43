#pragma once

#include "actors/actors.hpp"
#include "actors/fetcher.hpp"
#include "actors/log.hpp"
#include "config/discovered.hpp"
#include "config/target_files.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <optional>

namespace betanet {

/// Where targets are listed.
struct discovery_sources {
  std::vector<std::string> files; ///< Patterns of the names of files.
  std::vector<config::target_server> servers;
};

/// What the sources list.
struct discovered_lists {
  std::vector<config::target_list> lists;
  bool complete = false; ///< Each source has been asked at least once.

  bool operator==(const discovered_lists&) const = default;
};

using discovery_impl = discovery_actor::extend<
    // Delayed message to itself: look whether files have changed.
    caf::reacts_to<atom::read>,
    // From the thread that looks for the files of this pattern: the result.
    caf::reacts_to<atom::read, std::string, folder_ptr>,
    // Scheduled message to itself: ask the server with this number.
    caf::reacts_to<atom::fetch, std::uint64_t>,
    // From the transport: the answer of the server with this number.
    caf::reacts_to<atom::answer, std::uint64_t, outcome_ptr>>;

struct discovery_settings {
  using look = std::function<config::target_folder()>;
  using take = std::function<void(config::target_folder)>;

  /// Calls the first function in a thread, which it may block, and then the
  /// second one with the result, once and from any thread. False if there is no
  /// thread: neither is called.
  std::function<bool(look, take)> read;
  std::function<transport(const config::target_server&)> connect;
  source_registry_actor registry;
};

struct discovery_state {
  explicit discovery_state(discovery_impl::pointer p) : self(p) {}
  discovery_impl::behavior_type make_behavior();

  /// The files of one pattern.
  struct file_source {
    std::string pattern;
    std::shared_ptr<const config::target_folder> latest;
    bool reading = false;
    metrics::time_point all_due{}; ///< When all files are read again.
  };

  /// One server, with its last good list.
  struct server_source {
    std::uint64_t number = 0;
    config::target_server settings;
    transport get;
    metrics::time_point asked_at{};
    bool answered = false; ///< At least once, if only with an error.
    std::optional<config::target_groups> groups;
  };

  void configure(const discovery_sources& sources);
  void look_for_files();
  void looked(const std::string& pattern, const folder_ptr& found);
  void ask(std::uint64_t number);
  void answered(std::uint64_t number, const net::outcome& o);
  void publish();
  /// A changed problem of the same source is told after `patience`, an equal
  /// one every five minutes.
  void complain(const std::string& source, const std::string& problem,
                bool has_targets, metrics::duration patience);
  void recover(const std::string& source);
  void send_counts();
  server_source* find_server(std::uint64_t number);

  discovery_impl::pointer self;
  discovery_settings settings;
  event_log log;
  target_sink_actor sink; ///< Null until sources were configured.

  std::vector<file_source> files;
  std::vector<server_source> servers;
  std::uint64_t last_number = 0; ///< Of the servers.
  bool looking = false;          ///< A message to look for files is pending.
  std::optional<discovered_lists> published;
  std::map<std::string, metrics::source_count> counts; ///< By source.
  /// What the log was told of a source.
  struct complaint {
    metrics::time_point at{};
    std::string problem;
    bool pending = true; ///< Its end has not been told.
  };
  std::map<std::string, complaint> told; ///< By source or file.
  static inline const char* name = "discovery";
};

/// The groups in the answer of a server. `place` begins messages. Throws
/// `config::invalid` with one problem.
config::target_groups read_answer(const net::outcome& o,
                                  const std::string& place);

/// The behaviour of the discovery. It quits on an exit message.
discovery_impl::behavior_type
discovery(discovery_impl::stateful_pointer<discovery_state> self,
          discovery_settings settings, event_log l);

} // namespace betanet
