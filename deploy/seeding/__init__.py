"""Filling a project of an embedded system with invented employers, people, runs and what they did, at its real size."""
