"""Orders what was asked for on average."""

round(sum(HISTORY) / len(HISTORY))
