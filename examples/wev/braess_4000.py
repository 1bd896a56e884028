"""Braess's network as it is usually told: 4000 drivers, two roads of traffic/100 minutes, two of 45, and a link that takes none.

Runs after ../braess/network.py and puts another network in its place. Traffic is a share of all drivers, so traffic/100 minutes
are 40 times the share.
"""

SOURCE, TARGET = "s", "t"
DRIVERS = 4000
NETWORK = [
    road("s", "a", Fraction(DRIVERS, 100), 0),
    road("a", "t", 0, 45),
    road("s", "b", 0, 45),
    road("b", "t", Fraction(DRIVERS, 100), 0),
    road("a", "b", 0, 0),
]
PATHS = find_paths(NETWORK, SOURCE, TARGET)
