"""Each of DRIVERS drivers picks a road at random. Expected cost, by enumerating how many take the steep one."""

import world
from math import comb

strategy = "random"

ways = [comb(DRIVERS, k) for k in range(DRIVERS + 1)]
cost = sum(Fraction(n, 2**DRIVERS) * total_cost(Fraction(k, DRIVERS)) for k, n in enumerate(ways))
print(f"{DRIVERS} drivers at random: the average driver expects {cost}, about {float(cost):.6f}")
world.report(cost=str(cost))
