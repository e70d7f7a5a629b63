// Reads the .model files of SentencePiece: sentencepiece_model.proto of google/sentencepiece says what its fields are.
#include "base/error.h"
#include "tokenizer/protobuf_fields.h"
#include "tokenizer/sentencepiece_vocab.h"

namespace estoc {
namespace {

constexpr size_t kPiecesMax = size_t{1} << 22;

enum ModelField { pieces = 1, trainer = 2, normalizer = 3, denormalizer = 5 };
enum PieceField { piece = 1, score = 2, type = 3 };
enum TrainerField { model_type = 3, space_is_suffix = 24, unknown_id = 40, bos_id = 41, eos_id = 42 };
enum NormalizerField { chars_map = 2, adds_space = 3, removes_extra = 4, escapes = 5 };
enum ModelType { unigram = 1, bpe = 2, word = 3, character = 4 };

class ModelReader {
 public:
  ModelReader(std::string_view bytes, const std::string& source) : bytes_(bytes) { vocab_.source = source; }

  SentencePieceVocab read() {
    ProtobufFields fields(bytes_, vocab_.source);
    while (fields.next()) {
      if (fields.number() == pieces) read_piece(fields.bytes());
      if (fields.number() == trainer) read_trainer(fields.bytes());
      if (fields.number() == normalizer) read_normalizer(fields.bytes());
      if (fields.number() == denormalizer) check_denormalizer(fields.bytes());
    }
    if (vocab_.tokens.empty())
      fail(ErrorCode::corrupt_file, "{}: has no pieces, expected a SentencePiece model", vocab_.source);
    vocab_.unknown = id_of(unknown_, 0);
    vocab_.bos = id_of(bos_, 1);
    vocab_.eos = id_of(eos_, 2);
    return std::move(vocab_);
  }

 private:
  void read_piece(std::string_view message) {
    ProtobufFields fields(message, vocab_.source);
    std::string_view text;
    float points = 0;
    uint64_t kind = TokenType::normal;
    while (fields.next()) {
      if (fields.number() == piece) text = fields.bytes();
      if (fields.number() == score) points = fields.number32();
      if (fields.number() == type) kind = fields.integer();
    }
    if (kind < TokenType::normal || kind > TokenType::byte) {
      fail(ErrorCode::corrupt_file, "{}: piece {} is of the type {}, expected 1 to 6", vocab_.source,
           vocab_.tokens.size(), kind);
    }
    if (vocab_.tokens.size() == kPiecesMax)
      fail(ErrorCode::corrupt_file, "{}: has more than {} pieces", vocab_.source, kPiecesMax);
    vocab_.tokens.push_back(text);
    vocab_.scores.push_back(points);
    vocab_.types.push_back(static_cast<int32_t>(kind));
  }

  void read_trainer(std::string_view message) {
    ProtobufFields fields(message, vocab_.source);
    while (fields.next()) {
      switch (fields.number()) {
        case model_type:
          if (fields.integer() != unigram && fields.integer() != bpe)
            fail(ErrorCode::unsupported, "{}: models of {} are not supported (unigram and bpe are)", vocab_.source,
                 fields.integer() == word        ? "words"
                 : fields.integer() == character ? "characters"
                                                 : "an unknown type");
          vocab_.is_unigram = fields.integer() == unigram;
          break;
        case space_is_suffix:
          if (fields.flag())
            fail(ErrorCode::unsupported, "{}: treat_whitespace_as_suffix is not supported", vocab_.source);
          break;
        case unknown_id:
          unknown_ = static_cast<int32_t>(fields.integer());
          break;
        case bos_id:
          bos_ = static_cast<int32_t>(fields.integer());
          break;
        case eos_id:
          eos_ = static_cast<int32_t>(fields.integer());
          break;
        default:
          break;
      }
    }
  }

  void read_normalizer(std::string_view message) {
    ProtobufFields fields(message, vocab_.source);
    while (fields.next()) {
      if (fields.number() == chars_map) vocab_.chars_map = fields.bytes();
      if (fields.number() == adds_space) vocab_.adds_space = fields.flag();
      if (fields.number() == removes_extra) vocab_.removes_extra_spaces = fields.flag();
      if (fields.number() == escapes) vocab_.escapes_spaces = fields.flag();
    }
  }

  void check_denormalizer(std::string_view message) const {
    ProtobufFields fields(message, vocab_.source);
    while (fields.next()) {
      if (fields.number() == chars_map && !fields.bytes().empty())
        fail(ErrorCode::unsupported, "{}: a denormalizer with a map of characters is not supported", vocab_.source);
    }
  }

  // Negative ids mean that there is none, and so does a default that is no such piece.
  std::optional<TokenId> id_of(std::optional<int32_t> given, int32_t otherwise) const {
    const int32_t id = given.value_or(otherwise);
    const auto at = static_cast<size_t>(id);
    if (id < 0) return std::nullopt;
    if (at < vocab_.tokens.size() && (given || vocab_.types[at] == control || vocab_.types[at] == TokenType::unknown))
      return id;
    if (!given) return std::nullopt;
    fail(ErrorCode::corrupt_file, "{}: a special token has the id {}, expected one below {}", vocab_.source, id,
         vocab_.tokens.size());
  }

  std::string_view bytes_;
  SentencePieceVocab vocab_;
  std::optional<int32_t> unknown_, bos_, eos_;
};

}  // namespace

SentencePieceVocab read_sentencepiece_model(std::string_view bytes, const std::string& source) {
  return ModelReader(bytes, source).read();
}

}  // namespace estoc
