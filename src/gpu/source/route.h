// What routing takes (route.cu.h): which experts a row goes to and with what weight, by the rules of ops/router.h, and
// what products with experts want to know of it: each expert's rows side by side. Nothing of it is read by the host.
//
//   route_few    one block: both, for up to kRouteFewRows rows
//   route_rows   a block for each kRouteWarps rows: the choice
//   route_sort   one block: the order
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kRouteThreads = 512;
inline constexpr int kRouteWarps = kRouteThreads / 32;
inline constexpr int kRouteFewRows = 16;
inline constexpr int kRouteExpertsMax = 512;
inline constexpr int kRouteChosenMax = 32;
inline constexpr int kRouteGroupsMax = 32;

enum class RouteScore : int { softmax, softmax_of_chosen, sigmoid };

struct RouteRule {
  RouteScore score;
  int experts, chosen;
  int groups, groups_kept, group_best = 1;  // a group is as good as its best one or two experts together
  int is_normalized;
  float epsilon, scale;
};

// An expert that somebody of a few rows chose: of each row its pair (row * chosen + which choice) and weight; a pair
// below 0, and a weight of 0, for one that did not.
struct ExpertSlot {
  int expert;
  int pair[kRouteFewRows];
  float weight[kRouteFewRows];
};

struct RouteArguments {
  RouteRule rule;
  const float* logits;      // [row][outputs]
  const float* correction;  // [experts]: added to scores for the choice only; null for none
  int outputs;              // the logit behind those of experts is what a shared one is weighed by, if there is one
  int count;
  int* experts;          // [row][chosen]
  float* weights;        // [row][chosen]
  float* shared_weight;  // [row] or null
  // route_few:
  ExpertSlot* slots;  // by expert
  int* slot_count;
  // route_sort: experts' rows lie in places, each expert's first one a multiple of 64.
  int* places;        // [row][chosen]
  int* place_rows;    // [place]; below 0 where nobody is
  int* tile_experts;  // [place / 64]
  int* tile_count;
};

// Places that so many rows may need.
constexpr int route_places_max(int rows, int chosen, int experts) {
  const int pairs = rows * chosen, used = experts < pairs ? experts : pairs;
  return (pairs + used * 63) / 64 * 64;
}
constexpr int route_slots_max(int rows, int chosen, int experts) {
  return rows * chosen < experts ? rows * chosen : experts;
}

}  // namespace estoc::gpu
