// `short`: one question of 20 to 40 words.
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr std::string_view kQuestions[] = {
    "How would you explain {topic} to {reader} in at most {3..7} sentences, without any numbers and with one example "
    "from a kitchen or a garden?",
    "I have {food}, {food} and {food} left, {20..50} minutes and one pan. What can I cook for {2..6} people, and what "
    "should I do first?",
    "Which is the better present for a {trade} of {28..67} who lives in {town}: {product} or {product}? Give me two "
    "reasons and one honest doubt.",
    "Write a {mood} text message of at most {25..50} words to {person}, telling them that our meeting about {project} "
    "moves from {weekday} to {weekday}.",
    "What are {3..6} questions that I should ask {company} before I sign a contract for {product} with a term of "
    "{12..48} months?",
    "Suggest {4..9} names for a small shop in {town} that repairs {thing} and sells {food}, and say in a few words why "
    "each could work.",
    "My neighbour says that {topic} and {topic} have nothing in common. Is that true? Please answer in {2..5} "
    "sentences that {reader} would enjoy.",
    "A {animal} has moved into {place} behind our house in {town}. What should I do in {month}, and whom should I call "
    "if it stays?",
    "Give me a plan for {2..4} rainy days in {town} with {reader}: one thing for each morning, one for each afternoon, "
    "and nothing that costs over {10..45} euros.",
    "Translate into {language} and keep the {mood} tone: 'The {trade} will come on {weekday} before {8..11} o'clock, "
    "so please clear {place} and keep the {animal} inside.'",
    "How do I remove {thing} from {place} without hiring anyone, and how long will it take {2..5} people who have only "
    "ever used a hammer?",
    "What did people believe about {topic} around {1650..1900}, and which {2..4} observations changed their minds? "
    "Keep it short enough for {reader}.",
    "Please rewrite this so that it sounds {mood}: 'Your order of {2..90} {noun}s from {company} is late since "
    "{weather} stopped the truck near {town}.'",
    "I am a {trade} and want to become a {trade} at {30..58}. Which {2..4} of my skills carry over, and what would I "
    "have to learn from scratch?",
    "List {3..8} common mistakes people make when they store {food} and {food} for the winter, with a fix of one line "
    "for each of them.",
    "Who should pay when {product} that {person} lent to {person} breaks during {weather}? Argue for both sides in "
    "{2..3} sentences each, then decide.",
    "Compose the first {4..8} lines of a story that begins in {place} during {weather}, in which a {trade} finds "
    "{thing} that should not be there.",
    "What is the difference between {topic} and {topic} as far as a {trade} needs to know it at work on an ordinary "
    "{weekday}?",
    "My daughter of {6..15} asked whether {topic} would still exist without people. How can I answer so that she asks "
    "a better question next?",
    "Make a shopping list for {4..30} guests who eat {food} and {food} but no {food}, with amounts, and mark what can "
    "be bought before {weekday}.",
    "Is it worth repairing {product} bought from {company} in {2009..2022} if the part costs {30..190} euros and a new "
    "one costs {200..900}?",
    "Describe {town} as a travel guide would after {weather}, in {40..90} words, mentioning {place}, the smell of "
    "{food} and one {animal}.",
    "Draft a {mood} answer to a review that gives our {trade} {1..3} stars because {product} arrived with {thing} in "
    "the box instead of the manual.",
    "Name {2..5} proverbs about patience from different countries and tell me which one fits a {trade} who has waited "
    "{2..11} weeks for {thing}.",
    "How many {food} dishes can I prepare on {weekday} evening so that they still taste good on {weekday}? I have "
    "{2..5} hours and a small fridge.",
    "What would {person}, a {mood} {trade} from {town}, say in a speech of {30..80} words when {project} is finally "
    "opened in {month}?",
    "Explain the joke, if there is one: a {animal} walks into {place} and asks the {trade} for {food}, but it is only "
    "{weekday}.",
    "Which {3..5} documents do I need to bring when I register {product} in {town}, and what happens if I come {2..20} "
    "days late?",
    "Turn these notes into one clear sentence: {company}, {date}, {3..80} {field}, {person} unhappy, {thing} missing, "
    "answer before {weekday}.",
    "Should a school in {town} teach {topic} before {topic}? Answer with yes or no first and then give {2..4} reasons "
    "that {reader} would accept.",
    "I heard {weather} is good for {food}. What is behind that, and does it also hold for {food} that grows in "
    "{place}?",
    "Give {reader} a riddle whose solution is a {animal}, with {3..6} lines, and then a second one that is harder and "
    "is about {thing}.",
};

std::string compose(Draw& draw) { return Phrases(draw).one_of(kQuestions); }

}  // namespace

std::unique_ptr<Workload> short_workload(const WorkloadOptions& options) {
  return make_prompt_workload({"short", compose, 64}, options);
}

}  // namespace estoc
