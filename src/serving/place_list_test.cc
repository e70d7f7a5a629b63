#include "serving/place_list.h"

#include <gtest/gtest.h>

#include "weights/test_refusal.h"

namespace estoc {
namespace {

TEST(PlaceList, NamesMayHaveColonsOfTheirOwn) {
  const std::vector<PlacedLayers> expected = {
      {"cpu", 0, 7}, {"cuda:0", 8, 23}, {"cuda:1", 24, 24}, {"cpu:scalar", 25, 31}};
  EXPECT_EQ(parse_places("cpu:0-7,cuda:0:8-23,cuda:1:24,cpu:scalar:25-31"), expected);
}

TEST(PlaceList, WhatIsNoListIsRefusedWithTheWrongPart) {
  const auto refused = [](const char* sentence, const std::string& text) {
    expect_refused(ErrorCode::invalid_argument, sentence, [&] { parse_places(text); });
  };
  refused("the place '' has no layers, expected PLACE:FIRST-LAST", "");
  refused("the place 'cpu' has no layers", "cpu");
  refused("the place ':0-3' has no layers", ":0-3");
  refused("the place 'cuda:x' has no layers", "cpu:0,cuda:x");
  refused("the place 'cpu:3-1' has no layers", "cpu:3-1");
  refused("the place 'cpu:0--1' has no layers", "cpu:0--1");
  refused("the place 'cpu:0-99999999999' has no layers", "cpu:0-99999999999");
  refused("the place '' has no layers", "cpu:0-3,");
  refused("the place 'cpu:1-3' begins at layer 1, expected 0", "cpu:1-3");
  refused("the place 'cuda:5-9' begins at layer 5, expected 4", "cpu:0-3,cuda:5-9");
  refused("'cuda' has layers in two places", "cuda:0,cpu:1,cuda:2");
  std::string many = "cpu:0";
  for (int i = 1; i < 80; ++i) many += ",cpu:" + std::to_string(i);
  refused("there are more than 64 places", many);
}

}  // namespace
}  // namespace estoc
