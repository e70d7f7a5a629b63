// `math`: word problems to be solved step by step.
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

constexpr std::string_view kProblems[] = {
    "{person} packs {#n:12..60} boxes of {food} an hour and {first} packs {4..11} fewer. They start together at {7..9} "
    "o'clock, but {first} stops for {20..50} minutes. How many boxes have they packed when {3..6} hours are over?",
    "A {trade} in {town} buys {#k:8..40} metres of {thing} at {3..19} euros a metre, loses {5..20} percent as waste "
    "and sells the rest at {21..45} euros a metre. What is the profit, and at which price would it be zero?",
    "The ferry to {town} carries {20..60} cars or {5..14} trucks, and a truck takes as much room as {3..5} cars. On "
    "{weekday} {15..70} cars and {3..16} trucks are waiting. How many crossings are needed, and how full is the last?",
    "{company} rents out bicycles for {4..9} euros plus {1..3} euros an hour, its rival for {2..4} euros an hour "
    "without a fixed price. For which number of hours does each cost less, and what do {2..6} friends save on a trip "
    "of {3..9} hours?",
    "A tank in {place} holds {300..900} litres. One pump fills it in {4..9} hours and another in {10..18} hours, while "
    "a crack loses {5..25} litres an hour. How long does it take to fill from empty with both pumps running?",
    "{person} saves {40..190} euros a month at {2..6} percent interest a year, paid once at the end of each year. How "
    "much is there after {3..8} years, and how much of it is interest? Round to whole euros at the end only.",
    "In a class of {22..34} children {9..18} keep a {#pet:animal}, {5..12} play an instrument and {2..5} do both. How "
    "many "
    "do neither? If two children are picked at random, how likely is it that both keep a {#pet:animal}?",
    "A rectangle of {thing} is {2..7} metres longer than wide and has an area of {30..120} square metres. {person} "
    "puts a path of {1..2} metres around it. Find the area of the path to one decimal place.",
    "Two trains leave {town} and {town}, {180..640} kilometres apart, at {6..9} o'clock. One goes {70..110} kilometres "
    "an hour, and the other {15..40} faster but {10..45} minutes late. When and where do they meet?",
    "{person} mixes {2..9} kilograms of {food} at {3..8} euros with {food} at {9..15} euros a kilogram to get a "
    "mixture worth {#p:8..9} euros. How many kilograms of the dearer kind are needed? Check the answer.",
    "A {animal} walks {2..6} kilometres on the first day and {10..40} percent more on every following day. On which "
    "day has it gone more than {60..200} kilometres in total? Show the sum that you used.",
    "Of {400..900} {field}, {3..12} percent are wrong. A check finds {80..95} percent of the wrong ones but also "
    "rejects {2..8} percent of the right ones. How many are rejected, and which share of these is really wrong?",
    "The sum of three numbers is {60..180}. The second is {2..9} more than the first and the third is {2..4} times the "
    "second. Find the numbers and say whether they are whole. Then solve the same with a sum that is {3..30} larger.",
    "Tickets for {project} cost {6..14} euros for adults and half of that for children. {120..380} tickets brought "
    "{900..2400} euros. How many children came? Explain what it would mean if the result were not a whole number.",
    "{person} is {3..5} times as old as {first} and in {6..14} years will be only twice as old. How old are both now? "
    "Then find when the older one was {6..9} times as old as the younger one, if ever.",
    "A clock in {place} loses {2..9} minutes a day and another gains {3..8}. Both were right at noon on {weekday}. "
    "When do they first differ by exactly {20..90} minutes, and what does the true clock show then?",
};

constexpr std::string_view kInstructions[] = {
    "Think step by step and put the result alone on the last line.",
    "Show your steps as numbered lines, then give the result with its unit.",
    "Solve it twice in different ways and compare the results.",
    "Write down the equation first, then solve it, then test the solution.",
    "First say in one sentence what is asked, then work it out for {reader}.",
};

std::string compose(Draw& draw) {
  Phrases phrases(draw);
  const std::string problem = phrases.one_of(kProblems);
  return problem + " " + phrases.one_of(kInstructions);
}

}  // namespace

std::unique_ptr<Workload> math_workload(const WorkloadOptions& options) {
  return make_prompt_workload({"math", compose, 128}, options);
}

}  // namespace estoc
