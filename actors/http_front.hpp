#pragma once

#include "actors/actors.hpp"
#include "pages/routes.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace betanet {

using reply_ptr = std::shared_ptr<const net::reply>;

struct front_settings {
  std::string telemetry_path = "/metrics";
  /// How many responses to slow readers may be in progress before scrapes are
  /// answered with 503; 0: no limit.
  std::uint64_t max_requests = 40;
  std::string version;
  pages::location reached_at; ///< For the service discovery.
};

struct http_front_state {
  explicit http_front_state(http_front_actor::pointer p) : self(p) {}
  http_front_actor::behavior_type make_behavior();

  /// The forms in which a client may get a page of metrics.
  struct form {
    net::format format{};
    bool compressed = false;
    /// The parameter of the content type; refers to a string of static
    /// lifetime.
    std::string_view escaping;
    auto operator<=>(const form&) const = default;
  };

  /// The page of metrics in one form.
  struct edition {
    reply_ptr page;                    ///< Null after an error or when old.
    metrics::time_point page_time{};   ///< When `page` was rendered.
    std::vector<exchange_ptr> waiting; ///< Scrapes that wait for a new page.
  };

  void serve(exchange_ptr e, permission granted);
  void scrape(exchange_ptr e);
  void scrape_target(const exchange_ptr& e, const std::string& target);
  void ask_for_page(const form& f, edition& of);
  void page_arrived(edition& of, const reply_ptr& r);
  void reload(const exchange_ptr& e);
  void describe_settings(const exchange_ptr& e);
  void show_census(const exchange_ptr& e, permission granted);
  void respond(const exchange_ptr& e, reply_ptr r);
  void note_stats(const net::server_stats& s);

  http_front_actor::pointer self;
  front_settings settings;
  page_source_actor cache;
  reloader_actor reloader;

  std::map<form, edition> editions;
  /// Scrapes answered since the last request to the cache, which counts them.
  std::uint64_t scrapes = 0;
  pages::request_counts requests;
  net::server_stats server; ///< The server's counters at the latest request.
  metrics::time_point started{};
  static inline const char* name = "http_front";
};

http_front_actor::behavior_type
http_front(http_front_actor::stateful_pointer<http_front_state> self,
           front_settings settings, page_source_actor cache,
           reloader_actor reloader);

} // namespace betanet
