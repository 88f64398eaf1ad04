"""Reverse mode on arrays: the independent witness (lesson 11).

A `Node` holds an array and remembers what it was made from. `RULES` is the table of
derivatives: for each numpy operation one line per argument. `Node.backward` walks the graph
from the end to the start and knows nothing of any operation. In the spirit of micrograd
(A. Karpathy, 2020) and autodidact (M. Johnson, D. Maclaurin, 2017).

    >>> x = Node([1.0, 2.0, 3.0])
    >>> (x * x).sum().backward()
    >>> x.gradient
    array([2., 4., 6.])
"""

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Node(NDArrayOperatorsMixin):
    """An array in a graph; numpy's operators and the functions in `RULES` work on it.

    Parameters
    ----------
    array : array_like
        The value, of any shape. Never changed.
    edges : sequence of (Node, callable)
        The nodes it was made from; each callable turns the gradient of this node into
        the part that goes to that one. Left empty by who writes a formula.
    name : str
        What made it, for pictures.
    """

    def __init__(self, array, edges=(), name=""):
        array = np.asarray(array)
        self.array = array if array.dtype.kind == "f" else array.astype(float)
        self.edges, self.name = edges, name
        self._gradient = None

    @property
    def gradient(self):
        """Return dL/d(array), of its shape, summed over all calls of `backward`; 0 at first."""
        if self._gradient is None:
            self._gradient = np.zeros_like(self.array)
        return self._gradient

    @gradient.setter
    def gradient(self, value):
        self._gradient = value

    def receive(self, u):
        """Add u to the gradient; of the first u a leaf keeps a copy, any other node u itself."""
        if self._gradient is None:
            self._gradient = np.asarray(u) if self.edges else np.array(u)
        else:
            self._gradient = np.asarray(self._gradient + u)

    def backward(self, upstream=None):
        """Add dL/d(node) to the gradient of this node and of all it was made from (11.16).

        Parameters
        ----------
        upstream : ndarray, shape of array, optional
            dL/d(this node). Without it this node is L itself and must be one number.
        """
        flow = {self: self._start(upstream)}
        for node in reversed(topological_order(self)):
            u = flow.pop(node)
            node.receive(u)
            for parent, share in node.edges:
                part = unbroadcast(share(u), parent.array.shape)
                part = part.astype(parent.array.dtype, copy=False)
                flow[parent] = flow[parent] + part if parent in flow else part

    def _start(self, upstream):
        if upstream is None and self.array.size != 1:
            cause = "pass upstream=..., of that shape, or sum to one number first"
            raise ValueError(f"backward from an array of shape {self.array.shape}: {cause}")
        upstream = np.ones_like(self.array) if upstream is None else upstream
        upstream = np.array(upstream, self.array.dtype)
        if upstream.shape != self.array.shape:
            raise ValueError(f"upstream has shape {upstream.shape}, expected {self.array.shape}")
        return upstream

    def __array_ufunc__(self, operation, method, *arguments, **options):
        """Apply a numpy operation to arrays and nodes; the result remembers both."""
        if "out" in options:
            raise TypeError("a node is never changed in place: write x = x + y instead of x += y")
        if operation not in RULES or method != "__call__" or options:
            name = " with ".join([f"{operation.__name__}.{method}", *options])
            raise TypeError(f"RULES has no derivative for numpy.{name.replace('.__call__', '')}")
        arrays = [a.array if isinstance(a, Node) else _constant(a) for a in arguments]
        y = operation(*arrays)
        edges = [
            (a, lambda u, rule=rule: rule(u, y, *arrays))
            for a, rule in zip(arguments, RULES[operation])
            if isinstance(a, Node)
        ]
        return Node(y, edges, operation.__name__)

    def __array_function__(self, function, types, arguments, options):
        """Take numpy.sum(x, ...) for x.sum(...), and so for every method of a node."""
        if not hasattr(self, function.__name__):
            raise TypeError(f"a node has no derivative for numpy.{function.__name__}")
        method = getattr(self, function.__name__)
        return method(*arguments[1:], **options) if callable(method) else method

    def __array__(self, *_, **__):
        raise TypeError("a node is not an array: write x.array for its numbers")

    def sum(self, axis=None, keepdims=False):
        """Return the sum over `axis`; going back, each summand gets the whole upstream (11.10)."""
        y, shape = self.array.sum(axis, keepdims=True), self.array.shape
        result = y if keepdims else y.squeeze(axis)
        return self._made(result, lambda u: np.zeros(shape, u.dtype) + u.reshape(y.shape), "sum")

    def mean(self, axis=None, keepdims=False):
        """Return the mean over `axis`."""
        total = self.sum(axis, keepdims)
        return total * (total.array.size / self.array.size)

    def max(self, axis=None, keepdims=False):
        """Return the maximum over `axis`; going back, the first winner gets all."""
        if axis is None:
            largest = self.reshape(-1).max(0)
            return largest.reshape((1,) * self.array.ndim) if keepdims else largest
        winner = self.array.argmax(axis)
        where = list(np.indices(winner.shape))
        where.insert(axis % self.array.ndim, winner)
        largest = self[tuple(where)]
        return largest.reshape(np.expand_dims(winner, axis).shape) if keepdims else largest

    def reshape(self, *shape):
        """Return the same numbers in another shape, (11.11) going back."""
        was = self.array.shape
        return self._made(self.array.reshape(*shape), lambda u: u.reshape(was), "reshape")

    def transpose(self, *axes):
        """Return the array with its axes permuted, by default reversed (11.12)."""
        axes = axes[0] if axes and isinstance(axes[0], (tuple, list)) else axes
        if not axes:
            return self._made(self.array.T, lambda u: u.T, "transpose")
        back = np.argsort(np.arange(self.array.ndim)[list(axes)])  # -1 is the last
        return self._made(self.array.transpose(axes), lambda u: u.transpose(back), "transpose")

    @property
    def T(self):
        """Return the transpose."""
        return self.transpose()

    @property
    def shape(self):
        """Return the shape of the array."""
        return self.array.shape

    def __getitem__(self, index):
        """Return a part; going back, an entry taken twice gets both upstreams (11.13)."""

        def scatter(u):
            whole = np.zeros(self.array.shape, u.dtype)
            np.add.at(whole, index, u)
            return whole

        return self._made(self.array[index], scatter, "index")

    def _made(self, array, share, name):
        return Node(array, [(self, share)], name)

    def exp(self):
        """Return e^x elementwise."""
        return np.exp(self)

    def log(self):
        """Return the natural logarithm elementwise."""
        return np.log(self)

    def tanh(self):
        """Return tanh elementwise."""
        return np.tanh(self)

    def maximum(self, other):
        """Return the larger one elementwise; at a tie the second gets the gradient."""
        return np.maximum(self, other)

    def __len__(self):
        return len(self.array)

    def __repr__(self):
        return f"Node({self.array!r})"

    __hash__ = object.__hash__  # a node is itself, not its numbers: comparing stays identity
    __eq__, __ne__ = object.__eq__, object.__ne__


def topological_order(end):
    """Return all nodes that `end` was made from, and `end`, each after all its parents (11.17)."""
    order, seen, stack = [], set(), [(end, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent, _ in node.edges]
    return order


def unbroadcast(gradient, shape):
    """Sum a gradient over the axes along which its array of `shape` was repeated (11.15).

    What was used several times gets the sum of all its gradients: fan-out again.
    """
    if gradient.shape == shape:
        return gradient
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    repeated = tuple(n for n, size in enumerate(shape) if size == 1 != gradient.shape[n])
    return gradient.sum(axis=repeated, keepdims=True) if repeated else gradient


def zero_gradients(nodes):
    """Set the gradients of all nodes back to 0, as before every training step."""
    for node in nodes:
        node.gradient = None


def _constant(a):
    """Return an array, but leave a number as it is: float32 times 2.0 is float32."""
    return a if np.isscalar(a) else np.asarray(a)


def _matmul_left(u, y, a, b):
    if b.ndim == 1:
        return u[..., None] * b
    return (b @ u[..., None])[..., 0] if a.ndim == 1 else u @ b.mT


def _matmul_right(u, y, a, b):
    if a.ndim == 1:
        return a * u[..., None] if b.ndim == 1 else a[:, None] * u[..., None, :]
    if b.ndim == 1:
        return (a.mT @ u[..., None])[..., 0]
    turned = b.flags.f_contiguous  # as W.T is: the gradient of W is then laid out as W
    return (u.mT @ a).mT if turned else a.mT @ u


# operation: for each argument its share (11.1), from upstream u, result y and the arguments
RULES = {
    np.add: (lambda u, y, a, b: u, lambda u, y, a, b: u),  # (11.2)
    np.subtract: (lambda u, y, a, b: u, lambda u, y, a, b: -u),
    np.multiply: (lambda u, y, a, b: u * b, lambda u, y, a, b: u * a),  # (11.3)
    np.true_divide: (lambda u, y, a, b: u / b, lambda u, y, a, b: -u * y / b),  # (11.19)
    np.power: (  # also at 0: x^0 is constant, and 0^b stays 0 for b > 0
        lambda u, y, a, b: u * b * a ** np.where(b, b - 1.0, 1.0),
        lambda u, y, a, b: u * y * np.log(np.where(y, a, 1.0)),
    ),
    np.matmul: (_matmul_left, _matmul_right),  # (11.8), (11.9)
    np.maximum: (lambda u, y, a, b: u * (a > b), lambda u, y, a, b: u * (a <= b)),  # (11.7)
    np.minimum: (lambda u, y, a, b: u * (a < b), lambda u, y, a, b: u * (a >= b)),
    np.negative: (lambda u, y, a: -u,),
    np.absolute: (lambda u, y, a: u * np.sign(a),),
    np.exp: (lambda u, y, a: u * y,),  # (11.4)
    np.log: (lambda u, y, a: u / a,),  # (11.5)
    np.sqrt: (lambda u, y, a: 0.5 * u / y,),
    np.tanh: (lambda u, y, a: u * (1.0 - y * y),),  # (11.6)
    np.sin: (lambda u, y, a: u * np.cos(a),),
    np.cos: (lambda u, y, a: -u * np.sin(a),),
}
