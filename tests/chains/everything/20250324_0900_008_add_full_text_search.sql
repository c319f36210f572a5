-- Full-text search: an index beside the books, notes of the desk, scanned pages, and authors by parts of a name.
-- @revises 007

-- @upgrade
-- An index of what another table holds. It knows only what it is told, hence the triggers.
CREATE VIRTUAL TABLE book_search USING fts5 (
    title, note, language UNINDEXED,
    content = 'books', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2 tokenchars '-_'", prefix = '2 3'
);
CREATE TRIGGER book_search_insert AFTER INSERT ON books BEGIN
    INSERT INTO book_search (rowid, title, note, language) VALUES (new.id, new.title, new.note, new.language);
END;
CREATE TRIGGER book_search_delete AFTER DELETE ON books BEGIN
    INSERT INTO book_search (book_search, rowid, title, note, language)
    VALUES ('delete', old.id, old.title, old.note, old.language);
END;
CREATE TRIGGER book_search_update AFTER UPDATE OF title, note, language ON books BEGIN
    INSERT INTO book_search (book_search, rowid, title, note, language)
    VALUES ('delete', old.id, old.title, old.note, old.language);
    INSERT INTO book_search (rowid, title, note, language) VALUES (new.id, new.title, new.note, new.language);
END;
INSERT INTO book_search (book_search) VALUES ('rebuild');
INSERT INTO book_search (book_search, rank) VALUES ('rank', 'bm25(10.0, 2.5)'), ('automerge', 8);

-- One that holds its own text.
CREATE VIRTUAL TABLE desk_notes USING fts5(subject, body, author UNINDEXED, tokenize='porter unicode61', columnsize=0);
INSERT INTO desk_notes (subject, body, author) VALUES
    ('Lost property', 'Two umbrellas; a glove. Ask Ruth''s neighbour.', 'desk'),
    ('Opening', 'We are opening at nine, and were opened at ten.', 'desk');

-- One that holds no text at all, only where a word is.
CREATE VIRTUAL TABLE scanned_pages USING fts5(page_text, content='', contentless_delete=1, detail=none);
INSERT INTO scanned_pages (rowid, page_text) VALUES (1_001, 'the ledger of the salt works'), (1_002, 'the tide tables');
INSERT INTO scanned_pages (scanned_pages) VALUES ('optimize');

-- One that indexes a view, by every three letters. It is rebuilt at night.
CREATE VIEW author_names (id, name) AS SELECT id, trim(given_names || ' ' || family_name) FROM authors;
CREATE VIRTUAL TABLE author_search
USING fts5(name, content=author_names, content_rowid=id, tokenize='trigram case_sensitive 0');
INSERT INTO author_search (author_search) VALUES ('rebuild');

-- And the words themselves, as a table to read.
CREATE VIRTUAL TABLE book_words USING fts5vocab(book_search, 'row');
CREATE TABLE search_suggestions (word TEXT PRIMARY KEY, seen INTEGER NOT NULL, example TEXT) WITHOUT ROWID;
INSERT INTO search_suggestions (word, seen, example)
SELECT w.term, w.doc, (
    SELECT highlight(book_search, 0, '<b>', '</b>')
    FROM book_search
    WHERE book_search MATCH 'title:"' || w.term || '"'
    ORDER BY rank
    LIMIT 1
)
FROM book_words AS w
WHERE length(w.term) > 3
ON CONFLICT DO NOTHING;

-- @downgrade
DROP TABLE search_suggestions;
DROP TABLE book_words;
DROP TABLE author_search;
DROP VIEW author_names;
DROP TABLE scanned_pages;
DROP TABLE desk_notes;
DROP TRIGGER book_search_update;
DROP TRIGGER book_search_delete;
DROP TRIGGER book_search_insert;
DROP TABLE book_search;
