#include "dialects/call_output.h"

#include <span>

#include "base/hash.h"
#include "dialects/held_text.h"

namespace estoc {
namespace {

// Letters and digits that differ from call to call; nobody has to guess them.
std::string id_letters(std::string_view seed, int call, size_t count) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string letters;
  for (uint64_t round = 0; letters.size() < count; ++round) {
    Hasher hasher(round);
    hasher.add_text(seed);
    hasher.add_number(call);
    uint64_t value = hasher.value();
    for (int i = 0; i < 10 && letters.size() < count; ++i, value /= kLetters.size()) {
      letters += kLetters[value % kLetters.size()];
    }
  }
  return letters;
}

}  // namespace

void CallOutput::content(std::string_view text) {
  const size_t end = text.find_last_not_of(kBlanks) + 1;  // 0 when there are blanks only
  if (end > 0) {
    append_part(*parts_, PartKind::content, blanks_);
    append_part(*parts_, PartKind::content, text.substr(0, end));
    blanks_.clear();
  }
  blanks_ += text.substr(end);
}

void CallOutput::begin_call(std::string_view name, std::string_view id) {
  end_call();
  blanks_.clear();
  Part part{PartKind::tool_call, std::string(name), calls_, std::string(id)};
  if (id.empty()) {
    part.call_id = ids_ == CallIds::nine_letters ? id_letters(context_.id_seed, calls_, 9)
                                                 : "call_" + id_letters(context_.id_seed, calls_, 24);
  }
  append_part(*parts_, std::move(part));
  ++calls_;
  is_in_call_ = true;
  has_arguments_ = false;
}

void CallOutput::arguments(std::string_view text) {
  if (text.empty()) return;
  append_part(*parts_, Part{PartKind::tool_arguments, std::string(text), calls_ - 1, {}});
  has_arguments_ = true;
}

void CallOutput::end_call() {
  if (is_in_call_ && !has_arguments_) arguments("{}");
  is_in_call_ = false;
}

void CallOutput::finish() {
  end_call();
  if (calls_ == 0) append_part(*parts_, PartKind::content, blanks_);
  blanks_.clear();
}

}  // namespace estoc
