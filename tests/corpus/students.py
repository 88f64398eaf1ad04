"""What students and practitioners write: layers, each with the slips one makes in it, and losses."""

from functools import partial

import numpy as np

from tests.corpus.fresh_six import sigmoid, soft


def away(rng, *shape, gap=0.1):
    """Normal numbers, none within `gap` of 0."""
    z = rng.normal(size=shape)
    return z + gap * np.sign(z)


def spread(rng, *shape, step=0.4):
    """Numbers no two of which are close, none close to 0."""
    n = int(np.prod(shape))
    z = (rng.permutation(n) - n // 2 + rng.uniform(0.3, 0.7, n)) * step
    return z.reshape(shape)


def log_soft(Z):
    S = Z - Z.real.max(-1, keepdims=True)
    return S - np.log(np.exp(S).sum(-1, keepdims=True))


def mean(x, axis=-1):
    return x.mean(axis, keepdims=True)


# --- layers: a step returns the output and its pull-back; `bug` names a slip in it


class Made:
    """A student's layer, made of one step."""

    def __init__(self, step, bug="", **parameters):
        self.step, self.bug, self.parameters, self.gradients = step, bug, parameters, {}
        self.training, self.pull = False, None

    def forward(self, X):
        Y, pull = self.step(X, self.bug, **self.parameters)
        if self.bug != "stale" or self.pull is None:
            self.pull = pull
        return Y

    def backward(self, U):
        dX, new = self.pull(U)
        if self.bug == "accumulates":
            new = {k: self.gradients.get(k, 0) + g for k, g in new.items()}
        self.gradients = new
        if self.bug == "training" and self.training:
            dX = 2 * dX
        return dX


def dense(X, bug, W, b):
    def pull(U):
        db = {"axis": U.sum(1), "unsummed": U}.get(bug, U.sum(0))
        dW = {"mean": U.T @ X / len(X), "turned": X.T @ U}.get(bug, U.T @ X)
        return (-1 if bug == "sign" else 1) * U @ W, {"W": dW, "b": db}

    return X @ W.T + b, pull


def conv1(X, bug, W, b, stride=2, pad=1, dil=1):
    T, K = X.shape[2], W.shape[2]
    Xp = np.pad(X, ((0, 0), (0, 0), (pad, pad)))
    n = (T + 2 * pad - dil * (K - 1) - 1) // stride + 1
    at = stride * np.arange(n)[:, None] + dil * np.arange(K)
    cols = Xp[:, :, at]

    def pull(U):
        V = W[:, :, ::-1] if bug == "kernel" else W
        d, dXp = np.einsum("bot,ock->bctk", U, V), np.zeros_like(Xp)
        if bug == "scatter":
            dXp[:, :, at] += d
        else:
            np.add.at(dXp, (slice(None), slice(None), at), d)
        start = {"crop": 0, "edge": pad}.get(bug, pad)
        if bug == "edge":
            dXp[:, :, pad] = 0
        dW = np.einsum("bot,bctk->ock", U, cols)
        return dXp[:, :, start : start + T], {"W": dW, "b": U.sum((0, 2))}

    return np.einsum("bctk,ock->bot", cols, W) + b[:, None], pull


def conv2(X, bug, W, stride=2, pad=1):
    Xp = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    kh, kw = W.shape[2:]
    h, w = ((n - k) // stride + 1 for n, k in zip(Xp.shape[2:], (kh, kw)))
    cut = {
        (i, j): np.s_[
            :, :, i : i + stride * (h - 1) + 1 : stride, j : j + stride * (w - 1) + 1 : stride
        ]
        for i, j in np.ndindex(kh, kw)
    }
    Y = sum(np.einsum("bchw,oc->bohw", Xp[cut[i]], W[(..., *i)]) for i in cut)

    def pull(U):
        dXp, dW = np.zeros_like(Xp), np.zeros_like(W)
        for i in cut:
            dXp[cut[i]] += np.einsum("bohw,oc->bchw", U, W[(..., *i)])
            to = (kh - 1 - i[0], i[1]) if bug == "flip" else i[::-1] if bug == "turned" else i
            dW[(..., *to)] = np.einsum("bohw,bchw->oc", U, Xp[cut[i]])
        return dXp[:, :, pad:-pad, pad:-pad], {"W": dW}

    return Y, pull


def conv_up(X, bug, W, stride=2):
    """Transposed convolution; W (C, O, K)."""
    (B, _, T), (_, O, K) = X.shape, W.shape
    Y = np.zeros((B, O, stride * (T - 1) + K), X.dtype)
    at = [np.s_[:, :, k : k + stride * (T - 1) + 1 : stride] for k in range(K)]
    for k in range(K):
        Y[at[k]] += np.einsum("bct,co->bot", X, W[:, :, k])

    def pull(U):
        dX = sum(np.einsum("bot,co->bct", U[at[k]], W[:, :, k]) for k in range(K))
        dW = np.stack([np.einsum("bct,bot->co", X, U[at[k]]) for k in range(K)], 2)
        return dX, {"W": dW}

    return Y, pull


def standardise(X, axis, eps=1e-5, bug=""):
    s = np.sqrt(X.var(axis, keepdims=True) + eps)
    N = (X - mean(X, axis)) / s

    def pull(U):
        along = 0 if bug == "spread held" else N * mean(U * N, axis)
        return (U - (0 if bug == "mean held" else mean(U, axis)) - along) / s

    return N, pull


def group_norm(X, bug, gamma, beta, groups=2):
    B, C, T = X.shape
    N, back = standardise(X.reshape(B, groups, -1), 2, bug=bug)
    N, g = N.reshape(X.shape), gamma[:, None]

    def pull(U):
        V = U if bug == "gamma" else U * g
        axes = (0,) if bug == "unsummed" else (0, 2)
        dX = back(V.reshape(B, groups, -1)).reshape(X.shape)
        return dX, {"gamma": (U * N).sum(axes), "beta": U.sum((0, 2))}

    return N * g + beta[:, None], pull


def rms_norm(X, bug, gain):
    r = np.sqrt(mean(X**2) + 1e-6)
    N = X / r

    def pull(U):
        V = U * gain
        along = (V * N).sum(-1, keepdims=True) if bug == "sum" else mean(V * N)
        return (V - N * along) / r, {"gain": (U * N).sum(tuple(range(X.ndim - 1)))}

    return N * gain, pull


def residual(X, bug, W, V):
    A = np.tanh(X @ W.T)

    def pull(U):
        dZ = (U @ V) * (1 if bug == "derivative" else 1 - (np.tanh(A) if bug == "at a" else A) ** 2)
        return dZ @ W + (0 if bug == "skip" else U), {"W": dZ.T @ X, "V": U.T @ A}

    return X + A @ V.T, pull


def gated(X, bug, W, V):
    a, g = X @ W.T, sigmoid(X @ V.T)

    def pull(U):
        da, dz = U * g, U * a * g * (1 - g)
        grads = {"W": da.T @ X, "V": dz.T @ X}
        if bug == "swapped":
            grads = {"W": grads["V"], "V": grads["W"]}
        return da @ W + (0 if bug == "gate" else dz @ V), grads

    return a * g, pull


def attention(X, bug, Q, K, V, causal=True):
    q, k, v = X @ Q, X @ K, X @ V
    scale, T = 1 / np.sqrt(Q.shape[1]), X.shape[1]
    hide = np.triu(np.ones((T, T), bool), 1) & causal
    P = soft(np.where(hide, -1e30, q @ k.swapaxes(1, 2) * scale))

    def pull(U):
        dP = U @ v.swapaxes(1, 2)
        dS = P * (dP * (1 - P) if bug == "diagonal" else dP - (P * dP).sum(-1, keepdims=True))
        dS = dS if bug == "scale" else dS * scale
        dq, dk, dv = dS @ k, (dS if bug == "dk" else dS.swapaxes(1, 2)) @ q, P.swapaxes(1, 2) @ U
        dX = dq @ Q.T + (0 if bug == "keys" else dk @ K.T) + dv @ V.T
        dW = [np.einsum("btd,bte->de", X, d) for d in (dq, dk, dv)]
        return dX, dict(zip("QKV", dW))

    return P @ v, pull


def rnn(X, bug, W, V, b):
    B, T, _ = X.shape
    H = [np.zeros((B, len(b)), X.dtype)]
    for t in range(T):
        H.append(np.tanh(X[:, t] @ W.T + H[-1] @ V.T + b))

    def pull(U):
        dX, carry = np.zeros_like(X), 0
        dW, dV, db = np.zeros_like(W), np.zeros_like(V), np.zeros_like(b)
        for t in reversed(range(T)):
            dz = (U[:, t] + carry) * (1 - H[t + 1] ** 2)
            carry = dz @ (V.T if bug == "turned" else V) if bug != "one step" else 0
            dX[:, t] = dz @ W
            dW = dz.T @ X[:, t] + (0 if bug == "overwritten" else dW)
            dV += dz.T @ H[t + (bug == "late")]
            db += dz.sum(0)
        if bug == "first":
            dX[:, 0] = 0
        return dX, {"W": dW, "V": dV, "b": db}

    return np.stack(H[1:], 1), pull


def tied(X, bug, W):
    A = np.tanh(X @ W.T)

    def pull(U):
        dZ = (U @ W.T) * (1 - A**2)
        return dZ @ W, {"W": dZ.T @ X + (0 if bug == "once" else A.T @ U)}

    return A @ W, pull


def bilinear(X, bug, W):
    def pull(U):
        dX = np.einsum("bk,kij,bj->bi", U, W, X)
        if bug != "one side":
            dX = dX + np.einsum("bk,kij,bi->bj", U, W, X)
        return dX, {"W": np.einsum("bk,bi,bj->kij", U, X, X)}

    return np.einsum("kij,bi,bj->bk", W, X, X), pull


def maxout(X, bug, W):
    Z = np.einsum("kod,bd->bok", W, X)
    M = np.eye(len(W))[Z.argmax(2)]

    def pull(U):
        G = U[..., None] * (M * 0 + 1 if bug == "all" else M)
        return np.einsum("bok,kod->bd", G, W), {"W": np.einsum("bok,bd->kod", G, X)}

    return Z.max(2), pull


def max_pool(X, bug):
    B, C, H, W = X.shape
    P = X.reshape(B, C, H // 2, 2, W // 3, 3)
    Y = P.max((3, 5), keepdims=True)

    def pull(U):
        M = (P == Y) if bug != "spread" else np.full(P.shape, 1 / 6)
        return (M * U[:, :, :, None, :, None]).reshape(X.shape), {}

    return Y[:, :, :, 0, :, 0], pull


def fourier(X, bug, w):
    """Circular convolution with w by the FFT."""
    F, G, n = np.fft.fft(X), np.fft.fft(w), X.shape[-1]

    def back(U, S):
        return np.fft.ifft(np.fft.fft(U) * (S if bug == "conjugate" else np.conj(S))).real

    return np.fft.ifft(F * G).real, lambda U: (back(U, G), {"w": back(U, F).sum(0)[:n]})


def experts(X, bug, G, W):
    p, E = soft(X @ G.T), np.tanh(np.einsum("ehd,bd->beh", W, X))

    def pull(U):
        dp = np.einsum("bh,beh->be", U, E)
        ds = p * (dp - (p * dp).sum(1, keepdims=True))
        dz = p[..., None] * U[:, None] * (1 - E**2)
        dX = np.einsum("beh,ehd->bd", dz, W) + (0 if bug == "gate" else ds @ G)
        return dX, {"G": ds.T @ X, "W": np.einsum("beh,bd->ehd", dz, X)}

    return np.einsum("be,beh->bh", p, E), pull


def prelu(X, bug, a):
    def pull(U):
        slope = 0 if bug == "relu" else a
        return U * np.where(X > 0, 1, slope), {"a": (U * np.minimum(X, 0)).sum(0)}

    return np.where(X > 0, X, a * X), pull


def unit(v):
    n = np.sqrt((v**2).sum(-1, keepdims=True))
    return v / n, n


def cosines(X, bug, W):
    (x, r), (w, s) = unit(X), unit(W)

    def pull(U):
        dx, dw = U @ w, U.T @ x
        if bug == "projection":
            return dx / r, {"W": (dw - w * (w * dw).sum(1, keepdims=True)) / s}
        project = lambda u, d, n: (d - u * (u * d).sum(1, keepdims=True)) / n
        return project(x, dx, r), {"W": project(w, dw, s)}

    return x @ w.T, pull


def radial(X, bug, C, log_gamma):
    D = X[:, None] - C
    g, R = np.exp(log_gamma), (D**2).sum(2)
    Y = np.exp(-g * R)

    def pull(U):
        dD = -2 * (g * Y * U)[..., None] * D
        dg = (-R * Y * U).sum(0) * (1 if bug == "chain" else g)
        return dD.sum(1), {"C": -dD.sum(0), "log_gamma": dg}

    return Y, pull


def tempered(X, bug, t):
    P = soft(X / t)

    def pull(U):
        dS = P * (U - (P * U).sum(-1, keepdims=True))
        return dS / (1 if bug == "t" else t), {"t": np.array(-(dS * X).sum() / t**2)}

    return P, pull


def weight_norm(X, bug, v, g):
    w, n = unit(v)

    def pull(U):
        d = U.T @ X
        dg = (d * w).sum(1)
        along = 0 if bug == "held" else w * dg[:, None]
        return U @ (g[:, None] * w), {"v": g[:, None] * (d - along) / n, "g": dg}

    return X @ (g[:, None] * w).T, pull


def running_sum(X, bug, a):
    S = np.cumsum(X, 1)

    def pull(U):
        V = U * a
        dX = np.cumsum(V, 1) if bug == "forwards" else np.cumsum(V[:, ::-1], 1)[:, ::-1]
        return dX, {"a": (U * S).sum(0)}

    return a * S, pull


class BatchNorm:
    """With running statistics, which a forward pass changes while training."""

    def __init__(self, rng, D, bug=""):
        self.parameters = {"gamma": rng.uniform(0.5, 2, D), "beta": rng.normal(size=D)}
        self.gradients, self.training, self.bug = {}, True, bug
        self.m, self.v = rng.normal(size=D), rng.uniform(0.5, 3, D)

    def forward(self, X):
        m, v = (X.mean(0), X.var(0)) if self.training else (self.m, self.v)
        if self.training:
            self.m, self.v = 0.9 * self.m + 0.1 * m, 0.9 * self.v + 0.1 * v
        self.s, self.mode = np.sqrt(v + 1e-5), self.training
        self.N = (X - m) / self.s
        return self.parameters["gamma"] * self.N + self.parameters["beta"]

    def backward(self, U):
        N, V = self.N, U * self.parameters["gamma"]
        self.gradients = {"gamma": (U * N).sum(0), "beta": U.sum(0)}
        through = {"held": False, "always": True}.get(self.bug, self.mode)
        return (V - through * (mean(V, 0) + N * mean(V * N, 0))) / self.s


class Drop:
    """Inverted dropout with its own generator of masks."""

    parameters, gradients, training = {}, {}, True

    def __init__(self, rng, bug=""):
        self.rng, self.bug = np.random.default_rng(rng.integers(99)), bug

    def forward(self, X):
        self.mask = (self.rng.random(X.shape) > 0.4) / 0.6 if self.training else np.ones_like(X)
        return X * self.mask

    def backward(self, U):
        return U * (self.mask > 0) if self.bug == "scale" else U * self.mask


class Embedding:
    """Rows of a table looked up by whole numbers, which have no gradient."""

    training = False

    def __init__(self, E, bug=""):
        self.parameters, self.gradients, self.bug = {"E": E}, {}, bug

    def forward(self, X):
        self.ids = X
        return self.parameters["E"][X]

    def backward(self, U):
        dE = np.zeros_like(self.parameters["E"])
        if self.bug == "assigned":
            dE[self.ids] = U
        else:
            np.add.at(dE, self.ids, U)
        self.gradients = {"E": dE}


def zoo(rng, name, bug=""):
    """Return (name, layer, X) of a layer above with random numbers."""
    n, made = rng.normal, partial(Made, bug=bug)
    X, X3 = n(size=(5, 4)), n(size=(2, 4, 7))
    layer = {
        "dense": lambda: (made(dense, W=n(size=(3, 4)), b=n(size=3)), X),
        "conv1": lambda: (made(conv1, W=n(size=(3, 4, 3)), b=n(size=3)), X3),
        "conv1 dilated": lambda: (
            made(partial(conv1, stride=1, pad=2, dil=2), W=n(size=(3, 4, 3)), b=n(size=3)),
            X3,
        ),
        "conv2": lambda: (made(conv2, W=n(size=(3, 2, 3, 3))), n(size=(2, 2, 5, 6))),
        "conv up": lambda: (made(conv_up, W=n(size=(4, 2, 3))), X3),
        "group norm": lambda: (made(group_norm, gamma=n(size=4), beta=n(size=4)), X3),
        "rms norm": lambda: (made(rms_norm, gain=n(size=7)), X3),
        "residual": lambda: (made(residual, W=n(size=(6, 4)), V=n(size=(4, 6))), X),
        "gated": lambda: (made(gated, W=n(size=(3, 4)), V=n(size=(3, 4))), X),
        "attention": lambda: (
            made(attention, Q=n(size=(7, 3)), K=n(size=(7, 3)), V=n(size=(7, 5))),
            X3,
        ),
        "rnn": lambda: (made(rnn, W=n(size=(3, 7)) / 2, V=n(size=(3, 3)) / 2, b=n(size=3)), X3),
        "tied": lambda: (made(tied, W=n(size=(3, 4))), X),
        "bilinear": lambda: (made(bilinear, W=n(size=(3, 4, 4))), X),
        "maxout": lambda: (made(maxout, W=n(size=(3, 2, 4))), X),
        "max pool": lambda: (made(max_pool), spread(rng, 2, 2, 4, 6, step=0.1)),
        "fourier": lambda: (made(fourier, w=n(size=4)), X),
        "experts": lambda: (made(experts, G=n(size=(3, 4)), W=n(size=(3, 2, 4))), X),
        "prelu": lambda: (made(prelu, a=rng.uniform(0.1, 0.4, 4)), away(rng, 5, 4)),
        "cosines": lambda: (made(cosines, W=n(size=(3, 4))), X),
        "radial": lambda: (made(radial, C=n(size=(3, 4)), log_gamma=n(size=3) / 2 - 1), X),
        "tempered": lambda: (made(tempered, t=np.array(rng.uniform(0.5, 2))), X),
        "weight norm": lambda: (made(weight_norm, v=n(size=(3, 4)), g=n(size=3)), X),
        "running sum": lambda: (made(running_sum, a=n(size=4)), X),
        "batch norm": lambda: (BatchNorm(rng, 4, bug), 2 * X + 1),
        "dropout": lambda: (Drop(rng, bug), X),
        "embedding": lambda: (Embedding(n(size=(4, 3)), bug), rng.integers(4, size=(5, 2))),
    }[name]()
    return (f"{name} {bug}".strip(), *layer)


# --- losses and models


def recurrent(X, W, V, c):
    """LSTM over the rows of X, one cell a unit."""
    h = s = np.zeros(V.shape[1])
    for x in X:
        i, f, o, g = (W[k] @ x + V[k] @ h for k in range(4))
        s = sigmoid(f) * s + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(s)
    return (c * h).sum()


def gru(X, W, V, c, reset=True):
    h = np.zeros(V.shape[1])
    for x in X:
        z, r = sigmoid(W[0] @ x + V[0] @ h), sigmoid(W[1] @ x + V[1] @ h)
        h = (1 - z) * h + z * np.tanh(W[2] @ x + V[2] @ ((r if reset else np.real(r)) * h))
    return (c * h).sum()


def vae(W, V, X, noise, kl=1.0):
    mu, logs = np.split(X @ W.T, 2, axis=1)
    Y = sigmoid((mu + np.exp(logs) * noise) @ V.T)
    return ((X - Y) ** 2).sum() + kl * 0.5 * (mu**2 + np.exp(2 * logs) - 1 - 2 * logs).sum()


def mixture(Z, y, log_det=1.0):
    """Negative log-likelihood of y under mixtures of Gaussians; Z (B, 3, M)."""
    a, mu, s = Z[:, 0], Z[:, 1], Z[:, 2]
    parts = log_soft(a) - 0.5 * ((y[:, None] - mu) / np.exp(s)) ** 2 - log_det * s
    return -np.log(np.exp(parts).sum(1)).mean()


def lattice(Z, word):
    """Minus log of the sum over all monotone paths of the word through the frames of Z."""
    P = soft(Z)[:, word]
    alpha = np.eye(1, len(word))[0] * P[0]
    for p in P[1:]:
        alpha = (alpha + np.concatenate([[0], alpha[:-1]])) * p
    return -np.log(alpha[-1])


def crf(E, A, y):
    """Negative log-likelihood of labels y in a chain: emissions E (T, K), transitions A."""
    a = E[0]
    for e in E[1:]:
        z = a[:, None] + A
        top = z.real.max(0)
        a = top + np.log(np.exp(z - top).sum(0)) + e
    t = np.arange(len(y))
    return np.log(np.exp(a).sum()) - E[t, y].sum() - A[y[:-1], y[1:]].sum()


def info_nce(A, B):
    a, b = unit(A)[0], unit(B)[0]
    return -np.trace(log_soft(a @ b.T / 0.2)) / len(A)


def ordinal(z, cuts, y):
    """Cumulative logits; y in 0..len(cuts)."""
    F = np.concatenate([0 * z[:, None], sigmoid(cuts - z[:, None]), 0 * z[:, None] + 1], 1)
    i = np.arange(len(y))
    return -np.log(F[i, y + 1] - F[i, y]).sum()


def fixed_point(W, x):
    z = np.zeros(len(x), np.result_type(W, x))
    for _ in range(500):
        z, last = np.tanh(W @ z + x), z
        if abs(z - last).max() < 1e-12:
            break
    return z


def transport(C, steps=30):
    K = np.exp(-C / 0.5)
    v = np.ones(C.shape[1])
    for _ in range(steps):
        u = 1 / (K @ v)
        v = 1 / (K.T @ u)
    return (u[:, None] * K * v * C).sum()


def euler(x, W, steps=100):
    for _ in range(steps):
        x = x + np.tanh(W @ x) / steps
    return (x**2).sum()


class Careful:
    """A dense layer with tanh that keeps and reuses arrays, as one does for speed."""

    def __init__(self, W, b, bug=""):
        self.parameters = {"W": W, "b": b}
        self.gradients = {"W": np.zeros_like(W), "b": np.zeros_like(b)}
        self.training, self.bug, self.mask = False, bug, None
        self.first = W.copy()

    def forward(self, X):
        W, b = self.parameters["W"], self.parameters["b"]
        if self.bug == "centres X":
            X -= X.mean(0)
        self.X = X
        if self.bug != "kept shape" or self.mask is None or self.mask.shape != (len(X), len(b)):
            self.mask = X @ W.T + b > 0
        self.Y = getattr(self, "Y", np.empty(0))
        if self.Y.shape != (len(X), len(b)):
            self.Y = np.empty((len(X), len(b)))
        np.matmul(X, W.T, out=self.Y)
        self.Y += b
        np.maximum(self.Y, 0, out=self.Y)
        return self.Y

    def backward(self, U):
        if self.bug == "spends upstream":
            U *= self.mask
        else:
            U = U * self.mask
        for name, g in (("W", U.T @ self.X), ("b", U.sum(0))):
            if self.bug == "adds in place":
                self.gradients[name] += g
            else:
                self.gradients[name][...] = g
        if self.bug == "no b":
            self.gradients.pop("b", None)
        return U @ (self.first if self.bug == "first weights" else self.parameters["W"])


class Chain:
    """Layers one after another, their parameters under the numbers of the layers."""

    training = False

    def __init__(self, *layers):
        self.layers = layers

    def named(self, what):
        return {
            f"{i}.{k}": a for i, l in enumerate(self.layers) for k, a in getattr(l, what).items()
        }

    parameters = property(lambda self: self.named("parameters"))
    gradients = property(lambda self: self.named("gradients"))

    def forward(self, X):
        for layer in self.layers:
            layer.training = self.training
            X = layer.forward(X)
        return X

    def backward(self, U):
        for layer in reversed(self.layers):
            U = layer.backward(U)
        return U


def chain(rng, bug=""):
    """Return (layer, X): dense, batch norm, tanh block, dense; `bug` is the residual's."""
    n = rng.normal
    block = Made(residual, bug, W=n(size=(5, 3)) / 2, V=n(size=(3, 5)) / 2)
    ends = (Made(dense, W=n(size=s), b=n(size=s[0])) for s in ((3, 4), (2, 3)))
    return Chain(next(ends), BatchNorm(rng, 3), block, next(ends)), n(size=(6, 4))


def careful(rng, bug=""):
    return Careful(rng.normal(size=(3, 4)), rng.normal(size=3), bug), rng.normal(size=(6, 4))
