// What a template can be given of an assistant's turn: null where it said nothing, and the arguments of its calls.
//
// A few templates ask for null (`content is none`) and write such a turn without an empty text; many more add content
// to other text, which fails for null, or print "None". Nearly all write arguments out of an object; a few add them to
// other text. The template itself is the one to ask: it renders a probe of each kind of turn, once, when the model is
// opened (well below a millisecond each).
#pragma once

#include <array>
#include <string_view>

#include "base/json.h"
#include "jinja/template.h"

namespace estoc {

// What may stand beside content that is null.
enum class NullTurn { tool_calls, reasoning, nothing };
inline constexpr int kNullTurnCount = 3;

class AssistantTurns {
 public:
  // As if the template took neither null nor text.
  AssistantTurns() = default;
  // Renders the probes with `variables`. Never throws: a template that fails is one that does not take what it got.
  AssistantTurns(const jinja::Template& chat_template, const Json& variables);

  bool takes_null(NullTurn turn) const { return takes_null_[static_cast<size_t>(turn)]; }
  bool wants_text_arguments() const { return wants_text_arguments_; }

  // Makes a message what the template takes: null or absent content may become "", and the arguments of calls, which
  // are JSON values, may become their text.
  void fit(Json& message) const;

 private:
  std::array<bool, kNullTurnCount> takes_null_{};
  bool wants_text_arguments_ = false;
};

}  // namespace estoc
