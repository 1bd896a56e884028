"""Pigou's network with a steeper road: one that takes x^D when a share x drives on it, beside one that always takes 1.

A line `D = 2` runs before this file.
"""

from fractions import Fraction

DRIVERS = 10


def price(share):
    """What a driver needs on the steep road."""
    return share**D


def total_cost(share):
    """What the average driver needs."""
    return share * price(share) + (1 - share)


def marginal_cost(share):
    """What one more driver on the steep road costs everybody, less what they would cost on the other."""
    return (D + 1) * share**D - 1
