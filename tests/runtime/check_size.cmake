# cmake -DSIZE=size -DLIBRARIES="a.a;b.a" -DLIMIT=bytes -P: text and data of the libraries together stay below the limit. The limit
# only ever goes down, or up in a change that says why.
cmake_minimum_required(VERSION 3.25)

set(total 0)
foreach(library ${LIBRARIES})
  execute_process(COMMAND ${SIZE} -t ${library} OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
  if(NOT table MATCHES "\n *([0-9]+)[ \t]+([0-9]+)[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9a-f]+[ \t]+\\(TOTALS\\)")
    message(FATAL_ERROR "cannot read the output of ${SIZE}:\n${table}")
  endif()
  math(EXPR total "${total} + ${CMAKE_MATCH_1} + ${CMAKE_MATCH_2}")
endforeach()
if(total GREATER LIMIT OR total LESS 5000)
  message(FATAL_ERROR "text and data are ${total} bytes, the limit is ${LIMIT}")
endif()
message(STATUS "text and data: ${total} of ${LIMIT} bytes")
