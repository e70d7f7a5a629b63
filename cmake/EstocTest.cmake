# estoc_test(NAME PREFIX room|BY_HAND SOURCES a_test.cc ... LINKS room ...)
#
# Declares a binary of unit tests with the rooms it links, and tells ctest of it: each test by itself, so that a failure
# has its name and leaves nothing behind for the next, or, with a sanitizer, the binary as one test (a process takes a
# second to start there). BY_HAND: ctest and `all` do not know of it.
#
# What tests cost is compiling them. GoogleTest's header is read once for all of them, and they are not optimized as far
# as what they test is.
function(estoc_test name)
  if(NOT ESTOC_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "BY_HAND" "PREFIX" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_LINKS PREPEND estoc_)
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
  estoc_test_flags(${name})
  target_precompile_headers(${name} REUSE_FROM estoc_gtest)
  if(arg_BY_HAND)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  elseif(ESTOC_SANITIZE)
    add_test(NAME ${arg_PREFIX} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${arg_PREFIX} PROPERTIES TIMEOUT 900)
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX ${arg_PREFIX}. PROPERTIES TIMEOUT 900)
  endif()
endfunction()

function(estoc_test_flags name)
  target_link_libraries(${name} PRIVATE estoc_base GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE ESTOC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  # Without these ccache would not know a precompiled header again.
  target_compile_options(${name} PRIVATE $<IF:$<CXX_COMPILER_ID:GNU>,-fpch-preprocess,SHELL:-Xclang -fno-pch-timestamp>)
endfunction()

if(ESTOC_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  # The owner of the precompiled header; a program like those that use it, of no tests, as the flags have to be the same.
  if(NOT EXISTS ${PROJECT_BINARY_DIR}/gtest_header.cc)
    file(WRITE ${PROJECT_BINARY_DIR}/gtest_header.cc "")
  endif()
  add_executable(estoc_gtest ${PROJECT_BINARY_DIR}/gtest_header.cc)
  estoc_test_flags(estoc_gtest)
  target_precompile_headers(estoc_gtest PRIVATE <gtest/gtest.h>)
endif()
