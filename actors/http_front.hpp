#pragma once

#include "actors/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <boost/json/object.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

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

  void serve(exchange_ptr e, admission granted);
  /// One form of the page: plain or compressed, of one format.
  struct edition {
    net::format format;
    bool compressed;
    message_ptr page; ///< The latest one, if it was a good one.
    metrics::time_point page_time{};
    std::vector<exchange_ptr> waiting; ///< For the page asked for.
  };

  void scrape(exchange_ptr e);
  void scrape_target(const exchange_ptr& e, const std::string& target);
  void ask_for_page(edition& of);
  void page_arrived(edition& of, const message_ptr& m);
  edition& edition_for(const net::request& r);
  void reload(const exchange_ptr& e);
  void describe_settings(const exchange_ptr& e);
  void with_census(const exchange_ptr& e, metrics::handler path,
                   std::function<message_ptr(const census&)> f);
  message_ptr health_message(const census& c, metrics::handler path,
                             const net::request& r, bool detailed) const;
  boost::json::object
  health_object(const census& c, bool overdue,
                const std::optional<std::string>& only) const;
  message_ptr discovery_message(const census& c, const net::request& r) const;
  void respond(const exchange_ptr& e, metrics::handler path, message_ptr m);
  void note_stats(const net::server_stats& s);

  http_front_actor::pointer self;
  front_settings settings;
  cache_actor cache;
  operator_actor owner;

  std::array<edition, 4> editions{
      edition{net::format::text_0_0_4, false},
      edition{net::format::text_0_0_4, true},
      edition{net::format::openmetrics_1_0_0, false},
      edition{net::format::openmetrics_1_0_0, true}};
  std::uint64_t scrapes = 0; ///< Answered since the cache last heard of them.
  metrics::front_totals totals;
  metrics::time_point started{};
  static inline const char* name = "http_front";
};

http_front_actor::behavior_type
http_front(http_front_actor::stateful_pointer<http_front_state> self,
           front_settings settings, cache_actor cache, operator_actor owner);

} // namespace betanet
