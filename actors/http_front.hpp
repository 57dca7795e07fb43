#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace betanet {

using message_ptr = std::shared_ptr<const net::message>;

struct front_settings {
  std::string telemetry_path = "/metrics";
  std::uint64_t max_requests = 40; ///< Slow scrapes at a time; 0: no limit.
  std::string version;
};

struct http_front_state {
  explicit http_front_state(http_front_actor::pointer p) : self(p) {}
  http_front_actor::behavior_type make_behavior();

  void serve(exchange_ptr e);
  void scrape(exchange_ptr e);
  void ask_for_page();
  void page_arrived(const message_ptr& m);
  void answer_health(const exchange_ptr& e, metrics::handler path);
  message_ptr health_message(const census& c, metrics::handler path) const;
  message_ptr index_message() const;
  void respond(const exchange_ptr& e, metrics::handler path, message_ptr m);
  void note_stats(const net::server_stats& s);

  http_front_actor::pointer self;
  front_settings settings;
  cache_actor cache;

  message_ptr page; ///< The latest one, if it was a good one.
  metrics::time_point page_time{};
  std::uint64_t scrapes = 0;         ///< Answered from `page`.
  std::vector<exchange_ptr> waiting; ///< For the page asked for.
  metrics::front_totals totals;
  metrics::time_point started{};
  static inline const char* name = "http_front";
};

http_front_actor::behavior_type
http_front(http_front_actor::stateful_pointer<http_front_state> self,
           front_settings settings, cache_actor cache);

} // namespace betanet
