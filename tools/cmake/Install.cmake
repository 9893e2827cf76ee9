# cmake --install build/release --prefix FOLDER: the command, the runtime, the C++ libraries (ingot_shared_library of Ingot.cmake), public headers, and
# what find_package(ingot) needs. The folder may be moved afterwards: compilers find the runtime's libraries relative to themselves. Included by the
# top-level CMakeLists.txt. Tests: tests/e2e/install.py, tests/examples/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package lib/cmake/ingot)

set_target_properties(ingot_runtime PROPERTIES EXPORT_NAME runtime)
set_target_properties(ingot_main PROPERTIES EXPORT_NAME main)
set_target_properties(ingot_main_cuda PROPERTIES EXPORT_NAME main_cuda)
set_target_properties(ingot_cuda PROPERTIES EXPORT_NAME cuda)
install(TARGETS ingot_runtime ingot_main ingot_main_cuda ingot_cuda EXPORT ingot ARCHIVE DESTINATION lib)
install(DIRECTORY runtime/include/ingot DESTINATION include FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
if(TARGET ingot)
  set_target_properties(ingot PROPERTIES INSTALL_RPATH_USE_LINK_PATH TRUE)
  install(TARGETS ingot EXPORT ingot RUNTIME DESTINATION bin)
endif()
install(EXPORT ingot NAMESPACE ingot:: FILE ingotTargets.cmake DESTINATION ${package})
configure_package_config_file(tools/cmake/ingotConfig.cmake.in ${CMAKE_BINARY_DIR}/install/ingotConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/ingotConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/install/ingotConfig.cmake ${CMAKE_BINARY_DIR}/install/ingotConfigVersion.cmake tools/cmake/IngotAddProgram.cmake
        DESTINATION ${package})
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
