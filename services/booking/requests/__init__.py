"""Training that an employer asks for of its own: it waits for a procurement officer and may become a run."""
