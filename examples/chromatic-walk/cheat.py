"""A coordinator that takes a colour which nobody proposed, and is honest about everything else."""

import world


def formalise(given):
    step = {**given["step"], "colour": "#ffd700", "trits": [given["trits"][0], world.trit, -1]}
    walk.append(step)
    return step
