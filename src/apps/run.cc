// `estoc run MODEL [PROMPT]`: one answer to an argument or to standard input, or a chat with history in the terminal.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <deque>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/line_input.h"
#include "apps/load_models.h"
#include "apps/process_options.h"
#include "apps/question.h"
#include "apps/read_settings.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/mutex.h"
#include "tokenizer/stream.h"

namespace estoc {
namespace {

// Set by Ctrl-C: ends the answer that is being written, or the program when none is.
std::atomic<bool> is_interrupted{false};

void on_interrupt(int signal) {
  if (is_interrupted.exchange(true)) ::_exit(kExitBySignal + signal);  // asked twice: at once
}

void install_interrupt_handler() {
  struct sigaction action{};
  action.sa_handler = on_interrupt;  // no SA_RESTART: a read of the next line must wake up
  sigaction(SIGINT, &action, nullptr);
}

// Events from the engine thread to this one.
class Mailbox {
 public:
  void put(Event&& event) {
    const MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    filled_.notify_one();
  }
  // The next event, or nothing after a while (so that the caller can look at Ctrl-C).
  std::optional<Event> take() {
    MutexLock lock(mutex_);
    filled_.wait_for(lock, std::chrono::milliseconds(50), [this]() REQUIRES(mutex_) { return !events_.empty(); });
    if (events_.empty()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  Mutex mutex_;
  Condition filled_;
  std::deque<Event> events_ GUARDED_BY(mutex_);
};

std::vector<TokenId> prompt_tokens(const PromptBuilder& prompts, const Json& messages) {
  if (prompts.has_template()) return prompts.encode(prompts.render({.messages = messages, .variables = {}}));
  return prompts.encode(messages.as_array().back().find("content")->as_string());  // a base model goes on with a text
}

struct Answer {
  std::string text;
  Event last;
};

using Constraint = std::shared_ptr<const TokenConstraint>;

// Null where answers may be any text.
Constraint compile_constraint(Served& served, const RunOptionValues& options) {
  const auto source = read_constraint_options(options.constraint);
  return source ? served.constraints->get(*source) : nullptr;
}

// Generates and prints one answer as it comes.
Answer answer(Served& served, const RunOptionValues& options, const Constraint& constraint, const Json& messages) {
  Request request;
  request.prompt = prompt_tokens(*served.checkpoint.prompts, messages);
  const int room = served.engine->config().context - static_cast<int>(request.prompt.size());
  request.tokens_max = options.tokens_max > 0 ? options.tokens_max : std::max(1, room);
  request.end_tokens = served.checkpoint.defaults.end_tokens;
  request.sampling.temperature = static_cast<float>(options.temperature);
  request.sampling.top_p = static_cast<float>(options.top_p);
  request.sampling.seed = options.seed;

  request.constraint = constraint;

  Mailbox mailbox;
  TokenStream stream(*served.checkpoint.tokenizer);
  if (constraint != nullptr) stream.continue_after(request.prompt);  // it is all there, a blank in front included
  Answer result;
  const auto say = [&](const std::string& text) {
    result.text += text;
    write_output(text);
  };
  const SubmitResult submitted =
      served.engine->submit(std::move(request), [&](Event&& event) { mailbox.put(std::move(event)); });
  if (submitted.status != SubmitStatus::accepted) fail(ErrorCode::internal, "the engine takes no requests any more");
  const RequestId id = submitted.id;
  for (bool is_cancelled = false;;) {
    if (is_interrupted && !is_cancelled) {
      served.engine->cancel(id);
      is_cancelled = true;
    }
    std::optional<Event> event = mailbox.take();
    if (!event) continue;
    if (event->token && !event->is_stop_token) say(stream.push(*event->token));
    if (!event->finish) continue;
    say(stream.finish());
    write_output("\n");
    if (!event->error.empty()) fail(ErrorCode::internal, "{}", event->error);
    result.last = std::move(*event);
    return result;
  }
}

Json message(const char* role, const std::string& content) {
  Json value;
  value.set("role", role);
  value.set("content", content);
  return value;
}

void print_speed(const Event& last) {
  const RequestTimes& times = last.times;
  const bool is_terminal = ::isatty(STDERR_FILENO) == 1;  // dim text there, plain text in a file
  write_note(fmt::format("{}[{} prompt tokens in {:.2f} s, {} tokens at {:.1f} a second]{}\n",
                         is_terminal ? "\033[2m" : "", last.prompt_tokens, times.prefill_s, last.output_tokens,
                         last.output_tokens > 1 ? (last.output_tokens - 1) / times.decode_s : 0.0,
                         is_terminal ? "\033[0m" : ""));
}

void chat(Served& served, const RunOptionValues& options, const Constraint& constraint, Json messages) {
  const Json start = messages;
  // Where the person sees it: answers alone go into a file.
  const bool is_screen = ::isatty(STDOUT_FILENO) == 1;
  const auto tell = [&](const std::string& text) { is_screen ? write_output(text) : write_note(text); };
  tell(fmt::format("{}: type a message; /clear forgets, /exit or Ctrl-D leaves, Ctrl-C stops an answer.\n",
                   served.name));
  if (!served.checkpoint.prompts->has_template()) {
    tell("It has no chat template: it goes on with each text and knows none before.\n");
  }
  LineInput input(is_screen ? stdout : stderr, "> ");
  while (std::optional<std::string> line = input.read()) {
    is_interrupted = false;
    if (line->empty()) continue;
    if (*line == "/exit" || *line == "/quit") break;
    if (*line == "/clear") {
      messages = start;
      continue;
    }
    messages.push_back(message("user", *line));
    try {
      check_text(*line, "message");
      Answer reply = answer(served, options, constraint, messages);
      messages.push_back(message("assistant", reply.text));
      print_speed(reply.last);
    } catch (const Error& error) {  // too long, say: the chat goes on without this turn
      write_note(fmt::format("estoc: {}\n", error.what()));
      messages.as_array().pop_back();
    }
    is_interrupted = false;
  }
}

// From here on Ctrl-C ends the program, also while it still writes packed weights.
void remove_interrupt_handler() { ::signal(SIGINT, SIG_DFL); }

}  // namespace

int run(const RunOptionValues& options) {
  const NamedModel model = named_model(options.model);  // a wrong name is told before somebody has typed a question
  check_text(options.system, "--system");
  const std::optional<std::string> question = read_question(options.prompt);
  apply_process_options(options);
  const Runtime runtime = load_models(read_runtime_settings(options), {read_model_settings(model, options)});
  Served& served = runtime.first();
  if (!served.rounded.empty()) write_note(fmt::format("estoc: {}\n", served.rounded));
  if (!options.system.empty() && !served.checkpoint.prompts->has_template()) {
    fail(ErrorCode::invalid_argument, "--system: {} has no chat template to put it in", served.name);
  }
  const Constraint constraint = compile_constraint(served, options);
  install_interrupt_handler();
  Json messages{Json::Array{}};
  if (!options.system.empty()) messages.push_back(message("system", options.system));
  if (question) {
    messages.push_back(message("user", *question));
    answer(served, options, constraint, messages);
  } else {
    chat(served, options, constraint, std::move(messages));
  }
  remove_interrupt_handler();
  return question && is_interrupted ? kExitBySignal + SIGINT : kExitDone;
}

}  // namespace estoc
