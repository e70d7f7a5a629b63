// `multi-turn`: chats of four to six turns with pauses, as somebody reads, thinks and asks on.
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr int kTurnsMin = 4, kTurnsMax = 6;
constexpr int kThinkTenthsMin = 10, kThinkTenthsMax = 50;  // of a second
constexpr int kOutputTokens = 64;

struct Scenario {
  std::string_view system;  // a server sees each of them again and again
  std::string_view opening;
  std::string_view follow_ups[6];
};
constexpr Scenario kScenarios[] = {
    {"You are the assistant of a small travel agency. Answer in plain words and short paragraphs, give prices only "
     "when you were told them, ask at most one question at a time, and say so when you do not know something.",
     "{^#guest:reader} and I want to spend {#days:2..9} days in {#town} around {date}. We like {topic}, cannot walk "
     "more than {2..9} kilometres a day, and have about {200..900} euros. What would you suggest for a start?",
     {"That sounds good. What would change if there is {weather} on the first {1..2} days?",
      "We would rather skip {place}. Is there something near {#town} that has to do with {thing} instead?",
      "{person} told us about an inn where they serve {food} with {food}. How could we fit an evening there into the "
      "plan?",
      "One of us must be back on {weekday} before {10..17} o'clock. Which part do we drop?",
      "Please write the whole plan again, one line for each half day, so that I can send it to {person}.",
      "What should be in one bag for {#days:2..9} days, if it may weigh at most {6..12} kilograms?"}},
    {"You help people to cook at home. Use amounts in grams and millilitres, mention allergens that a dish contains, "
     "keep each answer under a hundred words unless a full recipe is asked for, and never assume special equipment.",
     "On {weekday} I am cooking for {#people:4..14} people, among them {#guest:person} who eats no {#taboo:food}. I "
     "have {food}, {food} and {food} at home and an oven from {1971..1999}. What could the main course be?",
     {"How much of everything do I need for {#people:4..14}, and what can I do on the day before?",
      "{#guest:person} now brings {1..3} children. What do I change without going shopping again?",
      "My oven gets no hotter than {160..190} degrees. Does that still work, and how much longer does it take?",
      "I forgot to say that there is only one pan of {20..28} centimetres. In which order should I do things?",
      "Suggest a dessert with {food} that contains no {#taboo:food} either and needs under {15..40} minutes.",
      "Write the time plan from {14..16} o'clock until dinner at {18..20} o'clock, in steps of half an hour."}},
    {"You are a patient tutor. Do not give the solution at once: find out what the student understands already, offer "
     "the next small step, praise what was right, and check the result with the student at the end.",
     "I have a test about {#subject:topic} on {weekday} and I have read the chapter {2..4} times without understanding "
     "it. The book is by {person}, and I know a little about {topic}. Can we begin with the most important idea?",
     {"I think I see. Is it a bit like {thing} that you cannot put back, or is that a wrong picture?",
      "Then why does the book say that {#subject:topic} would not exist without {topic}?",
      "Ask me {1..3} questions about it, please, and do not tell me the answers yet.",
      "My answers: yes, because of the heat; about {10..90} percent; and I do not know the last one. What was right?",
      "Can you give me an example that a {trade} in {town} would meet at work?",
      "What are the {3..5} sentences that I should remember tomorrow morning?"}},
    {"You support users of an office program. First restate the problem in one sentence, then list what to try from "
     "the easiest to the hardest, and tell the user how to recognise that a step has worked.",
     "Since {date} {#app:software} of {company} shows {#count:3..90} {#what:field} twice. I am a {trade}, no "
     "programmer, and {person} who set it up has left. What should I look at first?",
     {"I did that. It now says that there was {cause}, whatever that means. Is it dangerous?",
      "There are {2..6} files with nearly the same name, the newest from {weekday}. Which one counts?",
      "It worked for {5..50} minutes and then the same {#what:field} came back. What does that tell you?",
      "Could {#app:software} have done this because of {weather}? The lights went out for a moment.",
      "Please write down for {person} what we found so far, in at most {60..120} words and without blaming anyone.",
      "How can I notice earlier when this happens again? I can look at it once every {2..8} hours."}},
    {"You are an editor who works with writers on short stories. Keep the writer's voice, write only as much as was "
     "asked for, prefer concrete nouns to adjectives, and give a reason whenever you suggest that something be cut.",
     "I am writing a story that begins in {#place} in {#town} during {weather}. The main person is a {#hero:trade} "
     "called {#name:person} who finds {thing}. Could you write the first {3..6} sentences in a {mood} tone?",
     {"I like it, but {#name:person} would never talk like that. Make the second half more {mood}.",
      "Now a {animal} should appear, and it must matter later. Where would you put it?",
      "Who is {person}, and why has a {#hero:trade} in {#town} been afraid of that name for {3..30} years?",
      "Write the scene in {place} where the two meet, with at most {80..150} words and only {2..4} spoken sentences.",
      "That gives away too much. Which {2..3} sentences can go without losing the sense?",
      "Suggest {3..6} titles and tell me which one you would not choose."}},
    {"You advise clubs and small councils. Separate what is known from what is claimed, name the numbers that are "
     "missing, stay neutral between the people involved, and keep every answer short enough to be read aloud.",
     "Our club has to decide about {#what:project}. {person} says it costs {20..90} thousand, {person} says half of "
     "that, and the offer of {#firm:company} is from {2015..2023}. I must speak for {3..9} minutes on {weekday}. Help "
     "me to order my thoughts.",
     {"The strongest objection will be that {#what:project} is closed from {month} to {month}. How do I answer it?",
      "I found the bill of {1998..2014}: {4..19} thousand, paid to {company}. Does that help me or harm me?",
      "Write me an opening of {2..4} sentences that does not mention money.",
      "Somebody will propose to ask {#firm:company} again. What speaks for and against that?",
      "Make it {mood}, because {person} will be there and has not forgotten last year.",
      "Give me the whole speech as {6..10} notes of a few words that fit on one card."}},
};

constexpr std::string_view kMoreFollowUps[] = {
    "What would {person}, a {trade}, say about your last answer?",
    "Say the same again for {reader}, in half the words.",
    "Is there anything in what you said that depends on {topic}?",
    "And if {company} says no before {weekday}?",
    "Which of these points would you leave out first, and why?",
    "I will ask {person} in {town}. What should I bring?",
};

class MultiTurnWorkload final : public Workload {
 public:
  explicit MultiTurnWorkload(const WorkloadOptions& options)
      : seed_(options.seed),
        turns_(options.turns),
        output_tokens_(options.output_tokens > 0 ? options.output_tokens : kOutputTokens) {}

  Conversation next() override {
    Draw draw(conversation_seed(seed_, "multi-turn", count_++));
    Phrases phrases(draw);
    const Scenario& scenario = draw.one_of(kScenarios);
    Conversation result{.category = "multi-turn", .system = std::string(scenario.system), .turns = {}, .at_s = {}};
    const int turns = turns_ > 0 ? turns_ : draw.between(kTurnsMin, kTurnsMax);
    result.turns.push_back({.text = phrases.fill(scenario.opening), .output_tokens = output_tokens_, .think_s = 0});
    for (int turn = 1; turn < turns; ++turn) {
      const auto next = static_cast<size_t>(turn) - 1;
      const std::string_view pattern =
          next < std::size(scenario.follow_ups) ? scenario.follow_ups[next] : draw.one_of(kMoreFollowUps);
      result.turns.push_back({.text = phrases.fill(pattern),
                              .output_tokens = output_tokens_,
                              .think_s = draw.between(kThinkTenthsMin, kThinkTenthsMax) / 10.0});
    }
    return result;
  }

 private:
  uint64_t seed_;
  int turns_;
  int output_tokens_;
  uint64_t count_ = 0;
};

}  // namespace

std::unique_ptr<Workload> multi_turn_workload(const WorkloadOptions& options) {
  return std::make_unique<MultiTurnWorkload>(options);
}

}  // namespace estoc
