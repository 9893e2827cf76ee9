#!/usr/bin/env python3
"""A GPT-2-shaped decoder with its cache in states, step by step on the emulated GPU: the interpreter's tokens and logits, and the same bits in two
orders of its threads. usage: decoder_test.py INGOT MAKE_GPT

MAKE_GPT is docs/examples/decoder's program.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e" / "cli"))
import cli_test

STEPS = 10


def generate(ingot, work, name, options, order="0"):
    """What each step gives: (token, logits)."""
    token, results = 1, []
    for position in range(STEPS):
        cli_test.write_npy(work / "token.npy", "i8", (1,), (token,))
        cli_test.write_npy(work / "position.npy", "i8", (1,), (position,))
        command = [ingot, "run", "gpt.ingot", "--state", f"{name}.states", "--input", "token=token.npy", "--input", "position=position.npy"]
        environment = dict(os.environ, INGOT_EMULATED_ORDER=order, INGOT_CACHE_DIR=str(work / "cache"))
        subprocess.run([*command, "--output", name, *options], cwd=work, check=True, capture_output=True, env=environment)
        (token,) = cli_test.read_npy(work / name / "next.npy")[2]
        results.append((token, cli_test.read_npy(work / name / "logits.npy")[2]))
    return results


def main():
    ingot, make_gpt = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        subprocess.run([make_gpt], cwd=work, check=True, capture_output=True)
        wanted = generate(ingot, work, "interpreter", ["--interpreter"])
        on_gpu = [generate(ingot, work, f"gpu{order}", ["--device=gpu-emulated"], order) for order in ("0", "7")]
    assert on_gpu[0] == on_gpu[1], "another order of threads gives other bits"
    assert [token for token, _ in on_gpu[0]] == [token for token, _ in wanted], "other tokens than the interpreter's"
    error = max(abs(a - b) for (_, ours), (_, truth) in zip(on_gpu[0], wanted) for a, b in zip(ours, truth))
    assert error < 1e-5, f"logits differ by {error}"
    assert len({token for token, _ in wanted}) > 2, "a decoder that says one thing shows little"
    print(f"decoder_test.py: {STEPS} steps, logits within {error:.1e}")


if __name__ == "__main__":
    main()
