"""Functions whose slopes are hard to read, each with its gradient: (f, x, gradient).

A problem is a function of rng; some take a last argument that makes its gradient a wrong one.
"""

import zlib

import numpy as np

f4, f2 = np.float32, np.float16


def single(z):
    """Return z rounded to float32."""
    return np.asarray(z, f4)


def half(z):
    """Return z rounded to float16."""
    return np.asarray(z, f2)


def grain(y, k):
    """Return y rounded to multiples of 2^-k."""
    return np.round(y * 2.0**k) / 2.0**k


def fuzz(y, x, eta):
    """Return y with a relative noise that is a function of x's bits."""
    return y * (1 + eta * (zlib.crc32(np.ascontiguousarray(x).tobytes()) / 2**31 - 1))


def until(tolerance):
    """Return the tolerance of a solver."""
    return tolerance


def weights(rng, *shape):
    """Numbers of either sign, none of them small."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def simplex(rng, n):
    p = rng.uniform(0.5, 1.5, n)
    return p / p.sum()


def ill(message):
    raise ValueError(message)


# --- ties


def tied_max(rng, how="share"):
    n, k = 7, 3
    x = rng.uniform(-1, 1, n)
    at = rng.choice(n, k, replace=False)
    x[at] = 1.25
    g = np.zeros(n)
    g[at] = {"share": 1 / k, "mixed": simplex(rng, k), "all": 1.0, "none": 0.0}.get(how, 0)
    if how == "first":
        g[at[0]] = 1
    return (lambda x: 3 * np.max(x)), x, 3 * g


def tied_min(rng, scale=1.0):
    x = rng.uniform(2, 3, (3, 4))
    x[:, 1] = x[:, 3] = 1.5
    p, c = rng.uniform(0.1, 0.9, 3), rng.uniform(0.5, 2, 3)
    g = np.zeros((3, 4))
    g[:, 1], g[:, 3] = scale * c * p, scale * c * (1 - p)
    return (lambda x: np.sum(c * np.min(x, axis=1))), x, g


def tied_pair(rng, share=None):
    a, b = rng.normal(size=(2, 6))
    b[[0, 2, 5]] = a[[0, 2, 5]]
    c = rng.uniform(0.5, 2, 6)
    p = np.where(a == b, rng.uniform(0, 1, 6) if share is None else share, a > b)
    q = np.where(a == b, 1 - p if share is None else share, a < b)
    return (lambda a, b: np.sum(c * np.maximum(a, b))), (a, b), (c * p, c * q)


def tied_top_two(rng, p=0.4):
    x = np.array([0.2, 1.0, 0.5, 1.0, 2.0]) + rng.normal() * 0.25
    order = rng.permutation(5)
    return (lambda x: np.sum(np.sort(x)[-2:])), x[order], np.array([0, p, 0, 1 - p, 1.0])[order]


def tied_pool(rng, full=False):
    x = rng.integers(0, 3, (4, 6)) / 2.0
    c = rng.uniform(0.5, 1.5, (2, 3))
    blocks = x.reshape(2, 2, 3, 2)
    hit = blocks == blocks.max((1, 3), keepdims=True)
    hit = hit if full else hit / hit.sum((1, 3), keepdims=True)
    f = lambda x: np.sum(c * x.reshape(2, 2, 3, 2).max((1, 3)))
    return f, x, (hit * c[:, None, :, None]).reshape(4, 6)


def tied_copy(rng):
    c = weights(rng, 5)
    return (lambda x: np.sum(c * np.maximum(x, x.copy()))), rng.normal(size=5), c


# --- the edge of a domain


def edge_sqrt(rng):
    x, c = 10 ** rng.uniform(-14, -8, 6), weights(rng, 6)
    return (lambda x: np.sum(c * np.sqrt(x))), x, c / (2 * np.sqrt(x))


def edge_log(rng):
    x, c = 10 ** rng.uniform(-10, -8, 6), weights(rng, 6)
    return (lambda x: np.sum(c * np.log(x))), x, c / x


def edge_arcsin(rng):
    x, c = 1 - 10 ** rng.uniform(-9, -6, 5), weights(rng, 5)
    return (lambda x: np.sum(c * np.arcsin(x))), x, c / np.sqrt((1 - x) * (1 + x))


def edge_power(rng, lowered=1):
    x, c, p = rng.uniform(1e-4, 1e-3, 5), weights(rng, 5), rng.uniform(2.2, 2.8)
    f = lambda x: np.sum(c * x**p) if np.all(x >= 0) else ill("x < 0")
    return f, x, c * p * x ** (p - lowered)


def edge_entropy(rng):
    x = 10 ** rng.uniform(-9, -1, 6)
    f = lambda x: -np.sum(x * np.log(x)) if np.all(x > 0) else ill("p <= 0")
    return f, x, -np.log(x) - 1


def edge_arccosh(rng):
    x, c = 1 + 10 ** rng.uniform(-6, -3, 5), weights(rng, 5)
    return (lambda x: np.sum(c * np.arccosh(x))), x, c / np.sqrt((x - 1) * (x + 1))


def edge_likelihood(rng):
    p, t = 10 ** rng.uniform(-9, -5, 6), np.array([0, 1, 0, 1, 1, 0])
    f = lambda p: -np.sum(t * np.log(p) + (1 - t) * np.log1p(-p))
    return f, p, (p - t) / (p * (1 - p))


def edge_ball(rng):
    x = rng.normal(size=5)
    x *= np.sqrt((1 - 1e-6) / np.sum(x * x))
    return (lambda x: np.sqrt(1 - np.sum(x * x))), x, -x / np.sqrt(1 - np.sum(x * x))


def edge_determinant(rng):
    a, d = rng.uniform(1, 2, 2)
    x = np.array([a, np.sqrt(a * d) * (1 - rng.uniform(0.5, 2) * 1e-5), d])

    def f(x):
        rest = x[0] * x[2] - x[1] ** 2
        return np.log(rest) if rest > 0 else ill("not positive definite")

    return f, x, np.array([x[2], -2 * x[1], x[0]]) / (x[0] * x[2] - x[1] ** 2)


def edge_barrier(rng):
    x, c = rng.uniform(1, 5, 4) * 1e-6, rng.uniform(1, 2, 4)
    f = lambda x: np.inf if np.any(x <= 0) else np.sum(c * x - 1e-3 * np.log(x))
    return f, x, c - 1e-3 / x


def edge_at_zero(rng):
    c = weights(rng, 4)
    f = lambda x: np.sum(c * x**2.5)
    return f, np.zeros(4), np.zeros(4)


# --- steep


def steep_sigmoid(rng, k=1e4):
    a, c = rng.normal(size=5), weights(rng, 5)
    x = a + rng.uniform(-3, 3, 5) / k
    s = sigmoid(k * (x - a))
    return (lambda x: np.sum(c * sigmoid(k * (x - a)))), x, c * k * s * (1 - s)


def steep_exp(rng):
    x = rng.uniform(0, 0.4, 6)
    return (lambda x: np.sum(np.exp(50 * x))), x, 50 * np.exp(50 * x)


def steep_tanh(rng, formula=lambda t: 1 - t * t):
    x, c = rng.uniform(-1.5, 1.5, 5) * 1e-6, weights(rng, 5)
    return (lambda x: np.sum(c * np.tanh(1e6 * x))), x, 1e6 * c * formula(np.tanh(1e6 * x))


def steep_softmax(rng, temperature=1e-4):
    z = rng.uniform(-1, 1, 5) * temperature

    def f(z):
        u = z / temperature
        return np.log(np.sum(np.exp(u - u[0])))

    e = np.exp((z - z[0]) / temperature)
    return f, z, (e / e.sum() - (np.arange(5) == 0)) / temperature


def steep_bump(rng, s=1e-5):
    x, c = rng.uniform(0.3, 2, 5) * s, weights(rng, 5)
    g = -c * x / s**2 * np.exp(-((x / s) ** 2) / 2)
    return (lambda x: np.sum(c * np.exp(-((x / s) ** 2) / 2))), x, g


def steep_power(rng, p=60):
    x, c = rng.uniform(1, 1.1, 5), weights(rng, 5)
    return (lambda x: np.sum(c * x**p)), x, c * p * x ** (p - 1)


def steep_pole(rng, n=1):
    x, c = rng.uniform(1, 3, 4) * 1e-5 * rng.choice([-1, 1], 4), weights(rng, 4)
    return (lambda x: np.sum(c / x**n)), x, -n * c / x ** (n + 1)


# --- near a kink


def near_relu(rng, dead=()):
    x = np.array([1e-3, -1e-3, 1e-6, -1e-6, 1e-9, -1e-9, 1.0]) * rng.uniform(1, 3, 7)
    c = weights(rng, 7)
    g = c * (x > 0)
    g[list(dead)] = 0
    return (lambda x: np.sum(c * np.maximum(x, 0))), x, g


def near_abs(rng, far=1e-9):
    a, c = rng.normal(size=6), rng.uniform(0.5, 2, 6)
    x = a + far * rng.uniform(1, 3, 6) * rng.choice([-1, 1], 6)
    return (lambda x: np.sum(c * np.abs(x - a))), x, c * np.sign(x - a)


def near_leaky(rng):
    x, c = rng.uniform(1, 5, 6) * 1e-7 * rng.choice([-1, 1], 6), weights(rng, 6)
    f = lambda x: np.sum(c * np.where(x > 0, x, 0.1 * x))
    return f, x, c * np.where(x > 0, 1, 0.1)


def near_max(rng, shift=0):
    x = rng.uniform(-1, 0, 5)
    at = int(rng.integers(4))
    x[at] = 1 + rng.uniform(1, 3) * 1e-9
    x[at + 1] = 1
    return (lambda x: 2 * np.max(x)), x, 2.0 * (np.arange(5) == at + shift)


def near_huber(rng):
    x = np.array([1, -1, 1, -1, 1]) + np.array([1, 1, -1, -1, 1]) * rng.uniform(1, 3, 5) * 1e-7
    c = weights(rng, 5)

    def f(x):
        a = np.abs(x)
        return np.sum(c * np.where(a <= 1, x * x / 2, a - 0.5))

    return f, x, c * np.clip(x, -1, 1)


def near_hinge(rng):
    y, m = rng.choice([-1, 1], 6), np.array([1, 1, -1, 1, -1, -1]) * rng.uniform(1, 3, 6) * 1e-8
    x = y * (1 - m)
    return (lambda x: np.sum(np.maximum(0, 1 - y * x))), x, -y * (1.0 - y * x > 0)


def near_norm(rng):
    x = rng.normal(size=4) * 1e-9
    return (lambda x: np.sqrt(np.sum(x * x))), x, x / np.sqrt(np.sum(x * x))


# --- exactly at a kink


def at_abs(rng, low=-1, high=1):
    x, c = rng.normal(size=6), rng.uniform(0.5, 2, 6)
    x[[1, 4]] = 0
    g = c * np.sign(x)
    g[[1, 4]] = c[[1, 4]] * rng.uniform(low, high, 2)
    return (lambda x: np.sum(c * np.abs(x))), x, g


def at_relu(rng, p):
    X, W = rng.integers(-2, 3, (4, 3)) / 2, rng.integers(-2, 3, (5, 3)) / 2
    X[0] = 0
    return (lambda X: np.sum(np.maximum(X @ W.T, 0))), X, np.where(Z := X @ W.T, Z > 0, p) @ W


def at_leaky(rng, slope):
    x, c = rng.normal(size=5), weights(rng, 5)
    x[2] = 0
    f = lambda x: np.sum(c * np.where(x > 0, x, 0.2 * x))
    return f, x, c * np.where(x > 0, 1, np.where(x < 0, 0.2, slope))


def at_hard_tanh(rng, slope):
    x, c = np.array([-1, 1, 0.3, -0.2, 1.7, -2.2]), weights(rng, 6)
    g = c * (np.abs(x) < 1)
    g[:2] = slope * c[:2]
    return (lambda x: np.sum(c * np.clip(x, -1, 1))), x, g


def at_norm(rng, length):
    u = rng.normal(size=4)
    return (lambda x: np.sqrt(np.sum(x * x))), np.zeros(4), length * u / np.sqrt(u @ u)


def at_infinity_norm(rng, p=None):
    x = rng.uniform(-1, 1, 6)
    x[[0, 3, 5]] = [2, -2, 2]
    g = np.zeros(6)
    g[[0, 3, 5]] = np.array([1, -1, 1]) * (simplex(rng, 3) if p is None else p)
    return (lambda x: np.max(np.abs(x))), x, g


def at_lasso(rng, p):
    A, b, lam = rng.normal(size=(5, 4)), rng.normal(size=5), 0.7
    x = rng.normal(size=4)
    x[[0, 2]] = 0
    f = lambda x: np.sum((A @ x - b) ** 2) / 2 + lam * np.sum(np.abs(x))
    return f, x, A.T @ (A @ x - b) + lam * np.where(x == 0, p, np.sign(x))


def at_elu(rng, slope):
    x, c = rng.normal(size=5), weights(rng, 5)
    x[1] = 0
    f = lambda x: np.sum(c * np.where(x > 0, x, 2 * (np.exp(x) - 1)))
    return f, x, c * np.where(x > 0, 1, np.where(x < 0, 2 * np.exp(x), slope))


def at_planes(rng, total=1.0):
    """Shares of `total` in three planes that meet; 0.3 of them is 0.05 of their gap off 0."""
    away = gap = 0
    while away <= 0.05 * gap:
        A, x = np.round(rng.normal(size=(3, 4)) * 8) / 8, np.round(rng.normal(size=4) * 8) / 8
        D = (A[1:] - A[0]).T
        away = 0.3 * np.linalg.norm(A[0] - D @ np.linalg.lstsq(D, A[0])[0])
        gap = np.max(np.linalg.norm(A[:, None] - A, axis=-1))
    b = 1 - A @ x
    return (lambda x: np.max(A @ x + b)), x, total * simplex(rng, 3) @ A


def at_squared(rng, slope=0):
    x, c = rng.normal(size=6), weights(rng, 6)
    x[[0, 3]] = 0
    g = 2 * c * np.maximum(x, 0)
    g[[0, 3]] = slope
    return (lambda x: np.sum(c * np.maximum(x, 0) ** 2)), x, g


def at_identity(rng, slope=1):
    x, c = rng.normal(size=6), weights(rng, 6)
    x[[1, 5]] = 0
    f = lambda x: np.sum(c * (np.maximum(x, 0) - np.maximum(-x, 0)))
    return f, x, c * np.where(x == 0, slope, 1)


# --- low precision, coarse values


def low_network(rng, cast=single, prime=lambda a: 1 - a * a):
    X, W, v = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)) / 2, weights(rng, 3)
    f = lambda W: np.sum(cast(np.tanh(cast(X @ cast(W).T))) @ v)
    return f, W, (prime(np.tanh(X @ W.T)) * v).T @ X


def low_sum(rng):
    x, c = rng.normal(size=200), weights(rng, 200)

    def f(x):
        total = single(0.0)
        for term in single(c * x * x):
            total = total + term
        return total

    return f, x, 2 * c * x


def low_returned(rng):
    x = rng.normal(size=(3, 4)).astype(f4)
    f = lambda x: single(np.sum(np.exp(x / 2)))
    return f, x, (np.exp(x.astype(float) / 2) / 2).astype(f4)


def low_upstream(rng):
    x, u = rng.normal(size=(3, 4)).astype(f4), weights(rng, 3, 4).astype(f4)
    g = u * np.cos(x.astype(float))
    return (lambda x: single(np.sin(x))), x, g.astype(f4), u


def coarse_grain(rng, k=20):
    x, c = rng.normal(size=6), weights(rng, 6)
    return (lambda x: grain(np.sum(c * np.sin(x)) + np.sum(x * x), k)), x, c * np.cos(x) + 2 * x


def coarse_fixed_point(rng, implicit=True):
    A, b = rng.uniform(-0.2, 0.2, (4, 4)), rng.normal(size=4)

    def f(b):
        z, step = 0 * b, 1.0
        while step > until(1e-8):
            z, old = np.tanh(A @ z + b), z
            step = np.max(np.abs(z - old))
        return np.sum(z)

    z = np.zeros(4)
    for _ in range(200):
        z = np.tanh(A @ z + b)
    D = np.diag(1 - z * z)
    return f, b, D @ (np.linalg.solve((np.eye(4) - D @ A).T, np.ones(4)) if implicit else [1] * 4)


def coarse_newton(rng):
    x = rng.uniform(1, 4, 5)

    def f(x):
        y, step = x, 1.0
        while step > until(1e-4):
            step = (y**3 - x) / (3 * y * y)
            y, step = y - step, np.max(np.abs(step))
        return np.sum(y)

    return f, x, x ** (-2 / 3) / 3


def coarse_bisection(rng):
    x = rng.uniform(1, 4, 4)

    def root(a):
        low, high = 0 * a, 0 * a + 3
        while high - low > until(1e-7):
            middle = (low + high) / 2
            low, high = (middle, high) if middle * np.exp(middle) < a else (low, middle)
        return (low + high) / 2

    w = np.array([root(a) for a in x])
    for _ in range(5):
        w = w - (w * np.exp(w) - x) / (np.exp(w) * (1 + w))
    return (lambda x: sum(root(a) for a in x)), x, 1 / (np.exp(w) * (1 + w))


def coarse_euler(rng, exact=False):
    k, n = rng.uniform(0.5, 1.5, 4), 10

    def f(k):
        y = np.ones(4)
        for _ in range(n):
            y = y - k / n * y
        return np.sum(y)

    return f, k, -np.exp(-k) if exact else -((1 - k / n) ** (n - 1))


def coarse_sample(rng):
    m, seed = rng.normal(size=5), int(rng.integers(1000))
    draw = lambda: np.random.default_rng(seed).normal(size=(400, 5))
    f = lambda m: np.mean(np.sum(np.tanh(m + draw()), axis=1))
    return f, m, np.mean(1 - np.tanh(m + draw()) ** 2, axis=0)


def coarse_fuzz(rng, eta):
    x, c = rng.normal(size=6), weights(rng, 6)
    f = lambda x: fuzz(3 + np.sum(c * np.sin(x)), x, eta)
    return f, x, c * np.cos(x)


# --- large offsets, cancellation


def offset(rng, size):
    X, w = rng.normal(size=(6, 5)), rng.normal(size=5)
    g = X.T @ (1 - np.tanh(X @ w) ** 2)
    return (lambda w: size + np.sum(np.tanh(X @ w))), w, g


def cancel_cosine(rng):
    x, c = rng.uniform(0.5, 2, 5) * 1e-4, rng.uniform(1e3, 2e3, 5)
    return (lambda x: np.sum(c * (1 - np.cos(x)) / x**2)), x, c * (-x / 12 + x**3 / 180)


def cancel_exp(rng):
    x, c = rng.uniform(-2, 2, 5) * 1e-3, weights(rng, 5)
    return (lambda x: np.sum(c * (np.exp(x) - 1 - x))), x, c * np.expm1(x)


def cancel_variance(rng):
    x = 1e4 + rng.normal(size=8)
    return (lambda x: np.mean(x * x) - np.mean(x) ** 2), x, 2 * (x - np.mean(x)) / 8


def cancel_softplus(rng):
    x, c = rng.uniform(-18, -12, 5), weights(rng, 5)
    return (lambda x: np.sum(c * np.log(1 + np.exp(x)))), x, c * sigmoid(x)


def cancel_root(rng):
    b, c = rng.uniform(1, 2, 4) * 1e3, weights(rng, 4)
    r = np.sqrt(b * b - 4)
    return (lambda b: np.sum(c * (b - np.sqrt(b * b - 4)))), b, c * -4 / (r * (r + b))


# --- rapid, flat


def rapid_sine(rng, k=1e3):
    x, c = rng.normal(size=5), weights(rng, 5)
    return (lambda x: np.sum(c * np.sin(k * x))), x, k * c * np.cos(k * x)


def rapid_inverse(rng):
    x, c = rng.uniform(0.005, 0.02, 5), weights(rng, 5)
    return (lambda x: np.sum(c * np.sin(1 / x))), x, -c / x**2 * np.cos(1 / x)


def rapid_waves(rng, n=13):
    x, k = rng.normal(size=4), 2.0 ** np.arange(13)
    g = -np.sum((k / k**0.5 * np.sin(k * x[:, None]))[:, :n], axis=1)
    return (lambda x: np.sum(np.cos(k * x[:, None]) / k**0.5)), x, g


def flat_power(rng, p=9):
    x, c = rng.uniform(0.01, 0.03, 5), weights(rng, 5)
    return (lambda x: np.sum(c * x**p)), x, p * c * x ** (p - 1)


def flat_zero(rng, p=4):
    c = weights(rng, 4)
    return (lambda x: np.sum(c * x**p)), np.zeros(4), np.zeros(4)


def flat_bump(rng, factor=2):
    x, c = rng.uniform(0.1, 0.2, 4), weights(rng, 4)
    return (lambda x: np.sum(c * np.exp(-1 / x**2))), x, factor * c * np.exp(-1 / x**2) / x**3


def flat_sigmoid(rng):
    x, c = rng.uniform(-45, -35, 4), weights(rng, 4)
    return (lambda x: np.sum(c * sigmoid(x))), x, c * np.exp(x) / (1 + np.exp(x)) ** 2


# --- units, sizes


def units(rng):
    x = np.array([2e-9, 3e9, 1.0, 5e-3, 4e5]) * rng.uniform(0.5, 2, 5)
    u = np.array([1e-9, 1e9, 1, 1e-3, 1e5])
    c = weights(rng, 5)
    return (lambda x: np.sum(c * np.sin(x / u))), x, c * np.cos(x / u) / u


def physics(rng):
    m, T = rng.uniform(1, 2, 3) * 1e-27, rng.uniform(200, 400, 3)
    k = 1.38e-23
    f = lambda m, T: np.sum(np.sqrt(3 * k * T / m))
    return f, (m, T), (-np.sqrt(3 * k * T / m) / m / 2, np.sqrt(3 * k / (m * T)) / 2)


def sized(rng, size):
    x, c = weights(rng, 5) * size, weights(rng, 5)
    return (lambda x: np.sum(c * x * np.abs(x / size))), x, 2 * c * np.abs(x / size)


def tall(rng, size):
    x, c = rng.normal(size=5), weights(rng, 5)
    return (lambda x: size * np.sum(c * np.tanh(x))), x, size * c * (1 - np.tanh(x) ** 2)


def hidden(rng):
    a, b = weights(rng, 4), weights(rng, 4)
    f = lambda a, b: 1e4 * np.sum(np.sin(a)) + 1e-4 * np.sum(b**3)
    return f, (a, b), (1e4 * np.cos(a), 3e-4 * b * b)


# --- gradients of zero


def zero_constant(rng):
    v = rng.normal()
    return (lambda x: v), rng.normal(size=5), np.zeros(5)


def zero_softmax(rng):
    def f(x):
        e = np.exp(x - np.max(x))
        return 3 * np.sum(e / np.sum(e))

    return f, rng.normal(size=6), np.zeros(6)


def zero_dead(rng):
    x = -rng.uniform(1, 2, 6)
    return (lambda x: np.sum(np.maximum(x, 0))), x, np.zeros(6)


def zero_norm(rng):
    def f(X):
        d = X - np.mean(X, axis=1, keepdims=True)
        return np.sum(d / np.sqrt(np.mean(d * d, axis=1, keepdims=True)))

    return f, rng.normal(size=(3, 5)), np.zeros((3, 5))


# --- many entries, slight constants


def large_smooth(rng, n):
    x, c = rng.normal(size=n), weights(rng, n)
    return (lambda x: np.sum(c * np.sin(x) + x)), x, c * np.cos(x) + 1


def large_relu(rng, n=(100, 200)):
    X, W, v = rng.normal(size=(20, n[1])), rng.normal(size=n), rng.normal(size=n[0])
    f = lambda W: np.sum(np.maximum(X @ W.T, 0) @ v)
    return f, W, ((X @ W.T > 0) * v).T @ X


def slight(rng):
    X, W = rng.normal(size=(6, 4)), rng.normal(size=(3, 4))
    return (lambda W: np.mean(np.tanh(X @ W.T) ** 2)), W, slight_gradient(X, W)


def slight_gradient(X, W):
    A = np.tanh(X @ W.T)
    return (2 * A * (1 - A * A)).T @ X / A.size


# --- jumps elsewhere, masks, kinds of arrays, upstreams


def jump_floor(rng, near=0.3, plus=0):
    x, c = rng.integers(-3, 4, 5) + near, weights(rng, 5)
    return (lambda x: np.sum(c * np.floor(x) * x)), x, c * (np.floor(x) + plus)


def jump_sign(rng, prime=np.abs):
    x, c = rng.uniform(0.5, 1, 6) * np.array([1, -1, 1, -1, 1, -1]), rng.uniform(1, 2, 6)
    return (lambda x: np.sum(c * np.where(x > 0, x * x, -x * x - 1))), x, 2 * c * prime(x)


def jump_fraction(rng):
    x, c = rng.integers(0, 4, 5) + rng.uniform(0.99999, 0.999999, 5), weights(rng, 5)
    return (lambda x: np.sum(c * np.sin(x - np.floor(x)))), x, c * np.cos(x - np.floor(x))


def jump_rank(rng):
    x, c = rng.permutation(6) + rng.uniform(0, 0.5, 6), weights(rng, 6)
    f = lambda x: np.sum(c[np.argsort(np.argsort(x))] * x)
    return f, x, c[np.argsort(np.argsort(x))]


def masked_logits(rng, leak=0.0):
    Z, y = rng.normal(size=(4, 5)), rng.integers(0, 2, 4)
    mask = np.zeros((4, 5))
    mask[:, 2 + rng.integers(3)] = -np.inf
    rows = np.arange(4)

    def f(Z):
        e = np.exp(Z) * np.exp(mask)
        return np.mean(np.log(np.sum(e, axis=1)) - Z[rows, y])

    e = np.exp(Z) * np.exp(mask)
    g = e / e.sum(1, keepdims=True) + leak * (mask < 0)
    g[rows, y] -= 1
    return f, Z, g / 4


def mixed_upstream(rng, ignored=False):
    X, W = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    u = weights(rng, 4, 5) * 10.0 ** rng.integers(-6, 7, (1, 5))
    delta = (1.0 if ignored else u) * (1 - np.tanh(X @ W.T) ** 2)
    return (lambda W: np.tanh(X @ W.T)), W, delta.T @ X, u


def ten_arrays(rng):
    xs, c = rng.normal(size=(10, 4)), weights(rng, 10, 4)
    f = lambda *xs: np.prod([2 + np.mean(c[k] * np.sin(x)) for k, x in enumerate(xs)])
    parts = np.array([2 + np.mean(c[k] * np.sin(x)) for k, x in enumerate(xs)])
    gs = c * np.cos(xs) / 4 * (np.prod(parts) / parts)[:, None]
    return f, tuple(xs), tuple(gs)


def no_axes(rng):
    x, c = np.array(rng.uniform(0.5, 2)), rng.uniform(1, 2)
    return (lambda x: c * np.log(x) * x), x, np.array(c * (np.log(x) + 1))


def hidden_copy(rng):
    c, page = weights(rng, 5), np.zeros(5)

    def f(x):
        z = x.copy()
        z *= z
        page[:] = np.array(z, float)
        z += x
        return np.sum(c * z)

    x = rng.normal(size=5)
    return f, x, c * (2 * x + 1)


def with_labels(rng):
    X, y = rng.normal(size=(5, 3)), rng.integers(0, 3, 5)
    e = np.exp(X)
    g = e / e.sum(1, keepdims=True) - (y[:, None] == np.arange(3))
    f = lambda X, y: np.sum(np.log(np.sum(np.exp(X), 1)) - X[np.arange(5), y])
    return f, (X, y), (g, None)


def trembling(rng, eta):
    c, hand = weights(rng, 5), np.random.default_rng(int(rng.integers(1000)))
    x = rng.normal(size=5)
    f = lambda x: (2 + np.sum(c * np.sin(x))) * (1 + eta * hand.uniform(-1, 1))
    return f, x, c * np.cos(x)
