#!/usr/bin/env python3
"""`--target=cuda` and `--device`: programs with kernels for GPUs, where there is no GPU.

Why a script: as `cli_test.py`, whose helpers it uses.
"""
import ctypes
from pathlib import Path

import cli_test


class Gpu(cli_test.CliTest):
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
        self.fail_ingot(["executables", "object"], "compile", self.mlp, "-o", "mlp", "--target=cuda")

    def test_emulated(self):
        run = ("run", self.mlp, "--random", "1", "--dim", "batch=3", "--output")
        self.succeed(*run, "cpu")
        self.assertEqual(self.succeed_json(*run, "gpu", "--device=gpu-emulated")["device"], "cuda:0")
        ours, theirs = (cli_test.read_npy(next((self.work / folder).iterdir()))[2] for folder in ("cpu", "gpu"))
        for a, b in zip(ours, theirs, strict=True):
            self.assertAlmostEqual(a, b, places=5)


if __name__ == "__main__":
    cli_test.main(__name__)
