#!/usr/bin/env python3
"""`--target=cuda` and `--device`: programs with kernels for GPUs, where there is no GPU.

Why a script: as `cli_test.py`, whose helpers it uses.
"""
import ctypes
import json
import subprocess
from pathlib import Path

import cli_test


class Gpu(cli_test.CliTest):
    def run_program(self, *command):
        return subprocess.run(command, cwd=self.work, check=False, capture_output=True, text=True)

    def test_targets_and_devices(self):
        self.succeed("compile", self.mlp, "-o", "mlp.so", "--target=cuda:sm_80,cuda:sm_90")
        self.assertEqual(self.succeed_json("inspect", "mlp.so")["gpu"], ["sm_90", "sm_80"])
        self.succeed("compile", self.mlp, "-o", "mlp.ptx", "--target=cuda")
        self.assertIn(".target sm_80", (self.work / "mlp.ptx").read_text())
        self.fail_ingot(["PTX", "--target=cuda"], "compile", self.mlp, "-o", "mlp.ptx")
        self.fail_ingot(["'sm_35'", "sm_80"], "compile", self.mlp, "-o", "mlp.o", "--target=cuda:sm_35")
        run = ("run", self.mlp, "--random", "1", "--dim", "batch=3")
        self.fail_ingot(["'tpu'", "cuda"], *run, "--device=tpu")
        self.fail_ingot(["--device", "--mode=jit"], "verify", cli_test.FIXTURES / "mlp", "--device=cuda")
        try:
            ctypes.CDLL("libcuda.so.1")
        except OSError:
            # One clear error, before anything is compiled; on the CPU the program runs as ever.
            self.fail_ingot(["no CUDA driver", "install"], *run, "--device=cuda")
            self.fail_ingot(["no CUDA driver", "install"], "run", "mlp.so", "--random", "1", "--dim", "batch=3", "--device=cuda")
        self.succeed("run", "mlp.so", "--random", "1", "--dim", "batch=3")

    def test_programs_for_the_cpu_hold_no_launcher(self):
        self.succeed("compile", self.mlp, "-o", "mlp")
        names = (b"libcuda", b"cuLaunchKernel")
        program, command = (self.work / "mlp").read_bytes(), Path(cli_test.INGOT).read_bytes()
        self.assertEqual([name in program for name in names], [False, False])
        self.assertEqual([name in command for name in names], [True, True], "the command has a launcher")

    def test_executables_choose_a_device(self):
        self.succeed("compile", self.mlp, "-o", "mlp", "--target=cuda")
        program = str(self.work / "mlp")
        run = (program, "--random", "1", "--dim", "batch=3", "--output", "cpu")
        self.assertIn("sm_80", self.run_program(program, "--help").stdout)
        self.assertEqual(self.run_program(*run).returncode, 0)
        self.assertEqual(self.run_program(*run, "--device=cpu").returncode, 0)
        try:
            ctypes.CDLL("libcuda.so.1")
        except OSError:
            result = self.run_program(*run, "--device=cuda:1")
            self.assertEqual(result.returncode, 1)
            self.assertIn("there is no CUDA driver here", result.stderr)

    def test_emulated(self):
        run = ("run", self.mlp, "--random", "1", "--dim", "batch=3", "--output")
        self.succeed(*run, "cpu")
        self.assertEqual(self.succeed_json(*run, "gpu", "--device=gpu-emulated")["device"], "cuda:0")
        ours, theirs = (cli_test.read_npy(next((self.work / folder).iterdir()))[2] for folder in ("cpu", "gpu"))
        for a, b in zip(ours, theirs, strict=True):
            self.assertAlmostEqual(a, b, places=5)

    def test_traces_have_a_row_for_the_gpu(self):
        bench = ("bench", self.mlp, "--dim", "batch=3", "--seconds", "0.05", "--trace")
        self.succeed(*bench, "gpu.json", "--device=gpu-emulated")
        events = json.loads((self.work / "gpu.json").read_text())["traceEvents"]
        rows = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
        self.assertEqual(rows, {1: "host", 2: "cuda:0"})
        steps = [event for event in events if event["ph"] == "X" and event["tid"] == 2]
        (run,) = (event for event in events if event["ph"] == "X" and event["tid"] == 1)
        self.assertTrue(steps)
        for step in steps:
            self.assertTrue(step["name"] and step["args"]["kernel"] and step["dur"] > 0, step)
            self.assertLess(step["dur"], run["dur"] + 1)
        self.succeed(*bench, "cpu.json")
        self.assertEqual({event["tid"] for event in json.loads((self.work / "cpu.json").read_text())["traceEvents"]}, {1})


if __name__ == "__main__":
    cli_test.main(__name__)
