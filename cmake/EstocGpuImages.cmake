# Kernels for GPUs, compiled into the binary by clang 19 and ptxas (cuda) or lld (hip). All are tools of the build only;
# without them the binary has no images and says so when a GPU is asked for.
set(ESTOC_GPU_IMAGES AUTO CACHE STRING "embed GPU kernels: AUTO (where clang++-19 and build/gpu-tools are), ON, OFF, or a list like sm_90a;gfx942 of the only ones")
set(ESTOC_GPU_TARGETS cuda CACHE STRING "cards that have images in the binary: cuda, hip (2 MB) or \"cuda;hip\"")

# Unpacks them. Linked into the binary, which must not need one more library where it runs.
find_library(ESTOC_ZLIB NAMES libz.a REQUIRED)

# estoc_gpu_images(target source): makes the images and lets `source` of `target` embed them.
function(estoc_gpu_images target source)
  if(ESTOC_GPU_IMAGES STREQUAL "OFF")
    return()
  endif()
  foreach(name IN LISTS ESTOC_GPU_TARGETS)
    if(NOT name MATCHES "^(cuda|hip)$")
      message(FATAL_ERROR "ESTOC_GPU_TARGETS knows cuda and hip, not ${name}")
    endif()
  endforeach()
  list(JOIN ESTOC_GPU_TARGETS "," targets)
  find_program(ESTOC_CLANG clang++-19)
  find_program(ESTOC_LLD ld.lld-19)
  file(GLOB ptxas ${PROJECT_SOURCE_DIR}/build/gpu-tools/lib/python*/site-packages/nvidia/cuda_nvcc/bin/ptxas)
  set(only ${ESTOC_GPU_IMAGES})
  list(REMOVE_ITEM only AUTO ON)
  if(only)
    set(families ${only})
    list(TRANSFORM families REPLACE "^gfx.*" hip)
    list(TRANSFORM families REPLACE "^sm_.*" cuda)
  else()
    set(families ${ESTOC_GPU_TARGETS})
  endif()
  list(TRANSFORM only PREPEND "--only=")
  if(NOT ESTOC_CLANG OR ("cuda" IN_LIST families AND NOT ptxas) OR
     ("hip" IN_LIST families AND NOT ESTOC_LLD))
    if(NOT ESTOC_GPU_IMAGES STREQUAL "AUTO")
      message(FATAL_ERROR "ESTOC_GPU_IMAGES=${ESTOC_GPU_IMAGES} needs clang++-19, ptxas (cuda) and ld.lld-19 (hip): run `make gpu`")
    endif()
    return()
  endif()
  set(folder ${PROJECT_BINARY_DIR}/gpu_images)
  set(ptxas_argument)
  if(ptxas)
    set(ptxas_argument --ptxas ${ptxas})
  endif()
  if(NOT TARGET gpu_images)
    file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/gpu/source/*)
    add_custom_command(
      OUTPUT ${folder}/images.inc
      COMMAND ${PROJECT_SOURCE_DIR}/tools/gpu_images.py --out ${folder} --targets ${targets} --clang ${ESTOC_CLANG}
              ${ptxas_argument} ${only}
      DEPENDS ${kernels} ${PROJECT_SOURCE_DIR}/tools/gpu_images.py ${PROJECT_SOURCE_DIR}/tools/gpu_images_amd.py
      COMMENT "Compiling GPU kernels")
    add_custom_target(gpu_images DEPENDS ${folder}/images.inc)
  endif()
  add_dependencies(${target} gpu_images)
  set_source_files_properties(${source} PROPERTIES
    OBJECT_DEPENDS ${folder}/images.inc
    COMPILE_DEFINITIONS "ESTOC_GPU_IMAGES=\"${folder}/images.inc\"")
endfunction()
