#include "runtime/main/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingot/cuda.h"
#include "runtime/main/message.h"

namespace ingot::main_program {

bool OpenDevice(const char *name, ingot_device_t **device) {
  *device = nullptr;
  if (strcmp(name, "cpu") == 0) return true;
  const bool has_number = strncmp(name, "cuda:", 5) == 0 && name[5] >= '0' && name[5] <= '9';
  char *end = nullptr;
  errno = 0;
  unsigned long number = has_number ? strtoul(name + 5, &end, 10) : 0;
  if (has_number ? *end != '\0' || errno != 0 || number > UINT32_MAX : strcmp(name, "cuda") != 0)
    return Error("the device '%s' is not known; known: cpu, cuda, cuda:N", name);
  ingot_status_t status;
  return ingot_cuda_open(static_cast<uint32_t>(number), nullptr, device, &status) == INGOT_OK ||
         Error("%s", status.message);
}

}  // namespace ingot::main_program
