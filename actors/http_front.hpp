#pragma once

#include "actors/actors.hpp"
#include "actors/shared_questions.hpp"
#include "pages/routes.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace betanet {

struct front_settings {
  std::string telemetry_path = "/metrics";
  /// How many responses to slow scrapers may be in progress before scrapes are
  /// answered with 503; 0: no limit.
  std::uint64_t max_requests = 40;
};

using http_front_impl = http_front_actor::extend<
    // Delayed messages to itself: a reload may be asked for again, an answer
    // may be late, a page may have become too old.
    caf::reacts_to<atom::reload>, caf::reacts_to<atom::overdue>,
    caf::reacts_to<atom::drop>>;

struct http_front_state {
  /// How long the front waits for a page of metrics before it answers with 503.
  static constexpr std::chrono::seconds cache_timeout{1};

  explicit http_front_state(http_front_impl::pointer p) : self(p) {}
  http_front_impl::behavior_type make_behavior();

  /// What a scrape asks the cache for.
  struct page_question {
    net::format format{};
    bool compressed = false;
    std::optional<std::string> target;
    bool operator==(const page_question&) const = default;
  };

  struct settings_question {
    bool operator==(const settings_question&) const = default;
  };

  struct reload_question {
    std::uint64_t number; ///< Which reload, counted from 0.
    bool operator==(const reload_question&) const = default;
  };

  /// A page that serves further scrapes too, for `pages::route::lifetime`.
  struct kept_page {
    page_question question;
    page_ptr page;
    metrics::time_point made{};
    /// By the parameter `escaping` of the content type, which refers to a
    /// string of static lifetime.
    std::map<std::string_view, reply_ptr> replies;
  };

  /// An answer that serves other clients too, for `pages::route::lifetime`.
  template <class Question>
  struct kept_answer {
    Question question;
    reply_ptr reply;
    metrics::time_point made{};
  };

  void serve(exchange_ptr e, permission granted);
  void show_census(exchange_ptr e, const pages::route& route,
                   permission granted);
  void ask_for_census();
  void describe_settings(exchange_ptr e, const pages::route& route);
  void ask_for_settings();
  void reload(exchange_ptr e);
  void ask_for_reload();
  void respond(const exchange_ptr& e, reply_ptr r);
  template <class Question>
  void answer_all(shared_questions<Question>& questions, const Question& q,
                  const reply_ptr& r) {
    for (const auto& e : questions.end(q))
      respond(e, r);
  }
  void watch(metrics::duration d);
  void tell_late();
  template <class Question>
  void tell_late(shared_questions<Question>& questions,
                 metrics::duration timeout, const reply_ptr& r);
  bool is_young(metrics::time_point made, const pages::route& r) const;
  void note_stats(const net::server_stats& s);

  // In http_front_scrapes.cpp.
  void scrape(exchange_ptr e);
  void drop_old_pages();
  bool page_is_late() const;
  shared_questions<page_question>& questions_like(const page_question& q);
  void ask_for_pages(shared_questions<page_question>& questions);
  void page_arrived(const page_question& q, const page_ptr& p);
  metrics::front_totals totals();

  http_front_impl::pointer self;
  front_settings settings;
  page_source_actor cache;
  presenter_actor presenter;
  reloader_actor reloader;

  /// Those for pages of all targets: one at a time, which may take long.
  shared_questions<page_question> page_questions;
  /// Those for pages of single targets. 16: with one at a time, the front and
  /// the renderer wait for each other; 5 800 scrapes a second were measured
  /// then, and above 20 000 now.
  shared_questions<page_question> target_questions{16};
  std::vector<kept_page> kept_pages; ///< One for each question.
  shared_questions<census_query> census_questions;
  std::map<const pages::route*, kept_answer<census_query>> kept_census;
  shared_questions<settings_question> settings_questions;
  kept_answer<settings_question> kept_settings;
  shared_questions<reload_question> reload_questions;
  std::uint64_t reloads = 0;         ///< How many have begun.
  metrics::time_point next_reload{}; ///< The earliest time for another.
  std::optional<metrics::time_point> watched_until; ///< See `watch`.

  /// Scrapes answered since the last request to the cache, which counts them.
  std::uint64_t scrapes = 0;
  pages::request_counts requests;
  net::server_stats server; ///< The server's counters at the latest request.
  static inline const char* name = "http_front";
};

http_front_impl::behavior_type
http_front(http_front_impl::stateful_pointer<http_front_state> self,
           front_settings settings, page_source_actor cache,
           presenter_actor presenter, reloader_actor reloader);

} // namespace betanet
