-- Index the items that the job has raised.
-- @revises 001
-- @requires raise

-- @upgrade
CREATE INDEX items_done ON items (done);

-- @downgrade
DROP INDEX items_done;
