"""Compiled kernels of the solvers: arrays in, arrays out.

Importing a module of this folder imports numba: callers import it inside the function that needs
it, so that a short command never waits for a compiler.

The cache on disk of a kernel follows its own file, not those that it calls: after a change in
``base``, drop the ``__pycache__`` of this folder.
"""
