"""Orders so that it has enough on 7 days of 10: that is where one more costs as much as it brings."""

sorted(HISTORY)[len(HISTORY) * (PRICE - COST) // PRICE]
