"""Putting the system together: the embedded parts, the data of the projects and the `kurslots` command."""
