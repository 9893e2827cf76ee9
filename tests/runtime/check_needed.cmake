# cmake -DREADELF=... -DPROGRAM=... -P: a compiled program needs no shared library but libc.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${READELF} -d ${PROGRAM} OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "NEEDED[^\n]*" needed "${table}")
if(NOT needed MATCHES "libc\\.so")
  message(FATAL_ERROR "cannot read the output of ${READELF}:\n${table}")
endif()
foreach(line ${needed})
  if(NOT line MATCHES "\\[?(libc\\.so|ld-linux)[^]]*")
    message(FATAL_ERROR "${PROGRAM} needs more than libc: ${line}")
  endif()
endforeach()
