"""Forty cities on a grid, and tours through all of them. Runs once, in the world; every try then begins with all of this."""

import math
import random

from_map = random.Random(7)
CITIES = [(from_map.randrange(100), from_map.randrange(100)) for _ in range(40)]
FAR = [[math.dist(a, b) for b in CITIES] for a in CITIES]


def length(tour):
    return sum(FAR[a][b] for a, b in zip(tour, tour[1:] + tour[:1]))


def shorten(tour):
    """Turns pieces of the tour round as long as that makes it shorter (2-opt)."""
    n = len(tour)
    better = True
    while better:
        better = False
        for i in range(n - 1):
            for j in range(i + 2, n - (i == 0)):
                a, b, c, d = tour[i], tour[i + 1], tour[j], tour[(j + 1) % n]
                if FAR[a][c] + FAR[b][d] < FAR[a][b] + FAR[c][d] - 1e-9:
                    tour[i + 1 : j + 1] = reversed(tour[i + 1 : j + 1])
                    better = True
    return tour


tour = shorten(list(range(len(CITIES))))
