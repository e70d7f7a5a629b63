// For tests of bad input: that something is refused with an Error of a code and with words a person needs.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

#include "base/error.h"

namespace estoc {

inline void expect_refused(ErrorCode code, std::string_view words, const std::function<void()>& act) {
  try {
    act();
    ADD_FAILURE() << "accepted; expected an error with '" << words << "'";
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    const std::string_view message = error.what();
    EXPECT_NE(message.find(words), std::string_view::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string_view::npos) << message;
  }
}

}  // namespace estoc
