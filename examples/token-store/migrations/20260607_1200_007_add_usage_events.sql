-- Add usage events.
-- @revises 006

-- @upgrade
CREATE TABLE usage_events (
    event_id TEXT PRIMARY KEY,
    occurred_at TIMESTAMP NOT NULL,
    metric TEXT NOT NULL,
    value INTEGER NOT NULL,
    metadata TEXT
);
CREATE INDEX idx_usage_events_occurred_metric ON usage_events (occurred_at, metric);

-- @downgrade
DROP TABLE usage_events;
