#pragma once

#include "config/yaml_reader_impl.hpp"

namespace betanet::config {

/// Reads the entries of `targets`, `target_files` and `http_sd` in the main
/// configuration file.
class target_reader : public yaml_reader {
public:
  explicit target_reader(const std::string& file) : yaml_reader(file, expand) {}

  /// Reads one target, which inherits the blocks that it lacks.
  target read_target(const polling& inherited, const YAML::Node& node);

  void read_target_files(std::vector<std::string>& to, const YAML::Node& list);
  void read_target_servers(std::vector<target_server>& to,
                           const YAML::Node& list);

private:
  target_server read_target_server(const YAML::Node& node);
  void read_name(target& t, const YAML::Node& node);
  void read_replicas(target& t, const YAML::Node& node);
  void read_balance(target& t, const YAML::Node& node);
  void check_urls(target& t, const YAML::Node& node, bool has_url,
                  bool has_balance);
  void read_endpoints(target& t, const YAML::Node& node);
  /// `prefix` is the name of the block in messages.
  void read_client(http_client& c, const YAML::Node& node,
                   const std::string& prefix);
  void read_headers(http_client& c, const YAML::Node& node,
                    const std::string& prefix);
  void read_header_values(http_header& h, const std::string& what,
                          const YAML::Node& list);
};

/// The names of the sections to which the keys belong, without duplicates.
template <class T>
void add_sections(std::vector<std::string>& names,
                  const std::vector<key<T>>& keys) {
  for (const auto& k : keys)
    if (const auto s = k.name.substr(0, k.name.find('.'));
        std::find(names.begin(), names.end(), s) == names.end())
      names.push_back(s);
}

} // namespace betanet::config
