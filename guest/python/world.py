"""The world that this code runs in."""


def _become(fields):
    pass
