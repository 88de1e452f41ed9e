"""Stage 5: what becomes of data: globals, attributes of classes, what was entered in containers."""
