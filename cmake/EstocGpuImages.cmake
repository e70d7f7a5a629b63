# Kernels for GPUs, compiled by clang 19 and ptxas into the binary. Both are tools of the build only; without them the binary
# has no images and says so when a GPU is asked for.
set(ESTOC_GPU_IMAGES AUTO CACHE STRING "embed GPU kernels: AUTO (where clang++-19 and build/gpu-tools are), ON, OFF, or a list like sm_90a;sm_120 of the only ones")

# estoc_gpu_images(target source): makes the images and lets `source` of `target` embed them.
function(estoc_gpu_images target source)
  if(ESTOC_GPU_IMAGES STREQUAL "OFF")
    return()
  endif()
  find_program(ESTOC_CLANG clang++-19)
  file(GLOB ptxas ${PROJECT_SOURCE_DIR}/build/gpu-tools/lib/python*/site-packages/nvidia/cuda_nvcc/bin/ptxas)
  if(NOT ESTOC_CLANG OR NOT ptxas)
    if(NOT ESTOC_GPU_IMAGES STREQUAL "AUTO")
      message(FATAL_ERROR "ESTOC_GPU_IMAGES=${ESTOC_GPU_IMAGES} needs clang++-19 and ptxas: run `make gpu`")
    endif()
    return()
  endif()
  set(folder ${PROJECT_BINARY_DIR}/gpu_images)
  if(NOT TARGET gpu_images)
    set(only ${ESTOC_GPU_IMAGES})
    list(REMOVE_ITEM only AUTO ON)
    list(TRANSFORM only PREPEND "--only=")
    file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/gpu/source/*)
    add_custom_command(
      OUTPUT ${folder}/images.inc
      COMMAND ${PROJECT_SOURCE_DIR}/tools/gpu_images.py --out ${folder} --clang ${ESTOC_CLANG} --ptxas ${ptxas} ${only}
      DEPENDS ${kernels} ${PROJECT_SOURCE_DIR}/tools/gpu_images.py
      COMMENT "Compiling GPU kernels")
    add_custom_target(gpu_images DEPENDS ${folder}/images.inc)
  endif()
  add_dependencies(${target} gpu_images)
  set_source_files_properties(${source} PROPERTIES
    OBJECT_DEPENDS ${folder}/images.inc
    COMPILE_DEFINITIONS "ESTOC_GPU_IMAGES=\"${folder}/images.inc\"")
endfunction()
