#define CAF_SUITE journal

#include "actors/journal.hpp"

#include "tests/fixture.hpp"

using namespace betanet;
using namespace betanet::testing;

using metrics::breaker_state;
using metrics::quality;
using metrics::reason;

namespace {

struct journal_fixture : fixture {
  journal_fixture() {
    aut = sys.spawn(journal, logged.log,
                    [this] { return metrics::wall_time{} + (now() - t0); });
  }

  ~journal_fixture() { kill(aut); }

  static metrics::subject_ptr about(std::uint64_t number,
                                    endpoint e = endpoint::metrics) {
    return std::make_shared<const metrics::subject>(
        metrics::subject{number, "t" + std::to_string(number), e,
                         "http://t/" + std::string{name(e)}});
  }

  void end(const metrics::subject_ptr& s, ended_poll p) {
    caf::anon_send(aut, atom::poll_v, s, std::make_shared<const ended_poll>(p));
    consume_messages();
  }

  void fail(const metrics::subject_ptr& s, reason why = reason::connect,
            std::optional<breaker_state> entered = {}, bool probe = false) {
    end(s, {why == reason::schema ? quality::partial : quality::bad, 1,
            metrics::failure{why, "text of " + std::string{name(why)}}, entered,
            probe, 5});
  }

  void recover(const metrics::subject_ptr& s,
               std::optional<breaker_state> entered = {}) {
    end(s, {quality::good, 1, {}, entered, entered.has_value(), 0});
  }

  void note(const metrics::subject_ptr& s, incident what) {
    caf::anon_send(aut, atom::note_v, s, what);
    consume_messages();
  }

  /// The last line of the log.
  std::string latest() { return logged.lines().back(); }

  metrics::time_point t0 = now();
  journal_actor aut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(journal_tests, journal_fixture)

CAF_TEST(an outage begins with its cause and ends with its duration) {
  const auto s = about(1, endpoint::nodes_status);

  fail(s, reason::schema);
  advance(45s);
  recover(s);

  CHECK_EQUAL(logged.lines(),
              (std::vector<std::string>{
                  "ERROR msg=\"Failed to fetch Betanet metrics: text of "
                  "schema\" target=t1 endpoint=nodes_status reason=schema "
                  "url=http://t/nodes_status",
                  "INFO msg=\"Recovered after 45s\" target=t1 "
                  "endpoint=nodes_status"}));
}

CAF_TEST(an outage of any kind is mentioned every five minutes) {
  for (const auto why : metrics::all_reasons) {
    logged.text.str({});
    const auto s = about(1 + index(why));
    fail(s, reason::connect);
    advance(4min);
    fail(s, why);
    advance(1min - 1ns);
    CAF_CHECK_EQUAL(logged.count("Still failing"), 0u);

    advance(1ns);
    CAF_CHECK_EQUAL(logged.count("WARN msg=\"Still failing\" target="), 1u);
    CAF_CHECK_EQUAL(logged.count(" polls=2 reason=" + std::string{name(why)} +
                                 " error=\"text of " + std::string{name(why)} +
                                 "\""),
                    1u);

    advance(5min);
    CAF_CHECK_EQUAL(logged.count("Still failing"), 2u);

    recover(s);
    advance(20min);
    CAF_CHECK_EQUAL(logged.count("Still failing"), 2u);
  }
}

CAF_TEST(a reminder says where and since when and how often) {
  advance(90s);
  fail(about(1));

  advance(5min);

  CAF_CHECK_EQUAL(latest(), "WARN msg=\"Still failing\" target=t1 "
                            "endpoint=metrics url=http://t/metrics "
                            "since=1970-01-01T00:01:30Z polls=1 "
                            "reason=connect error=\"text of connect\"");
}

CAF_TEST(the unnamed target has no name in any line) {
  auto unnamed = *about(1);
  unnamed.target.clear();
  const auto s = std::make_shared<const metrics::subject>(unnamed);

  caf::anon_send(aut, atom::attempt_v, s,
                 attempt_report{{}, {}, 1, {reason::reset, "gone"}, 1s, 1s});
  consume_messages();
  fail(s, reason::connect, breaker_state::open);
  for (const auto what :
       {incident::went_stale, incident::refused, incident::half_opened})
    note(s, what);
  advance(5min);
  recover(s, breaker_state::closed);

  CAF_CHECK_EQUAL(logged.lines().size(), 8u);
  CAF_CHECK_EQUAL(logged.count("target="), 0u);
}

CAF_TEST(short outages are measured in milliseconds) {
  fail(about(1));
  advance(20ms);

  recover(about(1));

  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Recovered after 20ms\""), 1u);
}

CAF_TEST(the lines of an outage with an open breaker) {
  const auto s = about(1);

  fail(s, reason::timeout, breaker_state::open);
  note(s, incident::went_stale);
  for (int round = 0; round < 2; ++round) {
    note(s, incident::refused);
    note(s, incident::half_opened);
    fail(s, reason::timeout, breaker_state::open, true);
  }
  recover(s, breaker_state::closed);

  std::string heads;
  for (const auto& line : logged.lines())
    if (!line.starts_with("DEBUG"))
      heads += line.substr(0, line.find("\" ")) + "\n";
  CAF_CHECK_EQUAL(
      heads, "ERROR msg=\"Failed to fetch Betanet metrics: text of timeout\n"
             "WARN msg=\"Circuit breaker: Opening circuit after 5 failures\n"
             "WARN msg=\"Using stale cached data due to fetch failure\n"
             "WARN msg=\"Circuit breaker is OPEN - service may be degraded\n"
             "INFO msg=\"Circuit breaker: Attempting recovery, entering "
             "half-open state\n"
             "INFO msg=\"Circuit breaker: Service recovered, closing "
             "circuit\n");
}

CAF_TEST(many outages at once are counted within a minute) {
  for (std::uint64_t i = 1; i <= 200; ++i)
    for (const auto e : all_endpoints)
      fail(about(i, e));
  CAF_CHECK_EQUAL(logged.count("ERROR msg=\"Failed to fetch"), 60u);
  CAF_CHECK_EQUAL(logged.count("DEBUG msg=\"Failed to fetch"), 540u);

  advance(1min - 1ns);
  CAF_CHECK_EQUAL(logged.count("Further outages"), 0u);
  advance(1ns);
  CAF_CHECK_EQUAL(latest(), "ERROR msg=\"Further outages\" began=180 ended=0 "
                            "failing=200 reasons=\"connect=180\" "
                            "names=\"t21, t22, t23, t24, t25, t26, t27, t28, "
                            "t29, t30\"");

  advance(4min);
  CAF_CHECK_EQUAL(latest(), "WARN msg=\"Still failing\" failing=200 "
                            "since=1970-01-01T00:00:00Z "
                            "reasons=\"connect=200\" names=\"t1, t2, t3, t4, "
                            "t5, t6, t7, t8, t9, t10\"");

  advance(5min);
  CAF_CHECK_EQUAL(logged.count("Still failing"), 2u);

  for (std::uint64_t i = 1; i <= 200; ++i)
    for (const auto e : all_endpoints)
      recover(about(i, e));
  CAF_CHECK_EQUAL(logged.count("INFO msg=\"Recovered after 10m\""), 60u);

  advance(1min);
  CAF_CHECK_EQUAL(latest(),
                  "INFO msg=\"Further outages\" began=0 ended=180 failing=0");

  const auto lines = logged.lines().size();
  advance(1h);
  CAF_CHECK_EQUAL(logged.lines().size(), lines);
}

CAF_TEST(a target that is no longer polled is not mentioned) {
  fail(about(1));

  caf::anon_send(aut, atom::drop_v, std::uint64_t{1});
  advance(1h);

  CAF_CHECK_EQUAL(logged.count("Still failing"), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
