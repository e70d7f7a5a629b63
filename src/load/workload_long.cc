// `long`: a document of about 1,500 words in several parts, then a task.
#include "load/passage.h"
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr int kDocumentWords = 1430, kPartWords = 290;

constexpr std::string_view kOpenings[] = {
    "{person} of {company} put the following file together for {reader}; it has several parts by different hands.",
    "{town} keeps a folder about {project}, and these pages are copied from it as they were on {date}.",
    "{date}: bundle number {1000..9999}, received from {person}, {trade}, and not yet read by anyone here.",
    "{^place} had to be cleared by {weekday}, and {person} typed up whatever was still legible.",
    "{company} will be asked about these pages by {reader}, so they need to be understood before {month}.",
    "{first} and {person} disagree about what these papers say. Here they are, without comments.",
};

constexpr std::string_view kTasks[] = {
    "Summarise every part in two sentences, then say in one sentence what connects them, if anything does.",
    "Make a table of all dates and times with what happened then, and list at the end which of them contradict each "
    "other.",
    "Write a {mood} report of about {120..200} words for {reader} who has not seen any of this.",
    "Which part is the least reliable? Give {3..5} reasons that point at particular sentences.",
    "Collect every amount of money, add up what can be added, and explain what cannot.",
    "Draft {4..7} questions for {person}, ordered so that the answer to each decides whether the next one is needed.",
    "Name the {3..6} decisions that were made, who made them, and which one you would undo first.",
    "Compare the first part with the last one: what is told, what is left out, and for whom each was written.",
    "Write the minutes of a meeting at which these papers are discussed by {person}, {person} and {person}.",
    "Explain in the voice of a {mood} {trade} what should be done by {weekday}, and by whom.",
};

std::string compose(Draw& draw) {
  Phrases phrases(draw);
  std::string text = phrases.one_of(kOpenings);
  text += "\n\n" + chapters(draw, kDocumentWords, kPartWords) + "\n\n";
  return text + phrases.one_of(kTasks);
}

}  // namespace

std::unique_ptr<Workload> long_workload(const WorkloadOptions& options) {
  return make_prompt_workload({"long", compose, 128}, options);
}

}  // namespace estoc
