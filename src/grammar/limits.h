// What one grammar may cost, in one place: whoever sends it is a stranger.
//
// A compile that would pass a limit is refused with a sentence that names the limit. What is only found while text is
// matched (alternatives that a text leaves open) makes the matcher refuse the byte that led there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc::grammar::limits {

inline constexpr size_t kSourceBytesMax = size_t{1} << 20;      // of a grammar, a schema or an expression
inline constexpr size_t kExpressionBytesMax = size_t{1} << 14;  // of one regular expression
inline constexpr int kDepthMax = 100;                           // parentheses, and schemas within schemas
inline constexpr int kRepeatMax = 100000;                       // the largest bound of a repeat
inline constexpr size_t kExpressionNodesMax = 400000;           // of all expressions of a grammar and their derivatives
inline constexpr uint32_t kExpressionDepthMax = 5000;           // parts within or optional before each other
inline constexpr size_t kCharStatesMax = 60000;        // states over characters, of all expressions of a grammar
inline constexpr size_t kCharStatesAtOnceMax = 20000;  // of one expression that has to be searched for dead ends
inline constexpr size_t kDerivativePartsMax = 4000;    // alternatives that one expression may hold open
inline constexpr size_t kRulesMax = 50000;
inline constexpr size_t kNetNodesMax = 400000;              // of all rules of a grammar, repeats written out
inline constexpr size_t kStatesMax = size_t{1} << 19;       // states over bytes; met while matching
inline constexpr size_t kStateTablesMax = size_t{1} << 17;  // of them, such as have been left by some byte
inline constexpr size_t kRowItemsMax = 2000;                // what one prefix of a text may leave open
inline constexpr size_t kDistanceStatesMax = 5000;          // looked at for the shortest way to the end of one rule,
inline constexpr size_t kDistanceStepsMax = 200000;         // and of all rules that this needs
inline constexpr size_t kChoicesMax = 20000;
inline constexpr size_t kTagsMax = 1000;
inline constexpr size_t kCompiledBytesMax = size_t{256} << 20;  // of all grammars of a model that are kept
inline constexpr size_t kCompiledMax = 1000;
inline constexpr size_t kRowNumbersMax = size_t{1} << 16;  // prefixes of texts that are told apart at once
inline constexpr size_t kMaskBytesMax = size_t{64} << 20;  // of cached masks of one grammar

inline constexpr size_t kSchemasMax = 50000;      // subschemas of a document
inline constexpr size_t kValuesMax = 20000;       // different conjunctions of subschemas that some value has to satisfy
inline constexpr size_t kAlternativesMax = 256;   // of one such conjunction, for arrays or for objects
inline constexpr size_t kExpansionsMax = 20000;   // steps to find them
inline constexpr size_t kValiditySteps = 300000;  // to check values that a schema lists against the rest of it
inline constexpr size_t kMultipleMax = 2000;      // multipleOf written as an integer without its decimal point
inline constexpr size_t kCountStatesMax = 20000;  // of one array with contains
inline constexpr int kNumberDigitsMax = 400;      // of a bound
inline constexpr int kBlanksMax = 64;             // in a row, where white space is allowed
inline constexpr size_t kFewMax = 256;            // texts that are told one by one where there are few

}  // namespace estoc::grammar::limits
