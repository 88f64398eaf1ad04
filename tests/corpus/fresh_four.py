"""A fourth fresh set, what a learner writes in a first course: one slip a case, or none."""

import math
from types import SimpleNamespace

import numpy as np

from tests.corpus import right, wrong

f4 = np.float32
erf = np.vectorize(math.erf, otypes=[float])
windows = np.lib.stride_tricks.sliding_window_view


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def softmax(Z):
    E = np.exp(Z - Z.max(-1, keepdims=True))
    return E / E.sum(-1, keepdims=True)


def onehot(y, K):
    return np.eye(K)[y]


# --- the pieces: a function, its point, its gradients, and what stands between them


def classifier(rng, B=6, D=4, H=5, K=3):
    """Mean cross entropy of softmax(W2 tanh(W1 x + b1) + b2)."""
    X, W1, b1 = rng.normal(size=(B, D)), rng.normal(size=(H, D)), rng.normal(size=H)
    W2, b2, y = rng.normal(size=(K, H)), rng.normal(size=K), rng.integers(K, size=B)

    def f(X, y, W1, b1, W2, b2):
        P = softmax(np.tanh(X @ W1.T + b1) @ W2.T + b2)
        return -np.mean(np.log(P[np.arange(len(y)), y]))

    A = np.tanh(X @ W1.T + b1)
    P = softmax(A @ W2.T + b2)
    D2 = (P - onehot(y, K)) / B
    D1 = D2 @ W2 * (1 - A * A)
    claims = (D1 @ W1, None, D1.T @ X, D1.sum(0), D2.T @ A, D2.sum(0))
    return SimpleNamespace(f=f, x=(X, y, W1, b1, W2, b2), claims=claims, A=A, D1=D1, D2=D2, P=P)


def replaced(claims, **new):
    """Return the tuple of claims with some of them, _0, _1 ..., replaced."""
    return tuple(new.get(f"_{k}", claim) for k, claim in enumerate(claims))


def convolved(rng, B=2, C=3, O=2, H=6, W=5, h=3, w=2):
    """Valid cross-correlation with bias, and a random upstream."""
    X, K, b = rng.normal(size=(B, C, H, W)), rng.normal(size=(O, C, h, w)), rng.normal(size=O)

    def f(X, K, b):
        V = windows(X, (h, w), (2, 3))
        return np.einsum("bcijkl,ockl->boij", V, K) + b[:, None, None]

    U = rng.normal(size=(B, O, H - h + 1, W - w + 1))
    wide = np.pad(U, ((0, 0), (0, 0), (h - 1, h - 1), (w - 1, w - 1)))

    def back(K):
        return np.einsum("boijkl,ockl->bcij", windows(wide, (h, w), (2, 3)), K)

    dK = np.einsum("bcijkl,boij->ockl", windows(X, (h, w), (2, 3)), U)
    claims = (back(K[..., ::-1, ::-1]), dK, U.sum((0, 2, 3)))
    return SimpleNamespace(f=f, x=(X, K, b), claims=claims, U=U, back=back)


def pool(X):
    B, H, W = X.shape
    return X.reshape(B, H // 2, 2, W // 2, 2).max((2, 4))


def pool_back(X, U, share):
    """Send U to the maxima of each 2 x 2 block: `share` says how a tie is divided."""
    B, H, W = X.shape
    R = X.reshape(B, H // 2, 2, W // 2, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)
    M = (R == R.max(1, keepdims=True)).astype(float)
    if share == "first":
        M = onehot(R.argmax(1), 4)
    if share == "even":
        M /= M.sum(1, keepdims=True)
    G = (M * U.reshape(-1, 1)).reshape(B, H // 2, W // 2, 2, 2).transpose(0, 1, 3, 2, 4)
    return G.reshape(B, H, W)


def attention(rng, T=5, d=4):
    """One causal head: softmax(Q K' / sqrt(d) + mask) V."""
    Q, K, V, U = rng.normal(size=(4, T, d))
    mask = np.triu(np.full((T, T), -np.inf), 1)

    def f(Q, K, V):
        return softmax(Q @ K.T / np.sqrt(d) + mask) @ V

    P = softmax(Q @ K.T / np.sqrt(d) + mask)
    dP = U @ V.T
    dS = P * (dP - np.sum(P * dP, -1, keepdims=True))
    claims = (dS @ K / np.sqrt(d), dS.T @ Q / np.sqrt(d), P.T @ U)
    return SimpleNamespace(f=f, x=(Q, K, V), claims=claims, U=U, P=P, dP=dP, dS=dS)


def layer_norm(rng, B=4, D=6):
    X, g, b = rng.normal(size=(B, D)) * 2 + 1, rng.normal(size=D), rng.normal(size=D)
    U = rng.normal(size=(B, D))

    def parts(X):
        s = np.sqrt(X.var(-1, keepdims=True) + 1e-5)
        return (X - X.mean(-1, keepdims=True)) / s, s

    N, s = parts(X)
    G = U * g
    mean = lambda A: A.mean(-1, keepdims=True)
    claims = ((G - mean(G) - N * mean(G * N)) / s, (U * N).sum(0), U.sum(0))
    f = lambda X, g, b: parts(X)[0] * g + b
    return SimpleNamespace(f=f, x=(X, g, b), claims=claims, U=U, N=N, s=s, G=G, mean=mean)


def recurrent(rng, T=6, D=3, H=4, reach=None):
    """h_t = tanh(Wx x_t + Wh h_{t-1} + b), all states read out; `reach` truncates time."""
    X, Wx, Wh, b = (rng.normal(size=s) for s in ((T, D), (H, D), (H, H), H))
    Wh, U = Wh * 0.6, rng.normal(size=(T, H))

    def states(X, Wx, Wh, b):
        hs = [np.zeros(H)]
        for x in X:
            hs.append(np.tanh(Wx @ x + Wh @ hs[-1] + b))
        return np.array(hs)

    f = lambda X, Wx, Wh, b: states(X, Wx, Wh, b)[1:]
    hs = states(X, Wx, Wh, b)

    def back(reach=T):
        dX, dWx, dWh, db = (np.zeros_like(a) for a in (X, Wx, Wh, b))
        for start in range(T):
            dh = U[start]
            for t in range(start, max(start - reach, -1), -1):
                dz = dh * (1 - hs[t + 1] ** 2)
                dX[t] += Wx.T @ dz
                dWx += np.outer(dz, X[t])
                dWh += np.outer(dz, hs[t])
                db += dz
                dh = Wh.T @ dz
        return dX, dWx, dWh, db

    return SimpleNamespace(f=f, x=(X, Wx, Wh, b), claims=back(), back=back, U=U, hs=hs)


def batch_norm(rng, B=7, D=3):
    X, U = rng.normal(size=(B, D)) * 3 - 1, rng.normal(size=(B, D))
    f = lambda X: (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-5)
    s, N = np.sqrt(X.var(0) + 1e-5), f(X)
    claim = (U - U.mean(0) - N * (U * N).mean(0)) / s
    return SimpleNamespace(f=f, x=X, claim=claim, U=U, N=N, s=s)


# --- right


@right("networks of a learner")
def networks(rng):
    net = classifier(rng)
    yield "tanh, softmax, cross entropy; labels have None", net.f, net.x, net.claims
    z = np.array([0, 1e-9, -40, 40, 700, -700, 0.3, -2.5])
    y = np.arange(8) % 2.0
    yield (
        "cross entropy with logits, from -700 to 700",
        lambda z: np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))),
        z,
        (sigmoid(z) - y) / 8,
    )
    conv = convolved(rng)
    yield "convolution, channels and bias", conv.f, conv.x, conv.claims, conv.U
    head = attention(rng)
    yield "causal attention", head.f, head.x, head.claims, head.U
    norm = layer_norm(rng)
    yield "layer norm", norm.f, norm.x, norm.claims, norm.U
    rnn = recurrent(rng)
    yield "recurrent cell through time", rnn.f, rnn.x, rnn.claims, rnn.U
    bn = batch_norm(rng)
    yield "batch norm in training", bn.f, bn.x, bn.claim, bn.U
    ids, E, U = np.array([3, 0, 3, 3, 1]), rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    dE = np.zeros_like(E)
    np.add.at(dE, ids, U)
    yield "embedding, an id three times", lambda E, ids: E[ids], (E, ids), (dE, None), U
    M = (rng.random((5, 4)) < 0.6) / 0.6
    yield "dropout with its mask held", lambda X: X * M, E, U * M, U


@right("ties and kinks of a learner")
def ties(rng):
    X = rng.integers(3, size=(2, 4, 6)).astype(float)
    U = rng.normal(size=(2, 2, 3))
    for share in ("first", "even"):
        yield f"max pool of small integers, {share}", pool, X, pool_back(X, U, share), U
    Z = np.array([[0.0, -1.5, 2.0], [0.7, 0.0, -0.2]])
    U = rng.normal(size=Z.shape)
    for slope in (0.0, 0.5, 1.0):
        claim = U * np.where(Z == 0, slope, Z > 0)
        yield f"relu, slope {slope} at 0", lambda Z: np.maximum(Z, 0), Z, claim, U
    m = np.array([1.0, 0.2, 3.0, -1.0])
    yield (
        "hinge at its margin",
        lambda m: np.maximum(0, 1 - m).mean(),
        m,
        -(m < 1).astype(float) / 4,
    )
    r = np.array([0.5, -0.5, 0.1, 2.0, -7.0])
    huber = lambda r: np.where(np.abs(r) <= 0.5, r * r / 2, 0.5 * (np.abs(r) - 0.25)).sum()
    yield "huber exactly at its corner", huber, r, np.clip(r, -0.5, 0.5)
    yield (
        "quantile loss at zero residual",
        lambda q: np.maximum(0.9 * (2 - q), -0.1 * (2 - q)).sum(),
        np.array([2.0, 1.0, 4.0]),
        np.array([-0.2, -0.9, 0.1]),
    )
    yield (
        "relu six, both corners",
        lambda x: np.clip(x, 0, 6).sum(),
        np.array([0.0, 6, 3, -1, 8]),
        np.array([1.0, 0, 1, 0, 0]),
    )


@right("formulas of a learner")
def formulas(rng):
    x, w, u = rng.normal(size=(3, 8))
    phi = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    yield (
        "GELU with erf",
        lambda x: (x * (1 + erf(x / np.sqrt(2))) / 2) @ w,
        x,
        w * ((1 + erf(x / np.sqrt(2))) / 2 + x * phi),
    )
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    yield (
        "GELU with tanh",
        lambda x: w @ (x / 2 * (1 + np.tanh(c * (x + 0.044715 * x**3)))),
        x,
        w * ((1 + t) / 2 + x / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)),
    )
    a, b = rng.normal(size=(2, 6))
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    cos = a @ b / na / nb
    yield (
        "cosine similarity",
        lambda a, b: a @ b / np.sqrt(a @ a) / np.sqrt(b @ b),
        (a, b),
        (b / na / nb - cos * a / na**2, a / na / nb - cos * b / nb**2),
    )
    A, v = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=4)
    yield "log det", lambda A: np.linalg.slogdet(A)[1], A, np.linalg.inv(A).T
    s, back = np.linalg.solve(A, v), np.linalg.solve(A.T, u[:4])
    yield (
        "solve",
        lambda A, v: u[:4] @ np.linalg.solve(A, v),
        (A, v),
        (-np.outer(back, s), back),
    )
    g = -np.log(-np.log(rng.random(8)))
    p = softmax((x + g) / 0.1)
    yield (
        "Gumbel softmax at temperature 0.1",
        lambda x: w @ softmax((x + g) / 0.1),
        x,
        p * (w - w @ p) / 0.1,
    )
    n = np.sqrt(x @ x)
    yield (
        "onto the sphere",
        lambda x: x / np.sqrt(x @ x),
        x,
        (u - x * (x @ u) / n**2) / n,
        u,
    )
    L = np.tril(np.ones((8, 8)))
    yield "running sum", np.cumsum, x, L.T @ u, u
    X, keep = rng.normal(size=(3, 5)), rng.random((3, 5)) < 0.6
    keep[:, 0] = True
    yield (
        "masked mean of squares",
        lambda X: np.sum(keep * X * X) / keep.sum(),
        X,
        2 * X * keep / keep.sum(),
    )


@right("arrays of a learner")
def arrays(rng):
    x, w = rng.normal(size=(2, 9))
    yield "python number", lambda x: x**3 - 2 * x, 1.7, 3 * 1.7**2 - 2
    yield "0-d array", lambda x: np.exp(-x), np.array(0.4), np.array(-np.exp(-0.4))
    yield "no entries beside five", lambda a, b: a.sum() + b @ b, (x[:0], x[:5]), (x[:0], 2 * x[:5])
    yield "every second entry, backwards", lambda z: np.sin(z).sum(), x[::-2], np.cos(x[::-2])
    F = np.asfortranarray(rng.normal(size=(4, 3)))
    F.flags.writeable = False
    yield "column order, read-only", lambda F: np.sum(F**4), F, 4 * F**3
    buffer = np.empty(9)
    yield "one buffer for all answers", lambda z: np.multiply(z, z, out=buffer), x, 2 * x * w, w
    yield "mask of integers as a gradient", lambda z: np.maximum(z, 0).sum(), x, (x > 0).astype(int)
    same = rng.normal(size=(3, 3))
    yield "one array twice", lambda a, b: np.sum(a @ b), (same, same), both(same)
    x4 = x.astype(f4)
    yield "all in float32", lambda z: np.sum(np.tanh(z * f4(2))), x4, 2 / np.cosh(2 * x4) ** 2


def both(S):
    ones = np.ones((3, 3))
    return ones @ S.T, S.T @ ones


# --- wrong


@wrong("sign")
def signs(rng):
    net = classifier(rng)
    yield (
        "target minus prediction",
        net.f,
        net.x,
        tuple(-c if c is not None else c for c in net.claims),
    )
    D = rng.normal(size=9)
    yield "generator's loss", lambda D: -np.mean(np.log(sigmoid(D))), D, (1 - sigmoid(D)) / 9


@wrong("constant-factor")
def factors(rng):
    W = rng.normal(size=(3, 5))
    yield "penalty without its one half", lambda W: 0.01 * np.sum(W * W), W, 0.01 * W
    M = (rng.random((4, 5)) < 0.7) * 1.0
    U, X = rng.normal(size=(2, 4, 5))
    yield "dropout, not rescaled backward", lambda X: X * M / 0.7, X, U * M, U
    z, w = rng.normal(size=(2, 6))
    p = softmax(z / 2.5)
    yield "temperature forgotten", lambda z: w @ softmax(z / 2.5), z, p * (w - w @ p)


@wrong("constant-factor", "missing-term", "slight-constant")
def factor_of_one_input(rng):
    head = attention(rng)
    dQ, dK, dV = head.claims
    yield "attention without 1/sqrt(d) on Q", head.f, head.x, (dQ * 2, dK, dV), head.U


@wrong("missing-mean", "constant-factor")
def means(rng):
    net = classifier(rng, B=7)
    claims = tuple(7 * c if c is not None else c for c in net.claims)
    yield "softmax cross entropy summed", net.f, net.x, claims
    X, Y = rng.normal(size=(2, 5, 3))
    yield "divided by B, not by B D", lambda X: np.mean((X - Y) ** 2), X, 2 * (X - Y) / 5
    yield "divided by B twice", lambda X: np.sum((X - Y) ** 2) / 5, X, 2 * (X - Y) / 25


@wrong("transposed", "wrong-shape")
def transposes(rng):
    X, U, W = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), rng.normal(size=(4, 4))
    yield "dW = X' delta", lambda W: X @ W.T, W, X.T @ U, U
    A = rng.normal(size=(4, 4)) + 4 * np.eye(4)
    yield "log det without transpose", lambda A: np.linalg.slogdet(A)[1], A, np.linalg.inv(A)
    net = classifier(rng)
    yield "W1 non-square", net.f, net.x, replaced(net.claims, _2=net.claims[2].T)


@wrong("swapped")
def swaps(rng):
    head = attention(rng)
    dQ, dK, dV = head.claims
    yield "dK in dQ's place", head.f, head.x, (dK, dQ, dV), head.U
    norm = layer_norm(rng)
    dX, dg, db = norm.claims
    yield "gain and shift", norm.f, norm.x, (dX, db, dg), norm.U


@wrong("wrong-axis")
def axes(rng):
    X, U, b = rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), rng.normal(size=5)
    yield "bias over units, not examples", lambda b: X + b, b, U.sum(1), U
    P = softmax(X)
    claim = P * (U - np.sum(P * U, 0))
    yield "softmax backward down the columns", softmax, X, claim, U


@wrong("broadcast", "wrong-shape")
def broadcasts(rng):
    net = classifier(rng)
    yield "delta itself for the bias", net.f, net.x, replaced(net.claims, _3=net.D1)
    X, U = rng.normal(size=(2, 4, 3))
    yield "a scalar's gradient per entry", lambda a: a * X, np.array(1.3), U * X, U


@wrong("summed", "wrong-shape")
def sums(rng):
    X, E, U = rng.normal(size=(4, 5, 3)), rng.normal(size=(5, 3)), rng.normal(size=(4, 5, 3))
    yield "positions summed like a bias", lambda E: X + E, E, U.sum((0, 1)), U


@wrong("wrong-shape")
def shapes(rng):
    conv = convolved(rng)
    dX, dK, db = conv.claims
    yield "image gradient left flat", conv.f, conv.x, (dX.reshape(2, -1), dK, db), conv.U


@wrong("wrong-count")
def counts(rng):
    norm = layer_norm(rng)
    yield "gain's gradient not returned", norm.f, norm.x, norm.claims[::2], norm.U


@wrong("derivative-missing")
def derivatives(rng):
    Z, U = rng.normal(size=(2, 4, 3))
    yield "upstream passed through sigmoid", sigmoid, Z, U, U
    w, X, y = rng.normal(size=4), rng.normal(size=(6, 4)), rng.random(6)
    error = (np.tanh(X @ w) - y) * 2 / 6
    yield "delta of a tanh unit", lambda z: np.mean((np.tanh(z) - y) ** 2), X @ w, error


@wrong("derivative-missing", "wrong-formula", "missing-term")
def derivative_of_the_layer_below(rng):
    net = classifier(rng)
    D1 = net.D2 @ net.x[4]
    X = net.x[0]
    yield (
        "no tanh' below",
        net.f,
        net.x,
        replaced(net.claims, _0=D1 @ net.x[2], _2=D1.T @ X, _3=D1.sum(0)),
    )


@wrong("at-activation")
def at_activation(rng):
    Z, U = rng.normal(size=(2, 4, 3))
    A = np.tanh(Z)
    yield "tanh' of tanh", np.tanh, Z, U * (1 - np.tanh(A) ** 2), U
    S = sigmoid(sigmoid(Z))
    yield "sigmoid' of sigmoid", sigmoid, Z, U * S * (1 - S), U


@wrong("wrong-formula")
def wrong_formulas(rng):
    x, w = rng.normal(size=(2, 9))
    yield "1 - tanh", lambda x: np.sum(np.tanh(x)), x, 1 - np.tanh(x)
    yield "softplus' = tanh", lambda x: np.log1p(np.exp(x)).sum(), x, np.tanh(x)
    yield (
        "p log p without its one",
        lambda p: np.sum(p * np.log(p)),
        x**2 + 0.1,
        2 * np.log(x**2 + 0.1),
    )


@wrong("missing-term", "wrong-formula")
def terms(rng):
    x, w = rng.normal(size=(2, 9))
    yield "swish without its second term", lambda x: np.sum(x * sigmoid(x)), x, sigmoid(x)
    norm = layer_norm(rng)
    dX = (norm.G - norm.mean(norm.G)) / norm.s
    yield "layer norm, variance held", norm.f, norm.x, replaced(norm.claims, _0=dX), norm.U
    bn = batch_norm(rng)
    yield "batch norm, both statistics held", bn.f, bn.x, bn.U / bn.s, bn.U
    rnn = recurrent(rng)
    yield "recurrence cut after one step", rnn.f, rnn.x, rnn.back(1), rnn.U
    X, W, U = rng.normal(size=(5, 3)), rng.normal(size=(3, 3)), rng.normal(size=(5, 3))
    D = U * (1 - np.tanh(X @ W) ** 2)
    yield "the skip's own path", lambda X: X + np.tanh(X @ W), X, D @ W.T, U


@wrong("off-diagonal", "missing-term")
def off_diagonal(rng):
    Z, U = rng.normal(size=(2, 4, 5))
    P = softmax(Z)
    yield "p (1 - p)", softmax, Z, U * P * (1 - P), U
    head = attention(rng)
    dS = head.dP * head.P * (1 - head.P)
    Q, K, V = head.x
    claims = dS @ K / 2, dS.T @ Q / 2, head.claims[2]
    yield "p (1 - p) inside attention", head.f, head.x, claims, head.U


@wrong("ties")
def doubled_ties(rng):
    X = rng.integers(2, size=(2, 4, 4)).astype(float)
    X[:, :2, :2] = 1
    U = rng.random((2, 2, 2)) + 0.5
    yield "max pool, every tied entry paid in full", pool, X, pool_back(X, U, "all"), U
    x = np.array([1.0, 4, 4, -2, 4])
    yield "max, mask of equals", np.max, x, (x == 4).astype(float)


@wrong("not-accumulated")
def accumulated(rng):
    ids, E, U = np.array([2, 0, 2, 4, 2]), rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    dE = np.zeros_like(E)
    dE[ids] += U
    yield "embedding by fancy +=", lambda E: E[ids], E, dE, U
    counts = np.zeros(5)
    w = rng.normal(size=5)
    counts[ids] = w
    yield "repeated gather of a vector", lambda x: x[ids] @ w, rng.normal(size=5), counts


@wrong("not-accumulated", "missing-term")
def tied(rng):
    X, W, U = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=(6, 4))
    yield "tied autoencoder, decoder only", lambda W: X @ W.T @ W, W, (X @ W.T).T @ U, U


@wrong("upstream")
def upstreams(rng):
    Z, U = rng.normal(size=(2, 4, 3))
    yield "sigmoid' alone", sigmoid, Z, sigmoid(Z) * (1 - sigmoid(Z)), U
    W, X = rng.normal(size=(3, 4)), rng.normal(size=(6, 4))
    yield (
        "ones for the upstream",
        lambda W: X @ W.T,
        W,
        np.ones((6, 3)).T @ X,
        rng.normal(size=(6, 3)),
    )


@wrong("flipped", "kernel")
def flips(rng):
    conv = convolved(rng, h=3, w=3)
    dX, dK, db = conv.claims
    yield "kernel's gradient flipped", conv.f, conv.x, (dX, dK[..., ::-1, ::-1], db), conv.U
    yield (
        "image's with the kernel unflipped",
        conv.f,
        conv.x,
        (conv.back(conv.x[1]), dK, db),
        conv.U,
    )


@wrong("shifted")
def shifts(rng):
    x, u = rng.normal(size=(2, 9))
    s = np.sign(u)
    yield "running sum, one late", np.cumsum, x, np.append(np.cumsum(s[::-1])[::-1][1:], 0), s
    yield "neighbour's slope", lambda x: np.sin(x).sum(), x, np.roll(np.cos(x), 1)


@wrong("permuted")
def permutations(rng):
    x, u = rng.normal(size=(2, 9))
    order = np.array([4, 0, 7, 1, 3, 8, 2, 6, 5])
    yield "gather backward by gather", lambda x: x[order], x, u[order], u
    mixed = np.sort(x)[order]
    yield "sort backward by argsort", np.sort, mixed, u[np.argsort(mixed)], u


@wrong("transposed-factor")
def factors_transposed(rng):
    X, W, U = rng.normal(size=(5, 4)), rng.normal(size=(4, 4)), rng.normal(size=(5, 4))
    yield "dX with W' for W", lambda X: X @ W.T, X, U @ W.T, U
    A, v, u = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=4), rng.normal(size=4)
    yield "solve with A for A'", lambda v: np.linalg.solve(A, v), v, np.linalg.solve(A, u), u


@wrong("negative", "region")
def negatives(rng):
    x = np.array([-2.1, 0.4, -0.3, 1.7, -1.2, 0.9]) + rng.random(6) / 10
    w = rng.normal(size=6)
    elu = lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))) @ w
    yield "ELU' = 1 everywhere", elu, x, w
    yield "leaky relu without its leak", lambda x: np.where(x > 0, x, 0.1 * x) @ w, x, w * (x > 0)


@wrong("region")
def regions(rng):
    r = np.array([0.2, -3.1, 0.4, 2.2, -0.3, 1.8, -0.1]) + rng.random(7) / 20
    huber = lambda r: np.where(np.abs(r) <= 1, r * r / 2, np.abs(r) - 0.5).sum()
    yield "huber without its clip", huber, r, r
    yield "hard tanh, slope 1 outside", lambda r: np.clip(r, -1, 1).sum(), r, np.ones(7)


@wrong("one-entry")
def single(rng):
    net = classifier(rng)
    dW = net.claims[2].copy()
    dW[3, 1] += 0.05
    yield "one weight of the first layer", net.f, net.x, replaced(net.claims, _2=dW)
    x = rng.normal(size=20_000)
    g = np.cos(x)
    g[12_345] *= 1.3
    yield "one of twenty thousand", lambda x: np.sin(x).sum(), x, g


@wrong("row-or-column")
def rows(rng):
    X, W, U = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=(6, 3))
    dX = U @ W
    dX[-1] = 0
    yield "loop ends one example early", lambda X: X @ W.T, X, dX, U
    dW = U.T @ X
    dW[:, 2] *= -1
    yield "one column's sign", lambda W: X @ W.T, W, dW, U


@wrong("slight-constant")
def constants(rng):
    x, w = rng.normal(size=(2, 8))
    slope = np.where(x > 0, 1, 1.67326324 * np.exp(np.minimum(x, 0)))
    selu = lambda x: 1.05070099 * np.where(x > 0, x, 1.67326324 * np.expm1(np.minimum(x, 0))) @ w
    yield "SELU's lambda cut to 1.05", selu, x, 1.05 * w * slope
    yield "ln 2 cut to 0.6931", lambda x: np.exp2(x) @ w, x, 0.6931 * np.exp2(x) * w


@wrong("all-zero")
def zeros(rng):
    X, W, U = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=(6, 3))
    yield "allocated, never filled", lambda W: X @ W.T, W, np.zeros_like(W), U
    yield "small beside nothing", lambda x: 1e-8 * np.sum(x**3), X, np.zeros_like(X)


@wrong("mutates-input")
def mutation(rng):
    X = rng.normal(size=(4, 5))

    def centred(X):
        X -= X.mean(0)
        return np.sum(X**4)

    C = X - X.mean(0)
    yield "centred in place", centred, X, 4 * C**3 - 4 * np.mean(C**3, 0)


@wrong("nan")
def nans(rng):
    P = np.array([0.3, 0.0, 0.7])
    with np.errstate(divide="ignore", invalid="ignore"):
        claim = P * P / P
    yield "zero over zero", lambda p: p @ p, P, 2 * claim
    yield "an infinite entry", lambda x: np.sum(x**2), np.ones(3), np.array([2.0, np.inf, 2.0])


@wrong("kink")
def kinks(rng):
    x = np.array([0.0, 1.0, -2.0])
    yield "abs' = 2 at 0", lambda x: np.abs(x).sum(), x, np.array([2.0, 1, -1])
    yield "relu' = -1 at 0", lambda x: np.maximum(x, 0).sum(), x, np.array([-1.0, 1, 0])


@wrong("dtype", "wrong-formula", "some-entries")
def dtypes(rng):
    x = rng.normal(size=7) * 3
    yield "zeros_like an integer array", lambda x: np.sum(x**2) / 3, x, (2 * x / 3).astype(int)


@wrong("random")
def noise(rng):
    net = classifier(rng)
    yield (
        "dW1 of another network",
        lambda W: net.f(*net.x[:2], W, *net.x[3:]),
        net.x[2],
        rng.normal(size=(5, 4)),
    )


# --- layers


class Layer:
    keys = ()
    parameters = property(lambda self: {k: getattr(self, k) for k in self.keys})
    gradients = property(lambda self: {k: getattr(self, "d" + k) for k in self.keys})


class Conv1D(Layer):
    """A filter of three taps along the last axis, with a bias."""

    keys = ("k", "b")

    def __init__(self, rng):
        self.k, self.b = rng.normal(size=3), rng.normal(size=1)
        self.dk, self.db = np.zeros(3), np.zeros(1)

    def forward(self, X):
        self.X = X
        return windows(X, 3, 1) @ self.k + self.b

    def backward(self, U):
        self.dk = np.einsum("btj,bt->j", windows(self.X, 3, 1), U)
        self.db = np.array([U.sum()])
        return windows(np.pad(U, ((0, 0), (2, 2))), 3, 1) @ self.k[::-1]


class Adding(Conv1D):
    def backward(self, U):
        dk, db = self.dk, self.db
        below = super().backward(U)
        self.dk, self.db = dk + self.dk, db + self.db
        return below


class First(Conv1D):
    def forward(self, X):
        Y = super().forward(X)
        self.kept = getattr(self, "kept", X)
        return Y

    def backward(self, U):
        self.X = self.kept
        return super().backward(U)


class PReLU(Layer):
    keys = ("a",)

    def __init__(self, rng, D=5):
        self.a = rng.random(D)

    def forward(self, X):
        self.X = X
        return np.where(X > 0, X, self.a * X)

    def backward(self, U):
        self.da = np.sum(U * self.X * (self.X <= 0), 0)
        return U * np.where(self.X > 0, 1, self.a)


class Unsummed(PReLU):
    def backward(self, U):
        below = super().backward(U)
        self.da = U * self.X * (self.X <= 0)
        return below


@right("layers of a learner")
def layers_right(rng):
    X = rng.normal(size=(4, 7))
    yield "filter along time", Conv1D(rng), X
    yield "PReLU", PReLU(rng, 7), X


@wrong("doubled")
def layers_doubled(rng):
    yield "filter that adds up", Adding(rng), rng.normal(size=(4, 7))


@wrong("stale-cache")
def layers_stale(rng):
    yield "filter that keeps its first input", First(rng), rng.normal(size=(4, 7))


@wrong("broadcast", "wrong-shape")
def layers_unsummed(rng):
    yield "PReLU, not summed over the batch", Unsummed(rng), rng.normal(size=(4, 5))
