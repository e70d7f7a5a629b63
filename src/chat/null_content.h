// Whether a template takes an assistant turn whose content is null, as one has that only calls tools.
//
// A few templates ask for it (`content is none`) and write such a turn without an empty text; many more add content to
// other text, which fails for null, or print "None". The template itself is the one to ask: it renders a probe of each
// kind of turn, once, when the model is opened (well below a millisecond each).
#pragma once

#include <array>
#include <string_view>

#include "base/json.h"
#include "chat/template.h"

namespace estoc {

// What may stand beside the missing content.
enum class NullTurn { tool_calls, reasoning, nothing };
inline constexpr int kNullTurnCount = 3;

class NullContent {
 public:
  // As if the template could not be given null at all.
  NullContent() = default;
  // Renders the probes with `variables`. Never throws: a template that fails is one that does not take null.
  NullContent(const ChatTemplate& chat_template, const Json& variables);

  bool is_taken(NullTurn turn) const { return is_taken_[static_cast<size_t>(turn)]; }
  // What the template is given as the content of `message`, an assistant's turn without: null or "".
  Json content_for(const Json& message) const;

 private:
  std::array<bool, kNullTurnCount> is_taken_{};
};

}  // namespace estoc
