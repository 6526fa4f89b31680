"""Tools for the people who keep mapping tables: check, test, compare, import, export. `gateway.cli.map_tools` is their command line.

Whatever decides here whether a line can be used is the engine's own reader (`gateway.mixer.mcgam`); these modules add where exactly a
line is wrong, what was expected, and what is legal and yet a mistake.
"""
