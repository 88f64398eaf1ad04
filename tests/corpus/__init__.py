"""Right and wrong gradients as functions of a seed; each wrong one with its mistake's slug.

`cases(seed)` yields Case objects. A generator takes a numpy Generator and yields tuples
(name, f, x, claimed) or (name, f, x, claimed, upstream), or (name, layer, X) for a layer.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Case:
    """One claimed gradient; `mistakes` are the slugs that name it, empty if it is right."""

    name: str
    group: str
    parts: tuple
    mistakes: tuple = ()
    is_layer: bool = field(default=False)

    @property
    def right(self):
        return not self.mistakes


GENERATORS = []


def right(group):
    """Register a generator of right gradients of a class of hard or plain functions."""

    def register(generator):
        GENERATORS.append((group, (), generator))
        return generator

    return register


def wrong(*mistakes):
    """Register a generator of wrong gradients that one of these slugs names."""

    def register(generator):
        GENERATORS.append((mistakes[0], mistakes, generator))
        return generator

    return register


def cases(seed, module=None):
    """Yield every case of every generator (of one module), with numbers drawn from the seed."""
    from tests.corpus import (  # noqa: F401
        digits_fresh_ten,
        form_fresh_ten,
        fresh_eight,
        fresh_five,
        fresh_four,
        fresh_nine,
        fresh_one,
        fresh_seven,
        fresh_six,
        fresh_ten,
        fresh_three,
        fresh_two,
        hard_fresh_ten,
        layer_traps_fresh_ten,
        layers,
        layers_fresh_nine,
        layers_fresh_ten,
        limits,
        more_layers_fresh_ten,
        numerics,
        plain,
        slips,
        slips_fresh_ten,
        traps_fresh_ten,
        wrong_fresh_nine,
        wrong_fresh_seven,
        wrong_fresh_ten,
        wrong_layers_fresh_ten,
    )

    for group, mistakes, generator in GENERATORS:
        if module is None or generator.__module__.endswith(module):
            name = f"{generator.__module__}.{generator.__name__}"
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            for name, *parts in generator(rng):
                is_layer = hasattr(parts[0], "forward")
                yield Case(f"{group}: {name}", group, tuple(parts), mistakes, is_layer)
