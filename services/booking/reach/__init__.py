"""Who was not reached by what notification told: told by notification, listed for the project's lead."""
