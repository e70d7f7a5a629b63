// Byte-pair models of a tokenizer.json.
#include "base/error.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/json_components.h"
#include "tokenizer/json_models.h"
#include "tokenizer/score_merges.h"

namespace estoc {
namespace {

// Longer merges are refused: finding where to cut one takes quadratic time.
constexpr size_t kMergeBytesMax = 4096;
// Of what marks the inside or the end of a word; real ones have four bytes.
constexpr size_t kAffixBytesMax = 64;

class BpeReader {
 public:
  explicit BpeReader(const JsonModelSource& source) : source_(source), json_(source.json) {}

  BpeModel::Parts read() {
    parts_.vocab_count = source_.vocab_count();
    parts_.by_bytes = source_.is_byte_level && bpe_takes_bytes(json_);
    parts_.ignore_merges = json_.flag_or("ignore_merges", false);
    parts_.inner_prefix = affix("continuing_subword_prefix");
    parts_.end_suffix = affix("end_of_word_suffix");
    // Dropout is a matter of training: where it is written it was left on by mistake, and ids would be random.
    if (const Json* dropout = json_.find("dropout");
        dropout != nullptr && dropout->is_number() && dropout->as_double() > 0) {
      fail_unsupported(json_, "dropout");
    }
    load_texts();
    load_merges();
    load_unknown();
    if (parts_.by_bytes) parts_.end_suffix = *bytes_of_spelling(parts_.end_suffix);
    return std::move(parts_);
  }

 private:
  struct MergeIds {
    TokenId left, right, merged;
    bool has_inner_mark;  // the merged token crosses the start of a word
  };

  std::string affix(std::string_view key) const {
    std::string text = json_.string_or(key, "");
    if (text.size() > kAffixBytesMax) fail_unsupported(json_, fmt::format("a {} of {} bytes", key, text.size()));
    return text;
  }

  // The tokens a text may become by merging. Special ones are left out, so that text never spells one by accident.
  void load_texts() {
    for (const auto& [spelling, json] : json_.find("vocab")->as_object()) {
      const auto id = static_cast<TokenId>(json.as_int());
      if (source_.is_special[static_cast<size_t>(id)]) continue;
      if (!parts_.by_bytes) {
        parts_.texts.insert(spelling, id, true);
      } else if (const auto bytes = bytes_of_spelling(spelling)) {
        parts_.texts.insert(*bytes, id, true);
      }
    }
  }

  std::optional<MergeIds> ids_of(std::string_view left, std::string_view right) const {
    if (right.size() < parts_.inner_prefix.size()) return std::nullopt;
    const auto left_id = source_.spellings.find(left);
    const auto right_id = source_.spellings.find(right);
    std::string merged(left);
    merged += right.substr(parts_.inner_prefix.size());
    const auto merged_id = source_.spellings.find(merged);
    if (!left_id || !right_id || !merged_id) return std::nullopt;
    return MergeIds{*left_id, *right_id, *merged_id, has_inner_mark(merged)};
  }

  // "a b" or ["a", "b"]. A token of the first form may hold spaces itself: the cut is where all three are tokens.
  MergeIds read_merge(const Json& json) const {
    std::optional<MergeIds> ids;
    if (json.is_string() && json.as_string().size() <= kMergeBytesMax) {
      const std::string_view both = json.as_string();
      for (size_t at = both.find(' '); at != std::string_view::npos && !ids; at = both.find(' ', at + 1)) {
        ids = ids_of(both.substr(0, at), both.substr(at + 1));
      }
    } else if (json.is_array() && json.as_array().size() == 2 && json.as_array()[0].is_string() &&
               json.as_array()[1].is_string()) {
      ids = ids_of(json.as_array()[0].as_string(), json.as_array()[1].as_string());
    }
    if (ids) return *ids;
    fail(ErrorCode::corrupt_file, "{}: merge {} is no pair of tokens whose concatenation is a token", source_.source,
         to_json(json).substr(0, 80));
  }

  void load_merges() {
    parts_.cuts_at_marks = !parts_.by_bytes && parts_.inner_prefix.empty() && parts_.end_suffix.empty();
    uint32_t rank = 0;
    for (const Json& json : json_.array("merges")) {
      const MergeIds ids = read_merge(json);
      // The last of two equal merges counts, as in a map from pairs to ranks.
      parts_.merges.insert(ids.left, ids.right, {rank++, ids.merged}, true);
      if (ids.has_inner_mark) parts_.cuts_at_marks = false;
    }
    if (!parts_.ignore_merges || !parts_.cuts_at_marks) return;
    // A whole piece that is a token must be seen as a whole.
    for (const auto& [spelling, id] : json_.find("vocab")->as_object()) {
      if (has_inner_mark(spelling)) parts_.cuts_at_marks = false;
    }
  }

  void load_unknown() {
    parts_.fuse_unknown = json_.flag_or("fuse_unk", false);
    if (json_.find("unk_token") != nullptr)
      parts_.unknown = named_token(source_, "unk_token", json_.string("unk_token"));
    if (!json_.flag_or("byte_fallback", false) || parts_.by_bytes) return;
    for (int byte = 0; byte < 256; ++byte) {
      parts_.byte_tokens[static_cast<size_t>(byte)] =
          source_.spellings.find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
    }
  }

  const JsonModelSource& source_;
  const JsonFields& json_;
  BpeModel::Parts parts_;
};

}  // namespace

// A mark of what is inside a word stands in the spelling, before or behind single bytes.
bool bpe_takes_bytes(const JsonFields& json) {
  return json.string_or("continuing_subword_prefix", "").empty() &&
         bytes_of_spelling(json.string_or("end_of_word_suffix", "")).has_value();
}

std::unique_ptr<PieceModel> read_bpe_model(const JsonModelSource& source) {
  return std::make_unique<BpeModel>(BpeReader(source).read());
}

}  // namespace estoc
