"""Ten years of daily prices of five assets, made from a seed, and what a portfolio of them would have gone through."""

import math
import random
import statistics

ASSETS = {"bonds": (0.02, 0.05), "stocks": (0.07, 0.18), "property": (0.05, 0.12), "gold": (0.03, 0.15), "crypto": (0.2, 0.7)}
DAYS = 2520
dice = random.Random(11)


def history():
    """Daily log returns by asset; stocks, property and crypto share a market factor."""
    market = [dice.gauss(0, 1) for _ in range(DAYS)]
    returns = {}
    for name, (drift, volatility) in ASSETS.items():
        share = 0.7 if name in ("stocks", "property", "crypto") else -0.1
        own = math.sqrt(1 - share**2)
        daily = volatility / math.sqrt(252)
        returns[name] = [
            drift / 252 - daily**2 / 2 + daily * (share * factor + own * dice.gauss(0, 1)) for factor in market
        ]
    return returns


# The slow part: done once, before the branches.
RETURNS = history()
CORRELATIONS = {
    (a, b): statistics.correlation(RETURNS[a], RETURNS[b]) for a in ASSETS for b in ASSETS
}


def scenario(weights, shock):
    """Yearly return, worst fall from a peak, and the loss of the worst day in a hundred, each in percent."""
    total = sum(weights.values())
    path, level, peak, fall, days = [], 0.0, 0.0, 0.0, []
    for day in range(DAYS):
        move = sum(
            weight / total * (math.exp(RETURNS[name][day] * (shock if name != "bonds" else 1)) - 1)
            for name, weight in weights.items()
        )
        days.append(move)
        level += math.log1p(max(move, -0.99))
        peak = max(peak, level)
        fall = min(fall, level - peak)
    worst = sorted(days)[DAYS // 100]
    return 100 * math.expm1(level * 252 / DAYS), 100 * math.expm1(fall), 100 * worst
