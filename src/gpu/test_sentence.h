// What a call that is refused says, for tests of drivers.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace estoc::gpu {

template <class Call>
std::string sentence(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace estoc::gpu
