"""What is timed: the graphs that `speed_graph` writes, their sizes, and what their work is."""

ROW_OPS = ("elementwise", "softmax", "layer_norm")
MODELS = ("encoder", "decoder_step", "chain")
BYTES = {"f32": 4, "f16": 2, "bf16": 2}


def case(kind, dtype="f32", label="", **sizes):
    return {"kind": kind, "dtype": dtype, "label": label, "sizes": sizes}


def bert_and_llama(dtype):
    return [
        case("matmul", dtype, "BERT-base, projection, 8 x 128 tokens", m=1024, k=768, n=768),
        case("matmul", dtype, "BERT-base, feed-forward, 8 x 128 tokens", m=1024, k=768, n=3072),
        case("matmul", dtype, "Llama 3 8B, projection, 2048 tokens", m=2048, k=4096, n=4096),
        case("matmul", dtype, "Llama 3 8B, feed-forward, 2048 tokens", m=2048, k=4096, n=14336),
        case("matmul", dtype, "Llama 3 8B, feed-forward, 1 token", m=1, k=4096, n=14336),
    ]


def full():
    """The most telling first: time may end anywhere."""
    cases = [case(kind, "f32", "", rows=16384, columns=4096) for kind in ROW_OPS]
    cases += bert_and_llama("bf16")
    cases += [
        case("attention", "bf16", "BERT-base, 8 x 128", batch=8, heads=12, seq=128, depth=64),
        case("attention", "bf16", "Llama 3 8B, 2048", batch=1, heads=32, seq=2048, depth=128),
        case("encoder", "f32", "BERT-base, 1 x 128", layers=12, hidden=768, heads=12, ffn=3072, batch=1, seq=128),
        case(
            "decoder_step",
            "bf16",
            "Llama 3 8B, 2 of its layers, 1024 tokens before",
            layers=2,
            hidden=4096,
            heads=32,
            kv_heads=8,
            ffn=14336,
            past=1024,
        ),
        case("chain", "f32", "100 kernels", kernels=100),
        case("encoder", "bf16", "BERT-base, 8 x 128", layers=12, hidden=768, heads=12, ffn=3072, batch=8, seq=128),
    ]
    cases += [case(kind, "bf16", "", rows=16384, columns=4096) for kind in ROW_OPS]
    return cases + bert_and_llama("f16") + bert_and_llama("f32")


def small():
    """Of each kind one, for the stand-in."""
    return [
        *(case(kind, "f32", "", rows=4, columns=64) for kind in ROW_OPS),
        case("matmul", "bf16", "", m=8, k=16, n=16),
        case("attention", "f16", "", batch=1, heads=1, seq=4, depth=8),
        case("encoder", "f32", "", layers=1, hidden=16, heads=2, ffn=16, batch=1, seq=2),
        case("decoder_step", "bf16", "", layers=1, hidden=16, heads=2, kv_heads=1, ffn=16, past=4),
        case("chain", "f32", "", kernels=3),
    ]


def name(case):
    sizes = " ".join(f"{size}={value}" for size, value in case["sizes"].items())
    return f"{case['kind']} {case['dtype']}, " + (case["label"] + ": " if case["label"] else "") + sizes


def operations(case):
    """Products and sums of one run; 0 where bytes are what counts."""
    s = case["sizes"]
    if case["kind"] == "matmul":
        return 2 * s["m"] * s["k"] * s["n"]
    if case["kind"] == "attention":
        return 4 * s["batch"] * s["heads"] * s["seq"] ** 2 * s["depth"]
    if case["kind"] == "encoder":
        tokens = s["batch"] * s["seq"]
        return s["layers"] * tokens * (8 * s["hidden"] ** 2 + 4 * s["hidden"] * s["ffn"] + 4 * s["seq"] * s["hidden"])
    return 0


def moved(case):
    """Bytes that one run has to read and write."""
    s, size = case["sizes"], BYTES[case["dtype"]]
    if case["kind"] in ROW_OPS:
        return 2 * size * s["rows"] * s["columns"]
    if case["kind"] == "matmul":
        return size * (s["m"] * s["k"] + s["k"] * s["n"] + s["m"] * s["n"])
    if case["kind"] == "decoder_step":
        cache = s["hidden"] // s["heads"] * s["kv_heads"]
        weights = 2 * s["hidden"] ** 2 + 2 * s["hidden"] * cache + 3 * s["hidden"] * s["ffn"]
        return size * s["layers"] * (weights + 2 * cache * s["past"])
    return 0


def work(case, milliseconds, bandwidth):
    """In words: TFLOP/s of products, the share of a copy's bandwidth of what memory bounds, a kernel's time of chains."""
    seconds = milliseconds / 1e3
    if case["kind"] == "chain":
        return f"{1e6 * seconds / case['sizes']['kernels']:.2f} us a kernel"
    bound_by_memory = case["kind"] in ROW_OPS or case["kind"] == "decoder_step" or case["sizes"].get("m") == 1
    if not bound_by_memory:
        return f"{operations(case) / seconds / 1e12:.2f} TFLOP/s"
    rate = moved(case) / seconds
    return f"{rate / 1e9:.0f} GB/s" + (f", {100 * rate / bandwidth:.0f}% of a copy" if bandwidth else "")
