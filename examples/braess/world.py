"""Stands in for the `world` module when a file here is run by plain python3, to debug it. Worlds never see this."""

import random as _random


class _Random:
    _source = _random.Random(1069)

    def u64(self):
        return self._source.getrandbits(64)


random = _Random()


def report(cost=None, value=None):
    print(f"report: cost={cost} value={value}")
