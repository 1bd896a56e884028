-- Customers and items get tables of their own; the view keeps old queries working.
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
INSERT INTO customers (name) SELECT DISTINCT customer FROM orders ORDER BY customer;
INSERT INTO items (name) SELECT DISTINCT item FROM orders ORDER BY item;
CREATE TABLE facts (id INTEGER PRIMARY KEY, day INTEGER, customer INTEGER, item INTEGER, cents INTEGER);
INSERT INTO facts
  SELECT o.id, o.day, c.id, i.id, o.cents
  FROM orders o JOIN customers c ON c.name = o.customer JOIN items i ON i.name = o.item;
CREATE INDEX facts_by_customer ON facts (customer, day);
CREATE INDEX facts_by_item ON facts (item, day);
DROP TABLE orders;
CREATE VIEW sales AS
  SELECT f.id, f.day, c.name AS customer, i.name AS item, f.cents
  FROM facts f JOIN customers c ON c.id = f.customer JOIN items i ON i.id = f.item;
VACUUM;
