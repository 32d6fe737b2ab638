"""Claims of employers on seats of a run, each seat a participant or a placeholder."""
