"""A shop's database with two years of orders, an open connection included."""

import random
import sqlite3

dice = random.Random(2024)
db = sqlite3.connect("shop.db")
db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, day INTEGER, customer TEXT, item TEXT, cents INTEGER)")
db.executemany(
    "INSERT INTO orders (day, customer, item, cents) VALUES (?, ?, ?, ?)",
    (
        (
            dice.randrange(730),
            f"customer {dice.randrange(500)} of a street with a long name",
            dice.choice(["tea", "coffee", "mate", "cocoa"]),
            dice.randrange(100, 5000),
        )
        for _ in range(8000)
    ),
)
db.commit()

QUESTIONS = [
    "SELECT sum(cents) FROM sales WHERE customer = 'customer 7 of a street with a long name'",
    "SELECT sum(cents) FROM sales WHERE day BETWEEN 100 AND 107 AND item = 'mate'",
    "SELECT count(*) FROM sales WHERE customer = 'customer 99 of a street with a long name' AND day > 365",
]


def steps(question):
    """Instructions of SQLite's machine that answering takes: the same on every computer, unlike time."""
    ticks = 0

    def tick():
        nonlocal ticks
        ticks += 1

    db.set_progress_handler(tick, 1)
    answer = db.execute(question).fetchone()[0]
    db.set_progress_handler(None, 0)
    return answer, ticks


def exam():
    """Answers to the questions, what they cost together, and the size of the database in bytes."""
    results = [steps(question) for question in QUESTIONS]
    pages, page_size = (db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
    return [answer for answer, _ in results], sum(cost for _, cost in results), pages * page_size
