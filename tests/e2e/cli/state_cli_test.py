#!/usr/bin/env python3
"""`ingot run --state`: states go from run to run in a file, whatever runs the model.

Why a script: as `cli_test.py`, whose helpers it uses.
"""
import array
import json
import struct
import subprocess

import cli_test


# y = total + x, which is the next total.
TOTAL = '''
format_version: 2
op_set: 1
name: "total"
symbols { name: "rows" max: 1000 }
inputs { name: "x" type { dtype: F32 } }
nodes { name: "add" op: "add" inputs: "total" inputs: "x" outputs: "sum" }
outputs { name: "y" value: "sum" }
states { input { name: "total" type { dtype: F32 dims: "rows" } } output: "sum" }
'''


class State(cli_test.CliTest):
    def test_one_file_for_every_way_to_run(self):
        mean = str(cli_test.FIXTURES.parents[1] / "graph" / "golden" / "states_v2.ingot.txt")  # of all x so far
        self.succeed("compile", mean, "-o", "mean.so")
        for x, command in ((4, [mean, "--interpreter"]), (2, [mean]), (9, ["mean.so"])):
            cli_test.write_npy(self.work / "x.npy", "f4", (2,), (0, x))
            self.succeed("run", *command, "--input", "x=x.npy", "--state", "kept", "--output", "out")
        self.assertEqual(cli_test.read_npy(self.work / "out" / "y.npy")[2], [0, 5])
        data = (self.work / "kept").read_bytes()
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        self.assertEqual({name: (row["dtype"], row["shape"]) for name, row in header.items()}, {"count": ("F32", []), "mean": ("F32", [2])})
        begin, end = header["mean"]["data_offsets"]
        self.assertEqual(list(array.array("f", data[8 + length + begin : 8 + length + end])), [0, 5])
        facts = self.succeed_json("run", mean, "--input", "x=x.npy")
        self.assertEqual(facts["outputs"][0]["max"], 9, "without --state every command begins anew")
        cli_test.write_npy(self.work / "x3.npy", "f4", (3,), (0, 1, 2))
        for command in ([mean, "--interpreter"], [mean], ["mean.so"]):
            self.fail_ingot(["'kept' has the state 'mean' as f32[2]", "f32[3]"], "run", *command, "--input", "x=x3.npy", "--state", "kept")
            (self.work / "cut").write_bytes(data[:-1])
            self.fail_ingot(["'cut' is no file of states"], "run", *command, "--input", "x=x.npy", "--state", "cut")
        self.fail_ingot(["--state", "this one has none"], "run", self.mlp, "--random=1", "--dim", "batch=2", "--state", "kept")
        self.succeed("bench", mean, "--input", "x=x.npy", "--seconds", 0.05)

    def test_sizes_that_no_input_has(self):
        (self.work / "total.ingot.txt").write_text(TOTAL)
        cli_test.write_npy(self.work / "x.npy", "f4", (), (2,))
        run = ["--input", "x=x.npy", "--output", "out"]
        self.succeed("compile", "total.ingot.txt", "-o", "total.so", "--name", "total")
        for command in (["total.ingot.txt", "--interpreter"], ["total.ingot.txt"], ["total.so"]):
            self.succeed("run", *command, *run, "--dim", "rows=3")
            self.assertEqual(cli_test.read_npy(self.work / "out" / "y.npy")[1:], ((3,), [2, 2, 2]))
            self.fail_ingot(["state 'total'", "rows"], "run", *command, *run)
        self.succeed("compile", "total.ingot.txt", "-o", "total")
        done = subprocess.run([self.work / "total", *run, "--dim", "rows=4", "--repeat", "5"], cwd=self.work, check=False, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(cli_test.read_npy(self.work / "out" / "y.npy")[1:], ((4,), [10] * 4), "each run goes on from the last")
        done = subprocess.run([self.work / "total", *run], cwd=self.work, check=False, capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"state 'total' needs the size 'rows'", done.stderr)


if __name__ == "__main__":
    cli_test.main(__name__)
