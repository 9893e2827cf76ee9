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

# Where public headers are, and what of them is generated.
set(INGOT_PUBLIC_INCLUDES ${CMAKE_SOURCE_DIR}/graph/include ${CMAKE_SOURCE_DIR}/runtime/include ${CMAKE_SOURCE_DIR}/compiler/include ${CMAKE_BINARY_DIR}/graph/include)

# ingot_library(NAME SOURCES ... [DEPS ...] [SYSTEM_INCLUDES ...]): a static library of our own code. Includes are from the project's root.
function(ingot_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_include_directories(${name} PUBLIC ${INGOT_PUBLIC_INCLUDES} ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PUBLIC ${A_DEPS} PRIVATE $<BUILD_INTERFACE:ingot_flags>)
endfunction()

# ingot_shared_library(NAME COMPONENT name OF targets... [DEPS ...]): what is installed of libraries, for component NAME of find_package(ingot).
# Instrumented builds are not installed.
function(ingot_shared_library name)
  if(INGOT_SANITIZE)
    return()
  endif()
  cmake_parse_arguments(A "" "COMPONENT" "OF;DEPS;PUBLIC_DEPS" ${ARGN})
  list(TRANSFORM A_OF REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(${name} SHARED ${objects})
  target_link_libraries(${name} PRIVATE ${A_DEPS} PUBLIC ${A_PUBLIC_DEPS})
  target_link_options(${name} PRIVATE -Wl,--no-undefined)
  target_include_directories(${name} INTERFACE $<INSTALL_INTERFACE:include>)
  target_compile_features(${name} INTERFACE cxx_std_20)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ingot_${A_COMPONENT} EXPORT_NAME ${A_COMPONENT} LINKER_LANGUAGE CXX
                        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH TRUE)
  install(TARGETS ${name} EXPORT ingot_${A_COMPONENT} LIBRARY DESTINATION lib)
  install(EXPORT ingot_${A_COMPONENT} NAMESPACE ingot:: FILE ingot_${A_COMPONENT}.cmake DESTINATION lib/cmake/ingot)
  foreach(folder ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR})
    install(DIRECTORY ${folder}/include/ingot DESTINATION include OPTIONAL)
  endforeach()
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
