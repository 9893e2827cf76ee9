# What every folder's CMakeLists.txt uses: flags for our own code, and two functions to declare a library and a test.

find_program(INGOT_CCACHE ccache)
if(INGOT_CCACHE)
  # The sloppiness lets ccache keep what is compiled with a precompiled header.
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${INGOT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()
# Linking against libLLVM takes memory: one link at a time.
set_property(GLOBAL PROPERTY JOB_POOLS link=1)
set(CMAKE_JOB_POOL_LINK link)

add_library(ingot_flags INTERFACE)
target_compile_options(ingot_flags INTERFACE -Wall -Wextra -Werror -fno-math-errno -ffp-contract=off)
if(INGOT_SANITIZE)
  target_compile_options(ingot_flags INTERFACE -fsanitize=${INGOT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(ingot_flags INTERFACE -fsanitize=${INGOT_SANITIZE})
endif()
if(INGOT_BUILD_FUZZERS)
  # A fuzzer finds its way by counters in the code under it, so all of our code has them. In programs that are no fuzzers the sanitizers' runtime
  # answers the counters' calls.
  if(NOT INGOT_SANITIZE MATCHES "address")
    message(FATAL_ERROR "INGOT_BUILD_FUZZERS needs INGOT_SANITIZE=address,undefined: use preset asan")
  endif()
  target_compile_options(ingot_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# ingot_fuzzer(NAME SOURCES ... [DEPS ...]): a libFuzzer program. That it sees our code is what tests/graph/sees_coverage.cmake checks.
function(ingot_fuzzer name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${A_DEPS} ingot_flags)
endfunction()

# The runtime as the program at the end of the chain wants it: see runtime/CMakeLists.txt. As target names, which an export puts into its namespace.
set(INGOT_ANY_RUNTIME "$<IF:$<BOOL:$<TARGET_PROPERTY:INGOT_GUARD_PAGES>>,$<TARGET_NAME:ingot_runtime_guarded>,$<TARGET_NAME:ingot_runtime>>")

# ingot_library(NAME SOURCES ... [DEPS ...] [SYSTEM_INCLUDES ...]): a static library of our own code. Includes are from the project's root.
function(ingot_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PUBLIC ${A_DEPS} PRIVATE $<BUILD_INTERFACE:ingot_flags>)
endfunction()

# ingot_test(NAME LABEL label SOURCES ... [DEPS ...]): a GoogleTest program whose tests carry the label
# (fast, ops, e2e, conformance, lint, perf).
function(ingot_test name)
  cmake_parse_arguments(A "" "LABEL" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${A_DEPS} GTest::gtest_main GTest::gmock ingot_flags)
  gtest_discover_tests(${name} PROPERTIES LABELS ${A_LABEL} DISCOVERY_MODE PRE_TEST)
endfunction()
