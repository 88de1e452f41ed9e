"""What those who decorate definitions keep of them: routes, commands, tasks, registers of plugins.

A definition that is made again is to stand on such a list once, where it stood.
"""
