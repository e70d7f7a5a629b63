// How exchanges end, and what they and the request handler answer in the same words. Pure functions.
#pragma once

#include "api/call.h"
#include "api/server_stats.h"
#include "engine/engine.h"
#include "http/server.h"

namespace estoc {

inline constexpr int kPeerLeft = 499;  // for logs and counts: nobody is there to read it

// The status that was sent, kPeerLeft when the peer left; and how each choice of a generated answer ended.
struct ExchangeOutcome {
  int status = 200;
  api::ChoiceCounts choices;
};

// Of a request that an engine does not accept.
api::Reply refusal(const SubmitResult& result);

// `headers` come first.
http::Response to_http(api::Reply reply, http::Headers headers);

}  // namespace estoc
