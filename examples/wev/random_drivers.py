"""Each of DRIVERS drivers picks one of the paths at random. Expected cost, by enumerating exactly how many take a road.

The expectation of a sum is the sum of the expectations, so every road is looked at by itself: the number of its drivers is
binomial, and each possible number counts with its exact probability.
"""

import world

strategy = "random"


def expected_cost_of(one, index):
    """Expectation of traffic * latency on a road that a driver takes with probability q = taking / len(PATHS)."""
    taking = sum(index in path for path in PATHS)
    others = len(PATHS) - taking
    if others == 0:
        return latency(one, Fraction(1))
    # Ways in which k of the drivers take it, from none to all of them.
    ways = others**DRIVERS
    linear = square = 0
    for k in range(DRIVERS + 1):
        linear += ways * k
        square += ways * k * k
        ways = ways * (DRIVERS - k) * taking // ((k + 1) * others)
    total = len(PATHS) ** DRIVERS
    return one.slope * Fraction(square, total * DRIVERS**2) + one.constant * Fraction(linear, total * DRIVERS)


cost = sum((expected_cost_of(one, index) for index, one in enumerate(NETWORK)), Fraction(0))
print(f"{DRIVERS} drivers at random: the average driver expects {cost}, about {float(cost):.6f}")
world.report(cost=str(cost))
