"""What everybody knows: newspapers cost 3 and sell for 10, what is left over is worth nothing, and this was asked for so far."""

COST, PRICE = 3, 10
HISTORY = [12, 31, 18, 25, 22, 40, 15, 28, 19, 33, 21, 26]
