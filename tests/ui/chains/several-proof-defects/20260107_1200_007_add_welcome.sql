-- Welcome a new user with a link.
-- @revises 006

-- @upgrade
INSERT INTO links (id, source, url) VALUES (1, 1, 'https://example.org/welcome');

-- @downgrade
DELETE FROM links WHERE id = 1;
