"""Optimizers: one step down the gradient, and clipping before it (lessons 09 and 10).

``step(network)`` changes every array of ``network.parameters`` in place, from
``network.gradients``, which has the same keys. `clip`, if given, is a function from
gradients to gradients, for example ``partial(clip_by_norm, limit=1.0)``.
"""

import numpy as np


class SGD:
    """theta <- theta - eta dtheta, eq. (9.1).

    Parameters
    ----------
    eta : float
        Learning rate, above 0.
    clip : callable, optional
        Applied to the gradients first.
    """

    def __init__(self, eta, clip=None):
        self.eta, self.clip = _positive("eta", eta), clip

    def step(self, network):
        """Move every parameter of the network against its gradient."""
        gradients = network.gradients
        if self.clip is not None:
            gradients = self.clip(gradients)
        for name, theta in network.parameters.items():
            theta -= self.change(name, gradients[name])

    def change(self, name, dtheta):
        """Return what is taken off the parameter `name`."""
        return self.eta * dtheta


class Momentum(SGD):
    """v <- beta v + dtheta, theta <- theta - eta v, eq. (9.21) (Polyak, 1964; as in PyTorch)."""

    def __init__(self, eta, beta=0.9, clip=None):
        super().__init__(eta, clip)
        self.beta, self.v = _fraction("beta", beta), {}

    def change(self, name, dtheta):
        """Return eta v, with v the decayed sum of all gradients so far."""
        self.v[name] = self.beta * self.v.get(name, 0.0) + dtheta
        return self.eta * self.v[name]


class Adam(SGD):
    """Steps of about eta in each coordinate, whatever the gradient's scale (Kingma & Ba, 2015).

    m and v are decayed means of the gradient (9.25) and of its square (9.26). They start
    at 0; dividing by 1 - beta^t takes that bias out, eqs. (9.28) and (9.29).
    """

    def __init__(self, eta=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, clip=None):
        super().__init__(eta, clip)
        self.beta1, self.beta2 = _fraction("beta1", beta1), _fraction("beta2", beta2)
        self.epsilon = epsilon
        self.m, self.v, self.t = {}, {}, {}

    def change(self, name, dtheta):
        """Return eta m_hat / (sqrt(v_hat) + epsilon), eq. (9.30)."""
        m, v = self.m.get(name, 0.0), self.v.get(name, 0.0)
        self.t[name] = t = self.t.get(name, 0) + 1
        self.m[name] = m = self.beta1 * m + (1.0 - self.beta1) * dtheta
        self.v[name] = v = self.beta2 * v + (1.0 - self.beta2) * dtheta**2
        m_hat, v_hat = m / (1.0 - self.beta1**t), v / (1.0 - self.beta2**t)
        return self.eta * m_hat / (np.sqrt(v_hat) + self.epsilon)


def clip_by_value(gradients, limit):
    """Return the gradients with every entry cut to [-limit, limit], (10.19); may turn them."""
    _positive("limit", limit)
    return {name: np.clip(dtheta, -limit, limit) for name, dtheta in gradients.items()}


def clip_by_norm(gradients, limit):
    """Return the gradients scaled so that their joint norm is at most `limit`, eq. (10.20).

    The direction stays (Pascanu, Mikolov & Bengio, 2013).
    """
    _positive("limit", limit)
    norm = global_norm(gradients)
    scale = limit / norm if norm > limit else 1.0
    return {name: scale * dtheta for name, dtheta in gradients.items()}


def global_norm(gradients):
    """Return the Euclidean norm of all gradients taken as one long vector."""
    largest = max((np.max(np.abs(g), initial=0.0) for g in gradients.values()), default=0.0)
    if not 0.0 < largest < np.inf:
        return float(largest)
    return float(largest * np.sqrt(sum(np.sum((g / largest) ** 2) for g in gradients.values())))


def _positive(name, value):
    if not value > 0:
        raise ValueError(f"{name} is {value}, expected a number above 0")
    return value


def _fraction(name, value):
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}, expected 0 <= {name} < 1")
    return value
