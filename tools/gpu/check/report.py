"""What the parts of `check` found: kept as rows, printed as tables, and written to results.md and results.json after
every row, so that nothing is lost where the machine or the time ends.
"""

import json
import os
import time

WORDS = {True: "pass", False: "FAIL", None: "-"}


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = [WORDS[row.get(c)] if c == "result" else row.get(c, "") for c in columns]
        lines.append("| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


class Part:
    """A table: its columns, its rows, and in words what could not be done and why."""

    def __init__(self, report, name, title, columns):
        self.report, self.name, self.title, self.columns = report, name, title, columns
        self.rows, self.notes, self.seconds, self.failed = [], [], None, False
        self.progress = ""

    def add(self, **row):
        self.rows.append(row)
        self._show(row)

    def put(self, key, **row):
        """In place of the row with the same `key`, or as a new one."""
        at = next((i for i, old in enumerate(self.rows) if old[key] == row[key]), len(self.rows))
        self.rows[at : at + 1] = [row]
        self._show(row)

    def _show(self, row):
        self.failed = self.failed or row.get("result") is False
        cells = (WORDS[row[c]] if c == "result" else str(row[c]) for c in self.columns if row.get(c, "") != "")
        print("  " + "  ".join(cells)[:400], flush=True)
        self.report.write()

    def note(self, text, failed=False):
        self.notes.append(text)
        self.failed = self.failed or failed
        print("  " + text, flush=True)
        self.report.write()

    def tell(self, progress):
        """How far it is, where rows come late; "" when they are there."""
        self.progress = progress
        self.report.write()

    def text(self):
        took = "" if self.seconds is None else f" ({self.seconds:.0f} s)"
        head = f"## {self.title}{took}\n\n{self.report.stamp()}\n" + (f"\n{self.progress}\n" if self.progress else "")
        return (
            head
            + "".join(f"\n{note}\n" for note in self.notes)
            + ("\n" + table(self.columns, self.rows) + "\n" if self.rows else "")
        )


class Report:
    def __init__(self, folder, emulated):
        self.folder, self.emulated, self.parts, self.device = folder, emulated, [], {}
        self.began, self.date = time.monotonic(), time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        os.makedirs(folder, exist_ok=True)

    def stamp(self):
        """Of every table: the device and the date."""
        device = self.device
        if self.emulated:
            return f"the emulator on the CPU, no GPU: not run on hardware; {self.date}"
        if "name" not in device:
            return f"no GPU: not run on hardware; {self.date}"
        return f"{device['name']}, {device['architecture']}, driver {device.get('driver', '?')}; {self.date}"

    def part(self, name, title, columns):
        print(f"\n== [{time.monotonic() - self.began:.0f} s] {title}", flush=True)
        self.parts.append(Part(self, name, title, columns))
        return self.parts[-1]

    @property
    def failed(self):
        # What is slow is no failure; on the emulator, where nothing is timed, what does not run is one.
        return any(part.failed for part in self.parts if self.emulated or part.name != "speed")

    def text(self):
        facts = table(["fact", "value"], [{"fact": fact, "value": value} for fact, value in self.device.items()])
        return f"# Ingot on a GPU\n\n{self.stamp()}\n\n{facts}\n\n" + "\n".join(part.text() for part in self.parts)

    def write(self):
        parts = {
            part.name: {key: getattr(part, key) for key in ("title", "rows", "notes", "progress", "seconds", "failed")}
            for part in self.parts
        }
        whole = {
            "device": self.device,
            "date": self.date,
            "emulated": self.emulated,
            "failed": self.failed,
            "parts": parts,
        }
        for name, text in (("results.md", self.text()), ("results.json", json.dumps(whole, indent=1) + "\n")):
            path = os.path.join(self.folder, name)
            with open(path + ".new", "w") as file:
                file.write(text)
            os.replace(path + ".new", path)
