#include "config/command_line_impl.hpp"
#include "config/flags_impl.hpp"
#include "config/quote_impl.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

namespace betanet::config {

namespace {

constexpr auto see_help = " (see --help)";

/// The name of the flag that a word of the command line gives; empty if the
/// word does not begin with a dash.
std::string flag_in(const std::string& word) {
  const auto begin = word.find_first_not_of('-');
  if (begin == 0 || begin == word.npos)
    return {};
  return word.substr(begin, word.find('=') - begin);
}

/// The key of the configuration file with this name, `-` read as `_`, that has
/// no flag; empty if there is none.
std::string key_without_flag(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  for (const auto& k : documented_keys())
    if (k.name == name)
      return name;
  return {};
}

/// What is wrong with a word that is not a flag. Shows no value, because it may
/// be a secret.
std::string unknown_word(const std::string& word) {
  const auto name = flag_in(word);
  if (name.empty())
    return "unexpected argument" +
           (looks_secret(word) ? "" : " " + quote(word)) +
           ", flags begin with --" + see_help;
  const auto& refused = unsupported_flags();
  if (std::find(refused.begin(), refused.end(), name) != refused.end())
    return "--" + name + ": not supported";
  std::vector<std::string> known;
  for (const auto& f : flags())
    known.push_back(f.name);
  auto hyphened = name;
  std::replace(hyphened.begin(), hyphened.end(), '_', '-');
  const auto shown =
      word.substr(0, word.find_first_not_of('-')) + name_for_message(name);
  if (std::find(known.begin(), known.end(), hyphened) != known.end())
    return shown + ": unknown flag, it is spelled --" + hyphened;
  if (const auto key = key_without_flag(hyphened); !key.empty())
    return shown + ": unknown flag, set " + key + " in the configuration file";
  const auto near = nearest(name, known);
  return shown + ": unknown flag" +
         (near ? ", did you mean --" + *near + "?" : see_help);
}

/// What is wrong with variables that users of other exporters may expect.
std::vector<std::string> unsupported_variables() {
  std::vector<std::string> refused;
  for (const auto& later : unsupported_flags())
    if (const auto variable = environment_name(later);
        environment_value(variable))
      refused.push_back(variable + ": not supported");
  return refused;
}

bool parse_switch(const std::string& text) {
  auto lower = text;
  for (auto& c : lower)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "true" || lower == "1")
    return true;
  if (lower == "false" || lower == "0")
    return false;
  throw std::invalid_argument(quote(text) + " is not one of true, false, 1, 0");
}

} // namespace

command_line::command_line(int argc, const char* const* argv) {
  for (const auto& f : flags())
    values_[f.name];
  problems_ = unsupported_variables();
  // Takes words such as `--flag=`: CLI11 would read the next word as the value
  // of the flag.
  std::vector<const char*> words;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool empty = word.starts_with("--") && word.ends_with('=');
    const std::string name{empty ? word.substr(2, word.size() - 3) : ""};
    if (values_.contains(name))
      values_[name] = {""};
    else
      words.push_back(argv[i]);
  }
  parse(std::move(words));
}

void command_line::parse(std::vector<const char*> words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<std::string, std::string> switches;
  for (const auto& f : flags()) {
    if (f.is_switch()) {
      app.add_flag((f.name == "help" ? "-h,--" : "--") + f.name,
                   switches[f.name]);
      continue;
    }
    auto* option = app.add_option("--" + f.name, values_[f.name]);
    option->type_name("")->expected(1)->allow_extra_args(false);
    option->multi_option_policy(f.name == "web.listen-address"
                                    ? CLI::MultiOptionPolicy::TakeAll
                                    : CLI::MultiOptionPolicy::TakeLast);
  }
  try {
    app.parse(static_cast<int>(words.size()), const_cast<char**>(words.data()));
  } catch (const CLI::ArgumentMismatch& e) {
    const std::string text = e.what(); // the flag and a colon come first
    throw invalid(
        {text.substr(0, text.find(':')) + ": a value is needed" + see_help});
  } catch (const CLI::ParseError& e) {
    throw invalid({std::string{e.what()} + see_help});
  }
  for (const auto& [name, value] : switches)
    if (!value.empty())
      values_[name] = {value};
  const auto extras = app.remaining();
  for (std::size_t i = 0; i < extras.size(); ++i) {
    problems_.push_back(unknown_word(extras[i]));
    const bool may_have_value =
        extras[i].starts_with('-') && extras[i].find('=') == std::string::npos;
    if (may_have_value && i + 1 < extras.size() &&
        !extras[i + 1].starts_with('-'))
      ++i; // the value of an unknown flag
  }
}

std::optional<given> command_line::find(const std::string& flag) const {
  if (const auto& values = values_.at(flag); !values.empty()) {
    std::string joined;
    for (const auto& v : values)
      joined += (joined.empty() ? "" : ",") + v;
    return given{"--" + flag, joined};
  }
  std::vector<std::string> variables{environment_name(flag)};
  if (flag == "betanet.url")
    variables.emplace_back("BETANET_URL");
  for (const auto& v : variables)
    if (const auto value = environment_value(v))
      return given{v, *value};
  return {};
}

bool command_line::is_set(const std::string& flag,
                          std::vector<std::string>& problems) const {
  const auto value = find(flag);
  try {
    return value && parse_switch(value->value);
  } catch (const std::invalid_argument& e) {
    problems.push_back(value->place + ": " + e.what());
    return false;
  }
}

} // namespace betanet::config
