-- Search by stems: the index of books anew with another tokenizer, the desk's notes under another name.
-- @revises 018

-- @upgrade
-- The options of a virtual table cannot be altered. The text is in `books`, so nothing is lost with the old one.
DROP TABLE book_words;
DROP TRIGGER book_search_update;
DROP TRIGGER book_search_delete;
DROP TRIGGER book_search_insert;
DROP TABLE book_search;

CREATE VIRTUAL TABLE book_search USING fts5 (
    title, note, language UNINDEXED,
    content = 'books', content_rowid = 'id',
    tokenize = "porter unicode61 remove_diacritics 2", detail = 'column'
);
INSERT INTO book_search (book_search) VALUES ('rebuild');
CREATE VIRTUAL TABLE book_words USING fts5vocab(book_search, col);

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
INSERT INTO book_search (book_search, rank) VALUES ('integrity-check', 1);

-- With a virtual table, the tables that it is made of get new names.
ALTER TABLE desk_notes RENAME TO notes_of_the_desk;
ALTER TABLE floor_plan RENAME TO "floor plan";
UPDATE notes_of_the_desk SET body = replace(body, 'glove', 'pair of gloves')
WHERE notes_of_the_desk MATCH 'subject: lost AND body: glove*';
UPDATE shelves SET width = 0.9 WHERE id IN (SELECT shelf_id FROM "floor plan" WHERE min_x >= 3.0 AND floor < 0);

-- @downgrade
UPDATE shelves SET width = 0.8 WHERE width = 0.9;
UPDATE notes_of_the_desk SET body = replace(body, 'pair of gloves', 'glove')
WHERE notes_of_the_desk MATCH '"pair of gloves"';
ALTER TABLE "floor plan" RENAME TO floor_plan;
ALTER TABLE notes_of_the_desk RENAME TO desk_notes;

DROP TRIGGER book_search_update;
DROP TRIGGER book_search_delete;
DROP TRIGGER book_search_insert;
DROP TABLE book_words;
DROP TABLE book_search;

CREATE VIRTUAL TABLE book_search USING fts5 (
    title, note, language UNINDEXED,
    content = 'books', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2 tokenchars '-_'", prefix = '2 3'
);
INSERT INTO book_search (book_search) VALUES ('rebuild');
INSERT INTO book_search (book_search, rank) VALUES ('rank', 'bm25(10.0, 2.5)'), ('automerge', 8);
CREATE VIRTUAL TABLE book_words USING fts5vocab(book_search, 'row');
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
