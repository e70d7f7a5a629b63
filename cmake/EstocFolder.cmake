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
  if(arg_TESTS)
    estoc_test(${folder}_test PREFIX ${folder} SOURCES ${arg_TESTS} LINKS ${folder})
  endif()
endfunction()
