#include "gpu/images.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"

namespace estoc::gpu {
namespace {

const Image kAll[] = {
    {"sm_80", 80, ImageKind::cubin, nullptr, 0, 0},    {"sm_89", 89, ImageKind::cubin, nullptr, 0, 0},
    {"sm_90a", 90, ImageKind::cubin, nullptr, 0, 0},   {"sm_100", 100, ImageKind::cubin, nullptr, 0, 0},
    {"compute_80", 80, ImageKind::ptx, nullptr, 0, 0}, {"amdgcn", 0, ImageKind::hip, nullptr, 0, 0}};

std::string chosen(int capability) {
  const Image* image = image_for(kAll, capability);
  return image == nullptr ? "none" : image->name;
}

TEST(ImagesTest, ADeviceGetsTheNearestImageItCanRun) {
  EXPECT_EQ(chosen(80), "sm_80");
  EXPECT_EQ(chosen(86), "sm_80");
  EXPECT_EQ(chosen(89), "sm_89");
  EXPECT_EQ(chosen(90), "sm_90a");
  EXPECT_EQ(chosen(103), "sm_100");
}

TEST(ImagesTest, WhatNoImageFitsGetsTheText) {
  EXPECT_EQ(chosen(120), "compute_80");
  EXPECT_EQ(chosen(75), "none");
  EXPECT_EQ(image_for({}, 90), nullptr);
}

TEST(ImagesTest, CardsOfAmdGetTheirBundleAndNoOthersDo) {
  EXPECT_STREQ(image_for_hip(kAll)->name, "amdgcn");
  EXPECT_EQ(image_for_hip(std::span(kAll).first(5)), nullptr);
  EXPECT_EQ(image_for(std::span(kAll).last(1), 90), nullptr);
  EXPECT_EQ(image_names(std::span(kAll).last(2)), "compute_80, amdgcn");
}

TEST(ImagesTest, EmbeddedImagesAreWholeAndEndWithZero) {
  for (const Image& image : images()) {
    const auto memory = unpack(image);
    const auto* bytes = static_cast<const char*>(memory.get());
    ASSERT_GT(image.bytes, 1000u) << image.name;
    EXPECT_EQ(bytes[image.bytes - 1], 0) << image.name;
    const char* beginning = image.kind == ImageKind::cubin ? "\177ELF"
                            : image.kind == ImageKind::ptx ? ".version"
                                                           : "__CLANG_OFFLOAD_BUNDLE__";
    EXPECT_EQ(std::memcmp(bytes, beginning, std::strlen(beginning)), 0) << image.name;
  }
}

TEST(ImagesTest, DamageIsFound) {
  const unsigned char packed[] = {0x78, 0xDA, 0x4B, 0x64, 0x00, 0x00, 0x00, 0xC4, 0x00, 0x62};  // "a" and a 0
  const Image whole{"whole", 90, ImageKind::cubin, packed, sizeof(packed), 2};
  EXPECT_STREQ(static_cast<const char*>(unpack(whole).get()), "a");
  for (const auto& [packed_bytes, bytes] :
       {std::pair(sizeof(packed) - 1, 2), {sizeof(packed), 3}, {sizeof(packed), 1}}) {
    const Image broken{"sm_90a", 90, ImageKind::cubin, packed, packed_bytes, static_cast<size_t>(bytes)};
    try {
      unpack(broken);
      ADD_FAILURE() << packed_bytes << " " << bytes;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "this binary's kernels for GPUs (sm_90a) are damaged");
    }
  }
}

}  // namespace
}  // namespace estoc::gpu
