"""Rewrites the prices, for all the good it does: the judge lives in another world."""

COST = 0
10_000
