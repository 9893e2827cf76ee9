#!/usr/bin/env python3
"""Two models in one binary, called from C11 and from C++17, from objects and from archives; what they compute is ONNX Runtime's.

Why: a compiled model is an ordinary object: its symbols must not collide with another's, and its header must please strict compilers.
"""
import numpy as np
import support
from ort_case import open_session

BATCH, SEQ = 3, 7
TOLERANCE = 1e-5
CALLERS = (("C11", "cc", ("-std=c11",)), ("C++17", "c++", ("-std=c++17", "-x", "c++")))


def expected(setup):
    """What two_models.c prints, by ONNX Runtime."""
    pixel, token = np.arange(BATCH * 784), np.arange(BATCH * SEQ)
    image = ((pixel * 37 % 101) / np.float32(101) - np.float32(0.5)).astype(np.float32).reshape(BATCH, -1)
    text = {"input_ids": token * 7 % 50, "attention_mask": token % SEQ < 1 + 2 * (token // SEQ), "token_type_ids": token % 2}
    text = {name: values.astype(np.int64).reshape(BATCH, SEQ) for name, values in text.items()}
    outputs = open_session(str(setup.model("mlp")), 1).run(None, {"x": image})
    outputs += open_session(str(setup.model("bert_tiny")), 1).run(None, text)
    return np.concatenate([output.ravel() for output in outputs])


def check(setup, report):
    wanted = expected(setup)
    worst = 0.0
    for kind in ("o", "a"):
        for name in ("mlp", "bert_tiny"):
            setup.compile(setup.model(name), f"{name}.{kind}", "--name", name)
            # The caller includes the header of the object; an archive comes with the same one.
            header = setup.work / "programs" / f"{name}.{kind}.h"
            header.replace(setup.work / "programs" / f"{name}.o.h")
        for language, compiler, flags in CALLERS:
            parts = [setup.work / "programs" / f"{name}.{kind}" for name in ("mlp", "bert_tiny")]
            source = [support.HERE / "two_models.c", *(["-x", "none"] if "-x" in flags else [])]
            program = setup.link("two_models", *source, *parts, compiler=compiler, flags=flags)
            got = np.array(setup.run(program).stdout.split(), np.float64)
            difference = np.abs(got - wanted).max() if got.shape == wanted.shape else np.inf
            worst = max(worst, difference)
            report.check(difference <= TOLERANCE, f"two models (.{kind}) in one {language} program: within {difference:.1e} of onnxruntime")
    return f"two models in one binary, from C11 and C++17: within {worst:.1e} of onnxruntime"


if __name__ == "__main__":
    support.main(__doc__, check)
