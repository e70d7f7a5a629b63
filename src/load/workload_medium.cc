// `medium`: about 200 words, a text of somebody's and what is to be done with it.
#include "load/passage.h"
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr int kPassageWords = 150;

// Prompts differ within their first words, so that a prefix cache finds no more of them than it would of real ones.
constexpr std::string_view kOpenings[] = {
    "{person}, {trade} in {town}, sent me this on {date} and wants an answer by {weekday}.",
    "{town}, {date}. This came from {person} at {company}, who works there as a {trade}.",
    "On {date} {person} read the following aloud at {place}, and {2..40} people had questions afterwards.",
    "{company} gave us this text about {project}; it was written by a {trade} called {person}.",
    "For a talk on {topic} in {month} I collected this piece by {person}, a {trade} from {town}.",
    "{weekday} evening, {town}: my colleague {person} found these lines in a box with {thing}.",
    "{first} asked me, as a {trade} and as a friend, to go over what follows before {reader} sees it.",
    "{^place} was full when {person} handed out this page on {date}, and it has been on my desk since.",
};

constexpr std::string_view kTasks[] = {
    "Summarise it in {2..4} sentences for {reader}, and end with the one thing that has to be decided next.",
    "Write a {mood} reply of about {60..120} words that thanks the author, corrects nothing and asks two precise "
    "questions.",
    "List every person and place it names, in the order they appear, with a few words on what each has to do with the "
    "rest.",
    "Which {2..4} statements here could be checked by a phone call, and whom would you call for each of them?",
    "Rewrite the first half in a {mood} tone and the second half as plain notes, keeping all numbers exactly as they "
    "are.",
    "Tell me what is missing: name {3..5} facts that {reader} would need before they could agree or disagree.",
    "Find a title of at most {5..9} words and a subtitle of one sentence, then explain why you left out {topic}.",
    "Turn it into a list of tasks with a person and a day for each, and mark those that cannot wait for better "
    "weather.",
    "Say whether the author sounds {mood} or {mood}, and quote the words that made you think so.",
    "Translate the last two sentences into {language} and explain one choice that was hard to make.",
    "Write the next paragraph, in the same voice, in which {person} arrives with {thing} and an unexpected invoice.",
    "Estimate what all of this costs in money and in hours, say how sure you are, and show the steps of your "
    "reasoning.",
};

std::string compose(Draw& draw) {
  Phrases phrases(draw);
  std::string text = phrases.one_of(kOpenings);
  text += "\n\n" + passage(draw, kPassageWords) + "\n\n";
  return text + phrases.one_of(kTasks);
}

}  // namespace

std::unique_ptr<Workload> medium_workload(const WorkloadOptions& options) {
  return make_prompt_workload({"medium", compose, 64}, options);
}

}  // namespace estoc
