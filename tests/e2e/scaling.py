#!/usr/bin/env python3
"""Time follows the sequence: a run at 16 takes less than a quarter of one at 128.

Why: sizes are symbolic, not padded to the largest. One thread; both sizes alternate and the fastest run of each counts.
"""
import support

LIMIT = 0.25


def check(setup, report, name="bert_2x384"):
    program, out = setup.executable(name), setup.work / "scaling"
    best = {}
    for _ in range(3):
        for seq, repeat in ((16, 80), (128, 15)):
            command = [program, "--random", 1, *support.dims_of((1, seq)), "--threads", 1, "--repeat", repeat, "--json", "--output", out]
            best[seq] = min(best.get(seq, 1e18), setup.run_json(*command)["min_ns"])
    ratio = best[16] / best[128]
    figures = f"{name}: {best[16] / 1e6:.2f} ms at sequence 16, {best[128] / 1e6:.2f} ms at 128: {ratio:.3f} of it"
    report.check(ratio < LIMIT, f"{figures} (limit {LIMIT})")
    return figures


if __name__ == "__main__":
    support.main(__doc__, check)
