"""PyTorch's side: the same cases, eager or by torch.compile(mode="max-autotune"), timed with CUDA's events. Reads lines
of JSON (peer.py).
"""

import peer
import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def random(dtype, *dims, scale=1.0):
    return (torch.rand(*dims, device="cuda", dtype=torch.float32) * (2 * scale) - scale).to(dtype)


def weight(dtype, *dims):
    return random(dtype, *dims, scale=(3 / dims[0]) ** 0.5)


def elementwise(d, rows, columns):
    return lambda x: x * torch.sigmoid(x) + 1, [random(d, rows, columns)]


def softmax(d, rows, columns):
    return lambda x: torch.softmax(x, -1), [random(d, rows, columns)]


def layer_norm(d, rows, columns):
    scale, shift = random(d, columns), random(d, columns)
    return lambda x: F.layer_norm(x, (columns,), scale, shift), [random(d, rows, columns)]


def matmul(d, m, k, n):
    w = weight(d, k, n)
    return lambda x: x @ w, [random(d, m, k)]


def attention(d, batch, heads, seq, depth):
    return F.scaled_dot_product_attention, [random(d, batch, heads, seq, depth) for _ in range(3)]


def chain(d, kernels):
    weights = [weight(d, 64, 64) for _ in range(kernels)]

    def run(x):
        for w in weights:
            x = x @ w
        return x

    return run, [random(d, 1, 64)]


def encoder(d, layers, hidden, heads, ffn, batch, seq):
    linear = lambda a, b: (weight(d, a, b), random(d, b, scale=0.02))
    norm = lambda: (random(d, hidden), random(d, hidden))
    layers = [
        {
            "qkv": [linear(hidden, hidden) for _ in range(3)],
            "o": linear(hidden, hidden),
            "up": linear(hidden, ffn),
            "down": linear(ffn, hidden),
            "norms": [norm(), norm()],
        }
        for _ in range(layers)
    ]
    apply = lambda x, wb: x @ wb[0] + wb[1]
    table = weight(d, 1024, hidden)

    def run(tokens):
        x = table[tokens]
        for layer in layers:
            q, k, v = (apply(x, wb).view(batch, seq, heads, -1).transpose(1, 2) for wb in layer["qkv"])
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, seq, hidden)
            x = F.layer_norm(x + apply(mixed, layer["o"]), (hidden,), *layer["norms"][0])
            x = F.layer_norm(x + apply(F.gelu(apply(x, layer["up"])), layer["down"]), (hidden,), *layer["norms"][1])
        return x[:, 0]

    return run, [torch.randint(0, 1024, (batch, seq), device="cuda")]


def decoder_step(d, layers, hidden, heads, kv_heads, ffn, past):
    depth = hidden // heads
    layers = [
        {
            "q": weight(d, hidden, hidden), "k": weight(d, hidden, kv_heads * depth),
            "v": weight(d, hidden, kv_heads * depth), "o": weight(d, hidden, hidden),
            "gate": weight(d, hidden, ffn), "up": weight(d, hidden, ffn), "down": weight(d, ffn, hidden),
            "norms": [random(d, hidden), random(d, hidden)],
            "keys": random(d, 1, kv_heads, past, depth), "values": random(d, 1, kv_heads, past, depth),
        }
        for _ in range(layers)
    ]  # fmt: skip
    norm = lambda x, scale: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * scale

    def run(x):
        for layer in layers:
            y = norm(x, layer["norms"][0])
            layer["keys"][:, :, past - 1] = (y @ layer["k"]).view(1, kv_heads, depth)
            layer["values"][:, :, past - 1] = (y @ layer["v"]).view(1, kv_heads, depth)
            # The queries of one head of keys are as rows of one query.
            q = (y @ layer["q"]).view(1, kv_heads, heads // kv_heads, depth)
            x = x + F.scaled_dot_product_attention(q, layer["keys"], layer["values"]).reshape(1, hidden) @ layer["o"]
            y = norm(x, layer["norms"][1])
            x = x + (F.silu(y @ layer["gate"]) * (y @ layer["up"])) @ layer["down"]
        return x

    return run, [random(d, 1, hidden)]


KINDS = {
    function.__name__: function
    for function in (elementwise, softmax, layer_norm, matmul, attention, chain, encoder, decoder_step)
}
ready = {}


def prepare(case, mode):
    key = repr((case, mode))
    if key not in ready:
        ready.clear()  # the memory of one case at a time
        torch.cuda.empty_cache()
        run, inputs = KINDS[case["kind"]](DTYPES[case["dtype"]], **case["sizes"])
        if mode == "compile":
            torch._dynamo.reset()
            run = torch.compile(run, mode="max-autotune")
        ready[key] = run, inputs
    return ready[key]


@torch.no_grad()
def answer(request):
    if "case" not in request:
        return {"version": torch.__version__, "device": torch.cuda.get_device_name()}
    run, inputs = prepare(request["case"], request["mode"])
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def run_many(count):
        begin.record()
        for _ in range(count):
            run(*inputs)
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)

    return {"ms": peer.measure(run_many, request["seconds"])}


if __name__ == "__main__":
    peer.serve(answer)
