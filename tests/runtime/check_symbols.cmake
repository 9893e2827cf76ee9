# cmake -DNM=nm -DLIBRARIES="a.a;b.a" -P: what the libraries need from outside is libc and pthreads alone, and what they define for
# others is the C API. A new name here is a decision: nothing of libstdc++ (no _Zn, _Zd, __cxa, __gxx) ever belongs on the list.
cmake_minimum_required(VERSION 3.25)

set(allowed
    # memory and strings
    calloc free malloc posix_memalign memchr memcmp memcpy memmove memrchr memset bcmp strchr strcmp strcpy strcspn strerror strlen
    strncmp strrchr strstr stpcpy __errno_location
    # text
    __isoc99_sscanf sscanf fclose fflush fgets fopen fprintf fputc fputs fwrite printf putc putchar puts qsort snprintf stderr
    stdout strtoll
    strtoull vfprintf vsnprintf __isoc23_sscanf __isoc23_strtoll __isoc23_strtoull
    # files and processors
    access clock_gettime close fstat getpid mkdir mmap munmap open pread read readlink rename sched_getaffinity stat syscall unlink write
    # threads
    pthread_cond_broadcast pthread_cond_destroy pthread_cond_init pthread_cond_signal pthread_cond_wait pthread_create pthread_join
    pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock pthread_mutex_unlock pthread_sigmask sigfillset
    # signals
    _exit raise sigaction sigemptyset
    # the linked program
    ingot_main_program
    # made by the linker or the compiler
    _GLOBAL_OFFSET_TABLE_ __stack_chk_fail)

set(undefined "")
set(defined "")
foreach(library ${LIBRARIES})
  execute_process(COMMAND ${NM} -P ${library} OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${lines}")
  foreach(line ${lines})
    if(line MATCHES "^([^ ]+) ([A-Zuvw])( |$)")
      set(name ${CMAKE_MATCH_1})
      if(CMAKE_MATCH_2 STREQUAL "U")
        list(APPEND undefined ${name})
      else()
        list(APPEND defined ${name})
      endif()
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES undefined)
if(NOT "ingot_context_run" IN_LIST defined OR NOT "main" IN_LIST defined)
  message(FATAL_ERROR "nm does not show what the libraries define")
endif()

set(problems "")
foreach(name ${undefined})
  if(NOT name IN_LIST defined AND NOT name IN_LIST allowed)
    string(APPEND problems "  needs ${name}\n")
  endif()
endforeach()
foreach(name ${defined})
  if(NOT name MATCHES "^(ingot_[a-z_]+|main|_ZN(K?)5ingot(7runtime|12main_program).*)$")
    string(APPEND problems "  defines ${name}\n")
  endif()
endforeach()
if(NOT problems STREQUAL "")
  message(FATAL_ERROR "symbols that do not belong into the runtime:\n${problems}")
endif()
