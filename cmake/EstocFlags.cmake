# Compiler flags shared by every target. One place, no per-folder surprises.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(ESTOC_TESTS "build the unit tests" ON)
option(ESTOC_FUZZ "build the libFuzzer harnesses (clang only)" OFF)
set(ESTOC_SANITIZE "" CACHE STRING "sanitizers for the whole build, for example address,undefined")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(ESTOC_CCACHE ccache)
if(ESTOC_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # A clone in another folder finds what this one compiled; precompiled headers are known by what is in them.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${ESTOC_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns of impossible overlaps and uninitialized members inside its own string and variant.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Which lock guards what is written beside the members (base/thread_annotations.h); clang checks it.
  add_compile_options(-Wthread-safety -Werror=thread-safety)
endif()
if(ESTOC_SANITIZE)
  add_compile_options(-fsanitize=${ESTOC_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${ESTOC_SANITIZE})
  if(ESTOC_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
