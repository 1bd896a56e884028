"""Orders what was asked for on the worst day."""

min(HISTORY)
