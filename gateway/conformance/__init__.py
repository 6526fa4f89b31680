"""Conformance files: examples in YAML of what the standards make a gateway do, run with the production code.

One file of the form that ``mixer conformance`` reads is a list of vectors. A vector is one pure operation: `vector` reads it, the functions
of `addresses` perform it by calling the mapping that every message goes through, `comparison` decides whether what came is what was
expected, and `runner` counts.
"""
