"""Best responses: whoever would be faster on the other road goes there, until nobody would."""

import world

strategy = "selfish"

share = Fraction(0)
for _ in range(100):
    print(f"share {share} on the steep road: it takes {price(share)}, the other one 1")
    if share < 1 and price(share) < 1:
        share = Fraction(1)
    elif share > 0 and price(share) > 1:
        share = Fraction(0)
    else:
        break
# The condition of equilibrium, exactly: no road in use is slower than the other.
assert share == 0 or price(share) <= 1, "drivers of the steep road would leave it"
assert share == 1 or price(share) >= 1, "drivers of the other road would leave it"
cost = total_cost(share)
print(f"equilibrium: the average driver needs {cost}")
world.report(cost=str(cost))
