// Vectors as the text of an answer. Pure functions.
#pragma once

#include <span>
#include <string>

namespace estoc::api {

// By the fewest digits that read back as the same float. REQUIRES a finite one.
void append_number(std::string& out, float value);

// "[0.1,-2]": the same of each.
void append_numbers(std::string& out, std::span<const float> values);

// The little-endian bytes of the floats in base64, with the quotes.
void append_base64(std::string& out, std::span<const float> values);

// Divides by the length, where there is one.
void normalize(std::span<float> values);

// Of two vectors of one size; 0 where one has no length.
float cosine(std::span<const float> a, std::span<const float> b);

}  // namespace estoc::api
