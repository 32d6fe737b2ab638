"""The main job told as a story against a running system, through its public HTTP API alone, and checked as it goes."""
