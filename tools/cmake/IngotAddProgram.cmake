# ingot_add_program(TARGET MODEL model.onnx [NAME name] [OPTIONS option...]): a static library with a model compiled ahead of time. A source
# that links TARGET includes "NAME.h", which declares ingot_program_NAME, and <ingot/runtime.h>. NAME is a C identifier, TARGET where it is not
# given; OPTIONS are those of `ingot compile`, for example --cpu=x86-64-v4. The model is compiled again when its file or the command changes;
# for one with data in other files, touch it. Test: tests/e2e/install.py.
function(ingot_add_program target)
  cmake_parse_arguments(PARSE_ARGV 1 A "" "MODEL;NAME" "OPTIONS")
  if(NOT TARGET ingot::ingot)
    message(FATAL_ERROR "ingot_add_program(${target}): this Ingot was installed without the command `ingot`; install a release build")
  endif()
  if(NOT A_MODEL OR A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: ingot_add_program(TARGET MODEL model.onnx [NAME name] [OPTIONS option...])")
  endif()
  if(NOT A_NAME)
    set(A_NAME ${target})
  endif()
  if(NOT A_NAME MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
    message(FATAL_ERROR "ingot_add_program(${target}): '${A_NAME}' is no C identifier; give another one with NAME")
  endif()
  get_filename_component(model ${A_MODEL} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/ingot_programs/${target})
  file(MAKE_DIRECTORY ${folder})
  set(object ${folder}/${A_NAME}.o)
  set(header ${folder}/${A_NAME}.h)
  add_custom_command(
    OUTPUT ${object} ${header}
    COMMAND ingot::ingot compile ${model} -o ${object} --emit=object --name ${A_NAME} ${A_OPTIONS}
    COMMAND ${CMAKE_COMMAND} -E rename ${object}.h ${header}
    DEPENDS ${model} ingot::ingot
    COMMENT "Compiling ${A_MODEL} with Ingot"
    VERBATIM)
  add_library(${target} STATIC ${object} ${header})
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT TRUE)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${target} PUBLIC ${folder})
  target_link_libraries(${target} PUBLIC ingot::runtime m)
endfunction()
