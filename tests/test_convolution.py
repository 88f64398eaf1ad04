"""Convolution and pooling: forward by explicit sums, both gradients in every form, shapes."""

import numpy as np
import plain
import pytest
from measured import assert_gradient, measured_gradient
from test_layers import check_backward

from nnlib import convolution
from nnlib._shapes import ShapeError

# input and kernel: square, not square, even, one row, as large as the image
SIZES = [((7, 7), (3, 3)), ((7, 6), (3, 2)), ((5, 8), (2, 4)), ((6, 4), (1, 3)), ((3, 4), (3, 4))]
MODES = ["valid", "full", "same"]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def pair(sizes, seed=0):
    return normal(*sizes[0], seed=seed), normal(*sizes[1], seed=seed + 1)


def at(x, p, q):
    """Return x[p, q], and 0 outside of x."""
    return x[p, q] if 0 <= p < x.shape[0] and 0 <= q < x.shape[1] else 0.0


def output_shape(x, w, mode):
    grow = {"valid": -1, "full": 1, "same": 0}[mode]
    return tuple(N + grow * (m - 1) for N, m in zip(x.shape, w.shape, strict=True))


def explicit(x, w, mode, sign, start):
    """Return sum_ab x[p + start + sign a, q + start + sign b] w[a, b] for all p, q."""
    result = np.zeros(output_shape(x, w, mode))
    for p, q in np.ndindex(result.shape):
        for a, b in np.ndindex(w.shape):
            result[p, q] += at(x, p + start[0] + sign * a, q + start[1] + sign * b) * w[a, b]
    return result


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_correlate_is_the_explicit_sum(sizes, mode):
    x, w = pair(sizes)
    start = {"valid": lambda m: 0, "full": lambda m: 1 - m, "same": lambda m: -((m - 1) // 2)}[mode]
    expected = explicit(x, w, mode, +1, [start(m) for m in w.shape])
    np.testing.assert_allclose(convolution.correlate(x, w, mode), expected, atol=1e-13)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_convolve_is_the_explicit_sum(sizes, mode):
    x, w = pair(sizes)
    start = {"valid": lambda m: m - 1, "full": lambda m: 0, "same": lambda m: (m - 1) // 2}[mode]
    expected = explicit(x, w, mode, -1, [start(m) for m in w.shape])
    np.testing.assert_allclose(convolution.convolve(x, w, mode), expected, atol=1e-13)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
def test_one_row_is_numpys_own_convolution(m, mode):
    x, w = normal(9), normal(m, seed=1)
    result = convolution.convolve(x[None], w[None], mode)[0]
    np.testing.assert_allclose(result, np.convolve(x, w, mode), atol=1e-13)


@pytest.mark.parametrize("mode", MODES)
def test_convolution_correlates_with_the_flipped_and_not_the_transposed_kernel(mode):
    x, w = normal(7, 6), normal(3, 3, seed=1)
    result = convolution.convolve(x, w, mode)
    np.testing.assert_allclose(result, convolution.correlate(x, convolution.flip(w), mode))
    for other in (w, w.T, w[::-1], w[:, ::-1], convolution.flip(w.T)):
        assert np.abs(result - convolution.correlate(x, other, mode)).max() > 0.1


@pytest.mark.parametrize("mode", ["valid", "full"])
def test_the_kernel_of_any_size_is_flipped(mode):
    for sizes in SIZES:
        x, w = pair(sizes)
        flipped = convolution.correlate(x, convolution.flip(w), mode)
        np.testing.assert_allclose(convolution.convolve(x, w, mode), flipped, atol=1e-13)
    assert np.array_equal(convolution.flip(np.arange(6).reshape(2, 3)), [[5, 4, 3], [2, 1, 0]])


def test_full_convolution_does_not_care_which_is_the_kernel():
    x, w = normal(5, 4), normal(3, 2, seed=1)
    both = convolution.convolve(x, w, "full"), convolution.convolve(w, x, "full")
    np.testing.assert_allclose(*both, atol=1e-13)
    back = convolution.correlate(x, w, "full"), convolution.correlate(w, x, "full")
    np.testing.assert_allclose(back[0], convolution.flip(back[1]), atol=1e-13)


# ---------------------------------------------------------------- the two gradients


def correlation(x, w, mode="valid", seed=2):
    """Return y, a random upstream u, and both measured gradients of sum(u * y)."""
    y = convolution.correlate(x, w, mode)
    u = normal(*y.shape, seed=seed)
    dx = measured_gradient(lambda x: np.sum(u * convolution.correlate(x, w, mode)), x)
    dw = measured_gradient(lambda w: np.sum(u * convolution.correlate(x, w, mode)), w)
    return u, dx, dw


def agrees(claimed, measured):
    return claimed.shape == measured.shape and np.allclose(claimed, measured, rtol=0, atol=1e-7)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_input_gradient_is_the_full_convolution_with_w_as_it_is(sizes):
    x, w = pair(sizes)
    u, dx, _ = correlation(x, w)
    m, n = w.shape
    padded = np.pad(u, ((m - 1, m - 1), (n - 1, n - 1)))  # zeros on all four sides
    assert agrees(convolution.convolve(u, w, "full"), dx)
    assert agrees(convolution.convolve(padded, w), dx)
    assert agrees(convolution.correlate(padded, convolution.flip(w)), dx)


def test_the_forms_of_the_notes_for_the_input_gradient_fail():
    x, w = normal(7, 6), normal(3, 2, seed=1)
    u, dx, _ = correlation(x, w)
    m, n = w.shape
    flipped, corner = convolution.flip(w), np.pad(u, ((m - 1, 0), (n - 1, 0)))
    assert not agrees(convolution.convolve(u, w), dx)  # (15) as printed: without padding
    assert not agrees(convolution.convolve(u, flipped, "full"), dx)  # flipped twice
    assert not agrees(convolution.correlate(u, w, "full"), dx)  # not flipped at all
    assert not agrees(convolution.convolve(corner, w), dx)  # top and left padding alone
    P, Q = u.shape
    assert agrees(convolution.convolve(corner, w), dx[:P, :Q])  # is right up to there


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_kernel_gradient_is_the_valid_correlation_of_x_with_the_upstream(sizes):
    x, w = pair(sizes)
    u, _, dw = correlation(x, w)
    flip = convolution.flip
    assert agrees(convolution.correlate(x, u), dw)
    assert agrees(convolution.convolve(x, flip(u)), dw)
    printed = flip(convolution.correlate(x, u))  # (16) of the notes is this: the gradient for k
    through_k = measured_gradient(lambda k: np.sum(u * convolution.convolve(x, k)), flip(w))
    assert agrees(printed, through_k)
    assert w.size == 1 or not agrees(printed, dw)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("mode, back", [("valid", "full"), ("full", "valid"), ("same", "same")])
def test_the_mode_swaps_going_back(mode, back, sizes):
    x, w = pair(sizes)
    u, dx, dw = correlation(x, w, mode)
    assert agrees(convolution.convolve(u, w, back), dx)
    (m, n), ends = w.shape, {"valid": lambda m: (0, 0), "full": lambda m: (m - 1, m - 1)}
    ends["same"] = lambda m: ((m - 1) // 2, m // 2)
    padded = np.pad(x, (ends[mode](m), ends[mode](n)))
    assert agrees(convolution.correlate(padded, u), dw)


def test_same_goes_back_by_correlation_for_odd_kernels_only():
    for m, right in [(1, True), (2, False), (3, True), (4, False), (5, True)]:
        x, w = normal(7, 7), normal(m, m, seed=m)
        u, dx, _ = correlation(x, w, "same")
        assert agrees(convolution.correlate(u, convolution.flip(w), "same"), dx) == right


def test_the_sum_of_the_input_gradient_misses_no_term_in_the_interior_only():
    """dx[i, j] = sum_ab u[i - a, j - b] w[a, b]: all terms exist for m - 1 <= i, j <= N - m."""
    N, m = 7, 3
    x, w = normal(N, N), normal(m, m, seed=1)
    u, dx, _ = correlation(x, w)
    whole, explicit_dx = [], np.zeros((N, N))
    for i, j in np.ndindex(N, N):
        places = [(i - a, j - b, w[a, b]) for a, b in np.ndindex(m, m)]
        explicit_dx[i, j] = sum(at(u, p, q) * weight for p, q, weight in places)
        if all(0 <= p < len(u) and 0 <= q < len(u) for p, q, _ in places):
            whole.append((i, j))
    assert agrees(explicit_dx, dx)  # everywhere, with 0 for the missing terms
    interior = range(m - 1, N - m + 1)
    assert whole == [(i, j) for i in interior for j in interior]


def test_a_shifted_image_gives_a_shifted_map():
    x, w = normal(9, 8), normal(3, 2, seed=1)
    moved = np.roll(x, (2, 1), axis=(0, 1))
    y, y_moved = convolution.correlate(x, w), convolution.correlate(moved, w)
    np.testing.assert_allclose(y_moved[2:, 1:], y[:-2, :-1], atol=1e-13)  # the interior
    layer = convolution.Conv2D(1, 2, 3, np.random.default_rng(0), stride=2)
    Z, Z_moved = layer.forward(x[None, None]), layer.forward(moved[None, None])
    assert not np.allclose(Z_moved[:, :, 1:, :], Z[:, :, :-1, :])  # a stride of 2: one of two


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("N", [3, 6, 7])
def test_output_size_counts_the_places(N, stride, size):
    for padding in (0, 1, 2):
        places = range(0, N + 2 * padding - size + 1, stride)
        assert convolution.output_size(N, size, stride, padding) == len(places)


@pytest.mark.parametrize("size, stride", [(1, 1), (2, 2), (3, 1), (2, 3), (3, 2), (6, 1)])
def test_add_windows_is_the_transpose_of_windows(size, stride):
    X = normal(3, 4, 7, 6)  # the last image is the spare one
    V = convolution.windows(X, size, stride)
    P, Q = (convolution.output_size(N, size, stride) for N in (7, 6))
    for p, q in np.ndindex(P, Q):
        rows, columns = slice(p * stride, p * stride + size), slice(q * stride, q * stride + size)
        window = X[:, :3, rows, columns].transpose(0, 2, 3, 1)
        assert np.array_equal(V[..., p, q], window)
    places = (7, 6) if stride == 1 else (P, Q)
    parts = np.zeros((3, size, size, 3, *places))
    parts[..., :P, :Q] = normal(3, size, size, 3, P, Q, seed=1)
    rows = parts.reshape(3 * size**2, -1)
    back = convolution.add_windows(rows, (3, 3, 7, 6), size, stride)
    assert np.sum(V[..., :Q] * parts[..., :P, :Q]) == pytest.approx(np.sum(X[:, :3] * back))


@pytest.mark.parametrize("rows, places", [(1, 9), (12, 7), (12, 900), (7, 40_000), (5, 400_000)])
def test_a_product_in_pieces_is_the_product(rows, places):
    A, C = normal(rows, 3), normal(3, places, seed=1)
    np.testing.assert_allclose(convolution.product(A, C), A @ C, rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------- layers


def conv(C_in=2, C_out=3, size=3, seed=0, **options):
    layer = convolution.Conv2D(C_in, C_out, size, np.random.default_rng(seed), **options)
    layer.b[...] = normal(C_out, seed=seed + 1)
    return layer


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 0), (1, 1), (2, 1), (3, 2)])
def test_conv_forward_by_loops_and_backward_measured(size, stride, padding):
    layer, X = conv(size=size, stride=stride, padding=padding), normal(2, 2, 5, 6, seed=2)
    Z = layer.forward(X)
    assert Z.shape == (
        2, 3, *(convolution.output_size(N, size, stride, padding) for N in (5, 6)))  # fmt: skip
    for i, j, p, q in np.ndindex(Z.shape):
        z = layer.b[j]
        for k, a, b in np.ndindex(2, size, size):
            row, column = p * stride - padding + a, q * stride - padding + b
            z += at(X[i, k], row, column) * layer.W[j, k, a, b]
        assert Z[i, j, p, q] == pytest.approx(z, rel=1e-12, abs=1e-12)
    check_backward(layer, X)


@pytest.mark.parametrize("sizes, options", [
    ((5, 3, 5, 16, 32), {}),  # one image at a time, in pieces
    ((70, 1, 3, 8, 8), {}),  # many at a time, the last portion smaller
    ((3, 2, 3, 9, 6), {"padding": 2}),
    ((80, 4, 5, 3, 9), {"stride": 2, "padding": 1}),
    ((80, 2, 3, 2, 9), {"stride": 3}),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_tuned_conv_is_the_plain_one(sizes, options, kind):
    B, C_in, size, C_out, side = sizes
    layer = conv(C_in, C_out, size, **options).astype(kind)
    X = normal(B, C_in, side, side + 2, seed=2).astype(kind)
    Z = layer.forward(X)
    delta = normal(*Z.shape, seed=3).astype(kind)
    ours = Z, layer.backward(delta), layer.dW, layer.db
    tolerance = 1e-4 if kind == "float32" else 1e-12
    for a, b in zip(ours, plain.convolution(X, layer.W, layer.b, delta, **options), strict=True):
        assert a.dtype == kind and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())
    both = layer.dW, layer.db
    layer.set_gradients(delta)
    assert all(np.array_equal(a, b) for a, b in zip(both, (layer.dW, layer.db), strict=True))


def test_conv_is_a_sum_of_correlations_and_so_are_its_gradients():
    layer, X = conv(C_in=3, C_out=2), normal(2, 3, 6, 5, seed=3)
    Z = layer.forward(X)
    U = normal(*Z.shape, seed=4)
    dX = layer.backward(U)
    dW, expected = np.zeros_like(layer.W), np.zeros_like(X)
    for j, i in np.ndindex(2, 3):
        dW[j, i] = sum(convolution.correlate(x[i], u[j]) for x, u in zip(X, U, strict=True))
        for n, u in enumerate(U):  # the sum runs over the maps j, not over examples
            expected[n, i] += convolution.convolve(u[j], layer.W[j, i], "full")
    np.testing.assert_allclose(layer.dW, dW, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dX, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(layer.db, U.sum(axis=(0, 2, 3)), rtol=1e-12)


def test_a_kernel_as_large_as_the_image_is_a_dense_layer():
    layer, X = conv(C_in=2, C_out=4, size=3), normal(5, 2, 3, 3)
    Z = layer.forward(X)
    flat = X.reshape(5, -1) @ layer.W.reshape(4, -1).T + layer.b
    np.testing.assert_allclose(Z[:, :, 0, 0], flat, rtol=1e-12)


def test_gain_is_measured():
    layer, A = convolution.Gain(3), normal(2, 3, 4, 5)
    layer.g[...] = normal(3, seed=1)
    Y = layer.forward(A)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(Y[i, j], layer.g[j] * A[i, j])
    check_backward(layer, A)


POOLS = ["MaxPool2D", "AvgPool2D", "Subsample2D"]
STEPS = [(2, None), (2, 1), (3, 2), (2, 3), (1, 2)]  # apart, overlapping, with gaps


def pool(name, size, stride=None):
    if name != "Subsample2D":
        return getattr(convolution, name)(size, stride)
    layer = convolution.Subsample2D(3, size, stride)
    layer.W[...], layer.b[...] = normal(2, 3, seed=5)
    return layer


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("size, stride", STEPS)
def test_pooling_forward_by_loops_and_backward_measured(name, size, stride):
    layer, X = pool(name, size, stride), normal(2, 3, 5, 7)
    Y, stride = layer.forward(X), stride or size
    assert Y.shape[2:] == tuple(convolution.output_size(N, size, stride) for N in (5, 7))
    for i, j, p, q in np.ndindex(Y.shape):
        V = [X[i, j, p * stride + a, q * stride + b] for a, b in np.ndindex(size, size)]
        y = max(V) if name == "MaxPool2D" else sum(V) / size**2
        y = layer.W[j] * y + layer.b[j] if name == "Subsample2D" else y
        assert Y[i, j, p, q] == pytest.approx(y, rel=1e-12)
    check_backward(layer, X)


@pytest.mark.parametrize("size, stride", [*STEPS, (3, 1)])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_tuned_max_pooling_is_the_plain_one_at_ties_too(size, stride, kind):
    X = np.rint(normal(90, 4, 13, 14)).astype(kind)  # -2 to 2: nearly every window has a tie
    layer = convolution.MaxPool2D(size, stride)
    Y = layer.forward(X)
    U = normal(*Y.shape, seed=1).astype(kind)
    Y_plain, dX = plain.max_pooling(X, U, size, layer.stride)
    assert np.array_equal(Y, Y_plain) and Y.dtype == kind
    tolerance = 1e-5 if kind == "float32" else 1e-13
    np.testing.assert_allclose(layer.backward(U), dX, rtol=0, atol=tolerance)


def test_at_a_tie_the_first_winner_gets_all_of_it():
    layer, X = convolution.MaxPool2D(2), np.zeros((1, 1, 2, 4))
    X[0, 0, :, 2:] = [[1.0, 3.0], [3.0, 3.0]]
    assert np.array_equal(layer.forward(X), [[[[0.0, 3.0]]]])
    dX = layer.backward(np.array([[[[5.0, 7.0]]]]))
    assert np.array_equal(dX, [[[[5.0, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 0.0]]]])


def test_a_pixel_that_wins_in_several_windows_gets_the_sum():
    layer, X = convolution.MaxPool2D(2, stride=1), np.zeros((1, 1, 3, 3))
    X[0, 0, 1, 1] = 9.0
    layer.forward(X)
    dX = layer.backward(np.array([[[[1.0, 10.0], [100.0, 1000.0]]]]))
    assert dX[0, 0, 1, 1] == 1111.0 == dX.sum()


def test_subsampling_starts_as_average_pooling():
    X = normal(2, 3, 4, 6)
    mean, learnable = convolution.AvgPool2D(2), convolution.Subsample2D(3, 2)
    np.testing.assert_array_equal(mean.forward(X), learnable.forward(X))
    U = normal(2, 3, 2, 3, seed=1)
    np.testing.assert_array_equal(mean.backward(U), learnable.backward(U))


def every_layer():
    return [
        conv(C_in=3, padding=1, stride=2),
        convolution.Gain(3),
        *(pool(name, 2, 1) for name in POOLS),
    ]


@pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: type(layer).__name__)
def test_inputs_stay_unchanged_lists_are_taken_and_backward_may_run_twice(layer):
    X = normal(2, 3, 5, 4)
    U = normal(*layer.forward(X).shape, seed=1)
    X.flags.writeable = U.flags.writeable = False
    A, dX = layer.forward(X), layer.backward(U)
    gradients = {name: g.copy() for name, g in layer.gradients.items()}
    np.testing.assert_allclose(layer.forward(X.tolist()), A, rtol=1e-13)
    np.testing.assert_allclose(layer.backward(U.tolist()), dX, rtol=1e-13)
    for name, g in layer.gradients.items():
        np.testing.assert_allclose(g, gradients[name], rtol=1e-13)
    with pytest.raises(ShapeError):  # a refused input leaves the layer as it was
        layer.forward(X[0])
    np.testing.assert_allclose(layer.backward(U), dX, rtol=1e-13)


@pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: type(layer).__name__)
def test_repeating_the_batch_adds_and_the_empty_batch_gives_nothing(layer):
    X = normal(2, 3, 5, 4)
    U = normal(*layer.forward(X).shape, seed=1)
    layer.backward(U)
    once = {name: g.copy() for name, g in layer.gradients.items()}
    layer.forward(np.concatenate([X, X]))
    layer.backward(np.concatenate([U, U]))
    for name, g in layer.gradients.items():
        np.testing.assert_allclose(g, 2.0 * once[name], rtol=1e-12)
    assert layer.forward(X[:0]).shape == (0, *U.shape[1:])
    assert layer.backward(U[:0]).shape == (0, 3, 5, 4)
    assert all(np.all(g == 0.0) for g in layer.gradients.values())


def test_whole_numbers_do_not_wrap():
    x, w = np.full((3, 3), 200, dtype=np.uint8), np.full((2, 2), 2, dtype=np.uint8)
    assert np.array_equal(convolution.correlate(x, w), [[1600.0, 1600.0], [1600.0, 1600.0]])
    assert convolution.AvgPool2D(2).forward(x[None, None]).item() == 200.0


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("call, message", [
    (lambda: convolution.correlate(np.ones((2, 5)), np.ones((3, 3))),
     "w has shape (3, 3), expected at most (2, 5), the shape of x"),
    (lambda: convolution.convolve(np.ones((5, 2)), np.ones((3, 3))),
     "w has shape (3, 3), expected at most (5, 2), the shape of x"),
    (lambda: convolution.correlate(np.ones(5), np.ones((1, 3))),
     "x has shape (5,), expected (H, W): one example is a batch of one, write x[None, :]"),
    (lambda: convolution.convolve(np.ones((5, 5)), np.ones(3), "same"),
     "w has shape (3,), expected (H, W): one example is a batch of one, write x[None, :]"),
    (lambda: convolution.output_size(3, 5), "a kernel of 5 does not fit into 3 with padding 0"),
    (lambda: convolution.output_size(2, 5, padding=1),
     "a kernel of 5 does not fit into 2 with padding 1"),
    (lambda: conv(size=4).forward(np.ones((1, 2, 9, 3))),
     "a kernel of 4 does not fit into 3 with padding 0"),
    (lambda: convolution.MaxPool2D(3).forward(np.ones((1, 2, 2, 9))),
     "a kernel of 3 does not fit into 2 with padding 0"),
    (lambda: conv().forward(np.ones((2, 6, 5))),
     "X has shape (2, 6, 5), expected (B, 2, H, W): "
     "one example is a batch of one, write x[None, :]"),
    (lambda: conv().forward(np.ones((4, 3, 6, 5))),
     "X has shape (4, 3, 6, 5), expected (B, 2, H, W): look at axis 1"),
    (lambda: convolution.Gain(3).forward(np.ones((4, 2, 6, 5))),
     "A has shape (4, 2, 6, 5), expected (B, 3, H, W): look at axis 1"),
    (lambda: convolution.AvgPool2D(2).forward(np.ones((6, 5))),
     "X has shape (6, 5), expected (B, C, H, W): the number of axes is 2, expected 4"),
    (lambda: convolution.Subsample2D(3, 2).forward(np.ones((4, 2, 6, 6))),
     "X has shape (4, 2, 6, 6), expected (B, 3, H, W): look at axis 1"),
])  # fmt: skip
def test_shape_errors(call, message):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == message


@pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: type(layer).__name__)
def test_backward_needs_forward_and_its_shape(layer):
    fresh = next(other for other in every_layer() if type(other) is type(layer))
    with pytest.raises(RuntimeError, match="yet: call forward, then backward$"):
        fresh.backward(np.ones((1, 3, 2, 2)))
    shape = layer.forward(normal(2, 3, 5, 4)).shape
    for wrong in [(3, *shape[1:]), shape[1:], (*shape[:3], shape[3] + 1)]:
        with pytest.raises(ShapeError, match=r"^(delta|upstream) has shape"):
            layer.backward(np.ones(wrong))


@pytest.mark.parametrize("call, message", [
    (lambda: convolution.correlate(np.ones((5, 5)), np.ones((3, 3)), "vaild"),
     "mode is 'vaild', expected 'valid', 'full' or 'same'"),
    (lambda: convolution.output_size(5, 3, stride=0),
     "stride is 0 and padding 0, expected at least 1 and 0"),
    (lambda: convolution.MaxPool2D(2, stride=0).forward(np.ones((1, 1, 4, 4))),
     "stride is 0 and padding 0, expected at least 1 and 0"),
    (lambda: conv(padding=-1).forward(np.ones((1, 2, 6, 6))),
     "stride is 1 and padding -1, expected at least 1 and 0"),
])  # fmt: skip
def test_values_that_mean_nothing(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message


def test_these_measures_can_fail():
    assert not agrees(np.ones((2, 2)), np.ones((2, 3)))
    with pytest.raises(AssertionError):
        assert_gradient(lambda x: float(np.sum(x**2)), np.ones(3), np.ones(3))
