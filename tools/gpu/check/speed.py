"""How fast the GPU's kernels are, beside PyTorch and JAX in the same minutes: processes of all sides take turns, case
by case. First every case against PyTorch as it is, then again with torch.compile(mode="max-autotune") and JAX, as far
as the time goes.

Ingot's "kernels" are the steps of a run, as `ingot bench --profile` times them; "whole run" has the copies of inputs and
outputs in it, from and to the host. Of models and chains, whose inputs are small, the whole run is what is compared, of
single ops the kernels. A peer's time is that of runs one behind another on data that is on the GPU.
"""

import importlib.util
import json
import os
import queue
import statistics
import subprocess
import tempfile
import threading
import time

import processes
import speed_cases

PEERS = {
    "torch eager": ("peer_torch.py", "eager"),
    "torch compile": ("peer_torch.py", "compile"),
    "jax": ("peer_jax.py", ""),
}
COLUMNS = [
    "case",
    "ingot kernels ms",
    "ingot whole run ms",
    "ingot",
    *(f"{name} ms" for name in PEERS),
    "fastest peer / ingot",
]


class Peer:
    """A library's process. One that does not answer in time is ended and begun anew."""

    def __init__(self, script):
        self.path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
        self.process, self.facts = None, None

    def ask(self, request, seconds):
        late = f"no answer in {seconds:.0f} s"
        if self.process is None:
            # Not most of the memory at once, which is what JAX takes by itself.
            environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
            self.complaints = tempfile.TemporaryFile()
            options = {
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": self.complaints,
                "text": True,
                "start_new_session": True,
            }
            self.process = subprocess.Popen([*processes.PYTHON, self.path], env=environment, **options)
            self.answers = queue.Queue()
            processes.running.add(self.process.pid)
            self.reader = threading.Thread(target=self._read, args=(self.process, self.answers), daemon=True)
            self.reader.start()
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = self.answers.get(timeout=max(seconds, 1))
        except queue.Empty:
            answer = {"error": late}
        except OSError:
            answer = None
        if answer is None:
            self.complaints.seek(0)
            lines = self.complaints.read().decode(errors="replace").strip().splitlines()
            answer = {"error": "its process ended" + (f": {lines[-1][:200]}" if lines else "")}
            self.close()
        elif answer.get("error") == late:
            self.close()
        return answer

    @staticmethod
    def _read(process, answers):
        for line in process.stdout:
            answers.put(json.loads(line))
        answers.put(None)

    def close(self):
        if self.process is not None:
            # With the processes that compile for it.
            processes.end(self.process.pid)
            self.process.wait()
            self.reader.join()
            self.process.stdin.close()
            self.process.stdout.close()
            self.complaints.close()
            self.process = None


class Speed:
    def __init__(self, part, root, work, device, deadline, bandwidth, seconds):
        self.part, self.bin, self.work, self.device = part, os.path.join(root, "bin"), work, device
        self.deadline, self.bandwidth, self.seconds = deadline, bandwidth, seconds
        self.peers, self.times = {}, {}

    def left(self):
        return self.deadline - time.monotonic()

    def graph(self, case):
        """The file of the case's graph, written once."""
        words = [f"{name}={value}" for name, value in case["sizes"].items()]
        path = os.path.join(self.work, "_".join([case["kind"], case["dtype"], *words]) + ".ingot")
        if not os.path.exists(path):
            _, _, trouble = processes.run(
                [os.path.join(self.bin, "speed_graph"), path, case["kind"], f"dtype={case['dtype']}", *words],
                min(self.left(), 120),
            )
            if trouble:
                raise RuntimeError(f"the graph: {trouble}")
        return path

    def ours(self, case):
        """(kernels, whole run) in ms."""
        command = [
            os.path.join(self.bin, "ingot"),
            "bench",
            self.graph(case),
            "--device",
            self.device,
            "--profile",
            "--json",
            "--seconds",
            self.seconds,
        ]
        _, text, trouble = processes.run(
            command, min(self.left(), 120), {"INGOT_CACHE_DIR": os.path.join(self.work, "cache")}
        )
        lines = [line for line in text.splitlines() if line.startswith("{")]
        if trouble or not lines:
            raise RuntimeError(trouble or "no figures")
        figures = json.loads(lines[-1])
        return sum(row["ms"] for row in figures["profile"]), figures["median_ms"]

    def peer(self, name, case):
        script, mode = PEERS[name]
        if script not in self.peers:
            self.peers[script], what = Peer(script), name.split()[0]
            has = importlib.util.find_spec(what) is not None
            facts = self.peers[script].ask({}, min(self.left(), 90)) if has else {"error": f"Python has no {what}"}
            self.peers[script].facts = facts
            here = "version" in facts
            self.part.note(
                f"{what} " + ("{version} on {device}" if here else "is not compared: {error}").format(**facts)
            )
        peer = self.peers[script]
        if "version" not in peer.facts:
            return None
        answer = peer.ask({"case": case, "mode": mode, "seconds": self.seconds}, min(self.left(), 90))
        return answer.get("ms", answer.get("error"))

    def measure(self, case, peers):
        """All sides in turn, once; the row of all that was measured so far."""
        times, problems = self.times.setdefault(speed_cases.name(case), {}), {}
        try:
            for key, value in zip(("kernels", "whole"), self.ours(case)):
                times.setdefault(key, []).append(value)
        except RuntimeError as error:
            problems["ingot"] = str(error)
        for name in peers:
            value = self.peer(name, case)
            if isinstance(value, float):
                times.setdefault(name, []).append(value)
            elif value is not None:
                problems[name] = value
        return self.row(case, {name: statistics.median(values) for name, values in times.items()}, problems)

    def row(self, case, middle, problems):
        row = {"case": speed_cases.name(case)}
        for name in PEERS:
            row[f"{name} ms"] = f"{middle[name]:.4f}" if name in middle else problems.get(name, "")
        if "kernels" not in middle:
            return {**row, "ingot": problems["ingot"]}
        row.update({"ingot kernels ms": f"{middle['kernels']:.4f}", "ingot whole run ms": f"{middle['whole']:.4f}"})
        # Of a model, what lies between its kernels counts, too.
        mine = middle["whole" if case["kind"] in speed_cases.MODELS else "kernels"]
        row["ingot"] = speed_cases.work(case, mine, self.bandwidth)
        theirs = [middle[name] for name in PEERS if name in middle]
        row["fastest peer / ingot"] = f"{min(theirs) / mine:.3f}" if theirs else ""
        return row

    def run(self, cases):
        measured = set()
        for peers in (["torch eager"], list(PEERS)):
            for case in cases:
                if self.left() < 15:
                    missing = [name for name in map(speed_cases.name, cases) if name not in measured]
                    self.part.note("the time is up" + (f"; not measured: {', '.join(missing)}" if missing else ""))
                    return
                row = self.measure(case, peers)
                measured.add(row["case"])
                self.part.put("case", **row)

    def close(self):
        for peer in self.peers.values():
            peer.close()


def emulated(part, root, work):
    """That the path works; the emulator's times say nothing, and none is shown."""
    speed = Speed(part, root, work, "gpu-emulated", time.monotonic() + 60, 0, 0.01)
    for case in speed_cases.small():
        try:
            speed.ours(case)
            part.add(**{"case": speed_cases.name(case), "ingot": "emulated: no figure"})
        except RuntimeError as error:
            part.add(**{"case": speed_cases.name(case), "ingot": str(error), "result": False})


def check(part, root, work, device, deadline, bandwidth):
    speed = Speed(part, root, work, device, deadline, bandwidth, 0.4)
    part.note(__doc__.split("\n\n")[1].strip().replace("\n", " "))
    try:
        speed.run(speed_cases.full())
    finally:
        speed.close()
