-- Find links by where they lead.
-- @revises 004

-- @upgrade
CREATE INDEX links_by_url ON links (url);
CREATE INDEX links_by_source ON links (source);

-- @downgrade
DROP INDEX links_by_url;
