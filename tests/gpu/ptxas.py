"""Assembles the GPU kernels of models and holds them to limits. usage: ptxas.py INGOT MODEL...

For every architecture and model: `ingot compile --target=cuda:ARCH --emit=ptx`, then `ptxas -v`. No kernel may spill registers or have a stack frame,
and none may use more registers than its strategy has, by what the kernel's PTX holds: tiles of products and attention keep their sums in registers.
Without ptxas (PATH, CUDA_HOME, or /usr/local/cuda) nothing is checked, and it says so.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# The first that a kernel's PTX holds says how many registers it may have.
REGISTERS = (("cp.async", 240), ("", 96))
ARCHITECTURES = ("sm_80", "sm_90")


def find_ptxas():
    homes = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"]
    return shutil.which("ptxas") or next((path for home in homes if home and os.access(path := os.path.join(home, "bin", "ptxas"), os.X_OK)), None)


def limits_of(ptx):
    """{kernel: registers it may have}"""
    kernels = re.findall(r"\.entry (\w+)\((.*?)^}", ptx, re.DOTALL | re.MULTILINE)
    return {name: next(limit for instruction, limit in REGISTERS if instruction in body) for name, body in kernels}


def kernels_of(report):
    """(name, registers, spilled bytes, stack bytes) of each kernel in the output of `ptxas -v`."""
    for name, frame, stores, loads, registers in re.findall(
            r"Function properties for (\S+)\n\s+(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads\n.*?Used (\d+) registers", report):
        yield name, int(registers), int(stores) + int(loads), int(frame)


def main():
    ingot, models = sys.argv[1], sys.argv[2:]
    ptxas = find_ptxas()
    if ptxas is None:
        print("ptxas.py: there is no ptxas here: nothing is checked")
        return
    problems, count, most = [], 0, 0
    with tempfile.TemporaryDirectory() as work:
        for model in models:
            for architecture in ARCHITECTURES:
                ptx = os.path.join(work, "kernels.ptx")
                subprocess.run([ingot, "compile", model, "-o", ptx, f"--target=cuda:{architecture}"], check=True, capture_output=True)
                done = subprocess.run([ptxas, "-v", f"-arch={architecture}", ptx, "-o", ptx + ".cubin"], capture_output=True, text=True)
                if done.returncode != 0:
                    sys.exit(f"{model}, {architecture}: ptxas does not take the PTX\n{done.stderr[:2000]}")
                found = list(kernels_of(done.stderr))
                assert found, f"{model}, {architecture}: ptxas named no kernel\n{done.stderr[:2000]}"
                with open(ptx) as text:
                    limits = limits_of(text.read())
                for name, registers, spilled, frame in found:
                    count, most = count + 1, max(most, registers)
                    if registers > limits[name] or spilled or frame:
                        problems.append(f"{model}, {architecture}: {name} uses {registers} registers (at most {limits[name]}), spills {spilled} bytes, has a frame of {frame}")
    print(f"ptxas.py: {count} kernels, at most {most} registers, {len(problems)} problems")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
