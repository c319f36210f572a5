CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT,
    age INTEGER,
    score REAL,
    avatar BLOB,
    settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TEXT
) STRICT;
CREATE INDEX users_by_name ON users (name) WHERE deleted_at IS NULL;
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    title TEXT NOT NULL,
    body TEXT,
    status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
    views INTEGER NOT NULL DEFAULT 0,
    published_at TEXT,
    word_count INTEGER GENERATED ALWAYS AS (length(body)) STORED
) STRICT;
CREATE INDEX posts_by_user ON posts (user_id, published_at);
CREATE TABLE tags (name TEXT PRIMARY KEY COLLATE NOCASE) STRICT, WITHOUT ROWID;
CREATE TABLE post_tags (
    post_id INTEGER NOT NULL REFERENCES posts (id),
    tag TEXT NOT NULL REFERENCES tags (name),
    PRIMARY KEY (post_id, tag)
) WITHOUT ROWID;
CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES categories (id),
    name TEXT NOT NULL
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    payload TEXT,
    at INTEGER NOT NULL,
    amount NUMERIC
);
CREATE TABLE preferences (key TEXT PRIMARY KEY, value ANY) STRICT;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer TEXT NOT NULL,
    total REAL NOT NULL CHECK (total >= 0),
    paid INT NOT NULL DEFAULT 0,
    note TEXT
) STRICT;
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    price REAL NOT NULL,
    PRIMARY KEY (order_id, line)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT NOT NULL, at TEXT NOT NULL);
CREATE TRIGGER posts_are_audited AFTER UPDATE ON posts BEGIN
    INSERT INTO audit (what, at) VALUES ('post', datetime('now'));
END;
CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, filled TEXT NOT NULL);
CREATE TRIGGER counters_are_filled BEFORE INSERT ON counters WHEN NEW.filled IS NULL BEGIN
    INSERT INTO counters (name, filled) VALUES (NEW.name, 'trigger');
    SELECT RAISE(IGNORE);
END;
CREATE TABLE tolerant (a TEXT NOT NULL ON CONFLICT IGNORE, b TEXT);
CREATE TABLE replacing (a TEXT PRIMARY KEY ON CONFLICT REPLACE, b REAL NOT NULL);
CREATE TABLE guarded (a INTEGER NOT NULL, b TEXT);
CREATE TRIGGER guarded_rejects BEFORE DELETE ON guarded BEGIN
    SELECT RAISE(ABORT, 'rows stay');
END;
CREATE VIEW published AS SELECT id, title, user_id FROM posts WHERE status = 'published';
CREATE VIEW inbox AS SELECT id, title FROM posts;
CREATE TRIGGER inbox_insert INSTEAD OF INSERT ON inbox BEGIN
    INSERT INTO posts (user_id, title) VALUES (1, NEW.title);
END;
CREATE VIRTUAL TABLE docs USING fts5(title, body, content = 'posts', content_rowid = 'id');
CREATE VIRTUAL TABLE notes USING fts5(text, author UNINDEXED, tokenize = 'porter');
CREATE VIRTUAL TABLE boxes USING rtree(id, min_x, max_x, min_y, max_y);
CREATE TABLE "order" ("group" TEXT, "select" INTEGER, "two words" TEXT);
