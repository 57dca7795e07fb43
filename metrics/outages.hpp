#pragma once

#include "metrics/outage.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace betanet::metrics {

/// An endpoint of a target, as log lines name it.
struct subject {
  /// The number of the target. A number is never used again, so that a target
  /// that was removed and added again is another one.
  std::uint64_t number = 0;
  std::string target; ///< The target's name; empty for the unnamed target.
  betanet::endpoint endpoint{};
  std::string url; ///< Without credentials.
};

using subject_ptr = std::shared_ptr<const subject>;

/// A number of places. A place that was left stays occupied until `rest` after
/// it was taken, so that no more than `most` are taken within `rest`.
class allowance {
public:
  allowance(std::size_t most, duration rest) : most_(most), rest_(rest) {}

  /// Takes a place. Returns false if all are occupied.
  bool take(time_point now);

  /// Leaves the place that was taken at `taken`.
  void leave(time_point taken);

private:
  std::size_t most_;
  duration rest_;
  std::size_t held_ = 0;
  std::vector<time_point> left_; ///< When the places left behind were taken.
};

/// The outages of the endpoints of all targets, and how much of them the log is
/// told. While few targets fail, it is told everything once. When many fail at
/// the same time, the events of the first ones are told, and the others are
/// counted: then the events of all of them are no news.
///
/// This class has no clock and writes no log lines: the caller does both.
class outages {
public:
  /// With more failing targets than this, reminders count the targets. At most
  /// this number of targets is told in full at the same time, and at most this
  /// number begins to be told within `outage::reminder_period`.
  static constexpr std::size_t most_told = 20;

  /// What the log is told about the end of an outage.
  struct recovery {
    duration lasted;
    bool news;
  };

  /// What the log is told about a poll that was not good.
  struct failed_poll {
    bool news;
    bool all_404; ///< News as well: all endpoints answer 404.
  };

  /// The targets that fail at one moment.
  struct overview {
    std::size_t failing = 0;
    std::string names;   ///< The names of at most ten of them.
    std::string reasons; ///< The number of targets for each reason.
    wall_time since{};   ///< The beginning of the longest outage.
  };

  /// The outages since the previous digest that the log was not told.
  struct digest {
    std::size_t began = 0, ended = 0;
    overview now; ///< `failing` counts all targets, the rest is of these.
  };

  /// The outages that the log should be reminded of.
  struct reminder {
    /// An outage that is mentioned in a line of its own.
    struct entry {
      subject_ptr about;
      const outage* state;
    };
    std::vector<entry> single;
    std::optional<overview> counted; ///< Set if the targets are too many.
  };

  // Each of the next functions records an event. If it returns a flag, the flag
  // is true if the event is news: its line is written at its full level.
  bool attempt_failed(const subject_ptr& s, int attempt, time_point now);
  failed_poll poll_failed(const subject_ptr& s, const failure& why,
                          time_point now, wall_time wall);
  /// Returns nothing if there was no outage.
  std::optional<recovery> recovered(const subject& s, time_point now,
                                    int attempts);
  bool opened(const subject& s);
  bool half_opened(const subject& s);
  bool refused(const subject& s);
  bool went_stale(const subject& s);

  /// Forgets a target that was removed.
  void forget(std::uint64_t number);

  /// Whether a digest has something to tell.
  bool digest_due() const { return began_ > 0 || ended_ > 0; }
  digest take_digest();

  /// When the next reminder is due; nothing while no outage is ongoing.
  std::optional<time_point> next_reminder() const;
  reminder remind(time_point now);

  /// The number of targets that are remembered: those with an outage or a
  /// retried poll.
  std::size_t size() const { return targets_.size(); }

private:
  struct watched {
    subject_ptr about;
    outage state;
    bool retries_told = false; ///< The retries of the running poll are news.
  };

  struct target {
    std::array<watched, endpoint_count> endpoints;
    bool told = false; ///< The events of the present outage are news.
    std::optional<time_point> place; ///< When its place in `told_` was taken.
    /// `failed_poll::all_404` was news in the present outage.
    bool all_404_told = false;

    bool failing() const;
    bool calm() const;
  };

  watched& at(const subject_ptr& s);
  bool tell_first(const subject& s, bool (outage::*event)());
  void leave_place(target& t);
  overview look(bool told_too) const;

  std::map<std::uint64_t, target> targets_; ///< By `subject::number`.
  allowance told_{most_told, outage::reminder_period};
  allowance told_retries_{most_told * endpoint_count, outage::reminder_period};
  std::size_t began_ = 0, ended_ = 0; ///< Since the previous digest.
};

} // namespace betanet::metrics
