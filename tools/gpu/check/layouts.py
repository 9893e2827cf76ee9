"""Which lane of a warp holds which element: small kernels, one instruction each, whose results tell row and column,
against what the emulator takes for true (tests/gpu/emulator/intrinsics_mma.cc, intrinsics_ldmatrix.cc). On a GPU the
kernels are the PTX below; on the stand-in their twins (layout_twins.cc). usage: layouts.py [--emulator LIBRARY --twins
LIBRARY] | --ptx
"""

import argparse
import ctypes
import json
import random
import struct
import sys

import device

LANES, M, N = 32, 16, 8
HEADER = ".version 7.8\n.target sm_80\n.address_size 64\n"


class Mma:
    """One shape: registers of A, and how many elements a register holds. B has half as many registers, C and D four."""

    def __init__(self, name, instruction, registers, per_register, code, largest):
        self.name, self.instruction, self.registers, self.per_register, self.code = (
            name,
            instruction,
            registers,
            per_register,
            code,
        )
        self.k = registers // 2 * 4 * per_register
        self.integer, self.largest = code == "b", largest

    def encode(self, elements):
        if self.code == "bf16":
            return b"".join(struct.pack("<f", x)[2:] for x in elements)
        return struct.pack(f"<{len(elements)}{self.code}", *elements)

    def fragment_a(self, a):
        """The elements in the order lane, register, place: the formulas of the emulator."""
        e = self.per_register
        return [
            a[lane // 4 + r % 2 * 8][lane % 4 * e + r // 2 * 4 * e + i]
            for lane in range(LANES)
            for r in range(self.registers)
            for i in range(e)
        ]

    def fragment_b(self, b):
        e = self.per_register
        return [
            b[lane % 4 * e + r * 4 * e + i][lane // 4]
            for lane in range(LANES)
            for r in range(self.registers // 2)
            for i in range(e)
        ]

    @staticmethod
    def fragment_c(c):
        return [c[lane // 4 + i // 2 * 8][lane % 4 * 2 + i % 2] for lane in range(LANES) for i in range(4)]

    def ptx(self):
        halves = self.registers // 2
        a, b = [f"%a{r}" for r in range(self.registers)], [f"%b{r}" for r in range(halves)]
        c, d = [f"%c{i}" for i in range(4)], [f"%d{i}" for i in range(4)]
        kind = "s32" if self.integer else "f32"

        def load(base, registers, of_type):
            return "".join(
                f"  ld.global.{of_type} {register}, [%p{base}+{4 * i}];\n" for i, register in enumerate(registers)
            )

        addresses = "".join(
            f"  ld.param.u64 %p{i}, [p{i}];\n  cvta.to.global.u64 %p{i}, %p{i};\n"
            f"  mul.wide.u32 %o, %r0, {4 * count};\n  add.u64 %p{i}, %p{i}, %o;\n"
            for i, count in enumerate((self.registers, halves, 4, 4))
        )
        stores = "".join(f"  st.global.{kind} [%p3+{4 * i}], {register};\n" for i, register in enumerate(d))
        operands = ", ".join("{" + ", ".join(registers) + "}" for registers in (d, a, b, c))
        return f""".visible .entry {self.name}(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3) {{
  .reg .u64 %p<4>, %o;
  .reg .u32 %r<3>;
  .reg .b32 %a<8>, %b<4>;
  .reg .{kind} %c<4>, %d<4>;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %tid.x;
  mad.lo.u32 %r0, %r1, 32, %r2;
{addresses}{load(0, a, "b32")}{load(1, b, "b32")}{load(2, c, kind)}  mma.sync.aligned.{self.instruction} {operands};
{stores}  ret;
}}
"""

    def problems(self, gpu, module):
        """A block per k, whose results are (row + 1) * (1 + column + 8 * (k mod 8)), and one of small numbers."""
        rng, tiles = random.Random(7), []
        for one in range(self.k):
            a = [[row + 1 if k == one else 0 for k in range(self.k)] for row in range(M)]
            b = [[1 + column + 8 * (k % 8) for column in range(N)] for k in range(self.k)]
            tiles.append((a, b, [[0] * N for _ in range(M)]))
        some = lambda rows, columns: [
            [rng.randint(-self.largest, self.largest) for _ in range(columns)] for _ in range(rows)
        ]
        tiles.append((some(M, self.k), some(self.k, N), some(M, N)))
        accumulator = "i" if self.integer else "f"
        memory = [
            gpu.upload(b"".join(self.encode(self.fragment_a(a)) for a, _, _ in tiles)),
            gpu.upload(b"".join(self.encode(self.fragment_b(b)) for _, b, _ in tiles)),
            gpu.upload(b"".join(struct.pack(f"<128{accumulator}", *self.fragment_c(c)) for _, _, c in tiles)),
            gpu.upload(bytes(512 * len(tiles))),
        ]
        gpu.launch(module, self.name, len(tiles), LANES, *memory)
        results = struct.unpack(f"<{128 * len(tiles)}{accumulator}", gpu.download(memory[3], 512 * len(tiles)))
        gpu.free(*memory)
        found = []
        for number, (a, b, c) in enumerate(tiles):
            d = [[c[m][n] + sum(a[m][k] * b[k][n] for k in range(self.k)) for n in range(N)] for m in range(M)]
            for place, (actual, expected) in enumerate(zip(results[128 * number :], self.fragment_c(d))):
                if actual != expected:
                    which = f"k = {number}" if number < self.k else "random"
                    found.append(f"{which}, lane {place // 4}, d{place % 4}: {actual:g} instead of {expected}")
        return found


class Ldmatrix:
    def __init__(self, matrices, transposed):
        self.matrices, self.transposed = matrices, transposed
        self.name = f"ldmatrix_x{matrices}" + ("_trans" if transposed else "")

    def ptx(self):
        registers = ", ".join(f"%v{i}" for i in range(self.matrices))
        instruction = f"ldmatrix.sync.aligned.m8n8.x{self.matrices}{'.trans' if self.transposed else ''}.shared.b16"
        stores = "".join(f"  st.global.u32 [%q+{4 * i}], %v{i};\n" for i in range(self.matrices))
        return f""".visible .entry {self.name}(.param .u64 p0, .param .u64 p1) {{
  .reg .u64 %p, %q, %o;
  .reg .u32 %t, %s, %v<4>, %w<4>;
  .shared .align 16 .b8 {self.name}_memory[512];
  mov.u32 %t, %tid.x;
  ld.param.u64 %p, [p0];
  cvta.to.global.u64 %p, %p;
  ld.param.u64 %q, [p1];
  cvta.to.global.u64 %q, %q;
  mul.wide.u32 %o, %t, 16;
  add.u64 %p, %p, %o;
  mul.wide.u32 %o, %t, {4 * self.matrices};
  add.u64 %q, %q, %o;
  ld.global.v4.u32 {{%w0, %w1, %w2, %w3}}, [%p];
  mov.u32 %s, {self.name}_memory;
  mad.lo.u32 %s, %t, 16, %s;
  st.shared.v4.u32 [%s], {{%w0, %w1, %w2, %w3}};
  bar.sync 0;
  {instruction} {{{registers}}}, [%s];
{stores}  ret;
}}
"""

    def problems(self, gpu, module):
        """Element (row, column) of matrix m is 64 * m + 8 * row + column; lane 8 * m + i names row i of matrix m."""
        memory = gpu.upload(struct.pack("<256H", *range(256))), gpu.upload(bytes(LANES * 4 * self.matrices))
        gpu.launch(module, self.name, 1, LANES, *memory)
        results = struct.unpack(f"<{LANES * 2 * self.matrices}H", gpu.download(memory[1], LANES * 4 * self.matrices))
        gpu.free(*memory)
        found = []
        for at, actual in enumerate(results):
            lane, m, i = at // (2 * self.matrices), at // 2 % self.matrices, at % 2
            line, place = lane // 4, 2 * (lane % 4) + i
            expected = 64 * m + (8 * place + line if self.transposed else 8 * line + place)
            if actual != expected:
                found.append(
                    f"lane {lane}, matrix {m}, half {i}: ({actual // 8 % 8}, {actual % 8}) of matrix {actual // 64}"
                    f" instead of ({expected // 8 % 8}, {expected % 8}) of {m}"
                )
        return found


KERNELS = [
    Mma("mma_f16", "m16n8k16.row.col.f32.f16.f16.f32", 4, 2, "e", 8),
    Mma("mma_bf16", "m16n8k16.row.col.f32.bf16.bf16.f32", 4, 2, "bf16", 8),
    Mma("mma_tf32", "m16n8k8.row.col.f32.tf32.tf32.f32", 4, 1, "f", 8),
    Mma("mma_s8", "m16n8k32.row.col.s32.s8.s8.s32", 4, 4, "b", 127),
    *(Ldmatrix(matrices, transposed) for transposed in (False, True) for matrices in (1, 2, 4)),
]
# What Ingot does not use yet has no kernel here: who writes the first one adds its layout to KERNELS.
NOT_USED = {"wgmma": "no kernel of Ingot uses wgmma yet", "tma_swizzle": "no kernel of Ingot uses TMA yet"}


def run(arguments):
    if arguments.emulator:
        # Its functions are what the twins call.
        ctypes.CDLL(arguments.emulator, ctypes.RTLD_GLOBAL)
        image = ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(arguments.twins), "layout_twins"))
        gpu = device.Device(arguments.emulator)
    else:
        image, gpu = None, device.Device()
    failed = False
    for kernel in KERNELS:
        try:
            # A module of its own, so that a driver that refuses one instruction has the others.
            found = kernel.problems(gpu, gpu.module(image or HEADER + kernel.ptx()))
        except device.DeviceError as error:
            found = [str(error)]
        failed = failed or bool(found)
        more = f" ({len(found)} differ)" if len(found) > 3 else ""
        print(json.dumps({"name": kernel.name, "passed": not found, "why": "; ".join(found[:3]) + more}), flush=True)
    for name, why in NOT_USED.items():
        print(json.dumps({"name": name, "passed": None, "why": why}), flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emulator")
    parser.add_argument("--twins")
    parser.add_argument("--ptx", action="store_true", help="print the kernels")
    arguments = parser.parse_args()
    if arguments.ptx:
        print(HEADER + "".join(kernel.ptx() for kernel in KERNELS))
        return
    try:
        sys.exit(run(arguments))
    except device.DeviceError as error:
        sys.exit(f"layouts: error: {error}")


if __name__ == "__main__":
    main()
