#include "probe_lists.hpp"

#include "actors/discovery.hpp"
#include "actors/upstream.hpp"
#include "config/target_files.hpp"
#include "net/loop.hpp"

#include <set>

namespace betanet {

found_lists read_target_files(const config::settings& s) {
  found_lists found;
  std::set<std::string> seen; // two patterns may match one file
  for (const auto& pattern : s.target_files) {
    const auto folder = config::look_for_targets(pattern, {}, true);
    if (!folder.problem.empty())
      found.problems.push_back(folder.problem);
    else if (folder.files.empty())
      found.problems.push_back("target_files: no file matches " + pattern);
    for (const auto& [path, file] : folder.files) {
      if (!seen.insert(path).second)
        continue;
      if (file.groups)
        found.lists.push_back({path, *file.groups});
      else
        found.problems.push_back(file.problem);
    }
  }
  return found;
}

found_lists read_target_lists(const config::settings& s,
                              const std::string& user_agent) {
  auto found = read_target_files(s);
  const auto& servers = s.target_servers;
  if (servers.empty())
    return found;
  net::loop loop;
  net::outbound outbound{loop};
  std::vector<transport> transports;
  std::vector<std::optional<net::outcome>> answers(servers.size());
  std::size_t left = servers.size();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    transports.push_back(connect(outbound, servers[i], user_agent));
    transports.back()(servers[i].refresh_interval, [&, i](net::outcome o) {
      answers[i] = std::move(o);
      if (--left == 0)
        loop.stop();
    });
  }
  loop.run();
  for (std::size_t i = 0; i < servers.size(); ++i)
    try {
      const auto source = to_string(servers[i]);
      found.lists.push_back({source, read_answer(*answers[i], source)});
    } catch (const config::invalid& e) {
      found.problems.emplace_back(e.what());
    }
  return found;
}

} // namespace betanet
