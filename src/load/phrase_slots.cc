// What may stand in a slot of a pattern. To add a slot: a list, and its line in kSlots.
#include "load/phrases.h"

namespace estoc {
namespace {

using Words = std::string_view[];

constexpr Words kFirst = {"Amina", "Bruno", "Clara", "Dmitri", "Elena",  "Farid",   "Greta", "Hiro",
                          "Ines",  "Jonas", "Keiko", "Luca",   "Mara",   "Nikhil",  "Olive", "Pavel",
                          "Quinn", "Rosa",  "Samir", "Tilda",  "Umar",   "Vera",    "Wanda", "Xavier",
                          "Yusuf", "Zofia", "Agnes", "Basil",  "Carmen", "Desmond", "Edith", "Fionn"};
constexpr Words kLast = {"Abara",   "Bergström", "Castellan", "Dufour",    "Eriksen", "Fontaine", "Gallo",    "Haddad",
                         "Ivanova", "Jansen",    "Kowalska",  "Lindqvist", "Moreau",  "Nakamura", "Okafor",   "Pereira",
                         "Quist",   "Rahman",    "Sato",      "Thorne",    "Ueda",    "Varga",    "Whitlock", "Yilmaz"};
constexpr Words kPerson = {"{first} {last}"};
constexpr Words kTown = {"Ashford Mill", "Brackwater",  "Calder Bay", "Dunmoor",      "Eastholm",      "Fernleigh",
                         "Garrow",       "Hollin Hill", "Iverness",   "Juniper Flat", "Kestrel Point", "Lowmarsh",
                         "Merrow",       "Northbank",   "Oakhurst",   "Pennywell",    "Quarry Hythe",  "Redcastle",
                         "Saltney",      "Thornbury",   "Upper Wick", "Vinehall",     "Westerby",      "Yarrow Cross"};
constexpr Words kCompany = {"Anvil & Reed",    "Bluewater Logistics", "Copperleaf Foods",     "Deltaline Rail",
                            "Evergrain Mills", "Foxglove Pharmacy",   "Granite Insurance",    "Harbourlight Energy",
                            "Inkwell Press",   "Juniper Outdoor",     "Kiteworks Software",   "Lanternfish Games",
                            "Marlow Textiles", "Nimbus Air Freight",  "Orchard Credit Union", "Pinegate Furniture"};
constexpr Words kTrade = {
    "carpenter",  "site engineer", "night nurse", "school principal", "ferry captain", "baker",      "librarian",
    "bus driver", "electrician",   "beekeeper",   "surveyor",         "museum guide",  "accountant", "vet",
    "locksmith",  "gardener",      "paramedic",   "brewer",           "tailor",        "welder"};
constexpr Words kProduct = {"a folding bicycle", "a heat pump",     "an e-ink reader",     "a cordless drill",
                            "a bread oven",      "a rain gauge",    "a wireless doorbell", "a sewing machine",
                            "a water filter",    "a camp stove",    "a label printer",     "a standing desk",
                            "a hearing aid",     "a solar charger", "a cargo trailer",     "a greenhouse kit"};
constexpr Words kProject = {"the harbour crane", "the night bus line",     "the seed library", "the flood wall",
                            "the reading room",  "the parcel lockers",     "the orchard walk", "the clock tower",
                            "the tool exchange", "the swimming pool roof", "the market hall",  "the weather station",
                            "the footbridge",    "the school kitchen",     "the rowing club",  "the radio archive"};
constexpr Words kTopic = {"tides",
                          "compound interest",
                          "sourdough",
                          "vaccines",
                          "glaciers",
                          "noise cancellation",
                          "elections by ranked choice",
                          "soil acidity",
                          "lithium batteries",
                          "migrating birds",
                          "the printing press",
                          "time zones",
                          "inflation",
                          "coral reefs",
                          "satellite navigation",
                          "photosynthesis",
                          "insurance deductibles",
                          "earthquake-proof buildings",
                          "antibiotics",
                          "the water cycle",
                          "encryption keys",
                          "jet lag",
                          "crop rotation",
                          "steam engines",
                          "memory and sleep",
                          "public libraries",
                          "concrete",
                          "auctions",
                          "allergies",
                          "bridges"};
constexpr Words kReader = {
    "a ten-year-old",      "a new colleague",      "a retired teacher",           "a busy manager",
    "a group of tourists", "a first-year student", "someone who dislikes jargon", "a night-shift worker",
    "a visiting cousin",   "the parents' evening", "a curious neighbour",         "a local newspaper"};
constexpr Words kFood = {"lentils",     "pumpkin",  "smoked trout",   "red cabbage", "chickpeas",
                         "goat cheese", "leeks",    "brown rice",     "mushrooms",   "apricots",
                         "fennel",      "barley",   "sweet potatoes", "walnuts",     "spinach",
                         "dried figs",  "beetroot", "quinces",        "buckwheat",   "green beans"};
constexpr Words kThing = {"old paint",    "river clay",    "copper pipe",   "wool carpet",
                          "roof slates",  "oak planks",    "brass hinges",  "garden hoses",
                          "glass jars",   "cotton sheets", "bicycle tyres", "work boots",
                          "candle stubs", "cable drums",   "ceramic tiles", "steel shelving"};
constexpr Words kPlace = {"the long gallery", "the east yard",   "the boat shed",       "the lower field",
                          "the reading room", "the old tannery", "the railway cutting", "the north pier",
                          "the roof terrace", "the pump house",  "the chapel garden",   "the loading dock",
                          "the stone barn",   "the upper lock"};
constexpr Words kWeather = {"steady drizzle", "a dry east wind", "fog until noon", "the first hard frost",
                            "a week of heat", "sudden hail",     "low cloud",      "a clear, still morning",
                            "heavy snow",     "a thunderstorm",  "warm haze",      "a sharp gale"};
constexpr Words kWeekday = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr Words kMonth = {"January", "February", "March",     "April",   "May",      "June",
                          "July",    "August",   "September", "October", "November", "December"};
constexpr Words kDate = {"{1..28} {month} {1951..2024}", "{weekday}, {1..28} {month}", "the {4..19}th of {month}"};
constexpr Words kMood = {"patient",    "blunt",     "cheerful", "formal", "dry",     "warm",
                         "apologetic", "confident", "careful",  "brisk",  "playful", "matter-of-fact"};
constexpr Words kAnimal = {"otter",  "heron", "hedgehog", "mule",      "barn owl",   "sheepdog", "toad",
                           "magpie", "goat",  "badger",   "carthorse", "kingfisher", "tortoise", "ferret"};
constexpr Words kField = {"orders",   "readings", "invoices", "tickets",  "shipments", "users", "sensors",
                          "bookings", "payments", "messages", "articles", "devices",   "tasks", "accounts"};
constexpr Words kNoun = {"record", "entry", "row", "item", "event", "sample", "node", "packet", "line", "job"};
constexpr Words kLanguage = {"Portuguese", "Finnish", "Italian", "Turkish", "Dutch", "Polish", "Spanish", "Swahili"};
constexpr Words kCodeLanguage = {"Python", "C++", "Rust", "Go", "TypeScript", "Java", "Kotlin", "Zig"};
constexpr Words kSoftware = {"the booking page",   "the payroll export",      "the login service",
                             "the search index",   "the label printer queue", "the map tiles",
                             "the nightly backup", "the price feed",          "the warehouse scanner app",
                             "the mail gateway",   "the image resizer",       "the ledger sync"};
constexpr Words kCause = {"a certificate that had expired",
                          "a full disk on one replica",
                          "a renamed column",
                          "a clock that ran four minutes fast",
                          "a retry loop without a limit",
                          "a configuration file from the test system",
                          "a cache that was never emptied",
                          "a library upgrade that changed rounding",
                          "two jobs that took each other's lock"};

constexpr PhraseSlot kSlots[] = {
    {"first", kFirst},
    {"last", kLast},
    {"person", kPerson},
    {"town", kTown},
    {"company", kCompany},
    {"trade", kTrade},
    {"product", kProduct},
    {"project", kProject},
    {"topic", kTopic},
    {"reader", kReader},
    {"food", kFood},
    {"thing", kThing},
    {"place", kPlace},
    {"weather", kWeather},
    {"weekday", kWeekday},
    {"month", kMonth},
    {"date", kDate},
    {"mood", kMood},
    {"animal", kAnimal},
    {"field", kField},
    {"noun", kNoun},
    {"language", kLanguage},
    {"software", kSoftware},
    {"cause", kCause},
    {"code_language", kCodeLanguage},
};

}  // namespace

std::span<const PhraseSlot> phrase_slots() { return kSlots; }

}  // namespace estoc
