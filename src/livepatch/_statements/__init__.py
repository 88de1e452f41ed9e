"""The statements of a source, read from its syntax tree and from its code.

Nothing is decided here, and no live object is asked.
"""
