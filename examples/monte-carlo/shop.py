"""A shop that orders once a week under uncertain demand. The only randomness is this world's own."""

import world

PRICE, COST, HOLDING = 10.0, 6.0, 0.4


def profit(order_up_to, weeks=26):
    """Profit of `weeks` weeks when the stock is filled up to `order_up_to` each week."""
    stock, earned = 0, 0.0
    trend = world.random.gauss(0, 12)
    for _ in range(weeks):
        ordered = order_up_to - stock
        stock = order_up_to
        trend = 0.8 * trend + world.random.gauss(0, 12)
        demand = max(0, round(100 + trend + world.random.gauss(0, 15)))
        sold = min(stock, demand)
        stock -= sold
        earned += sold * PRICE - ordered * COST - stock * HOLDING
    return earned
