#include "api/answer_format.h"

#include <fmt/format.h>

#include "base/json.h"

namespace estoc::api {
namespace {

std::string head_text(const AnswerHead& head, std::string_view object) {
  std::string out = R"({"id":)";
  append_json_string(out, head.id);
  out += R"(,"object":)";
  append_json_string(out, object);
  out += fmt::format(R"(,"created":{},"model":)", head.created);
  append_json_string(out, head.model);
  out += R"(,"system_fingerprint":)";
  if (head.fingerprint.empty()) {
    out += "null";
  } else {
    append_json_string(out, head.fingerprint);
  }
  out += R"(,"choices":[)";
  return out;
}

constexpr std::string_view kUnfinished = R"(,"finish_reason":null})";

void append_finish(std::string& out, const ChoiceEnd& end) {
  out += R"(,"finish_reason":")";
  out += end.finish_reason;
  out += R"(","stop_reason":)";
  append_json(out, end.stop_reason);
  out += '}';
}

}  // namespace

AnswerFormat::AnswerFormat(const AnswerHead& head, std::string_view object, std::string_view chunk_object)
    : include_usage_(head.include_usage),
      include_timings_(head.include_timings),
      whole_head_(head_text(head, object)),
      chunk_head_("data: " + head_text(head, chunk_object)) {}

void AnswerFormat::open_chunk(std::string& out, int index) const {
  out += chunk_head_;
  out += R"({"index":)";
  out += std::to_string(index);
  out += ',';
}

// OpenAI writes a null usage into every chunk before the one that has it.
void AnswerFormat::close_chunk(std::string& out, const Timings* timings) const {
  out += include_usage_ ? R"(],"usage":null)" : "]";
  if (timings != nullptr && !include_usage_) append_timings(out, *timings);
  out += "}\n\n";
}

void AnswerFormat::append_timings(std::string& out, const Timings& timings) const {
  if (!include_timings_) return;
  out += R"(,"timings":)";
  timings.append_to(out);
}

void AnswerFormat::append_start(std::string& out, int index) const {
  const size_t begin = out.size();
  open_chunk(out, index);
  if (!append_start_fields(out)) {
    out.resize(begin);
    return;
  }
  out += kUnfinished;
  close_chunk(out);
}

void AnswerFormat::append_piece(std::string& out, int index, const Piece& piece) const {
  if (piece.is_empty()) return;
  open_chunk(out, index);
  append_piece_fields(out, piece);
  out += kUnfinished;
  close_chunk(out);
}

void AnswerFormat::append_end(std::string& out, int index, const ChoiceEnd& end, const Timings* timings) const {
  open_chunk(out, index);
  append_end_fields(out);
  append_finish(out, end);
  close_chunk(out, timings);
}

void AnswerFormat::append_usage(std::string& out, const Usage& usage, const Timings& timings) const {
  if (!include_usage_) return;
  out += chunk_head_;
  out += R"(],"usage":)";
  usage.append_to(out);
  append_timings(out, timings);
  out += "}\n\n";
}

std::string AnswerFormat::whole(const std::vector<WholeChoice>& choices, const Usage& usage,
                                const Timings& timings) const {
  std::string out = whole_head_;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) out += ',';
    out += R"({"index":)" + std::to_string(i) + ',';
    append_whole_fields(out, choices[i].piece);
    append_finish(out, choices[i].end);
  }
  out += R"(],"usage":)";
  usage.append_to(out);
  append_timings(out, timings);
  out += '}';
  return out;
}

}  // namespace estoc::api
