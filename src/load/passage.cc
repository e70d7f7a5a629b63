#include "load/passage.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "load/phrases.h"

namespace estoc {
namespace {

using Sentences = std::string_view[];

constexpr Sentences kMinutes = {
    "The meeting of the {#town} council on {#project} opened at {17..19}:{10..55} with {7..23} members present and "
    "{#chair:person} in the chair.",
    "{person} reported that {3..48} of the {50..90} households asked had answered, most of them in favour of starting "
    "before {month}.",
    "{^person}, speaking as a {trade}, warned that the estimate of {12..95} thousand left nothing for repairs "
    "after {weather}.",
    "It was agreed, with {2..5} votes against, that {company} should be asked for a second offer that lists labour and "
    "material apart.",
    "A letter from {person} was read aloud; it complained that {place} had been closed for {2..9} weeks without a "
    "notice.",
    "{#chair:person} reminded everyone that the grant ends in {month} and that the last {10..40} percent are paid only "
    "after an inspection.",
    "The treasurer explained a difference of {100..980} between the ledger and the bank statement as an invoice of "
    "{company} booked twice.",
    "{person} proposed to store the {thing} in {place} until spring, which would save the rent of {40..190} a month.",
    "Nobody could say who had ordered the {thing}, and the question was put off until the clerk has found the delivery "
    "note.",
    "On the question of safety, {person} asked for a second lamp at {place}, because two people had stumbled there "
    "during {weather}.",
    "The school offered its hall on {weekday} evenings, provided that the chairs are back in place before the first "
    "lesson.",
    "Volunteers will paint the railings on {weekday} from {8..11} o'clock; {person} brings brushes and {food} for "
    "lunch.",
    "A map of the new route was shown, and {person} pointed out that it crosses the land of {2..5} owners who have not "
    "been asked.",
    "The next meeting is on {date}; until then {person} collects prices and {person} writes to the county about "
    "{#project}.",
};

constexpr Sentences kIncident = {
    "At {10..23}:{10..59} on {weekday} the monitoring of {#software} reported that {3..70} percent of calls took "
    "longer than {2..30} seconds.",
    "The engineer on duty, {#duty:person}, first suspected the network, because {company} had announced work on a line "
    "near {town}.",
    "After {5..50} minutes it was clear that the real reason was {cause}, which nobody had looked at since {month}.",
    "{#duty:person} restarted one of the {3..16} instances by hand, which helped for about {2..14} minutes and hid the "
    "pattern in the graphs.",
    "In that time {100..9800} {field} were accepted but not written, and {2..60} customers were charged twice.",
    "A dashboard showed green throughout, because its check asks for the start page only and never touches {software}.",
    "{person} from support noticed that all the complaints came from {town} and {town}, which share one data centre.",
    "The rollback took {4..45} minutes longer than planned, since the previous package had been removed to save disk "
    "space.",
    "We compared {200..900} {field} with the paper forms of that day and found {2..19} that differ in more than the "
    "time.",
    "{^#software} now refuses to start when the file is older than {2..12} hours, and says so in one sentence in the "
    "log.",
    "The test that should have caught this was switched off in {month} by a change that {person} and {person} both "
    "reviewed.",
    "Two of the alarms went to a list that {person} left last {month}; the list has two members, both on holiday.",
    "We will measure the queue of {#software} every {5..30} seconds and wake somebody when it holds more than "
    "{50..900} {field}.",
    "Customers at {company} were told on {weekday}; {person} offered them {2..10} percent off the next bill.",
};

constexpr Sentences kDiary = {
    "We left {#town} in {weather}, {3..9} of us with {2..5} carts, and reached {place} only after dark.",
    "{#guide:person}, who knows the road, walked ahead and counted {12..90} milestones, though the map promises fewer.",
    "At noon we ate {food} and {food} under a roof of {thing} while {person} mended the strap of a bag.",
    "A {animal} followed us for nearly {2..9} miles and would not be sent home, so {person} gave it a name.",
    "The inn asked {12..48} a night, which {#guide:person} called a robbery, and so we slept in {place} instead.",
    "I copied the inscription over the door: it names a {trade} called {person}, drowned in {1702..1899} within sight "
    "of his own house.",
    "Rain came in the night; the {thing} we had laid over the packs held, but the flour was spoiled.",
    "In {town} the market was nearly over, and for {2..9} coins we bought all the {food} that an old woman still had.",
    "{person} has a fever and rides on the cart, complaining less about the illness than about the {mood} way we "
    "drive.",
    "From the ridge we saw {town} for the first time, with smoke over {2..7} chimneys and the river as wide as a lake.",
    "{#guide:person} says that the ferry stopped in {month} and that the ferryman now works as a {trade} in {town}.",
    "I have {3..60} pages left and shall write smaller; today there is little to tell except {weather} and sore feet.",
    "A letter from {person} had waited at the post office since {month}, and everything that it asks of me is too "
    "late.",
    "We measured the old wall with a rope: {40..190} paces along the water and {20..80} up the hill, with {3..9} "
    "towers.",
};

constexpr Sentences kFarm = {
    "The season at {#farm:town} began {2..5} weeks late, after {weather} kept the tractors out of {place} until "
    "{month}.",
    "{#farmer:person} sowed {food} on {4..60} hectares, and for the first time left every {4..9}th row to clover.",
    "The soil samples taken near {place} showed {12..48} percent less moisture than in the same week of {2009..2023}.",
    "A pump from {company} failed twice in {month}, and for {2..6} days water was carried in {thing} by hand.",
    "Of the {40..400} young trees, {3..38} were lost to a {animal} that had learned to push the fence down.",
    "{person}, hired as a {trade}, turned out to understand bees better than anybody and now keeps {4..30} hives.",
    "Prices for {food} fell by {5..35} percent in {month}, just as the second truck was on its way to {town}.",
    "The trial with {food} between the rows gave {2..9} tonnes, little in weight but sold at three times the usual "
    "price.",
    "{#farmer:person} keeps a notebook in which every morning of {weather} since {1974..1999} has a line of its own.",
    "Neighbours from {town} helped with the harvest for {3..12} days and were paid in {food} and firewood.",
    "The new cooling room holds {8..50} pallets, but its door was made {3..15} centimetres too narrow for the "
    "forklift.",
    "An inspector came on {weekday} without a call, stayed {2..6} hours, and wrote {2..5} remarks about the {thing}.",
    "Next year half of {place} will be left as meadow, partly for the birds and partly because {#farmer:person} is "
    "{61..79} now.",
    "The cooperative has {20..90} members, who share {2..7} machines and one {mood} secretary called {person}.",
};

constexpr Sentences kMuseum = {
    "Room {2..19} shows {thing} from the workshop of {#maker:person}, who came to {#town} in {1690..1880} with {2..6} "
    "apprentices.",
    "The label calls the piece a gift, yet the ledger of {1881..1960} has it as bought from {company} for {12..900} "
    "crowns.",
    "Under the varnish the restorer {person} found a second signature, which may belong to a {trade} from {town}.",
    "Visitors like the mechanical {animal} best; it was wound daily until {1911..1970} and still turns its head on "
    "{weekday} afternoons.",
    "A fire in {month} {1870..1940} destroyed {3..40} crates in {place}, among them nearly all the drawings of "
    "{#maker:person}.",
    "What is left fills {2..9} drawers: bills, a recipe for {food}, and a long quarrel by letter with {person}.",
    "The case by the window has to stay at {40..55} percent humidity, and the alarm for it rings in {place}.",
    "Children may touch the {thing} at the end of the tour, and the museum replaces them every {2..5} years.",
    "According to {person}, the figure shows a {trade} resting during {weather}, not a saint as older catalogues say.",
    "The museum owns {300..9000} objects of which {40..280} are on show; the rest is in {place}, sorted by the year it "
    "came.",
    "{#maker:person} signed only {3..30} works, always on the back and always with the small drawing of a {animal}.",
    "A loan to {town} was refused in {2004..2021} since the road would shake the {thing} more than the frame allows.",
    "The guide for the blind, written by {person}, describes the hall in {12..40} steps and mentions the smell of the "
    "floor.",
    "In {1931..1968} the director {person} exchanged two paintings for coal, a decision that is defended to this day.",
};

constexpr std::span<const std::string_view> kGenres[] = {kMinutes, kIncident, kDiary, kFarm, kMuseum};

// Sentence patterns in a seeded order, every one of them before any comes again.
class Deck {
 public:
  Deck(std::span<const std::string_view> patterns, Draw& draw) : patterns_(patterns), draw_(draw) {}

  std::string_view next() {
    if (left_.empty()) {
      left_.resize(patterns_.size());
      std::iota(left_.begin(), left_.end(), size_t{0});
    }
    const size_t at = draw_.below(left_.size());
    const size_t chosen = left_[at];
    left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(at));
    return patterns_[chosen];
  }

 private:
  std::span<const std::string_view> patterns_;
  Draw& draw_;
  std::vector<size_t> left_;
};

}  // namespace

std::string passage(Draw& draw, int words) {
  Phrases phrases(draw);
  Deck deck(draw.one_of(kGenres), draw);
  std::string text;
  int so_far = 0;
  int sentences_left = draw.between(4, 7);  // of this paragraph
  while (so_far < words) {
    const std::string sentence = phrases.fill(deck.next());
    so_far += count_words(sentence);
    if (!text.empty()) text += sentences_left == 0 ? "\n\n" : " ";
    if (sentences_left == 0) sentences_left = draw.between(4, 7);
    text += sentence;
    --sentences_left;
  }
  return text;
}

std::string chapters(Draw& draw, int words, int chapter_words) {
  std::string text;
  int so_far = 0;
  for (int chapter = 1; so_far < words; ++chapter) {
    if (chapter > 1) text += "\n\n";
    const size_t begin = text.size();
    text += Phrases(draw).fill("Part " + std::to_string(chapter) + ", {date}\n\n");
    text += passage(draw, std::min(chapter_words, words - so_far));
    so_far += count_words(std::string_view(text).substr(begin));
  }
  return text;
}

}  // namespace estoc
