"""docs/examples/decoder: steps by the interpreter and by compiled code, each with its states in a file, say the same.

usage: check_decoder.py BUILD_FOLDER INGOT
"""
import os
import subprocess
import sys

import npy

STEPS = 6


def main():
    folder, ingot = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    os.chdir(folder)
    if subprocess.run(["./make_gpt", "large"], capture_output=True, check=False).returncode != 2:
        sys.exit("make_gpt takes a size that it does not know")
    subprocess.run(["./make_gpt"], check=True)
    said = {}
    for mode, options in {"interpreter": ["--interpreter"], "compiled": []}.items():
        state, token = f"{mode}.safetensors", 7
        if os.path.exists(state):
            os.remove(state)
        said[mode] = []
        for position in range(STEPS):
            npy.write("token.npy", (1,), [token], "<i8")
            npy.write("position.npy", (1,), [position], "<i8")
            command = [ingot, "run", "gpt.ingot", *options, "--state", state, "--input", "token=token.npy", "--input", "position=position.npy"]
            subprocess.run([*command, "--output", mode], check=True, capture_output=True)
            logits = npy.read(os.path.join(mode, "logits.npy"))[1]
            token = max(range(len(logits)), key=lambda i: logits[i])
            said[mode].append((token, logits))
    for position, ((a, x), (b, y)) in enumerate(zip(said["interpreter"], said["compiled"])):
        worst = max(abs(p - q) for p, q in zip(x, y))
        if a != b or worst > 1e-4:
            sys.exit(f"position {position}: token {b} instead of {a}, logits off by {worst}")
    # The same token at another position, or after others, is another one: the states count.
    if len({tuple(logits) for _, logits in said["compiled"]}) != STEPS:
        sys.exit("two steps gave the same logits")
    # Past the last position there is no row.
    npy.write("position.npy", (1,), [24], "<i8")
    done = subprocess.run([ingot, "run", "gpt.ingot", "--input", "token=token.npy", "--input", "position=position.npy"], capture_output=True, text=True, check=False)
    if done.returncode == 0 or "it can be 1 to 24" not in done.stderr:
        sys.exit(f"a position beyond the last is not refused: {done.stderr}")


if __name__ == "__main__":
    main()
