"""Every driver takes the path that is fastest for themselves: the Nash (Wardrop) equilibrium."""

import world

if "NETWORK" not in globals():  # Outside a world: python3 selfish.py
    from network import describe, latency, require_settled, settle, total_cost

strategy = "selfish"


def tell(flow, regret):
    print(f"{describe(flow)}: a driver could save {regret}")


# No road asks for more than its latency, so to settle is to reach the equilibrium.
flow = settle(latency, tell)
time_of_each = require_settled(flow, latency)
cost = total_cost(flow)
assert cost == time_of_each, "at an equilibrium everybody needs the same time"
print(f"equilibrium: everybody needs {cost}")
world.report(cost=str(cost))
