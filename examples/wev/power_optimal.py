"""The social optimum, between two fractions: the best share is no fraction, so its cost is enclosed.

The total cost is convex. Halving the interval in which the marginal cost changes its sign keeps the minimum inside; the cost at
an end is one that can really be had, and the tangents at both ends meet below the minimum.
"""

import world

strategy = "cooperative"
HALVINGS = 24

low, high = Fraction(0), Fraction(1)
for _ in range(HALVINGS):
    middle = (low + high) / 2
    if marginal_cost(middle) <= 0:
        low = middle
    else:
        high = middle
assert marginal_cost(low) <= 0 < marginal_cost(high), "the minimum is not enclosed"
# Where the tangents meet: total(low) + m(low) (x - low) = total(high) + m(high) (x - high).
down, up = marginal_cost(low), marginal_cost(high)
meeting = (total_cost(high) - total_cost(low) + down * low - up * high) / (down - up)
lower = total_cost(low) + down * (meeting - low)
upper = min(total_cost(low), total_cost(high))
assert 0 < lower <= upper
print(f"optimum: between {float(lower):.15f} and {float(upper):.15f}, {float(upper - lower):.1e} apart")
world.report(cost=str(upper))
