#pragma once

#include "net/http_server.hpp"
#include "tests/suite.hpp"

namespace betanet::testing {

/// A request that records its answers.
struct fake_exchange : net::exchange {
  net::request asked;
  bool open = true;       ///< The client is still there.
  bool to_scrape = false; ///< The answer was given as that to a scrape.
  std::vector<std::shared_ptr<const net::reply>> answers;

  const net::request& request() const override { return asked; }
  bool is_open() const override { return open; }
  void respond(std::shared_ptr<const net::reply> r) override {
    answers.push_back(std::move(r));
  }
  void respond_to_scrape(std::shared_ptr<const net::reply> r) override {
    to_scrape = true;
    respond(std::move(r));
  }

  /// The status of the only answer.
  int status() const {
    CAF_REQUIRE_EQUAL(answers.size(), 1u);
    return answers[0]->status();
  }
  std::string body() const { return std::string{answers.at(0)->body()}; }
  bool head_has(const std::string& part) const {
    return answers.at(0)->head().find(part) != std::string::npos;
  }
};

} // namespace betanet::testing
