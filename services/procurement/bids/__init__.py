"""Bids: sealed boxes until the opening, then readable to the case's officers alone until the award decision.

Nothing that others can see may depend on a bid: no event, no history, no change of another row, no label in a metric.
"""
