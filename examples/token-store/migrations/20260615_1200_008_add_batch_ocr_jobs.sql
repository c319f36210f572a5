-- Add batch OCR jobs.
-- @revises 007

-- @upgrade
CREATE TABLE batch_ocr_jobs (
    user_id TEXT NOT NULL,
    doc_id TEXT NOT NULL,
    doc_type TEXT NOT NULL,
    etag TEXT NOT NULL,
    job_id TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, doc_id, doc_type, etag)
);

-- @downgrade
DROP TABLE batch_ocr_jobs;
