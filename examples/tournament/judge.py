"""Sells every agent's order on thirty days that no agent has seen. Ends in the profits, which are the scores."""

import random

days = random.Random(2024)
DEMAND = [max(0, round(days.gauss(24, 8))) for _ in range(30)]


def profit(order):
    return sum(PRICE * min(order, asked) - COST * order for asked in DEMAND)


print(f"{len(DEMAND)} days, {sum(DEMAND)} newspapers asked for, at a cost of {COST} each")
{result["name"]: profit(int(result["value"])) for result in results if result["ok"]}
