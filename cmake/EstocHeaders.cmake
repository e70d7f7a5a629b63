# The target `headers`: every header is compiled alone, as the only thing a file includes, so that none leans on what
# happens to be included before it. Twice, for its guard. Headers that are pieces of their includer have none and are
# left out (tools/tidy.py knows who may lack one). Not part of `all`: the clang builds of `make fuzz` ask for it.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} src/*.h tests/*.h)
set(sources)
foreach(header IN LISTS headers)
  file(STRINGS ${header} guard REGEX "^#pragma once$")
  if(guard)
    string(REGEX REPLACE "^(src|tests)/" "" included ${header})
    set(source ${PROJECT_BINARY_DIR}/headers/${included}.cc)
    set(text "#include \"${included}\"\n#include \"${included}\"\n")
    set(written "")
    if(EXISTS ${source})
      file(READ ${source} written)
    endif()
    if(NOT written STREQUAL text)  # what is the same keeps its time, and its object
      file(WRITE ${source} "${text}")
    endif()
    list(APPEND sources ${source})
  endif()
endforeach()

find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
add_library(headers OBJECT EXCLUDE_FROM_ALL ${sources})
target_include_directories(headers PRIVATE src tests)
target_link_libraries(headers PRIVATE estoc_base CLI11::CLI11 GTest::gtest)
target_compile_definitions(headers PRIVATE ESTOC_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ESTOC_VERSION="${PROJECT_VERSION}")
target_compile_options(headers PRIVATE -O0 -Wno-unused-function -Wno-unused-const-variable)
