-- Give notes their tags.
-- @revises 002

-- @upgrade
CREATE TABLE taggings (
    note INTEGER NOT NULL REFERENCES notes (id),
    tag INTEGER NOT NULL REFERENCES tags (id),
    PRIMARY KEY (note, tag)
);

-- @downgrade
DROP TABLE taggings;
