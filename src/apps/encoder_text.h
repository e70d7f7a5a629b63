// What an encoder is, for people. Pure function.
#pragma once

#include <string>

#include "models/encoder.h"

namespace estoc {

// "vectors of 384 numbers (mean of the tokens, length 1)" or "scores of 1 label".
std::string encoder_text(const EncoderInfo& info);

}  // namespace estoc
