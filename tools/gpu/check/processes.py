"""Child processes with a time limit: their end, whatever it is, is a result."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

# This one again. Without PATH it does not know its own name.
PYTHON = [sys.executable or os.path.realpath("/proc/self/exe"), "-B"]

# Of children, each of which leads a group of its own; and whether there may be no more.
running, stopping = set(), threading.Event()


def end(pid):
    """A child and what it started."""
    running.discard(pid)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end_all():
    """From here on none begins, and none is left."""
    stopping.set()
    while running:
        end(next(iter(running)))
        time.sleep(0.01)


def run(command, seconds, environment=None):
    """(exit status or None, standard output, in words how it ended: "" for well). Its children are gone, too."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        options = {
            "stdout": out,
            "stderr": err,
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            "env": {**os.environ, **(environment or {})},
        }
        if stopping.is_set():
            return None, "", "stopped"
        try:
            process = subprocess.Popen(list(map(str, command)), **options)
        except OSError as error:
            return None, "", str(error)
        running.add(process.pid)
        if stopping.is_set():
            end(process.pid)
        try:
            status, trouble = process.wait(max(seconds, 0.1)), ""
        except subprocess.TimeoutExpired:
            status, trouble = None, f"stopped after {seconds:.0f} s"
        end(process.pid)
        process.wait()
        out.seek(0)
        err.seek(0)
        text, complaint = (stream.read().decode(errors="replace") for stream in (out, err))
    if status is not None and status < 0:
        trouble = f"ended by signal {signal.Signals(-status).name}"
    elif status:
        lines = [line for line in complaint.splitlines() if line.strip()]
        trouble = f"status {status}" + (f": {lines[-1][:300]}" if lines else "")
    return status, text, trouble
