-- The table stays as it is and gets two indexes.
CREATE INDEX orders_by_customer ON orders (customer, day);
CREATE INDEX orders_by_item ON orders (item, day);
CREATE VIEW sales AS SELECT * FROM orders;
VACUUM;
