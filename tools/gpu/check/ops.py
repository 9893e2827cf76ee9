"""Every test of compiled ops, on the GPU: `ops_gpu_test` in many processes of few tests, so that a crash or a hang
costs one test. A test that failed behind another one is run again alone, since an error of a kernel ends what its
process can do with the GPU.
"""

import json
import os
import queue
import re
import threading
import time

import conformance
import processes

CHUNK, RESULT = 6, re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] ([^\s,]+)(?:,.*)?(?: \((\d+) ms\))?$")
CASES_AT_ONCE = 64
# On the stand-in: of each suite one test, and about so many of ONNX's cases, so that the command is tested in a minute.
# All of them run there in the tests `gpu_ops_*` and `gpu_onnx_node_tests`.
SMALL, FEW_CASES = 1, 24


def names(program, environment):
    status, text, trouble = processes.run([program, "--gtest_list_tests"], 60, environment)
    if status != 0:
        raise RuntimeError(f"the list of tests: {trouble}")
    found, suite = [], ""
    for line in text.splitlines():
        word = line.split("#")[0].strip()
        if line.startswith(" "):
            found.append(suite + word)
        elif word.endswith("."):
            suite = word
    return found


def few(tests):
    """The first tests of each suite."""
    seen, chosen = {}, []
    for test in tests:
        suite = test.split(".")[0]
        seen[suite] = seen.get(suite, 0) + 1
        if seen[suite] <= SMALL:
            chosen.append(test)
    return chosen


def parse(text):
    """{test: (verdict, its output)}; a test that began and did not end has the verdict None."""
    results, running, lines = {}, None, []
    for line in text.splitlines():
        if line.startswith("[ RUN      ] "):
            running, lines = line[13:].strip(), []
            results[running] = (None, "")
        elif running is not None:
            match = RESULT.match(line)
            if match and match.group(2) == running:
                results[running] = (match.group(1), " ".join(" ".join(lines).split())[:300])
                running = None
            else:
                lines.append(line)
    return results


class Ops:
    def __init__(self, program, environment, seconds, deadline, tell):
        self.program, self.environment, self.seconds, self.deadline = program, environment, seconds, deadline
        self.queue, self.lock, self.verdicts, self.tell = queue.Queue(), threading.Lock(), {}, tell

    def run(self, tests, jobs):
        """{test: (passed or None for skipped, why)}; tests that are not in it found no time."""
        for at in range(0, len(tests), CHUNK):
            self.queue.put(tests[at : at + CHUNK])
        workers = [threading.Thread(target=self._work) for _ in range(jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return self.verdicts

    def _work(self):
        while time.monotonic() < self.deadline:
            try:
                chunk = self.queue.get_nowait()
            except queue.Empty:
                return
            # What comes back into the queue is put there by this thread, which goes on until there is nothing.
            self._run_chunk(chunk)

    def _run_chunk(self, chunk):
        seconds = min(self.seconds, self.deadline - time.monotonic())
        command = [self.program, "--gtest_color=no", "--gtest_filter=" + ":".join(chunk)]
        _, text, trouble = processes.run(command, seconds, self.environment)
        results, spoiled = parse(text), False
        for test in chunk:
            if test not in results:
                # Alone it has no excuse.
                if len(chunk) == 1:
                    self._set(test, False, trouble or "it did not run")
                elif time.monotonic() < self.deadline:
                    self.queue.put([test])
                continue
            verdict, output = results[test]
            if verdict == "OK":
                self._set(test, True, "")
            elif verdict == "SKIPPED":
                self._set(test, None, output or "skipped")
            elif spoiled:
                self.queue.put([test])
            else:
                spoiled = True
                self._set(test, False, output if verdict else trouble or "it did not end")

    def _set(self, test, passed, why):
        with self.lock:
            self.verdicts[test] = (passed, why)
            self.tell(self.verdicts)


def check(part, program, environment, jobs, deadline, small):
    every = names(program, environment)
    tests = few(every) if small else every

    def tell(verdicts):
        failed = [test for test, verdict in verdicts.items() if verdict[0] is False]
        names = f": {' '.join(failed)}" if failed else ""
        part.tell(f"so far {len(verdicts)} of {len(tests)} tests, {len(failed)} failed{names}")

    verdicts = Ops(program, environment, 180, deadline, tell).run(tests, jobs)
    part.tell("")
    suites = {}
    for test in tests:
        suites.setdefault(test.split(".")[0], []).append(test)
    for suite, members in suites.items():
        said = [verdicts.get(test) for test in members]
        failures = [(test, verdict[1]) for test, verdict in zip(members, said) if verdict and verdict[0] is False]
        counts = {
            "passed": sum(v is not None and v[0] is True for v in said),
            "skipped": sum(v is not None and v[0] is None for v in said),
        }
        part.add(
            suite=suite,
            **counts,
            failed=len(failures),
            missing=said.count(None),
            result=not failures and None not in said,
        )
        for test, why in failures:
            part.note(f"FAIL {test}: {why}", failed=True)
    if small:
        part.note(f"{len(tests)} of {len(every)} tests, {SMALL} of each suite")
    missing = [test for test in tests if test not in verdicts]
    if missing:
        part.note(f"no time for {len(missing)} of {len(tests)} tests: {' '.join(missing[:10])}", failed=True)


def check_onnx(part, ingot, folder, device, jobs, deadline, small):
    """ONNX's own node cases, in a few runs of `ingot verify`, which gives each a process. Some lie in their data."""
    cases = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    if small:
        cases = cases[:: max(1, len(cases) // FEW_CASES)]
    passed, skipped, failures, done = 0, 0, [], 0
    for at in range(0, len(cases), CASES_AT_ONCE):
        left = deadline - time.monotonic()
        if left < 1:
            break
        some = cases[at : at + CASES_AT_ONCE]
        command = [
            ingot,
            "verify",
            "--mode=jit",
            "--device",
            device,
            "--jobs",
            jobs,
            "--timeout",
            min(left, 60),
            "--json",
            *some,
        ]
        _, text, trouble = processes.run(command, left)
        lines = [line for line in text.splitlines() if line.startswith("{")]
        if not lines:
            part.note(
                f"FAIL ONNX's node cases from {os.path.basename(some[0])} on: {trouble or 'no result'}", failed=True
            )
            continue
        totals, done = json.loads(lines[-1]), done + len(some)
        passed, skipped = passed + totals["passed"], skipped + totals["skipped"]
        failures += [(os.path.basename(failure["case"]), failure["reason"]) for failure in totals["failures"]]
    if small:
        part.note(f"{len(cases)} of ONNX's node cases")
    unexpected = [(name, why) for name, why in failures if name not in conformance.FAULTY]
    missing = len(cases) - done
    part.add(
        suite="ONNX's node cases",
        passed=passed,
        skipped=skipped,
        failed=len(unexpected),
        missing=missing,
        result=passed > 0 and not unexpected and not missing,
    )
    for name, why in unexpected:
        part.note(f"FAIL {name}: {why[:300]}", failed=True)
