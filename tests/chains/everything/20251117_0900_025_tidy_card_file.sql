-- Tidy the card file: one column less, two with better names.
-- @revises 024
-- @destroys cards."weight in grams" no card was ever weighed
--
-- Whoever renames or drops a column has SQLite turn what stands in double quotes and is a string, in whatever table,
-- view, index or trigger of the schema, into a string in single quotes. It stays one when this is reverted.

-- @upgrade
ALTER TABLE cards RENAME COLUMN no TO number;
ALTER TABLE cards RENAME COLUMN "typed at" TO typed_at;
ALTER TABLE cards DROP COLUMN "weight in grams";

-- @downgrade
ALTER TABLE cards ADD COLUMN "weight in grams" double precision DEFAULT -.5e+2;
ALTER TABLE cards RENAME COLUMN typed_at TO "typed at";
ALTER TABLE cards RENAME COLUMN number TO no;
