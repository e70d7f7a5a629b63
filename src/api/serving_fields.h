// The fields that say how a request stands among others, of every endpoint that computes.
//
// Errors: throws Error{invalid_argument} with the field's path.
#pragma once

#include <chrono>
#include <string>

#include "api/call.h"
#include "api/fields.h"

namespace estoc::api {

struct ServingFields {
  int priority = 0;
  std::string client;                    // from the API key, or `user`
  std::chrono::milliseconds timeout{0};  // 0: none
};

// Reads priority, user and timeout.
ServingFields read_serving_fields(Fields& fields, const Call& call);

// A string field of a few bytes at most; empty when it is absent.
std::string read_bounded_string(Fields& fields, const char* name, size_t bytes_max);

}  // namespace estoc::api
