"""The tenth fresh set's right gradients of hard functions: kinks, edges, few digits, scales."""

import math

import numpy as np

from tests.corpus import right
from tests.corpus.fresh_nine import onehot, sigmoid, soft


@right("ties")
def right_ties(rng):
    A = np.maximum(rng.normal(size=(2, 4, 4)), 0.1)
    A[0, :2, :2] = 0.0
    blocks = A.reshape(2, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(2, 2, 2, 4)
    first = onehot(blocks.argmax(-1), 4).reshape(2, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4)
    pool = lambda A: A.reshape(2, 2, 2, 2, 2).max((2, 4))
    G = rng.normal(size=(2, 2, 2))
    spread = G.repeat(2, 1).repeat(2, 2)
    yield "max pooling of ties, first one", pool, A, first.reshape(2, 4, 4) * spread, G
    x = np.sort(rng.normal(size=7))
    x[4] = x[5]
    half_each = np.array([0, 0, 0, 0, 0.5, 0.5, 1.0])
    mix = rng.permutation(7)
    yield (
        "two largest, tie at the border, half each",
        lambda x: np.sort(x)[-2:].sum(),
        x[mix],
        half_each[mix],
    )
    a, s = rng.normal(size=6), rng.uniform(-1, 1, 6)
    yield "distance of equal vectors", lambda a, b: np.abs(a - b).sum(), (a, a.copy()), (s, -s)
    w, y = rng.normal(size=8), rng.normal(size=8)
    y[2] = y[6]
    back = np.empty(8)
    back[np.argsort(y, kind="stable")] = w
    yield "sort with one pair equal", lambda y: np.sort(y) @ w, y, back
    c = np.full((3, 4), rng.normal())
    yield "one maximum of a constant array, last", np.max, c, onehot(11, 12).reshape(3, 4)
    t = rng.uniform(1, 2, 5)
    yield "max(x, 2 x) at 0", lambda t: np.sum(np.maximum(t, 2 * t)), 0 * t, t
    b = [a, a.copy(), a.copy()]
    three = lambda a, b, c: np.sum(np.maximum(np.maximum(a, b), c))
    yield (
        "three equal arrays",
        three,
        tuple(b),
        (0.25 * np.ones(6), 0.25 * np.ones(6), 0.5 * np.ones(6)),
    )
    yield "range of a constant vector", np.ptp, np.full(5, a[0]), onehot(1, 5) - onehot(3, 5)
    sign = rng.choice([-1.0, 1.0], 5)
    weights = soft(rng.normal(size=5))
    sup = lambda x: np.max(np.abs(x))
    yield "largest modulus, all alike", sup, 1.7 * sign, weights * sign
    z = np.array([0.3, 1.0, 1.0, 0.2, 2.0, 2.0])
    keep = np.zeros(6)
    np.add.at(keep, [0, 1, 1, 1, 4, 4], y[:6])
    yield "running maximum with ties", lambda z: np.maximum.accumulate(z) @ y[:6], z, keep
    rows = rng.normal(size=(4, 3))
    rows[2] = rows[0]
    d2 = ((rows[:, None] - rows) ** 2).sum(-1) + 99 * np.eye(4)
    near = d2.argmin(1)
    pull = np.zeros((4, 3))
    for i, j in enumerate(near):
        pull[i] += 2 * (rows[i] - rows[j])
        pull[j] -= 2 * (rows[i] - rows[j])
    nearest = lambda r: np.sum((((r[:, None] - r) ** 2).sum(-1) + 99 * np.eye(4)).min(1))
    yield "nearest neighbour, two points equal", nearest, rows, pull


@right("kink")
def right_kinks(rng):
    X, W, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), np.zeros(4)
    X[2] = 0.0
    V = rng.normal(size=4)
    Z = X @ W.T
    D = (Z > 0) * V
    net = lambda W, b: np.sum(np.maximum(X @ W.T + b, 0) @ V)
    yield "dark image, fresh biases: ReLU at exactly 0", net, (W, b), (D.T @ X, D.sum(0))
    variation = lambda I: np.abs(np.diff(I, axis=0)).sum() + np.abs(np.diff(I, axis=1)).sum()
    yield (
        "total variation of a constant image",
        variation,
        np.full((4, 5), rng.normal()),
        np.zeros((4, 5)),
    )
    R = rng.normal(size=(5, 3))
    R[[1, 3]] = 0.0
    n = np.linalg.norm(R, axis=1, keepdims=True)
    lasso = np.divide(R, n, out=np.zeros_like(R), where=n > 0)
    yield "group lasso with two groups at 0", lambda R: np.linalg.norm(R, axis=1).sum(), R, lasso
    f, y = rng.normal(size=6), rng.choice([-1.0, 1.0], 6)
    f[[0, 4]] = y[[0, 4]]
    hinge = -y * (y * f < 1) / 6
    yield "hinge at margin 1", lambda f: np.mean(np.maximum(0, 1 - y * f)), f, hinge
    r, tau = rng.normal(size=7), rng.uniform(0.1, 0.9)
    r[[2, 5]] = 0.0
    q = np.where(r > 0, tau, tau - 1)
    yield "quantile loss at 0", lambda r: np.sum(np.where(r > 0, tau * r, (tau - 1) * r)), r, q
    P = rng.normal(size=(4, 2))
    P[3] = P[1]
    gap = P[:, None] - P
    D = np.sqrt((gap**2).sum(-1, keepdims=True))
    unit = np.divide(gap, D, out=np.zeros_like(gap), where=D > 0)
    distances = lambda P: np.sum(np.sqrt(((P[:, None] - P) ** 2).sum(-1))) / 2
    yield "distance matrix, two points equal", distances, P, unit.sum(1)
    h = np.array([1.0, -1.0, 0.3, -2.5, 1.7])
    huber = lambda h: np.sum(np.where(np.abs(h) <= 1, h * h / 2, np.abs(h) - 0.5))
    yield "Huber exactly at its corners", huber, h, np.clip(h, -1, 1)
    lam = rng.uniform(0.2, 1)
    s = np.append(rng.normal(size=5), [lam, -lam])
    U = rng.normal(size=7)
    shrink = lambda s: np.sign(s) * np.maximum(np.abs(s) - lam, 0)
    yield "soft threshold at its edges", shrink, s, U * (np.abs(s) > lam), U
    k = np.array([0.0, 6.0, 3.0, -1.0, 7.0, 6.0])
    yield (
        "ReLU6 at 0 and 6, slope 1 there",
        lambda k: np.clip(k, 0, 6) @ U[:6],
        k,
        U[:6] * ((k >= 0) & (k <= 6)),
    )
    o = rng.normal(size=6)
    o[1] = 0.0
    flat = 1.5 * np.sqrt(np.abs(o)) * np.sign(o)
    yield "|x| to 1.5 at 0", lambda o: np.sum(np.abs(o) ** 1.5), o, flat
    yield "x |x| at 0", lambda o: np.sum(o * np.abs(o)), o, 2 * np.abs(o)
    yield "squared ReLU at 0", lambda o: np.sum(np.maximum(o, 0) ** 2), o, 2 * np.maximum(o, 0)
    sparse = rng.normal(size=(40, 25)) * (rng.random((40, 25)) < 0.1)
    yield (
        "L1 penalty, nine of ten weights 0",
        lambda w: 0.01 * np.abs(w).sum(),
        sparse,
        0.01 * np.sign(sparse),
    )
    u, v = rng.normal(size=3), rng.normal(size=4)
    dyad = np.outer(u, v)
    nuclear = lambda M: np.linalg.svd(M, compute_uv=False).sum()
    yield "nuclear norm at rank one", nuclear, dyad, dyad / np.linalg.norm(u) / np.linalg.norm(v)
    top = lambda A: np.linalg.eigvalsh((A + A.T) / 2)[-1]
    yield "largest eigenvalue of the unit matrix", top, np.eye(3), np.outer(u, u) / (u @ u)
    a = np.array([0.0, 0.4, -1.2, 0.0])
    c = np.array([1.3, -0.5, -0.7, -2.0])
    live = a * c > 0
    yield (
        "ReLU of a product, factor 0",
        lambda a, c: np.sum(np.maximum(a * c, 0)),
        (a, c),
        (c * live, a * live),
    )
    alpha, p = rng.uniform(0.1, 0.4), rng.normal(size=6)
    p[0] = 0.0
    prelu = lambda p, alpha: np.sum(np.where(p > 0, p, alpha * p))
    yield "PReLU at 0", prelu, (p, alpha), (np.where(p > 0, 1, alpha), p[p < 0].sum())
    R2 = R + 0.0
    eps = lambda R: np.sqrt((R * R).sum(1) + 1e-12).sum()
    yield (
        "norms rounded off by 1e-12, rows of 0",
        eps,
        R2,
        R / np.sqrt((R * R).sum(1, keepdims=True) + 1e-12),
    )


@right("near-kink")
def right_near(rng):
    e = 10.0 ** rng.uniform(-8, -4, 6) * rng.choice([-1, 1], 6)
    w = rng.normal(size=6)
    yield "absolute values of 1e-8 to 1e-4", lambda e: np.abs(e) @ w, e, np.sign(e) * w
    y = rng.choice([-1.0, 1.0], 6)
    yield "hinge near margin 1", lambda f: np.sum(np.maximum(0, 1 - y * f)), y + e, -y * (y * e < 0)
    x = rng.normal() + e
    yield "maximum of near numbers", np.max, x, onehot(x.argmax(), 6)
    back = np.empty(6)
    back[np.argsort(x)] = w
    yield "sort of near numbers", lambda x: np.sort(x) @ w, x, back
    z, tiny = rng.normal(size=6) * 1e-5, 1e-10
    yield (
        "smooth modulus, radius 1e-5",
        lambda z: np.sqrt(z * z + tiny) @ w,
        z,
        w * z / np.sqrt(z * z + tiny),
    )
    yield (
        "softplus of slope 1e5",
        lambda z: np.logaddexp(0, 1e5 * z) @ w / 1e5,
        z,
        w * sigmoid(1e5 * z),
    )
    c = 10.0 ** rng.uniform(-6, -4)
    both = lambda x: np.sum(np.abs(x - c) + np.abs(x + c))
    yield "flat between two near kinks", both, rng.uniform(-0.5, 0.5, 5) * c, np.zeros(5)
    X = rng.normal(size=(4, 3))
    W = rng.normal(size=(5, 3))
    b = -(X[0] @ W.T) + 10.0 ** rng.uniform(-6, -4, 5) * rng.choice([-1, 1], 5)
    V = rng.normal(size=5)
    D = (X @ W.T + b > 0) * V
    net = lambda W, b: np.sum(np.maximum(X @ W.T + b, 0) @ V)
    yield "ReLU layer, five units near 0", net, (W, b), (D.T @ X, D.sum(0))
    p = rng.uniform(1e-7, 1e-4, 5)
    yield "distance from a near point", lambda p: np.sqrt(np.sum(p * p)), p, p / np.sqrt(p @ p)


@right("domain")
def right_domain(rng):
    x, w = 10.0 ** rng.uniform(-7, -2, 5), rng.uniform(0.5, 2, 5)
    yield "math.log near 0, raises below", lambda x: sum(math.log(v) for v in x), x, 1 / x
    yield "math.sqrt near 0, raises below", lambda x: sum(map(math.sqrt, x)), x, 0.5 / np.sqrt(x)
    u = 1 - 10.0 ** rng.uniform(-7, -2, 5)
    arc = lambda u: sum(w[i] * math.acos(u[i]) for i in range(5))
    yield "math.acos near 1, raises above", arc, u, -w / np.sqrt((1 - u) * (1 + u))
    yield "entropy of a near-certain choice", lambda p: -np.sum(p * np.log(p)), x, -np.log(x) - 1
    t = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    p = np.where(t > 0, u, x)
    bce = lambda p: -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p))
    yield "binary cross-entropy at 1e-7 and 1 - 1e-7", bce, p, (p - t) / p / (1 - p)
    yield "x^2.5 at 0", lambda q: np.sum(w * q**2.5), 0 * x, 0 * x
    edge = x * np.array([0, 1, 0, 1, 1])
    yield "x^1.5 at 0 and near", lambda q: np.sum(w * q**1.5), edge, 1.5 * w * np.sqrt(edge)
    yield "log1p near -1", lambda v: np.sum(np.log1p(v)), x - 1, 1 / (1 + (x - 1))
    circle = lambda u: np.sum(np.sqrt(1 - u * u))
    yield "half circle near its end", circle, u, -u / np.sqrt((1 - u) * (1 + u))
    Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    A = Q @ np.diag([1.0, 0.3, 1e-5]) @ Q.T
    pd = lambda A: 2 * np.sum(np.log(np.diag(np.linalg.cholesky((A + A.T) / 2))))
    yield "log determinant by Cholesky, nearly singular", pd, A, np.linalg.inv((A + A.T) / 2)
    yield (
        "log of a softplus, far below",
        lambda z: np.sum(np.log(np.log1p(np.exp(z)))),
        -20 * w,
        (sigmoid(-20 * w) / np.log1p(np.exp(-20 * w))),
    )
    yield "reciprocal near 0", lambda x: np.sum(w / x), x, -w / x**2


@right("steep")
def right_steep(rng):
    k, z = 10.0 ** rng.uniform(3, 6), rng.normal(size=5)
    d = 10.0 ** rng.uniform(-5, -2, 4)
    yield (
        "tangent near its pole",
        lambda t: np.sum(np.tan(t)),
        np.pi / 2 - d,
        1 / np.cos(np.pi / 2 - d) ** 2,
    )
    y = rng.uniform(0.5, 1.6, 4)
    yield (
        "exp exp exp",
        lambda y: np.sum(np.exp(np.exp(np.exp(y)))),
        y,
        np.exp(np.exp(np.exp(y)) + np.exp(y) + y),
    )
    yield (
        "Gaussian of width 1e-3 to 1e-6",
        lambda x: np.sum(np.exp(-((k * x) ** 2))),
        z / k,
        (-2 * k * z * np.exp(-(z**2))),
    )
    a, b = soft(z * 2), onehot(1, 5)
    cold = lambda z: -np.log(soft(z / 1e-3)[1])
    yield "softmax of temperature 1e-3", cold, z * 2e-3, (a - b) / 1e-3
    yield "arctan of a million x", lambda x: np.sum(np.arctan(1e6 * x)), z / 1e6, 1e6 / (1 + z * z)
    q = rng.uniform(0.9, 1.1, 5)
    yield "power 300", lambda q: np.sum(q**300), q, 300 * q**299
    x = rng.normal(size=6)
    rosen = np.zeros(6)
    rosen[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    rosen[1:] += 200 * (x[1:] - x[:-1] ** 2)
    banana = lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    yield "Rosenbrock", banana, x, rosen
    W = rng.normal(size=(3, 3)) * 30
    v = rng.normal(size=3) / 50
    s = np.tanh(W @ v)
    yield "saturating layer, weights of 30", lambda v: np.sum(np.tanh(W @ v)), v, W.T @ (1 - s * s)


@right("periodic")
def right_periodic(rng):
    x, w = rng.uniform(-2, 2, 5), rng.normal(size=5)
    for k in (300.0, 1e4, 1e6):
        wave = lambda x, k=k: np.sin(2 * np.pi * k * x) @ w
        yield f"sine of frequency {k:g}", wave, x, 2 * np.pi * k * w * np.cos(2 * np.pi * k * x)
    bands = 2.0 ** np.arange(12)
    G = rng.normal(size=(5, 12))
    encode = lambda x: np.sin(np.pi * x[:, None] * bands)
    yield (
        "position encoding, 12 octaves",
        encode,
        x,
        (G * np.pi * bands * np.cos(np.pi * x[:, None] * bands)).sum(1),
        G,
    )
    series = lambda x: np.sum([0.6**n * np.cos(3.0**n * x) for n in range(9)])
    yield "rough series", series, x, -np.sum([1.8**n * np.sin(3.0**n * x) for n in range(9)], 0)
    far = 1e5 + x
    yield "slow wave far from 0", lambda t: np.sum(np.cos(t)), far, -np.sin(far)
    g = rng.normal(size=4)
    rastrigin = lambda g: np.sum(g * g + 10 * (1 - np.cos(2 * np.pi * g)))
    yield "Rastrigin", rastrigin, g, 2 * g + 20 * np.pi * np.sin(2 * np.pi * g)
