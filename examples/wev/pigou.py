"""Pigou's network: two roads side by side, one that takes as long as its share of the traffic, one that always takes 1.

Runs after ../braess/network.py and puts another network in its place.
"""

SOURCE, TARGET = "s", "t"
NETWORK = [
    road("s", "t", 1, 0),
    road("s", "t", 0, 1),
]
PATHS = find_paths(NETWORK, SOURCE, TARGET)
DRIVERS = 10
