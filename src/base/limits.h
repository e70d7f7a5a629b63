// Every limit on what one caller may send, in one place: each door (HTTP, commands, bindings) checks against these.
//
// A limit is there so that one request cannot take the memory or the time of all others; none is a taste. Each is far
// above what honest clients send. What depends on the model, the length of a text, is ServedModel::text_bytes_max. What
// one chat template may use while it renders is jinja/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc::limits {

// A body, before anything is built from it. 32 MiB is a thousand pages with some pictures.
inline constexpr size_t kBodyBytesMax = size_t{32} << 20;
// All bodies being received or waiting to be read, together: two of the longest. Beyond it 503.
inline constexpr size_t kBodiesBytesMax = size_t{64} << 20;
// Bodies up to this size are always let in, so that those who send long ones cannot shut out the others; there are at
// most as many as connections.
inline constexpr size_t kSmallBodyBytes = size_t{64} << 10;
inline constexpr size_t kHeaderBytesMax = size_t{32} << 10;  // request line and headers
inline constexpr int kConnectionsMax = 4096;

// JSON. A value costs 40 bytes and a few hundred nanoseconds: 40 MiB and a third of a second at most.
inline constexpr size_t kBodyValuesMax = size_t{1} << 20;
inline constexpr size_t kBodyDepthMax = 128;  // schemas of tools reach twenty
inline constexpr size_t kFieldsMax = 1000;    // of one object that is looked up by name: lookups are linear
inline constexpr size_t kListMax = 1000;      // of a list that has no limit of its own
// JSON within a string: the arguments of an earlier tool call.
inline constexpr size_t kArgumentValuesMax = size_t{1} << 14;

// Lists that are walked for every token, or once a choice.
inline constexpr size_t kStopTokensMax = 1024;
inline constexpr size_t kLogitBiasMax = 1024;
inline constexpr size_t kStopsMax = 64;
inline constexpr size_t kStopBytesMax = 4096;  // of one stop string; that much text may be held back

// What a conversation is made of: templates walk all of it, some of them once a message.
inline constexpr size_t kMessagesMax = 4096;
inline constexpr size_t kPartsMax = 1024;  // of one message
inline constexpr size_t kToolsMax = 512;
inline constexpr size_t kToolCallsMax = 512;  // of one message

// Choices. Each is a sequence of its own, with its own copy of the prompt's tokens once it is queued.
inline constexpr int kChoicesMax = 128;                            // of one prompt
inline constexpr size_t kPromptsMax = 256;                         // of one request
inline constexpr int kAnswerChoicesMax = 1024;                     // prompts times choices
inline constexpr size_t kAnswerPromptTokensMax = size_t{1} << 20;  // tokens of all prompts, times choices: 4 MiB
inline constexpr int kLogprobsMax = 20;
// Log-probabilities of echoed prompts, all of which come in one event: prompt tokens times choices times alternatives.
inline constexpr size_t kEchoLogprobsMax = size_t{2} << 20;

// Texts that an encoder computes for one request, and the numbers that they become: some 50 MiB of JSON.
inline constexpr size_t kTextsMax = 2048;
inline constexpr size_t kTextTokensMax = size_t{4} << 20;  // of all texts: 16 MiB
inline constexpr size_t kVectorNumbersMax = size_t{4} << 20;

// Names and numbers that say how a request stands among others.
inline constexpr int kPriorityMax = 100;  // and -100 at least
inline constexpr size_t kUserBytesMax = 512;
inline constexpr size_t kCacheSaltBytesMax = 128;
inline constexpr double kTimeoutSecondsMax = 86400;

// Of an error message and of the path in it: both may quote what the caller sent.
inline constexpr size_t kErrorBytesMax = 2048;
inline constexpr size_t kErrorParamBytesMax = 256;

}  // namespace estoc::limits
