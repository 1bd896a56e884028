"""Every driver picks one of the paths at random, all equally likely.

With infinitely many, infinitely small drivers each path gets the same share, which gives the expected cost exactly.
A sample of finitely many drivers comes near it.
"""

import world
from fractions import Fraction

if "NETWORK" not in globals():  # Outside a world: python3 random_routing.py
    from network import PATHS, total_cost

strategy = "random"
DRIVERS = 10_000

flow = [Fraction(1, len(PATHS))] * len(PATHS)
cost = total_cost(flow)

counts = [0] * len(PATHS)
for _ in range(DRIVERS):
    counts[world.random.u64() % len(PATHS)] += 1
sampled_cost = total_cost([Fraction(count, DRIVERS) for count in counts])

print(f"{DRIVERS} drivers drew {counts}: the average driver needs {float(sampled_cost):.4f}")
print(f"expected: {cost}, about {float(cost):.4f}")
world.report(cost=str(cost))
