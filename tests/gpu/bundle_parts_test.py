"""What `./check` of tools/gpu does with tests that crash, hang or spoil what follows, with differences and with times.
usage: bundle_parts_test.py ROOT
"""

import json
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(sys.argv[1])
sys.path[:0] = [str(ROOT / "tools" / "gpu" / "check"), str(ROOT / "tests" / "e2e")]

import models
import ops
import processes
import report
import speed
import speed_cases

sys.path.insert(0, str(ROOT / "tests" / "e2e" / "cli"))
from cli_test import write_npy

# As a program of GoogleTest: `crash` ends the process, `hang` does not end, and behind `spoil` every test fails.
FAKE = """#!/usr/bin/env python3
import os, sys, time
tests = "a.one a.two a.crash a.three b.hang b.spoil b.spoiled b.skip b.param/0".split()
if "--gtest_list_tests" in sys.argv:
    print("a.\\n  one\\n  two\\n  crash\\n  three\\nb.\\n  hang\\n  spoil\\n  spoiled\\n  skip\\n  param/0  # GetParam() = 3")
    sys.exit()
chosen = next(word for word in sys.argv if word.startswith("--gtest_filter="))[15:].split(":")
bad = False
for test in tests:
    if test not in chosen:
        continue
    print("[ RUN      ]", test, flush=True)
    if test == "a.crash":
        os.abort()
    if test == "b.hang":
        time.sleep(60)
    bad = bad or test == "b.spoil"
    if bad:
        print("an element is wrong")
    word = "[  FAILED  ]" if bad else "[  SKIPPED ]" if test == "b.skip" else "[       OK ]"
    print(word, test + (", where GetParam() = 3" if bad and "param" in test else ""), "(3 ms)", flush=True)
sys.exit(bad)
"""


class Fake(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.program = self.work / "fake"
        self.program.write_text(FAKE)
        self.program.chmod(0o755)

    def test_one_test_is_lost_to_a_crash_or_a_hang(self):
        tests = ops.names(self.program, {})
        self.assertEqual(tests[-1], "b.param/0")
        told = []
        verdicts = ops.Ops(self.program, {}, 1, time.monotonic() + 30, told.append).run(tests, 2)
        self.assertEqual(len(told), len(tests))
        self.assertEqual({test: verdict[0] for test, verdict in verdicts.items()},
                         {"a.one": True, "a.two": True, "a.crash": False, "a.three": True, "b.hang": False, "b.spoil": False, "b.spoiled": True,
                          "b.skip": None, "b.param/0": True})  # fmt: skip
        self.assertIn("SIGABRT", verdicts["a.crash"][1])
        self.assertIn("stopped after", verdicts["b.hang"][1])
        self.assertEqual(verdicts["b.spoil"][1], "an element is wrong")

    def test_no_time_is_a_failure(self):
        part = report.Report(self.work / "out", True).part("ops", "Ops", ["suite", "result"])
        ops.check(part, self.program, {}, 1, time.monotonic() - 1, False)
        self.assertTrue(part.failed)
        self.assertIn("no time for 9 of 9 tests", part.notes[-1])

    def test_few_tests_are_one_of_each_suite(self):
        self.assertEqual(ops.few(["a.one", "a.two", "b.one"]), ["a.one", "b.one"])

    def test_differences_of_outputs(self):
        for name, values in (("a", [1.0, 2.0]), ("b", [1.0, 2.0001]), ("c", [1.0, float("nan")]), ("d", [1.0])):
            (self.work / name).mkdir()
            write_npy(self.work / name / "y.npy", "f4", [len(values)], values)
        folder = lambda name: str(self.work / name)
        self.assertEqual(models.difference(folder("b"), folder("a")), "")
        self.assertIn("nan instead of 2", models.difference(folder("c"), folder("a")))
        self.assertIn("1 elements instead of 2", models.difference(folder("d"), folder("a")))
        os.remove(self.work / "d" / "y.npy")
        self.assertEqual(models.difference(folder("d"), folder("a")), "other outputs")

    def test_processes(self):
        self.assertEqual(processes.run(["sh", "-c", "echo yes"], 5), (0, "yes\n", ""))
        self.assertEqual(processes.run(["sh", "-c", "echo no >&2; exit 3"], 5)[2], "status 3: no")
        self.assertEqual(processes.run([self.work / "nothing"], 5)[0], None)

    def test_reports_are_written_row_by_row(self):
        part = report.Report(self.work / "out", False).part("layouts", "Layouts", ["instruction", "result", "why"])
        part.add(instruction="mma", result=False, why="a | b")
        results = json.loads((self.work / "out" / "results.json").read_text())
        self.assertEqual((results["failed"], results["parts"]["layouts"]["rows"][0]["why"]), (True, "a | b"))
        text = (self.work / "out" / "results.md").read_text()
        self.assertIn("| mma | FAIL | a / b |", text)
        self.assertIn("not run on hardware", text)


class Times(unittest.TestCase):
    def test_work(self):
        product = speed_cases.case("matmul", "bf16", "", m=1000, k=1000, n=1000)
        self.assertEqual(speed_cases.work(product, 1.0, 1e12), "2.00 TFLOP/s")
        rows = speed_cases.case("softmax", "f32", "", rows=1000, columns=1000)
        self.assertEqual(speed_cases.work(rows, 0.01, 1e12), "800 GB/s, 80% of a copy")
        self.assertEqual(speed_cases.work(speed_cases.case("chain", kernels=100), 1.0, 0), "10.00 us a kernel")

    def test_every_case_has_a_name_of_its_own_and_a_peer(self):
        names = [speed_cases.name(case) for case in speed_cases.full()]
        self.assertEqual(len(names), len(set(names)))
        peer = (ROOT / "tools" / "gpu" / "check" / "peer_torch.py").read_text()
        for case in speed_cases.full():
            self.assertIn(f"def {case['kind']}(d, {', '.join(case['sizes'])})", peer)

    def test_what_fails_once_is_measured_the_next_time(self):
        with tempfile.TemporaryDirectory() as folder:
            part = report.Report(folder, False).part("speed", "Speed", speed.COLUMNS)
            tried = speed.Speed(part, folder, folder, "cuda", time.monotonic() + 60, 1e12, 0)
            case = speed_cases.case("matmul", "f32", "", m=1000, k=1000, n=1000)
            answers, runs = iter(["out of memory", 4.0, 2.0]), iter([None, (8.0, 9.0), (16.0, 9.0)])
            tried.peer = lambda name, case: next(answers)

            def ours(case):
                figures = next(runs)
                if figures is None:
                    raise RuntimeError("it crashed")
                return figures

            tried.ours = ours
            row = tried.measure(case, ["torch eager"])
            self.assertEqual((row["ingot"], row["torch eager ms"]), ("it crashed", "out of memory"))
            part.put("case", **row)
            tried.measure(case, ["torch eager"])
            row = tried.measure(case, ["torch eager"])
            self.assertEqual((row["ingot kernels ms"], row["torch eager ms"]), ("12.0000", "3.0000"))
            self.assertEqual(row["fastest peer / ingot"], "0.250")
            part.put("case", **row)
            self.assertEqual(len(part.rows), 1)

    def test_a_peer_that_is_silent_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "silent.py"
            script.write_text(
                "import json, time\nif json.loads(input()).get('wait'):\n    time.sleep(60)\nprint(json.dumps({'ms': 1.5}), flush=True)\n"
            )
            peer = speed.Peer(str(script))
            self.addCleanup(peer.close)
            self.assertEqual(peer.ask({"wait": True}, 1), {"error": "no answer in 1 s"})
            self.assertEqual(peer.ask({}, 20), {"ms": 1.5})
            self.assertEqual(peer.ask({}, 20), {"error": "its process ended"})
            script.write_text("import no_such_library\n")
            self.assertIn("no_such_library", peer.ask({}, 20)["error"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
