-- Add payments, and a view of what is open.
-- @revises 001

-- @upgrade
CREATE TABLE payments (invoice INTEGER NOT NULL REFERENCES invoices (id), cents INTEGER NOT NULL);
CREATE VIEW IF NOT EXISTS open_invoices AS
  SELECT i.id, i.cents - coalesce((SELECT sum(p.cents) FROM payments p WHERE p.invoice = i.id), 0) AS cents
  FROM invoices i;
CREATE TRIGGER no_payment_is_negative BEFORE INSERT ON payments WHEN new.cents < 0
  BEGIN SELECT raise(ABORT, 'a payment is not negative'); END;

-- @downgrade
DROP VIEW open_invoices;
DROP TABLE payments;
