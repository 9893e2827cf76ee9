"""Installs Ingot, moves the folder, and uses it from outside. usage: install.py BUILD WORK SOURCE

Shown: nothing in the installation names the build folder; a project that knows find_package(ingot) and ingot_add_program alone, and the plain
compiler call of the README, give the same numbers with libc, libm and the loader; a program that opens GPUs links no more; the moved command makes executables; a C++ program with every
public header builds a graph, interprets it, loads it with the JIT and makes an executable, without a word where libraries are; a component that
is not installed is refused by name.
"""
import os
import shutil
import subprocess
import sys

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(outside LANGUAGES C)
find_package(ingot 0.1 REQUIRED COMPONENTS runtime)
ingot_add_program(network MODEL {model} NAME mlp OPTIONS --cpu=x86-64-v3)
file(WRITE ${{CMAKE_BINARY_DIR}}/model.o.h "#include \\"mlp.h\\"\\n")
add_executable(app {main})
target_include_directories(app PRIVATE ${{CMAKE_BINARY_DIR}})
target_link_libraries(app PRIVATE network)
ingot_add_program(network_gpu MODEL {model} NAME mlp OPTIONS --cpu=x86-64-v3 --target=cuda)
add_executable(gpu gpu.c)
target_link_libraries(gpu PRIVATE network_gpu ingot::cuda)
"""
GPU = '''#include <stdio.h>
#include "ingot/cuda.h"
extern const ingot_program_desc_t ingot_program_mlp;
int main(void) {
  ingot_status_t status;
  ingot_device_t *device = NULL;
  int opened = ingot_cuda_open(0, "no_such_driver.so", &device, &status) == INGOT_OK;
  printf("%d %u %s\\n", opened, (unsigned)ingot_program_mlp.num_device_variants, status.message);
  return 0;
}
'''
CXX_PROJECT = """cmake_minimum_required(VERSION 3.25)
project(outside_cxx LANGUAGES CXX)
find_package(ingot 0.1 REQUIRED COMPONENTS graph compiler)
file(GLOB headers ${{CMAKE_PREFIX_PATH}}/include/ingot/*.h)
foreach(header ${{headers}})
  get_filename_component(name ${{header}} NAME_WE)
  file(WRITE ${{CMAKE_BINARY_DIR}}/alone/${{name}}.cc "#include <ingot/${{name}}.h>\n#include <ingot/${{name}}.h>\n")
  list(APPEND alone ${{CMAKE_BINARY_DIR}}/alone/${{name}}.cc)
endforeach()
add_library(alone STATIC ${{alone}})
target_compile_options(alone PRIVATE -Wall -Wextra -Werror)
target_link_libraries(alone PRIVATE ingot::compiler)
add_executable(app {source})
target_link_libraries(app PRIVATE ingot::compiler)
add_executable(interpret {source})
target_compile_definitions(interpret PRIVATE GRAPH_ALONE)
target_link_libraries(interpret PRIVATE ingot::graph)
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("INGOT_", "CMAKE_"))}


def run(*command, cwd, fails=False):
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    if (done.returncode != 0) != fails:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + (done.stderr if fails else "")


def check_no_path(folder, path):
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                assert path.encode() not in f.read(), f"{os.path.join(where, name)} names the folder {path}"


def main():
    build, work, source = (os.path.abspath(argument) for argument in sys.argv[1:4])
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "project"))
    run("cmake", "--install", build, "--prefix", os.path.join(work, "first"), cwd=work)
    moved = os.path.join(work, "moved here")
    os.rename(os.path.join(work, "first"), moved)
    check_no_path(moved, build)
    check_no_path(moved, os.path.join(work, "first"))

    model = os.path.join(source, "tests/models/fixtures/mlp/model.onnx")
    example = os.path.join(source, "docs/examples/aot/main.c")
    with open(os.path.join(work, "project/CMakeLists.txt"), "w") as f:
        f.write(PROJECT.format(model=model, main=example))
    with open(os.path.join(work, "project/gpu.c"), "w") as f:
        f.write(GPU)
    configure = ("cmake", "-G", "Ninja", "-S", "project", f"-DCMAKE_PREFIX_PATH={moved}")
    run(*configure, "-B", "out", cwd=work)
    run("cmake", "--build", "out", cwd=work)
    by_package = run("./out/app", cwd=work)
    without_driver = run("./out/gpu", cwd=work)
    assert without_driver.startswith("0 1 there is no CUDA driver here"), without_driver

    command = os.path.join(moved, "bin/ingot")
    run(command, "compile", model, "-o", "model.o", "--name", "mlp", cwd=work)
    run("cc", example, "model.o", f"{moved}/lib/libingot_runtime.a", "-I.", f"-I{moved}/include", "-o", "plain", "-lm", cwd=work)
    plain = run("./plain", cwd=work)
    assert len(plain.split()) == 30 and by_package == plain, (by_package, plain)
    for program in ("out/app", "out/gpu", "plain"):
        needed = {line.split()[0].split("/")[-1] for line in run("ldd", program, cwd=work).splitlines()}
        assert needed <= {"linux-vdso.so.1", "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}, (program, needed)

    run(command, "compile", model, "-o", "mlp", cwd=work)
    run("./mlp", "--random", "1", "--dim", "batch=3", cwd=work)

    os.makedirs(os.path.join(work, "cxx"))
    with open(os.path.join(work, "cxx/CMakeLists.txt"), "w") as f:
        f.write(CXX_PROJECT.format(source=os.path.join(source, "tests/e2e/install_program.cc")))
    run("cmake", "-G", "Ninja", "-S", "cxx", "-B", "cxx_out", f"-DCMAKE_PREFIX_PATH={moved}", cwd=work)
    run("cmake", "--build", "cxx_out", cwd=work)
    run("./cxx_out/interpret", cwd=work)
    needed = run("ldd", "cxx_out/interpret", cwd=work)
    assert "libingot_graph" in needed and "LLVM" not in needed and "not found" not in needed, needed
    run("./cxx_out/app", "double_it", cwd=work)
    run("./double_it", "--random", "1", "--dim", "n=3", cwd=work)

    with open(os.path.join(work, "project/CMakeLists.txt"), "w") as f:
        f.write("cmake_minimum_required(VERSION 3.25)\nproject(none LANGUAGES C)\nfind_package(ingot REQUIRED COMPONENTS nothing)\n")
    assert "no component 'nothing'" in run(*configure, "-B", "refused", cwd=work, fails=True)
    print("installed, moved, used from outside:", plain.split()[:3])


if __name__ == "__main__":
    main()
