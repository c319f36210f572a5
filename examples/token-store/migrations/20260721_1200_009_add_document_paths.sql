-- Add the paths of documents.
-- @revises 008

-- @upgrade
CREATE TABLE document_paths (
    doc_type TEXT NOT NULL,
    doc_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    file_path TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (doc_type, doc_id, user_id)
);
CREATE INDEX ix_document_paths_user_doc ON document_paths (user_id, doc_type, doc_id);

-- @downgrade
DROP TABLE document_paths;
