-- Turn the separator of scopes from a colon into a dot: notes:read becomes notes.read.
-- @revises 003
--
-- Scopes are JSON arrays of strings. Only words joined by one separator are touched: not `openid`, which has none,
-- nor a scope that is a URL. Nulls, which mean all scopes, and what is no array stay as they are.

-- @upgrade
UPDATE app_passwords
SET scopes = (
    SELECT json_group_array(
        CASE WHEN value GLOB '?*:?*' AND value NOT GLOB '*[^a-zA-Z0-9_:-]*' AND value NOT GLOB '*:*:*'
             THEN replace(value, ':', '.') ELSE value END)
    FROM json_each(app_passwords.scopes)
)
WHERE CASE WHEN json_valid(scopes) THEN json_type(scopes) = 'array' END AND scopes LIKE '%:%';

UPDATE login_flow_sessions
SET requested_scopes = (
    SELECT json_group_array(
        CASE WHEN value GLOB '?*:?*' AND value NOT GLOB '*[^a-zA-Z0-9_:-]*' AND value NOT GLOB '*:*:*'
             THEN replace(value, ':', '.') ELSE value END)
    FROM json_each(login_flow_sessions.requested_scopes)
)
WHERE CASE WHEN json_valid(requested_scopes) THEN json_type(requested_scopes) = 'array' END AND requested_scopes LIKE '%:%';

-- @downgrade
UPDATE app_passwords
SET scopes = (
    SELECT json_group_array(
        CASE WHEN value GLOB '?*.?*' AND value NOT GLOB '*[^a-zA-Z0-9_.-]*' AND value NOT GLOB '*.*.*'
             THEN replace(value, '.', ':') ELSE value END)
    FROM json_each(app_passwords.scopes)
)
WHERE CASE WHEN json_valid(scopes) THEN json_type(scopes) = 'array' END AND scopes LIKE '%.%';

UPDATE login_flow_sessions
SET requested_scopes = (
    SELECT json_group_array(
        CASE WHEN value GLOB '?*.?*' AND value NOT GLOB '*[^a-zA-Z0-9_.-]*' AND value NOT GLOB '*.*.*'
             THEN replace(value, '.', ':') ELSE value END)
    FROM json_each(login_flow_sessions.requested_scopes)
)
WHERE CASE WHEN json_valid(requested_scopes) THEN json_type(requested_scopes) = 'array' END AND requested_scopes LIKE '%.%';
