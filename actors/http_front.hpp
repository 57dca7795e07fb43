#pragma once

#include "actors/actors.hpp"
#include "pages/routes.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <string>
#include <vector>

namespace betanet {

using reply_ptr = std::shared_ptr<const net::reply>;

struct front_settings {
  std::string telemetry_path = "/metrics";
  /// How many responses to slow readers may be in progress before scrapes are
  /// answered with 503; 0: no limit.
  std::uint64_t max_requests = 40;
  std::string version;
};

struct http_front_state {
  explicit http_front_state(http_front_actor::pointer p) : self(p) {}
  http_front_actor::behavior_type make_behavior();

  /// The page of metrics in one format, compressed or not.
  struct edition {
    net::format format;
    bool compressed;
    reply_ptr page;                  ///< The latest page; null after an error.
    metrics::time_point page_time{}; ///< When `page` was rendered.
    std::vector<exchange_ptr> waiting; ///< Scrapes that wait for a new page.
  };

  void serve(exchange_ptr e, permission granted);
  void scrape(exchange_ptr e);
  void scrape_target(const exchange_ptr& e, const std::string& target);
  edition& edition_for(const net::request& r);
  void ask_for_page(edition& of);
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

  std::array<edition, 4> editions{
      edition{net::format::text_0_0_4, false},
      edition{net::format::text_0_0_4, true},
      edition{net::format::openmetrics_1_0_0, false},
      edition{net::format::openmetrics_1_0_0, true}};
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
