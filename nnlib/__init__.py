"""nnlib: the small package that the lessons build and use."""

import numpy as np

__version__ = "0.1.0"

# One large array, given back at once: from it the C library learns to keep such memory, where it
# would ask the system for fresh pages in every training step (that can cost as much as the step).
np.empty(2**21)
