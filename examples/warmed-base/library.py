# Stands for a library that takes long to load: it reads its modules and builds its tables when it is imported.
import decimal, fractions, itertools, statistics, sqlite3  # noqa: E401

LIMIT = 60_000


def _smallest_factors(limit):
    factors = list(range(limit))
    for number in range(2, int(limit**0.5) + 1):
        if factors[number] == number:
            for multiple in range(number * number, limit, number):
                if factors[multiple] == multiple:
                    factors[multiple] = number
    return factors


def _divisor_sums(factors):
    sums = [0, 1]
    for number in range(2, len(factors)):
        prime, rest, power, total = factors[number], number, 1, 1
        while rest % prime == 0:
            rest //= prime
            power *= prime
            total += power
        sums.append(sums[rest] * total)
    return sums


FACTORS = _smallest_factors(LIMIT)
SUMS = _divisor_sums(FACTORS)
print("library loaded")


def friends(first, last):
    """Pairs of amicable numbers whose smaller one is in [first, last)."""
    found = []
    for number in range(max(2, first), last):
        other = SUMS[number] - number
        if number < other < LIMIT and SUMS[other] - other == number:
            found.append((number, other))
    return found
