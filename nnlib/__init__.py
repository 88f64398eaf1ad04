"""nnlib: the small package that the lessons build and use."""

__version__ = "0.1.0"
