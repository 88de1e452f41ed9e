"""Stage 1: find, read and compile sources, the new ones and those that live modules were made from.

A syntax error stops here, and has touched nothing.
"""
