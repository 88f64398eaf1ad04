"""A dense network as a textbook writes it, frozen: nnlib is compared with it in numbers and time.

Nothing here is tuned and nothing is checked. Do not make it faster: `test_speed.py` and
`benchmarks/run.py` measure against it.
"""

import numpy as np


class Dense:
    """z = W a + b."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, A_prev):
        self.A_prev = A_prev
        return A_prev @ self.W.T + self.b

    def backward(self, delta):
        self.dW = delta.T @ self.A_prev
        self.db = delta.sum(axis=0)
        return delta @ self.W


class ReLU:
    """a = max(0, z)."""

    def forward(self, Z):
        self.Z = Z
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * (self.Z > 0)


def network(parameters):
    """Return the layers of a network from [W, b, W, b, ...]: Dense, ReLU, Dense, ..., Dense."""
    layers = []
    for W, b in zip(parameters[::2], parameters[1::2], strict=True):
        layers += [Dense(W, b), ReLU()]
    return layers[:-1]


def forward(layers, X):
    for layer in layers:
        X = layer.forward(X)
    return X


def backward(layers, upstream):
    for layer in reversed(layers):
        upstream = layer.backward(upstream)
    return upstream


def cross_entropy(Z, labels):
    """Return the mean of -log softmax(z)[y] and its gradient for the logits Z."""
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_P = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    Y = np.eye(Z.shape[1], dtype=Z.dtype)[labels]
    return -np.sum(Y * log_P) / len(Z), (np.exp(log_P) - Y) / len(Z)


def train_step(layers, X, labels, eta):
    """Take one step of gradient descent; return the loss before it."""
    L, upstream = cross_entropy(forward(layers, X), labels)
    backward(layers, upstream)
    for layer in layers:
        if isinstance(layer, Dense):
            layer.W -= eta * layer.dW
            layer.b -= eta * layer.db
    return L
