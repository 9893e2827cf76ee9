"""JAX's side: the same cases under jax.jit, runs one behind another and waited for at the end. Reads lines of JSON
(peer.py).
"""

import time

import jax
import jax.numpy as jnp
import peer

DTYPES = {"f32": jnp.float32, "f16": jnp.float16, "bf16": jnp.bfloat16}
keys = iter(jax.random.split(jax.random.PRNGKey(0), 1000))


def random(dtype, *dims, scale=1.0):
    return jax.random.uniform(next(keys), dims, jnp.float32, -scale, scale).astype(dtype)


def weight(dtype, *dims):
    return random(dtype, *dims, scale=(3 / dims[0]) ** 0.5)


def normalized(x, scale, shift):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5) * scale + shift


def elementwise(d, rows, columns):
    return lambda x: x * jax.nn.sigmoid(x) + 1, [random(d, rows, columns)]


def softmax(d, rows, columns):
    return lambda x: jax.nn.softmax(x), [random(d, rows, columns)]


def layer_norm(d, rows, columns):
    return normalized, [random(d, rows, columns), random(d, columns), random(d, columns)]


def matmul(d, m, k, n):
    # Of f32 all bits, as the others have it.
    return lambda x, w: jnp.matmul(x, w, precision="highest" if d == jnp.float32 else None), [
        random(d, m, k),
        weight(d, k, n),
    ]


def attention(d, batch, heads, seq, depth):
    inputs = [random(d, batch, seq, heads, depth) for _ in range(3)]
    fast = lambda q, k, v: jax.nn.dot_product_attention(q, k, v, implementation="cudnn")
    try:
        jax.jit(fast)(*inputs).block_until_ready()
        return fast, inputs
    except Exception:  # cuDNN lacks the dtype, or is not there
        return jax.nn.dot_product_attention, inputs


def chain(d, kernels):
    def run(x, weights):
        for w in weights:
            x = x @ w
        return x

    return run, [random(d, 1, 64), [weight(d, 64, 64) for _ in range(kernels)]]


KINDS = {function.__name__: function for function in (elementwise, softmax, layer_norm, matmul, attention, chain)}
ready = {}


def answer(request):
    if "case" not in request:
        return {"version": jax.__version__, "device": str(jax.devices("gpu")[0])}
    case = request["case"]
    if case["kind"] not in KINDS:
        return {"error": "not written for JAX"}
    key = repr(case)
    if key not in ready:
        ready.clear()
        run, inputs = KINDS[case["kind"]](DTYPES[case["dtype"]], **case["sizes"])
        ready[key] = jax.jit(run), inputs
    run, inputs = ready[key]

    def run_many(count):
        begin = time.perf_counter()
        for _ in range(count):
            result = run(*inputs)
        result.block_until_ready()
        return 1e3 * (time.perf_counter() - begin)

    return {"ms": peer.measure(run_many, request["seconds"])}


if __name__ == "__main__":
    peer.serve(answer)
