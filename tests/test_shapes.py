"""Shape errors: which shapes pass, and the exact sentence when one does not."""
# ruff: noqa: E501 (a message stands on one line, as it is printed)

import numpy as np
import pytest

from nnlib import _shapes


@pytest.mark.parametrize(
    "shape, expected",
    [
        ((), ()),
        ((3,), (3,)),
        ((5, 3), ("B", 3)),
        ((0, 3), ("B", 3)),
        ((4, 4), ("D", "D")),
        ((2, 3, 2, 5), ("B", 3, "B", "W")),
    ],
)
def test_fitting_shapes_pass(shape, expected):
    _shapes.check_shape("X", np.zeros(shape), expected)


def test_lists_have_shapes_too():
    _shapes.check_shape("X", [[1, 2], [3, 4]], ("B", 2))
    with pytest.raises(_shapes.ShapeError):
        _shapes.check_shape("X", [[1, 2], [3, 4]], ("B", 3))


@pytest.mark.parametrize(
    "shape, expected, message",
    [
        ((3,), ("B", 3), "X has shape (3,), expected (B, 3): one example is a batch of one, write x[None, :]"),
        ((8, 8), ("B", 8, 8), "X has shape (8, 8), expected (B, 8, 8): one example is a batch of one, write x[None, :]"),
        ((5,), (5, 1), "X has shape (5,), expected (5, 1): one number a row is a matrix with one column, write x[:, None]"),
        ((3, 5), (5, 3), "X has shape (3, 5), expected (5, 3): is it transposed?"),
        ((3, 5), ("B", 3), "X has shape (3, 5), expected (B, 3): is it transposed?"),
        ((4, 7), ("B", 3), "X has shape (4, 7), expected (B, 3): look at axis 1"),
        ((4, 3), (5, 3), "X has shape (4, 3), expected (5, 3): look at axis 0"),
        ((4, 3, 2), ("B", 3), "X has shape (4, 3, 2), expected (B, 3): the number of axes is 3, expected 2"),
        ((), ("B", 3), "X has shape (), expected (B, 3): the number of axes is 0, expected 2"),
        ((4, 5), ("D", "D"), "X has shape (4, 5), expected (D, D): axes with the same letter must have the same size"),
        ((4,), (5,), "X has shape (4,), expected (5,): look at axis 0"),
    ],
)  # fmt: skip
def test_messages_name_symbol_shapes_and_cause(shape, expected, message):
    with pytest.raises(_shapes.ShapeError) as error:
        _shapes.check_shape("X", np.zeros(shape), expected)
    assert str(error.value) == message


def test_a_hint_is_given_unless_the_shapes_show_the_cause():
    with pytest.raises(_shapes.ShapeError, match=r"expected \(5, 3\): ask the layer above$"):
        _shapes.check_shape("X", np.zeros((5, 4)), (5, 3), "ask the layer above")
    with pytest.raises(_shapes.ShapeError, match="is it transposed"):
        _shapes.check_shape("X", np.zeros((3, 5)), (5, 3), "ask the layer above")


def test_a_hint_is_of_the_axis_that_differs_and_the_last_one_of_all_after_it():
    hints = "another batch of {expected}?", "{found} units?"
    for shape, cause in [
        ((4, 3, 2), "another batch of 5?"),
        ((5, 4, 2), "4 units?"),
        ((5, 3, 7), "7 units?"),
        ((4, 3), "the number of axes is 2, expected 3"),
    ]:
        with pytest.raises(_shapes.ShapeError) as error:
            _shapes.check_shape("X", np.zeros(shape), (5, 3, 2), *hints)
        assert str(error.value) == f"X has shape {shape}, expected (5, 3, 2): {cause}"


def test_a_shape_error_is_a_value_error_and_shows_one_line_in_a_notebook():
    error = _shapes.ShapeError("X has shape (3,)")
    assert isinstance(error, ValueError)
    assert error._render_traceback_() == ["ShapeError: X has shape (3,)"]


def test_floats_keeps_floats_and_makes_whole_numbers_float64():
    for dtype in (np.float32, np.float64):
        Z = np.array([1.5], dtype)
        assert _shapes.floats(Z) is Z
    for whole in ([1, 2], np.uint8([1, 2]), np.array([True])):
        assert _shapes.floats(whole).dtype == np.float64
