"""Cuts the tour the world has at three places, puts the parts together in another order and shortens that.

`random` draws other places in every try, so each becomes another tour.
"""

a, b, c = sorted(random.sample(range(1, len(tour)), 3))
tour = shorten(tour[:a] + tour[b:c] + tour[a:b] + tour[c:])
print(f"{length(tour):.1f}")
