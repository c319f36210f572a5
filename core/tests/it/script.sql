/* 001 to 002 * / */
PRAGMA foreign_keys = OFF
; BEGIN IMMEDIATE
; SELECT json_extract('{}', 'revchain: this database has no table revchain_history, and the script starts at 001; nothing was changed')
  WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_master
    WHERE type = 'table' AND name = 'revchain_history' COLLATE NOCASE)
; SELECT json_extract('{}', CASE
  WHEN (SELECT revision FROM main.revchain_history ORDER BY rowid DESC LIMIT 1) IS NOT '001'
  THEN 'revchain: this database is at ' || coalesce((SELECT revision FROM main.revchain_history ORDER BY rowid DESC LIMIT 1), 'base') || ', and the script starts at 001; nothing was changed'
  ELSE 'revchain: the history of this database is not that of the script up to 001, but has another order or other checksums; nothing was changed' END)
  WHERE (SELECT group_concat(revision || ':' || checksum, ' ')
    FROM (SELECT revision, checksum FROM main.revchain_history ORDER BY rowid))
    IS NOT '001:CHECKSUM1'
; CREATE VIEW main.revchain_version AS SELECT 1
; DROP VIEW main.revchain_version

/* 002  Do something. */
; SELECT 1
; INSERT OR REPLACE INTO main.revchain_history (rowid, revision, checksum, origin, applied_at,
               duration_us, program, summary, compatible, revises, upgrade_checksum, downgrade,
               irreversible, code)
             VALUES ((SELECT rowid FROM main.revchain_history WHERE revision = '002'),
               '002', 'CHECKSUM2', 'upgrade', CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER), 0, 'shop 1.0', 'Do something.', 0, '001', 'UPGRADE2', 'SELECT 2;', NULL, NULL)

; SELECT json_extract('{}', 'revchain: a row of ' || "table"
    || ' refers to a row of ' || parent || ' that does not exist; nothing was changed')
  FROM pragma_foreign_key_check('it''s', 'main')
  LIMIT 1
; COMMIT
;
