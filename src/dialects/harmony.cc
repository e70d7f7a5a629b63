#include "dialects/harmony.h"

#include <array>

#include "dialects/call_splitter.h"
#include "dialects/json_extent.h"

namespace estoc {
namespace {

constexpr std::string_view kStart = "<|start|>", kChannel = "<|channel|>", kMessage = "<|message|>", kEnd = "<|end|>",
                           kCall = "<|call|>", kReturn = "<|return|>", kConstrain = "<|constrain|>";
constexpr std::string_view kRecipient = "to=", kFunctions = "functions.";
constexpr size_t kHeaderBytesMax = 512;  // longer is no header

class HarmonySplitter final : public SteppedSplitter<HarmonySplitter> {
 public:
  explicit HarmonySplitter(CallContext context)
      : SteppedSplitter(std::move(context), CallIds::usual, &Self::step_between) {}

 private:
  enum class Body { content, reasoning, call };

  // The prompt ends within a header, so an answer may go on with its recipient or its channel.
  bool step_between() {
    const size_t blanks = held_.blanks();
    for (const std::string_view mark : {kStart, kChannel, kRecipient, kMessage}) {
      const Sight sight = held_.sees(mark, blanks);
      if (sight == Sight::partly) return false;
      if (sight == Sight::whole) return go(&Self::step_header);
    }
    body_ = Body::content;  // no header: text that the model just says
    return go(&Self::step_body);
  }

  bool step_header() {
    const std::array marks{kMessage};
    const HeldText::Found found = held_.find(marks);
    if (found.at > kHeaderBytesMax) {
      body_ = Body::content;
      return go(&Self::step_body);
    }
    if (found.mark < 0) return false;
    begin_body(held_.text().substr(0, found.at));
    held_.drop(found.at + kMessage.size());
    return go(&Self::step_body);
  }

  void begin_body(std::string_view header) {
    const size_t recipient = header.find(kRecipient);
    std::string_view name = recipient == std::string_view::npos ? std::string_view() : header.substr(recipient + 3);
    name = name.substr(0, name.find_first_of(" \t\n<"));
    const size_t channel = header.find(kChannel);
    const bool is_analysis =
        channel != std::string_view::npos && header.substr(channel + kChannel.size()).starts_with("analysis");
    if (name.starts_with(kFunctions)) name.remove_prefix(kFunctions.size());
    if (!name.empty() && name != "user" && name != "assistant") {
      body_ = Body::call;
      out_.begin_call(name);
    } else {
      body_ = is_analysis ? Body::reasoning : Body::content;
    }
  }

  bool step_body() {
    const std::array marks{kEnd, kCall, kReturn, kStart, kChannel};
    const HeldText::Found found = held_.find(marks);
    write(held_.take(found.at));
    if (found.mark < 0) return false;
    if (body_ == Body::call) out_.end_call();
    // What begins another message is its header's.
    if (found.mark < 3) held_.drop(marks[static_cast<size_t>(found.mark)].size());
    return go(found.mark < 3 ? &Self::step_between : &Self::step_header);
  }

  void write(std::string_view text) {
    switch (body_) {
      case Body::content:
        return out_.content(text);
      case Body::reasoning:
        return out_.reasoning(text);
      case Body::call:
        return out_.arguments(text);
    }
  }

  Body body_ = Body::content;
};

Json header(std::string_view channel) {
  return Form::text(std::string(kChannel) + std::string(channel) + std::string(kMessage));
}

Json message(std::string_view channel) {
  return Form::sequence({header(channel), Form::any_text({kEnd, kStart, kChannel})});
}

// Messages in front of the last one.
Json behind_others(Json last) {
  Json next = Form::text(std::string(kEnd) + std::string(kStart) + "assistant");
  Json other = Form::sequence({Form::either({message("analysis"), message("commentary")}), std::move(next)});
  return Form::sequence({Form::optional(Form::several(std::move(other), "")), std::move(last)});
}

}  // namespace

std::unique_ptr<PartSplitter> make_harmony_splitter(CallContext context) {
  return std::make_unique<HarmonySplitter>(std::move(context));
}

// A call ends the answer, so there is one at most.
CallFormat harmony_format(const CallRules& rules) {
  Json::Array calls;
  for (const Tool& tool : rules.tools) {
    calls.push_back(
        Form::sequence({Form::text(tool.name + " " + std::string(kConstrain) + "json" + std::string(kMessage)),
                        Form::schema(arguments_schema(tool))}));
  }
  const Json call = Form::sequence(
      {Form::text(std::string(kChannel) + "commentary to=" + std::string(kFunctions)), Form::either(std::move(calls))});
  return {behind_others(call), behind_others(Form::either({call, message("final")}))};
}

Json harmony_text(Json text) { return behind_others(Form::sequence({header("final"), std::move(text)})); }

}  // namespace estoc
