"""The subcommands of `kurslots`, one module each, with a function of the module's name.

The module's docstring is the help. What is heavy is imported inside the function, so that `kurslots --help` is quick.
"""
