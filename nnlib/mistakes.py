"""The list of mistakes, what is known of a claim, and how it is shown.

`NAMES` holds every mistake with its sentence, the surest first. `Evidence` holds a claimed and
a measured gradient and measures f again where a hypothesis of `nnlib.diagnosis` asks for it.
A `Report` holds what the judge found.
"""

import html
import itertools
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

SAME = "the same text for plain values"
NAMES = {  # name: (sentence, what to look at, what to look at if two plain values differ)
    "mutates-input": ("{} mutates {}: it is not the same after the call",
        "in-place operations (+=, [...] =, out=); work on a copy"),
    "wrong-count": ("the wrong number of gradients: {} for {}",
        "is a return missing? One gradient for each input, in the same order; None for labels"),
    "not-finite": ("f itself is {} at x, so there is nothing to measure",
        "log of zero, division by zero or overflow in the forward formula"),
    "not-deterministic": ("f is not deterministic: at the same x it was {:.8g}, then {:.8g}",
        "a random mask or a counter inside f; fix the seed in f"),
    "dtype": ("{} has dtype {}, expected real floating-point numbers",
        "how the array is created; np.zeros_like takes over the dtype"),
    "cannot-tell": ("cannot tell whether {} is right or wrong: {}",
        "another point x, away from an edge or a large constant; or compute f in float64"),
    "stale-cache": (
        "backward uses a stale cache: it is right at the first forward, wrong after another",
        "forward must overwrite what backward reads, at every call"),
    "doubled": ("{} is not the same when backward runs twice: it accumulates (doubled gradients)",
        "backward sets dW = ..., not dW += ..."),
    # What follows is said of "yours". First what cannot be compared:
    "nan": ("is {} at {} of {} entries{}",
        "a division by zero, a log of zero, an overflow of exp, or 0 * Inf on the way back",
        "a division by zero, a log of zero, an overflow of exp, 0 * Inf; NaN equals nothing"),
    "ties": ("counts a tie twice: {}",
        "one entry of a tie is the largest: give the gradient to one of them, or share it"),
    "kink": ("lies outside the slopes {}",
        "the convention at the kink, as relu'(0) = 0, and that every term keeps to it"),
    "swapped": ("is {}: the two gradients are swapped",
        "the order in which backward returns its gradients"),
    "transposed": ("is the transpose of {}",
        "which index belongs to the unit above? W[j, k] has a row per unit above",
        "the order of the indices on each side"),
    "broadcast": ("is not summed over the broadcast axis {}",
        "forward broadcasts this input over that axis; backward sums over it"),
    "summed": ("is summed over axis {}, which the gradient keeps",
        "the axis of the sum: every entry of the input has a gradient of its own"),
    "wrong-axis": ("is summed over the wrong axis: over axis {}, not axis {}",
        "a bias has one entry per unit: sum over the rows of the batch, axis 0"),
    "wrong-shape": ("has the wrong shape: {}, expected {}, that of its input",
        "a gradient has one entry for each entry of its input"),
    # The whole array is off:
    "all-zero": ("is zero everywhere, {} is not",
        "is the array ever filled, and is it the one that is returned?", SAME),
    "sign": ("has the wrong sign everywhere", "the minus in the loss or in a difference", SAME),
    "missing-mean": ("is {} times {}: the mean over {} is missing",
        "where forward divides by the number of entries: there, and only there, backward too",
        "the number by which each side divides its sum"),
    "slight-constant": ("is off by a constant factor of {} everywhere: it is slightly wrong",
        "the digits of the constants in the formula", SAME),
    "constant-factor": ("is {} times {}, a constant factor everywhere",
        "a factor lost or doubled: the 2 of a square, the 1/2 of a loss, a mean", SAME),
    "flipped": ("is flipped along axis {}: the kernel runs the wrong way",
        "correlation or convolution? Flip the kernel on one way only", SAME),
    "shifted": ("is shifted by {} along axis {}",
        "where the index starts: off by one, padding, or a slice of the wrong end", SAME),
    "permuted": ("has the right numbers, permuted: each at a wrong index",
        "the index: is each gradient written back where its input was read?",
        "the index: does each entry stand in its place?"),
    "missing-term": ("misses a term or has one too many: {} minus yours is {}",
        "every path from this entry to f adds one term: list the paths",
        "a term that stands on one side only"),
    # f, measured again in another way, tells more:
    "upstream": ("ignores the upstream gradient: upstream = {} everywhere would give it",
        "the upstream gradient: multiply by it, entry by entry, before summing"),
    "transposed-factor": ("is J applied to the upstream gradient, not J transposed (Jᵀ)",
        "write one entry as a sum over an index; the index tells which factor is transposed"),
    "derivative-missing": ("is {}: the derivative of the activation is missing",
        "multiply by the slope of the activation at the pre-activation"),
    "at-activation": ("takes the derivative at the activation instead of the pre-activation",
        "is what you pass to the derivative a or z? f_prime takes the pre-activation z"),
    "not-accumulated": (
        "is not accumulated: it holds one term only where an entry is used repeatedly",
        "use np.add.at or +=: each use adds its gradient"),
    "off-diagonal": (
        "holds the Jacobian's diagonal only: the off-diagonal terms (as of softmax) are missing",
        "each output depends on every input of its row: sum over all outputs"),
    "kernel": ("is what {} {} would give: the factor is {}",
        "how that factor enters backward: is it flipped, transposed or shifted there?"),
    # Some entries are right:
    "negative": ("is wrong only where the input is {}{}",
        "the branch of the formula on that side of 0"),
    "one-entry": ("is wrong in one entry only; the others agree",
        "what is special there: a border, the end of a loop?", SAME),
    "row-or-column": ("is wrong in {} {} only{}",
        "what is special there: a border, the last of a loop, an index?", SAME),
    "region": ("is wrong only in one region, where the input is {} {}{}",
        "the branch of the formula for that region"),
    "some-entries": ("is wrong at {} of {} entries{}",
        "what these entries have in common: index, sign, border, a mask?", SAME),
    "wrong-formula": (
        "is a wrong formula for the derivative: yours / measured varies with x, from {} to {}",
        "the formula of the derivative, and the point at which it is taken"),
    "random": ("has nothing in common with {}: it looks random, unrelated",
        "is it the gradient of this f, and of this input?",
        "are the two sides the same quantity?"),
    "wrong": ("differs from {} at {} of {} entries{}",
        "the entry above: which paths lead from it to f? Each adds one term",
        "the entry above: how does each side come to it?"),
}  # fmt: skip
LOOK = {  # what to look at in a gradient, and in plain values: "" if the name is not meant for them
    slug: (look, look if plain == [SAME] else "".join(plain))
    for slug, (_, look, *plain) in NAMES.items()
}
LAST = """summed wrong-shape constant-factor permuted missing-term negative region one-entry
    row-or-column some-entries wrong-formula random wrong""".split()
VAGUE = LAST[-2:] + ["some-entries", "wrong-formula"]  # another input may tell more
MISTAKES = {slug: f"{text[0].replace('{}', '…')}." for slug, text in NAMES.items()}


def fact(slug, *details, where=""):
    """Return (slug, message) of what is found without comparing any numbers."""
    sentence, look = NAMES[slug]
    evidence = f"\n  {where}" if where else ""
    return slug, f"{sentence.format(*details)}.{evidence}\n  Look at: {look}."


def number(value, digits=4):
    """Write a number at four significant digits."""
    return f"{float(value) + 0.0:.{digits}g}"


def factor_of(ratio):
    """Write a factor, 1/2 to 1/16 as a fraction; one near 1 with the digits that tell it from 1."""
    for n in range(2, 17):
        if np.isclose(abs(ratio), 1 / n, rtol=1e-4):
            return f"{'-' if ratio < 0 else ''}1/{n}"
    zeros = int(-np.log10(abs(ratio - 1) + 1e-12))  # 1.001 has two of them
    return number(ratio, 4 if abs(ratio - 1) > 0.02 else max(7, zeros + 2))


@dataclass
class Evidence:
    """All that a hypothesis may look at; arrays are lists with one entry per input."""

    claimed: list
    inputs: list
    active: list
    upstream: object = None
    names: object = None
    outputs: object = None  # f at the inputs
    measure: object = None  # (which, directions, inputs=None, each=False) -> slopes along them
    which: int = 0
    worst: tuple = ()
    known_wrong: tuple = ()
    measured: object = None
    tied: object = None
    outside: tuple = ()  # the slopes, with both sides, at the wrong entries
    complete: bool = False  # every entry was looked at, and known_wrong are the wrong ones
    tolerance: float = 2e-5  # two numbers closer than this, relatively, are the same
    noise: float = 0.0  # relative error of the measured numbers
    other: str = "measured"  # what the claim is compared with

    c = property(lambda self: self.claimed[self.which])
    m = property(lambda self: self.measured[self.which])
    x = property(lambda self: self.inputs[self.which])
    same_shape = property(lambda self: self.c.shape == self.m.shape)
    known = property(lambda self: np.isfinite(self.m))
    count = property(lambda self: int(self.known.sum()))
    plain = property(lambda self: self.other != "measured")
    other_array = property(lambda self: f"the {self.other}{' gradient' * (not self.plain)}")
    numeric = property(lambda self: {self.c.dtype.kind, self.m.dtype.kind} <= set("biuf"))

    def name(self, k):
        """Return how the k-th claimed gradient is called in a sentence."""
        if self.names:
            return f"your {self.names[k]}"
        return "yours" if len(self.inputs) == 1 else f"your gradient {k + 1} of {len(self.inputs)}"

    def where(self):
        """Say where both are furthest apart, with the digits it takes to see that they differ."""
        if not self.same_shape:
            return f"yours has shape {self.c.shape}, {self.other} {self.m.shape}"
        both = self.c[self.worst], self.m[self.worst]
        pairs = [[number(value, digits) for value in both] for digits in range(4, 12)]
        yours, other = next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])
        place = f" {self.c.shape} at {list(map(int, self.worst))}" if self.c.ndim else ""
        return f"yours{place} = {yours}, {self.other} {other}"

    def factors(self):
        """Yield (number, name, array) of the inputs, and of the upstream gradient as the last."""
        for k, array in enumerate([*self.inputs, self.upstream]):
            given = self.names[k].removeprefix("d") if self.names and k < len(self.names) else ""
            last = k == len(self.inputs)
            yield k, "upstream" if last else given or f"input {k + 1}", np.asarray(array)

    def fill(self, measured, wrong=()):
        """Take in the measured arrays and find the entry that is furthest off."""
        self.measured = measured
        if len(wrong) and self.numeric:
            self.which = min(k for k, _ in wrong)
            at = [i for k, i in wrong if k == self.which]
            off = [np.nan_to_num(abs(self.c[i] - self.m[i]), nan=np.inf) for i in at]
            nearly = np.array(off) >= (1 - 1e-4) * max(off)  # rounding must not choose the entry
            self.worst = at[int(np.argmax(nearly))]
            largest = np.nanmax(np.abs([self.c[self.worst], self.m[self.worst], 1e-300]))
            self.tolerance = min(max(2e-5, self.noise), 0.1 * max(off) / largest)
            self.known_wrong = at

    def fits(self, yours, theirs):
        """Say whether two arrays are alike wherever the second was measured."""
        if np.shape(yours) != np.shape(theirs) or not np.isfinite(theirs).any():
            return False
        return bool(np.all(near(yours, theirs, self.tolerance) | np.isnan(theirs)))

    @cached_property
    def wrong(self):
        """A mask: the entries of the claim that are not as measured."""
        mask = np.zeros(self.c.shape, bool)
        if self.same_shape and not (self.complete and self.known_wrong):
            mask |= self.known & ~near(self.c, self.m, self.tolerance)
        for at in self.known_wrong:
            mask[at] = True
        return mask

    @cached_property
    def spots(self):
        """A few measured entries, the worst one first: there f is measured again."""
        known = [tuple(i) for i in np.argwhere(self.known)]
        return [self.worst, *known[:: max(1, len(known) // 8)]]

    @cached_property
    def claims(self):
        """The claims at the spots."""
        return np.array([self.c[at] for at in self.spots])

    @cached_property
    def jacobian(self):
        """∂f_i/∂x_k for all outputs i of f: a row for each of the spots."""
        return self._slopes(each=True)

    def slopes_under(self, k, array):
        """Return the slopes at the spots with another array as k-th input, or as upstream."""
        if k == len(self.inputs):
            return self.jacobian @ array.ravel()
        return self._slopes(inputs=[array if n == k else a for n, a in enumerate(self.inputs)])

    def _slopes(self, **changes):
        units = np.zeros((len(self.spots), *self.x.shape))
        for n, at in enumerate(self.spots):
            units[(n, *at)] = 1.0
        return self.measure(self.which, units, **changes)


def near(a, b, tolerance=2e-5):
    """Return a mask: a and b are alike, measured by their size or 1e-6 of the largest."""
    largest = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    with np.errstate(all="ignore"):
        allowed = np.maximum(np.abs(a), np.abs(b)) + 1e-6 * largest
        return np.isfinite(allowed) & (np.abs(a - b) <= tolerance * allowed)


def same(a, b):
    """Say whether a and b are alike, and not zero."""
    return np.shape(a) == np.shape(b) and bool(np.any(b)) and bool(np.all(near(a, b)))


def subsets(n):
    """Yield every one of the first n axes, and every set of up to five of them."""
    yield from range(n)
    for size in range(2, min(n, 5) + 1):
        yield from itertools.combinations(range(n), size)


@dataclass
class Report:
    """What the judge found; shown with a picture in a notebook."""

    passed: bool
    mistake: str | None
    message: str
    worst: tuple | None = None
    measured: object = None
    claimed: object = None
    tolerance: float = 1e-7
    evaluations: int = 0
    kinks: list = field(default_factory=list)
    told: bool = field(default=False, repr=False)  # its ✓ line was printed

    def __str__(self):
        return f"{'✓' if self.passed else '✗'} {self.message}"

    def _ipython_display_(self):
        """Show the picture, unless the ✓ line has told all there is to tell."""
        if not self.told:
            from IPython.display import display

            display({"text/html": picture(self), "text/plain": str(self)}, raw=True)


def picture(report):
    """Return HTML: the message, where yours and the measured differ, the worst three entries."""
    pair = report.claimed, report.measured
    drawn = "" if report.passed or isinstance(pair[0], tuple) or pair[1] is None else _grid(*pair)
    return f"<div><pre>{html.escape(str(report))}</pre>{drawn}</div>"


def _grid(claimed, measured):
    claimed, measured = np.asarray(claimed, float), np.asarray(measured, float)
    if claimed.shape != measured.shape or not 1 < claimed.size <= 2500:
        return ""
    with np.errstate(all="ignore"):
        off = np.abs(claimed - measured) / np.nanmax(np.abs([claimed, measured]))
    off = np.nan_to_num(off, nan=1.0)
    rows = off.reshape(-1, claimed.shape[-1])
    colours = np.array(["#56B4E9", "#E69F00", "#7A2E00"])[np.digitize(rows, [1e-5, 1e-1])]
    cells = "".join(
        f'<rect x="{8 * k}" y="{8 * j}" width="7" height="7" fill="{colour}"/>'
        for (j, k), colour in np.ndenumerate(colours)
    )
    worst = [np.unravel_index(n, off.shape) for n in np.argsort(-off, None, kind="stable")[:3]]
    listed = "".join(
        f"<li>{list(map(int, i))}: yours {number(claimed[i])}, measured {number(measured[i])}</li>"
        for i in worst
    )
    size = f'width="{8 * rows.shape[1]}" height="{8 * len(rows)}"'
    alt = "dark cells: entries where yours and the measured gradient differ"
    return f'<svg {size} role="img" aria-label="{alt}">{cells}</svg><ul>{listed}</ul>'
