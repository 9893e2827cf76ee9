// A mapped file that another process shortens raises SIGBUS when it is read. For a program that owns its process: one
// message and exit status 1 in place of a core dump. Uses only what a signal handler may. Tests:
// tests/runtime/bus_error_test.cc.
#ifndef INGOT_RUNTIME_MAIN_BUS_ERROR_H_
#define INGOT_RUNTIME_MAIN_BUS_ERROR_H_

namespace ingot::main_program {

// `program` stands before the message and is not copied. Temporary files of the process may stay.
void ExplainBusErrors(const char *program);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_BUS_ERROR_H_
