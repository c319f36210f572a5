-- Create the invoices.
-- @revises base

-- @upgrade
CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE INDEX invoices_by_customer ON invoices (customer);
INSERT INTO invoices (customer, cents) VALUES ('the first customer', 0);

-- @downgrade
DROP TABLE invoices;
