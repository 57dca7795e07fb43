#pragma once

#include "net/loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace betanet::net {

struct loop::impl {
  boost::asio::io_context io{1}; ///< Run by one thread.
  /// Keeps the loop running while nothing is pending.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      io.get_executor()};
  boost::asio::signal_set signals{io};
  std::function<void(int)> signal_handler;

  void wait_for_signal();
};

} // namespace betanet::net
