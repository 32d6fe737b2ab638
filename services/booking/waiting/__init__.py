"""Waiting for seats: joining a run's queue, answering an offer, leaving. The list itself is walked in `seats`."""
