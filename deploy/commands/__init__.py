"""The subcommands of `kurslots`, one module each, imported only when asked for."""
