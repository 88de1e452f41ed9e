"""What livepatch knows of Python: kinds of definitions, code objects, classes' layouts, constants.

Nothing here knows of a reload, and nothing here changes the program.
"""
