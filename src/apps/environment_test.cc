#include "apps/environment.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "apps/command_line.h"
#include "base/error.h"

namespace estoc {
namespace {

using Words = std::vector<std::string>;

// Every command, with what it needs beside flags.
const Words kCommands[] = {{"serve", "m"},           {"run", "m"},       {"show", "m"},
                           {"perplexity", "m", "f"}, {"tokenize", "m"},  {"bench", "kernels"},
                           {"bench", "model", "m"},  {"bench", "serve"}, {"bench", "report", "f"}};

// A command line that was parsed; what the environment made of it.
class Parsed {
 public:
  Parsed(const Words& command, const Words& flags, const Environment& environment) {
    Words words = {"estoc"};
    words.insert(words.end(), command.begin(), command.end());
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    EXPECT_EQ(line_.parse(static_cast<int>(argv.size()), argv.data(), environment), std::nullopt);
  }

  const CLI::App& command() {
    const CLI::App* found = &line_.app();
    while (!found->get_subcommands().empty()) found = found->get_subcommands().front();
    return *found;
  }
  Words results(const std::string& flag) { return command().get_option(flag)->results(); }
  const Words& warnings() const { return line_.warnings(); }

 private:
  CommandLine line_;
};

struct Flag {
  std::string name, variable, good;
  std::string bad;  // empty: any text is good, or what is wrong with it is found later
  bool is_switch = false;

  Words typed() const { return is_switch ? Words{name} : Words{name, good}; }
};

Flag flag_of(const CLI::Option& option) {
  static const std::map<std::string, std::string> kGood = {{"--isa", "scalar"},
                                                           {"--kv-memory", "1G"},
                                                           {"--extra", "{}"},
                                                           {"--url", "http://127.0.0.1:1"},
                                                           {"--allow-host", "a.example"},
                                                           {"--allow-origin", "http://a.example"}};
  Flag flag{.name = option.get_name(), .variable = variable_of(option)};
  flag.is_switch = option.get_items_expected_max() == 0;
  const auto special = kGood.find(flag.name);
  flag.good = flag.is_switch                               ? "true"
              : special != kGood.end()                     ? special->second
              : !option.get_default_str().empty()          ? option.get_default_str()
              : option.get_type_name().starts_with("TEXT") ? "text"
                                                           : "1";
  if (flag.is_switch || option.get_type_name() != "TEXT") flag.bad = "no such value";
  return flag;
}

std::vector<Flag> flags_of(const Words& command) {
  std::vector<Flag> flags;
  Parsed parsed(command, {}, {});
  for (const CLI::Option* option : parsed.command().get_options()) {
    if (!variable_of(*option).empty()) flags.push_back(flag_of(*option));
  }
  return flags;
}

template <typename Each>
void for_each_flag(Each&& each) {
  for (const Words& command : kCommands) {
    for (const Flag& flag : flags_of(command)) {
      SCOPED_TRACE(command[0] + " " + flag.name);
      each(command, flag);
    }
  }
}

std::string refusal(const Words& command, const Environment& environment) {
  try {
    const Parsed parsed(command, {}, environment);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
}

TEST(Environment, EveryFlagHasAVariable) {
  int count = 0;
  for_each_flag([&](const Words& command, const Flag& flag) {
    ++count;
    Parsed parsed(command, {}, {{flag.variable, flag.good}});
    EXPECT_EQ(parsed.results(flag.name), Words{flag.good});
    EXPECT_TRUE(parsed.warnings().empty());
  });
  EXPECT_GT(count, 100);
}

TEST(Environment, ABadValueNamesTheVariable) {
  int count = 0;
  for_each_flag([&](const Words& command, const Flag& flag) {
    if (flag.bad.empty()) return;
    ++count;
    const std::string sentence = refusal(command, {{flag.variable, flag.bad}});
    EXPECT_TRUE(sentence.starts_with(flag.variable + ": 'no such value' is no value for " + flag.name)) << sentence;
  });
  EXPECT_GT(count, 60);
}

TEST(Environment, TheCommandLineWinsOverAnyVariable) {
  for_each_flag([&](const Words& command, const Flag& flag) {
    Parsed parsed(command, flag.typed(), {{flag.variable, flag.bad.empty() ? "other" : flag.bad}});
    EXPECT_EQ(parsed.results(flag.name), Words{flag.good});
  });
}

TEST(Environment, AnEmptyVariableIsNone) {
  for_each_flag([&](const Words& command, const Flag& flag) {
    EXPECT_TRUE(Parsed(command, {}, {{flag.variable, ""}}).results(flag.name).empty());
  });
}

TEST(Environment, ServiceLinksAreIgnoredWithAWarning) {
  for_each_flag([&](const Words& command, const Flag& flag) {
    for (const std::string scheme : {"tcp", "udp", "sctp"}) {
      Parsed parsed(command, {}, {{flag.variable, scheme + "://10.96.0.7:8000"}});
      EXPECT_TRUE(parsed.results(flag.name).empty());
      ASSERT_EQ(parsed.warnings().size(), 1u);
      EXPECT_TRUE(parsed.warnings()[0].starts_with(flag.variable + "=" + scheme + "://10.96.0.7:8000 is ignored"));
    }
  });
}

TEST(Environment, VariablesOfOtherCommandsDoNotCount) {
  Environment all;
  for_each_flag([&](const Words&, const Flag& flag) { all.emplace(flag.variable, "tcp is no value of anything"); });
  for (const Words& command : kCommands) {
    Environment others = all;
    for (const Flag& flag : flags_of(command)) others.erase(flag.variable);
    EXPECT_FALSE(others.empty());
    EXPECT_TRUE(Parsed(command, {}, others).warnings().empty());
  }
}

TEST(Environment, AFlagThatExcludesAnotherWinsOverItsVariable) {
  Parsed parsed({"bench", "serve"}, {"--users", "3"}, {{"ESTOC_RATE", "2"}});
  EXPECT_TRUE(parsed.results("--rate").empty());
}

TEST(Environment, VariablesThatNobodyHasAreToldOf) {
  const Parsed parsed({"show", "m"}, {}, {{"ESTOC_CACHE", "/tmp"}, {"ESTOC_TREADS", "2"}});
  EXPECT_EQ(parsed.warnings(), Words{"ESTOC_TREADS is ignored: no flag has this variable"});
}

TEST(Environment, WhatKubernetesSetsIsNotToldOf) {
  const Environment links = {{"ESTOC_SERVICE_HOST", "10.96.0.7"},       {"ESTOC_SERVICE_PORT", "8000"},
                             {"ESTOC_SERVICE_PORT_HTTP", "8000"},       {"ESTOC_PORT_8000_TCP", "tcp://10.96.0.7:8000"},
                             {"ESTOC_PORT_8000_TCP_PROTO", "tcp"},      {"ESTOC_PORT_8000_TCP_PORT", "8000"},
                             {"ESTOC_PORT_8000_TCP_ADDR", "10.96.0.7"}, {"ESTOC_CHAT_SERVICE_HOST", "10.96.0.8"},
                             {"ESTOC_CHAT_PORT", "tcp://10.96.0.8:80"}, {"ESTOC_CHAT_PORT_80_UDP_ADDR", "10.96.0.8"}};
  for (const Words& command : kCommands) EXPECT_TRUE(Parsed(command, {}, links).warnings().empty()) << command[0];
  Environment with_port = links;
  with_port["ESTOC_PORT"] = "tcp://10.96.0.7:8000";
  EXPECT_EQ(Parsed({"serve", "m"}, {}, with_port).warnings().size(), 1u);
  EXPECT_TRUE(Parsed({"show", "m"}, {}, with_port).warnings().empty()) << "it has no such flag";
}

TEST(Environment, SentencesNameWhereTheValueCameFrom) {
  const Environment used = {{"--isa", "ESTOC_ISA"}, {"-p", "ESTOC_N_PROMPT"}};
  EXPECT_EQ(blame_variable("--isa: 'x' is unknown", used), "ESTOC_ISA: 'x' is unknown");
  EXPECT_EQ(blame_variable("-p: 'x' is no list", used), "ESTOC_N_PROMPT: 'x' is no list");
  EXPECT_EQ(blame_variable("--isa: 'x' is unknown", {}), "--isa: 'x' is unknown");
  EXPECT_EQ(blame_variable("model.gguf: is empty", used), "model.gguf: is empty");
  EXPECT_EQ(blame_variable("--isa", used), "--isa");
}

}  // namespace
}  // namespace estoc
