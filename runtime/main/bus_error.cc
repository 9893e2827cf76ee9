#include "runtime/main/bus_error.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

namespace ingot::main_program {
namespace {

const char *program_name = "program";  // set before the handler is

void Put(const char *text) {
  size_t length = strlen(text);
  while (length != 0) {
    ssize_t written = write(STDERR_FILENO, text, length);
    if (written <= 0) return;
    text += written;
    length -= static_cast<size_t>(written);
  }
}

void Handle(int signal, siginfo_t *info, void *) {
  if (info->si_code != BUS_ADRERR) {
    // No file: a bug. SA_RESETHAND has put the default back, which ends the process when the instruction runs again; a
    // sent signal does not come again.
    if (info->si_code <= 0) raise(signal);
    return;
  }
  Put(program_name);
  Put(": a file was shortened, or its disk failed or is full, while it was being read; copy it again and leave it "
      "alone during the run\n");
  _exit(1);
}

}  // namespace

void ExplainBusErrors(const char *program) {
  program_name = program;
  struct sigaction action = {};
  action.sa_sigaction = Handle;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace ingot::main_program
