"""Conformance files: examples in YAML of what the standards make a gateway do, run with the production code.

A file of address vectors is a list. A vector is one pure operation: `vector` reads it, the functions of `addresses` perform it by calling
the mapping that every message goes through, and `comparison` decides whether what came is what was expected.

A file of message vectors is a mapping with ``meta`` and ``vectors``. `message_world` completes an input, `internet_input`, `x400_input`,
`x400_bodies` and `report_input` make messages of it, `messages` converts them as the gateway does (and `message_functions` performs the
pure functions), `internet_view` and `x400_view` name the parts of what came, and `matchers` compares them by the rules of
`message_values` and `header_values`.

`runner` reads both kinds of file, and counts.
"""
