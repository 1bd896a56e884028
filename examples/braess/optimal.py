"""A planner assigns the paths so that all drivers together lose the least time: the social optimum.

Total cost is convex, so a flow is optimal exactly when no used path has a higher marginal cost than another path.
"""

import world

if "NETWORK" not in globals():  # Outside a world: python3 optimal.py
    from network import describe, marginal_cost, require_settled, settle, total_cost

strategy = "cooperative"


def tell(flow, gap):
    print(f"{describe(flow)}: total {total_cost(flow)}, marginal costs differ by {gap}")


# Priced at marginal cost, the flow that settles is the one of least total cost.
flow = settle(marginal_cost, tell)
require_settled(flow, marginal_cost)
cost = total_cost(flow)
print(f"optimum: the average driver needs {cost}")
world.report(cost=str(cost))
