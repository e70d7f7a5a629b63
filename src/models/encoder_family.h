// A family of encoders: a value that says which configs and files it reads, how their tensors are called, and what
// stands before, in and behind its layers. One file and one line in encoder_families.cc each.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "layers/encoder_spec.h"
#include "models/encoder.h"
#include "models/family.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

struct EncoderFamily {
  std::string_view name;
  std::span<const std::string_view> architectures;  // config.json "architectures"[0]
  // What the config says, for a checkpoint whose architecture is of the list: layers, embedding, and the pooling and
  // steps of the class. Throws Error{corrupt_file, unsupported} with file, key and what was expected.
  EncoderSpec (*describe)(const WeightSource& source, EncoderInfo::Task task);
  NamingRules naming = {};
  // As ModelFamily's.
  std::span<const std::string_view> computes = {};
};

std::span<const EncoderFamily* const> encoder_families();
// The family of a checkpoint, or null.
const EncoderFamily* encoder_family_of(const WeightSource& source);

// Whether the class of that name scores: "...ForSequenceClassification".
bool is_classifier(std::string_view architecture);

// The last step of a class for scores: `linear`, with as many outputs as its tensor has rows.
VectorStepSpec label_step(const WeightSource& source, const std::string& linear);
// The same function of a vector; throws Error{unsupported} for those that none has.
VectorStepSpec::Function function_of(Activation activation);
// The rows of a table of segments, 1 or 2 in what people have.
int segment_count(const WeightSource& source, const WeightTensor& table);

}  // namespace estoc
