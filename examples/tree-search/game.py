"""SameGame: take a group of equal neighbours, what is above falls down, empty columns close up.

A group of n stones scores (n - 2) ** 2, so that patience, growing one colour while clearing the others, pays; what
remains at the end costs as much again. The board is part of this world's memory: a branch of the world is a
branch of the game.
"""

import random

COLOURS = "#o+."


def new_game(seed, width=10, height=6):
    """A board as columns, bottom stone first."""
    dice = random.Random(seed)
    return [[dice.choice(COLOURS) for _ in range(height)] for _ in range(width)]


def groups(board):
    """Every group that can be taken, as a sorted list of (column, row): large groups first."""
    seen, found = set(), []
    for x, column in enumerate(board):
        for y, colour in enumerate(column):
            if (x, y) in seen:
                continue
            group, open_cells = set(), [(x, y)]
            while open_cells:
                a, b = open_cells.pop()
                if (a, b) in group or not (0 <= a < len(board) and 0 <= b < len(board[a])):
                    continue
                if board[a][b] != colour:
                    continue
                group.add((a, b))
                open_cells += [(a + 1, b), (a - 1, b), (a, b + 1), (a, b - 1)]
            seen |= group
            if len(group) > 1:
                found.append(sorted(group))
    return sorted(found, key=lambda group: (-len(group), group))


def after(board, group):
    """The board without the group."""
    taken = set(group)
    columns = [
        [stone for y, stone in enumerate(column) if (x, y) not in taken] for x, column in enumerate(board)
    ]
    return [column for column in columns if column]


def left_over(board):
    """What the stones that remain cost: a group of each colour, as if it could be taken."""
    stones = [stone for column in board for stone in column]
    return sum(max(0, stones.count(colour) - 2) ** 2 for colour in COLOURS)


def finish_greedily(board):
    """Score of always taking the largest group from here on."""
    score = 0
    while moves := groups(board):
        score += (len(moves[0]) - 2) ** 2
        board = after(board, moves[0])
    return score - left_over(board)


def play(index):
    """Takes the group of that index in this world's game."""
    global board, score
    group = groups(board)[index]
    board, score = after(board, group), score + (len(group) - 2) ** 2
    history.append(len(group))


def promise():
    """What this world's game ends with when it is finished greedily."""
    return score + finish_greedily(board)


def picture(width, height):
    rows = range(height - 1, -1, -1)
    return "\n".join(
        " ".join(board[x][y] if x < len(board) and y < len(board[x]) else " " for x in range(width)).rstrip()
        for y in rows
    )
