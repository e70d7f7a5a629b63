#include "apps/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "base/error.h"

namespace estoc {
namespace {

constexpr std::string_view kPrefix = "ESTOC_";
// Variables that are no flags.
constexpr std::string_view kOthers[] = {"ESTOC_CACHE"};

bool is_service_link(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

// Those of Kubernetes whose value does not tell: ESTOC_SERVICE_HOST, ESTOC_SERVICE_PORT_HTTP, ESTOC_PORT_8000_TCP_ADDR,
// and the same of services whose names go on after "estoc".
bool is_of_kubernetes(std::string_view variable) {
  const auto has = [&](std::string_view part) { return variable.find(part) != std::string_view::npos; };
  const bool is_address = variable.ends_with("_PROTO") || variable.ends_with("_PORT") || variable.ends_with("_ADDR");
  return variable.ends_with("_SERVICE_HOST") || has("_SERVICE_PORT") ||
         (has("_PORT_") && (has("_TCP_") || has("_UDP_") || has("_SCTP_")) && is_address);
}

void collect_variables(const CLI::App& app, std::set<std::string>& variables) {
  for (const CLI::Option* option : app.get_options()) variables.insert(variable_of(*option));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect_variables(*command, variables);
  }
}

bool is_said_by_command_line(const CLI::Option& option) {
  const auto is_given = [](const CLI::Option* other) { return other->count() > 0; };
  const std::set<CLI::Option*> excluded = option.get_excludes();
  return is_given(&option) || std::any_of(excluded.begin(), excluded.end(), is_given);
}

void set_option(CLI::Option& option, const std::string& variable, const std::string& value) {
  const std::string name = option.get_name();
  try {
    option.add_result(value);
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    std::string reason = error.what();
    if (reason.starts_with(name + ": ")) reason.erase(0, name.size() + 2);
    fail(ErrorCode::invalid_argument, "{}: '{}' is no value for {}: {}", variable, value, name, reason);
  }
}

}  // namespace

Environment estoc_environment() {
  Environment found;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t end = text.find('=');
    if (end == std::string_view::npos || !text.starts_with(kPrefix)) continue;
    found.emplace(text.substr(0, end), text.substr(end + 1));
  }
  return found;
}

std::string variable_of(const CLI::Option& option) {
  if (option.get_lnames().empty() || !option.get_configurable()) return {};
  std::string variable(kPrefix);
  for (const char c : option.get_lnames().front()) variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return variable;
}

EnvironmentOutcome apply_environment(const CLI::App& app, CLI::App& command, const Environment& environment) {
  EnvironmentOutcome outcome;
  for (CLI::Option* option : command.get_options()) {
    const auto found = environment.find(variable_of(*option));
    if (found == environment.end() || found->second.empty() || is_said_by_command_line(*option)) continue;
    const auto& [variable, value] = *found;
    if (is_service_link(value)) {
      outcome.warnings.push_back(fmt::format(
          "{}={} is ignored: Kubernetes sets it for a service of that name; {} sets what it would mean here", variable,
          value, option->get_name()));
      continue;
    }
    set_option(*option, variable, value);
    for (const std::string& name : option->get_lnames()) outcome.used.emplace("--" + name, variable);
    for (const std::string& name : option->get_snames()) outcome.used.emplace("-" + name, variable);
  }
  std::set<std::string> known(std::begin(kOthers), std::end(kOthers));
  collect_variables(app, known);
  for (const auto& [variable, value] : environment) {
    if (known.contains(variable) || is_service_link(value) || is_of_kubernetes(variable)) continue;
    outcome.warnings.push_back(fmt::format("{} is ignored: no flag has this variable", variable));
  }
  return outcome;
}

std::string blame_variable(const std::string& sentence, const Environment& used) {
  const size_t end = sentence.find(": ");
  const auto found = used.find(sentence.substr(0, end));
  return end == std::string::npos || found == used.end() ? sentence : found->second + sentence.substr(end);
}

}  // namespace estoc
