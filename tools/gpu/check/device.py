"""A GPU through its driver alone (ctypes, libcuda.so.1): memory, kernels from PTX text, times. With the stand-in's path
the same calls reach the emulator, whose modules are tables of kernels.
"""

import argparse
import ctypes
import json
import sys
import time
from ctypes import byref, c_char_p, c_float, c_int, c_size_t, c_uint, c_uint64, c_void_p

import processes

MULTIPROCESSORS, MAJOR, MINOR = 16, 75, 76  # CUdevice_attribute
JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES = 5, 6  # CUjit_option


class DeviceError(Exception):
    pass


class Device:
    def __init__(self, library="libcuda.so.1", number=0):
        try:
            self.driver = ctypes.CDLL(library)
        except OSError as error:
            raise DeviceError(f"there is no CUDA driver: {error}") from error
        self.call("cuInit", 0)
        count, self.handle, context = c_int(), c_int(), c_void_p()
        self.call("cuDeviceGetCount", byref(count))
        if count.value == 0:
            raise DeviceError("the driver sees no GPU")
        self.call("cuDeviceGet", byref(self.handle), number)
        self.call("cuDevicePrimaryCtxRetain", byref(context), self.handle)
        self.call("cuCtxPushCurrent_v2", context)

    def call(self, name, *arguments):
        code = getattr(self.driver, name)(*arguments)
        if code:
            text = c_char_p()
            self.driver.cuGetErrorName(code, byref(text))
            raise DeviceError(f"{name}: {(text.value or b'unknown error').decode()} ({code})")

    def _attribute(self, which):
        value = c_int()
        self.call("cuDeviceGetAttribute", byref(value), which, self.handle)
        return value.value

    def facts(self):
        name, memory, version = ctypes.create_string_buffer(100), c_size_t(), c_int()
        self.call("cuDeviceGetName", name, 100, self.handle)
        self.call("cuDeviceTotalMem_v2", byref(memory), self.handle)
        self.call("cuDriverGetVersion", byref(version))
        return {
            "name": name.value.decode(),
            "architecture": f"sm_{self._attribute(MAJOR)}{self._attribute(MINOR)}",
            "multiprocessors": self._attribute(MULTIPROCESSORS),
            "memory_gib": round(memory.value / 2**30, 1),
            "driver_cuda": f"{version.value // 1000}.{version.value % 1000 // 10}",
        }

    def module(self, image):
        """Of PTX text, or of the address of a table of kernels."""
        module, log = c_void_p(), ctypes.create_string_buffer(4096)
        pointer = c_void_p(image) if isinstance(image, int) else c_char_p(image.encode())
        options, values = (c_int * 2)(JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES), (c_void_p * 2)(
            ctypes.addressof(log), len(log)
        )
        try:
            self.call("cuModuleLoadDataEx", byref(module), pointer, 2, options, values)
        except DeviceError as error:
            raise DeviceError(f"{error}: {log.value.decode(errors='replace').strip()}") from error
        return module

    def upload(self, data):
        memory, data = c_uint64(), bytes(data)
        self.call("cuMemAlloc_v2", byref(memory), c_size_t(len(data)))
        self.call("cuMemcpyHtoDAsync_v2", memory, data, c_size_t(len(data)), None)
        self.call("cuStreamSynchronize", None)
        return memory

    def download(self, memory, count):
        data = ctypes.create_string_buffer(count)
        self.call("cuMemcpyDtoHAsync_v2", data, memory, c_size_t(count), None)
        self.call("cuStreamSynchronize", None)
        return data.raw

    def free(self, *memories):
        for memory in memories:
            self.call("cuMemFree_v2", memory)

    def launch(self, module, name, blocks, threads, *memories):
        function = c_void_p()
        self.call("cuModuleGetFunction", byref(function), module, name.encode())
        parameters = (c_void_p * len(memories))(*(ctypes.addressof(memory) for memory in memories))
        size = [c_uint(n) for n in (blocks, 1, 1, threads, 1, 1, 0)]
        self.call("cuLaunchKernel", function, *size, None, parameters, None)
        self.call("cuStreamSynchronize", None)

    def copy_bandwidth(self, count=1 << 30, repeats=10):
        """Bytes read and written in a second by copies of `count` bytes within the device's memory: the median."""
        source, target = c_uint64(), c_uint64()
        for memory in (source, target):
            self.call("cuMemAlloc_v2", byref(memory), c_size_t(count))
        events = [c_void_p(), c_void_p()]
        for event in events:
            self.call("cuEventCreate", byref(event), 0)
        self.call("cuMemsetD8Async", source, ctypes.c_ubyte(1), c_size_t(count), None)
        times = []
        for _ in range(repeats + 2):
            self.call("cuEventRecord", events[0], None)
            begin = time.perf_counter()
            self.call("cuMemcpyDtoDAsync_v2", target, source, c_size_t(count), None)
            self.call("cuEventRecord", events[1], None)
            self.call("cuEventSynchronize", events[1])
            milliseconds = c_float()
            self.call("cuEventElapsedTime", byref(milliseconds), *events)
            times.append(milliseconds.value / 1e3 or time.perf_counter() - begin)
        self.free(source, target)
        return 2 * count / sorted(times[2:])[repeats // 2]


def driver_version():
    """The kernel's module, or what nvidia-smi says."""
    try:
        with open("/proc/driver/nvidia/version") as file:
            text = file.readline()
    except OSError:
        _, text, _ = processes.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], 20)
    return next((word for word in text.split() if word[:1].isdigit() and "." in word), "?")


def main():
    parser = argparse.ArgumentParser(
        description="Prints what the GPU is, as JSON; with --bandwidth how fast it copies."
    )
    parser.add_argument("--emulator")
    parser.add_argument("--bandwidth", action="store_true")
    arguments = parser.parse_args()
    try:
        gpu = Device(arguments.emulator) if arguments.emulator else Device()
        facts = (
            {"copy_bandwidth": gpu.copy_bandwidth()}
            if arguments.bandwidth
            else {**gpu.facts(), "driver": driver_version()}
        )
    except DeviceError as error:
        sys.exit(f"device: error: {error}")
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
