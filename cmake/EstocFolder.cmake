# estoc_folder(SOURCES a.cc ... LINKS base ... [PRIVATE pkg::target ...] [TESTS a_test.cc ...])
#
# Declares the library `estoc_<folder>` for the current source folder and, when TESTS are given, the test binary
# `<folder>_test` that links that library and nothing else of ours. LINKS are other folders of src/ and are exactly the
# allowed includes: tools/tidy.py compares them with the table in docs/ARCHITECTURE.md.
# PRIVATE are third-party targets, hidden from whoever links the folder.
function(estoc_folder)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE;TESTS" ${ARGN})
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_library(estoc_${folder} STATIC ${arg_SOURCES})
  target_include_directories(estoc_${folder} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  foreach(link IN LISTS arg_LINKS)
    target_link_libraries(estoc_${folder} PUBLIC estoc_${link})
  endforeach()
  target_link_libraries(estoc_${folder} PRIVATE ${arg_PRIVATE})
  if(ESTOC_TESTS AND arg_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
    add_executable(${folder}_test ${arg_TESTS})
    target_link_libraries(${folder}_test PRIVATE estoc_${folder} GTest::gtest_main)
    target_compile_definitions(${folder}_test PRIVATE
      ESTOC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${folder}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX ${folder}. PROPERTIES TIMEOUT 900)
  endif()
endfunction()
