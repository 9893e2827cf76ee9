# Lets other CMake projects use a build folder of Ingot: find_package(ingot CONFIG PATHS build/release), then ingot::ingot_compiler and the
# other libraries. Included last by the top-level CMakeLists.txt. Test: tests/examples/.
set(exported ingot_flags ingot_runtime ingot_runtime_guarded ingot_main)
set(dependencies "find_dependency(Threads)\n")
if(INGOT_BUILD_GRAPH)
  list(APPEND exported ingot_proto ingot_reference_kernels ingot_graph ingot_interp ingot_import)
  string(APPEND dependencies "find_dependency(Protobuf)\nfind_dependency(absl)\n")
  if(INGOT_BUILD_COMPILER)
    list(APPEND exported ingot_compiler)
    string(APPEND dependencies "find_dependency(MLIR CONFIG HINTS ${MLIR_DIR})\n")
  endif()
endif()
export(TARGETS ${exported} NAMESPACE ingot:: FILE ${CMAKE_BINARY_DIR}/ingot-targets.cmake)
file(WRITE ${CMAKE_BINARY_DIR}/ingot-config.cmake
     "include(CMakeFindDependencyMacro)\n${dependencies}include(\${CMAKE_CURRENT_LIST_DIR}/ingot-targets.cmake)\n")
