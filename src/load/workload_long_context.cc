// `long-context`: about 5,500 words with a few facts hidden in them, then a question about one of the facts. With the
// common vocabularies and an answer that still fits a context of 8,192 tokens.
#include <vector>

#include "load/passage.h"
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr int kDocumentWords = 5400, kPartWords = 450;

struct HiddenFact {
  std::string_view fact, question;
};
constexpr HiddenFact kFacts[] = {
    {"A note in the margin says that the key to {#place} is kept behind loose brick number {#brick:11..98}.",
     "Behind which loose brick is the key to {#place} kept?"},
    {"In pencil somebody added: the safe of {#company} opens with {#code:1000..9999}, never on a {#weekday}.",
     "With which number does the safe of {#company} open, and on which day does it not?"},
    {"{#person}, and nobody else, was told that the {#animal} in the painting stands for {#town}.",
     "Who was told what the {#animal} in the painting stands for?"},
    {"The true length of {#project} was written here and crossed out again: {#length:210..980} ells.",
     "Which length of {#project} was written down and crossed out again?"},
    {"By an old promise {#heir:person} receives {#share:3..29} sacks of {#food} every {#month}.",
     "How many sacks of {#food} does {#heir:person} receive, and in which month?"},
};

// Puts each line between two paragraphs, at a place of the draw's choosing.
void hide(std::string& text, const std::vector<std::string>& lines, Draw& draw) {
  for (const std::string& line : lines) {
    size_t at = text.find("\n\n", draw.below(text.size()));
    if (at == text.npos) at = text.rfind("\n\n");
    text.insert(at, "\n\n" + line);
  }
}

std::string compose(Draw& draw) {
  std::vector<std::string> facts, questions;
  for (const HiddenFact& one : kFacts) {
    Phrases phrases(draw);
    facts.push_back(phrases.fill(one.fact));
    questions.push_back(phrases.fill(one.question));
  }
  std::string text = chapters(draw, kDocumentWords, kPartWords);
  hide(text, facts, draw);
  text.insert(0, Phrases(draw).fill("{town}, {date}. Papers of {person}, {trade}, to be read in full.\n\n"));
  return text + "\n\nAnswer from the papers above and in one sentence: " + draw.one_of(questions);
}

}  // namespace

std::unique_ptr<Workload> long_context_workload(const WorkloadOptions& options) {
  return make_prompt_workload({"long-context", compose, 64}, options);
}

}  // namespace estoc
