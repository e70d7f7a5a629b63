// The list of everything the server answers. A new endpoint is one file with its handler and one line in endpoints.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "api/call.h"
#include "api/encoding.h"
#include "api/generation.h"
#include "api/served_model.h"

namespace estoc::api {

// The call has to be made again where it may take longer: Call::may_compile.
struct Elsewhere {};

// An answer is either ready at once or has to be generated, or computed by an encoder.
using Answer = std::variant<Reply, std::unique_ptr<Generation>, std::unique_ptr<Encoding>, Elsewhere>;

// Throws Error (or ApiError) for a bad request; any thread may call, several at once.
using EndpointHandler = Answer (*)(const Models& models, const Call& call);

struct Endpoint {
  std::string_view method;
  std::string_view path;  // "/v1/models/{id}": "{id}" is last and stands for the rest, slashes included
  EndpointHandler handler;
};

std::span<const Endpoint> endpoints();

// What a method and path lead to. `path` is raw (percent-encoded).
struct Route {
  const Endpoint* endpoint = nullptr;  // null when nothing matches
  std::string argument;                // what stands for "{id}", decoded
  std::string allowed;                 // when only the method is wrong: "GET, POST" for the Allow header; else empty
};
Route find_route(std::string_view method, std::string_view path);

Answer chat_completions(const Models& models, const Call& call);
Answer completions(const Models& models, const Call& call);
Answer embeddings(const Models& models, const Call& call);
Answer rerank(const Models& models, const Call& call);
Answer score(const Models& models, const Call& call);
Answer list_models(const Models& models, const Call& call);
Answer show_model(const Models& models, const Call& call);
Answer live(const Models& models, const Call& call);
Answer ready(const Models& models, const Call& call);
Answer metrics(const Models& models, const Call& call);
Answer debug_steps(const Models& models, const Call& call);

}  // namespace estoc::api
