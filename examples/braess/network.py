"""The road network of Braess's paradox, and what every way of using it needs.

One unit of traffic goes from SOURCE to TARGET. A road's latency is affine: `slope * traffic + constant`. All
numbers are exact fractions, so results can be compared with `==`.

A world runs this file once; its verses then find everything here. It needs the standard library only.
"""

from fractions import Fraction
from typing import NamedTuple


class Road(NamedTuple):
    tail: str
    head: str
    slope: Fraction
    constant: Fraction


def road(tail, head, slope, constant):
    """Slope and constant may be written as whole numbers or as text: "1/4", "0.25"."""
    return Road(tail, head, Fraction(slope), Fraction(constant))


# The place to change: one line a road, latency = slope * traffic + constant.
SOURCE, TARGET = "s", "t"
NETWORK = [
    road("s", "a", 1, 0),
    road("a", "t", 0, 1),
    road("s", "b", 0, 1),
    road("b", "t", 1, 0),
    road("a", "b", 0, 0),
]


def find_paths(network, source, target):
    """Every simple path from source to target, each a tuple of indices of roads. Depth first."""

    def extend(node, visited, taken):
        if node == target:
            yield taken
            return
        for index, one in enumerate(network):
            if one.tail == node and one.head not in visited:
                yield from extend(one.head, visited | {one.head}, taken + (index,))

    for one in network:
        if one.slope < 0 or one.constant < 0:
            raise ValueError(f"the latency of {one.tail} -> {one.head} must not fall or start below 0")
    paths = list(extend(source, frozenset([source]), ()))
    if not paths:
        raise ValueError(f"no road leads from {source} to {target}")
    return paths


PATHS = find_paths(NETWORK, SOURCE, TARGET)


def path_name(path):
    """Its nodes, as in s-a-t; with the numbers of its roads too where another path visits the same nodes."""
    nodes = [NETWORK[path[0]].tail] + [NETWORK[index].head for index in path]
    name = "-".join(nodes)
    twins = [other for other in PATHS if [NETWORK[index].head for index in other] == nodes[1:]]
    return name if len(twins) == 1 else name + " by " + ",".join(str(index) for index in path)


def traffic_on_roads(flow):
    """Traffic of each road when `flow[k]` drives along path k."""
    traffic = [Fraction(0)] * len(NETWORK)
    for path, amount in zip(PATHS, flow):
        for index in path:
            traffic[index] += amount
    return traffic


def latency(one, traffic):
    """Minutes that a driver spends on a road."""
    return one.slope * traffic + one.constant


def marginal_cost(one, traffic):
    """What one more driver costs everybody on a road: the derivative of traffic * latency."""
    return 2 * one.slope * traffic + one.constant


def path_prices(flow, price):
    """Price of each path, the sum of its roads' prices at the traffic that the flow makes."""
    traffic = traffic_on_roads(flow)
    return [sum((price(NETWORK[index], traffic[index]) for index in path), Fraction(0)) for path in PATHS]


def total_cost(flow):
    """Minutes that all drivers together spend, which for one unit of traffic is the average driver's time."""
    return sum((t * latency(one, t) for one, t in zip(NETWORK, traffic_on_roads(flow))), Fraction(0))


def describe(flow):
    """The flow in words: each used path and its share."""
    return ", ".join(f"{path_name(path)} {amount}" for path, amount in zip(PATHS, flow) if amount)


def require_settled(flow, price):
    """Checks exactly that no used path costs more than any path there is. Returns that common price."""
    assert sum(flow) == 1 and min(flow) >= 0, "not a flow of one unit"
    prices = path_prices(flow, price)
    least = min(prices)
    for path, amount, cost in zip(PATHS, flow, prices):
        assert amount == 0 or cost == least, f"{path_name(path)} is used at {cost}, though {least} can be had"
    return least


def settle(price, narrate=None):
    """The flow at which nobody gains by changing path, when road prices are affine in traffic.

    Frank and Wolfe's method with full correction. All traffic starts on one path. The path that is now cheapest
    joins the used ones; traffic shifts among those, by an exact line search, until all cost the same; a path that
    runs empty on the way leaves. Each round lowers a convex potential, and a set of used paths determines its
    value, so no set comes back and the search ends with the exact answer.
    """
    flow = [Fraction(0)] * len(PATHS)
    empty = path_prices(flow, price)
    first = min(range(len(PATHS)), key=empty.__getitem__)
    flow[first] = Fraction(1)
    used = [first]
    while True:
        prices = path_prices(flow, price)
        best = min(range(len(PATHS)), key=prices.__getitem__)
        if narrate:
            narrate(flow, max(prices[k] for k in used) - prices[best])
        if all(prices[k] == prices[best] for k in used):
            return flow
        used.append(best)
        equal = False
        while not equal:
            direction, length, equal = _shift(flow, used, price)
            for k, amount in zip(used, direction):
                flow[k] += length * amount
            used = [k for k in used if flow[k] > 0]


def _shift(flow, used, price):
    """Where traffic moves among the used paths: direction, how far, and whether their prices are then equal.

    Solves for equal prices and goes there, or as far as no path runs empty. Where some move changes no price at
    all, equal prices may be out of reach: then such a move is made, from dear to cheap, until a path is empty.
    """
    prices = path_prices(flow, price)
    react = [[_reaction(PATHS[i], PATHS[j], price) for j in used] for i in used]
    last = len(used) - 1
    rows = [[a - b for a, b in zip(react[k], react[last])] for k in range(last)]
    right = [prices[used[last]] - prices[used[k]] for k in range(last)]
    solution, idle = _solve([*rows, [Fraction(1)] * len(used)], [*right, Fraction(0)])
    if solution is not None:
        length = min([Fraction(1), *_lengths_to_empty(flow, used, solution)])
        return solution, length, length == 1
    saved = sum(amount * prices[k] for amount, k in zip(idle, used))
    direction = [-amount for amount in idle] if saved > 0 else idle
    return direction, min(_lengths_to_empty(flow, used, direction)), False


def _lengths_to_empty(flow, used, direction):
    return [-flow[k] / amount for k, amount in zip(used, direction) if amount < 0]


def _reaction(path, other, price):
    """How much a path's price rises with traffic on another path: the slopes of the roads they share."""
    shared = set(path) & set(other)
    return sum((price(NETWORK[index], 1) - price(NETWORK[index], 0) for index in shared), Fraction(0))


def _solve(rows, right):
    """Solves a square system exactly: (solution, None), or (None, a direction that no equation sees)."""
    size = len(rows)
    table = [row + [value] for row, value in zip(rows, right)]
    pivots = []
    for column in range(size):
        top = len(pivots)
        pivot = next((r for r in range(top, size) if table[r][column] != 0), None)
        if pivot is None:
            idle = [Fraction(0)] * size
            idle[column] = Fraction(1)
            for r, at in enumerate(pivots):
                idle[at] = -table[r][column]
            return None, idle
        table[top], table[pivot] = table[pivot], table[top]
        head = table[top][column]
        table[top] = [value / head for value in table[top]]
        for r in range(size):
            if r != top and table[r][column] != 0:
                factor = table[r][column]
                table[r] = [a - factor * b for a, b in zip(table[r], table[top])]
        pivots.append(column)
    return [row[size] for row in table], None
