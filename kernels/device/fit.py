"""Makes coefficients.inc: the polynomials and constants of the device math. usage: fit.py [NAME...] > coefficients.inc

Each row of FITS is one polynomial: a weighted minimax fit by the exchange algorithm of E. Remez (1934), in 60 decimal
digits. The coefficients are rounded one after the other, lowest power first, and the rest is fitted again after each
where that helps (N. Brisebarre and S. Chevillard, "Efficient polynomial L-infinity approximations", 2007, do it better
with lattices). The error in each comment is that of the rounded polynomial. With names it prints only those. Needs
mpmath. Test of the result: tests/kernels/device_math_test.cc.
"""
import sys

import mpmath as mp

mp.mp.dps = 60
GRID = 600


def rounded(value, bits):
    """The nearest number with that many significant bits (24: float, 53: double)."""
    with mp.workprec(bits):
        return +mp.mpf(value)


def chebyshev(low, high, count):
    return [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def evaluate(coefficients, x):
    return mp.polyval(list(reversed(coefficients)), x)


def extremes(errors, count):
    """Indices of the largest error of each sign run; the `count` neighbouring runs with the largest errors."""
    runs = []
    for i, error in enumerate(errors):
        if runs and (errors[runs[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    while len(runs) > count:
        runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
    return runs


def remez(points, values, weights, powers):
    """Coefficients of the given powers whose largest weighted error over the points is least."""
    count = len(powers) + 1
    chosen = [round((1 - mp.cos(mp.pi * j / (count - 1))) / 2 * (len(points) - 1)) for j in range(count)]
    table = [[x**p for p in powers] for x in points]
    best, best_error = [mp.mpf(0)] * len(powers), mp.inf
    for _ in range(12):
        system = mp.matrix(count, count)
        right = mp.matrix(count, 1)
        for row, i in enumerate(chosen):
            for column in range(count - 1):
                system[row, column] = table[i][column]
            system[row, count - 1] = (-1)**row / weights[i]
            right[row] = values[i]
        try:
            solution = mp.lu_solve(system, right)
        except ZeroDivisionError:  # powers without the lowest are no Chebyshev system on both sides of 0
            break
        coefficients = [solution[c] for c in range(count - 1)]
        errors = [(mp.fdot(coefficients, table[i]) - values[i]) * weights[i] for i in range(len(points))]
        error = max(abs(e) for e in errors)
        if error < best_error:
            best, best_error = coefficients, error
        found = extremes(errors, count)
        if len(found) < count or error < abs(solution[count - 1]) * mp.mpf("1.01"):
            break
        chosen = found
    return best


def fit(function, weight, low, high, count, bits):
    """(coefficients rounded to `bits`, largest weighted error). The weight is kept above 1/50 of its largest value."""
    points = chebyshev(mp.mpf(low), mp.mpf(high), GRID)
    values = [function(x) for x in points]
    weights = [weight(x) for x in points]
    floor = max(weights) / 50
    padded = [max(w, floor) for w in weights]

    def error(coefficients):
        return max(abs((evaluate(coefficients, x) - v) * w) for x, v, w in zip(points, values, weights))

    start = remez(points, values, padded, list(range(count)))
    plain = [rounded(c, bits) for c in start]
    done = [plain[0]]
    for power in range(1, count):
        rest = [v - evaluate(done, x) for v, x in zip(values, points)]
        done.append(rounded(remez(points, rest, padded, list(range(power, count)))[0], bits))
    return min((error(c), c) for c in (plain, done))[::-1]


def root(function):
    """A function of x as one of z = x * x."""
    return lambda z: function(mp.sqrt(z))


EXP = lambda r: (mp.expm1(r) - r) / r**2
SINH = root(lambda x: (mp.sinh(x) / x - 1) / x**2)
TANH = root(lambda x: (mp.tanh(x) / x - 1) / x**2)
LOG = root(lambda s: (2 * mp.atanh(s) / s - 2) / s**2)
SIN = root(lambda x: (mp.sin(x) / x - 1) / x**2)
COS = root(lambda x: (mp.cos(x) - 1 + x**2 / 2) / x**4)
ASIN = root(lambda x: (mp.asin(x) / x - 1) / x**2)
ATAN = root(lambda x: (mp.atan(x) / x - 1) / x**2)
ERF = root(lambda x: mp.erf(x) / x - 1)
S2 = (3 - 2 * mp.sqrt(2))**2  # the largest s * s, s = (m - 1) / (m + 1), m up to the root of 2
Q = mp.pi / 4 + mp.mpf("1e-3")

# name: (bits, what it approximates, the function, the weight that makes an error one relative to the result, low, high,
# number of coefficients)
FITS = {
    "Exp": (53, "(exp(r) - 1 - r) / r^2", EXP, lambda r: r**2 / abs(mp.expm1(r)), -0.347, 0.347, 11),
    "Sinh": (53, "(sinh(x) / x - 1) / z, z = x^2", SINH, lambda z: z, 0, 1, 8),
    "Tanh": (53, "(tanh(x) / x - 1) / z, z = x^2", TANH, lambda z: z, 0, 0.5625, 13),
    "Log": (53, "(2 atanh(s) / s - 2) / z, z = s^2", LOG, lambda z: z / 2, 0, S2, 8),
    "Log5": (53, "(2 atanh(s) / s - 2 - 2 z / 3) / z^2, z = s^2",
            lambda z: (LOG(z) - mp.mpf(2) / 3) / z, lambda z: z**2 / 2, 0, S2, 8),
    "Sin": (53, "(sin(x) / x - 1) / z, z = x^2", SIN, lambda z: z, 0, Q**2, 6),
    "Cos": (53, "(cos(x) - 1 + z / 2) / z^2, z = x^2", COS, lambda z: z**2, 0, Q**2, 6),
    "Asin": (53, "(asin(x) / x - 1) / z, z = x^2", ASIN, lambda z: z, 0, 0.25, 13),
    "Atan": (53, "(atan(x) / x - 1) / z, z = x^2", ATAN, lambda z: z, 0, 0.25, 12),
    "Erf": (53, "erf(x) / x - 1, z = x^2", ERF, lambda z: 1, 0, 1, 14),
    "ErfMiddle": (53, "erf(t + 1.625)", lambda t: mp.erf(t + mp.mpf("1.625")), lambda t: 1, -0.625, 0.625, 20),
    "ErfTail": (53, "exp(x^2) erfc(x), t = x - 4",
            lambda t: mp.exp((t + 4)**2) * mp.erfc(t + 4), lambda t: mp.exp(-(t + 4)**2), -1.75, 2, 18),
    "ExpF": (24, "(exp(r) - 1 - r) / r^2", EXP, lambda r: r**2 / abs(mp.expm1(r)), -0.347, 0.347, 6),
    "TanhF": (24, "(tanh(x) / x - 1) / z, z = x^2", TANH, lambda z: z, 0, 0.5625, 6),
    "LogF": (24, "(log(1 + f) - f + f^2 / 2) / f^3",
            lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, lambda f: f**3 / mp.log1p(f), -0.2929, 0.4143, 9),
    "LogPowF": (24, "(2 atanh(s) / s - 2 - 2 z / 3) / z^2, z = s^2",
            lambda z: (LOG(z) - mp.mpf(2) / 3) / z, lambda z: z**2 / 2, 0, S2, 3),
    "SinF": (24, "(sin(x) / x - 1) / z, z = x^2", SIN, lambda z: z, 0, Q**2, 3),
    "CosF": (24, "(cos(x) - 1 + z / 2) / z^2, z = x^2", COS, lambda z: z**2, 0, Q**2, 3),
    "ErfF": (24, "erf(x) / x - 1, z = x^2", ERF, lambda z: 1, 0, 0.81, 6),
    "ErfTailF": (24, "-log2(erfc(t + 1))",
            lambda t: -mp.log(mp.erfc(t + 1), 2), lambda t: mp.log(2) * mp.erfc(t + 1) / mp.erf(t + 1), -0.1, 3, 8),
}


def split(value, *bits):
    """The value as a sum of numbers with so many bits each."""
    parts = []
    for b in bits:
        parts.append(rounded(value - sum(parts), b))
    return parts


# Constants as sums, highest part first. A short first part makes products with small integers exact.
CONSTANTS = (
    ("Ln2", 53, mp.log(2), (53,)),
    ("Ln2Short", 53, mp.log(2), (41, 53)),
    ("InvLn2", 53, 1 / mp.log(2), (53, 53)),
    ("HalfPi", 53, mp.pi / 2, (53, 53, 53)),
    ("QuarterPi", 53, mp.pi / 4, (53, 53)),
    ("TwoOverPi", 53, 2 / mp.pi, (53,)),
    ("TwoThirds", 53, mp.mpf(2) / 3, (53, 53)),
    ("Ln2F", 24, mp.log(2), (24,)),
    ("Ln2ShortF", 24, mp.log(2), (15, 24)),
    ("InvLn2F", 24, 1 / mp.log(2), (24, 24)),
    ("HalfPiF", 24, mp.pi / 2, (24, 24, 24)),
    ("TwoOverPiF", 24, 2 / mp.pi, (24,)),
    ("TwoThirdsF", 24, mp.mpf(2) / 3, (24, 24)),
)


def number(value, bits):
    return float(value).hex().replace("0000000p", "p") + ("F" if bits == 24 else "")


def array(name, kind, items, comment):
    print(f"// {comment}\nINGOT_TABLE {kind} k{name}[] = {{")
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > 118:
            print(line)
            line = "   "
        line += f" {item},"
    print(line + "\n};\n")


def main():
    wanted = sys.argv[1:]
    if not wanted:
        print("// Made by fit.py; change that script and run it again. Coefficients stand lowest power first.\n")
        for name, bits, value, parts in CONSTANTS:
            kind = "double" if bits == 53 else "float"
            comment = f"{name} as a sum of parts of {', '.join(map(str, parts))} bits."
            array(name, kind, [number(v, bits) for v in split(value, *parts)], comment)
        with mp.workprec(1400):
            bits = int(mp.floor(mp.ldexp(2 / mp.pi, 64 * 19)))
        words = [0] + [bits >> (64 * (18 - i)) & (2**64 - 1) for i in range(19)]
        comment = "64 zeros, then the first 1,216 bits of 2 / pi after the point."
        array("TwoOverPiBits", "U64", [f"0x{w:016x}" for w in words], comment)
    for name, (bits, what, function, weight, low, high, count) in FITS.items():
        if wanted and name not in wanted:
            continue
        coefficients, error = fit(function, weight, low, high, count, bits)
        ends = f"[{mp.nstr(mp.mpf(low), 4)}, {mp.nstr(mp.mpf(high), 4)}]"
        comment = f"{what}, on {ends}; error 2^{mp.nstr(mp.log(error, 2), 4)} of the result."
        array(name, "double" if bits == 53 else "float", [number(c, bits) for c in coefficients], comment)


if __name__ == "__main__":
    main()
