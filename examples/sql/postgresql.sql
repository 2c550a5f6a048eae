-- Tables for the CSV of gsqstat in PostgreSQL, and views that answer the usual questions.
--
--   psql -f postgresql.sql
--   gsqstat --queue-name 'Support*' -w 5m -f csv -o rows.csv -s
--   psql -c "\copy notification_rows FROM rows.csv CSV HEADER"
--
-- Rows of the stream go into stream_rows. With -Q and names, or with --label, the CSV has one column
-- more at its end: name the columns then, as in gsqstat-cookbook(7).

CREATE TABLE stream_rows (
	"window" int, start timestamptz, "end" timestamptz, partial bool, coverage float8,
	"queueId" uuid, metric text, count bigint, last float8, min float8, max float8, mean float8,
	stddev float8, p50 float8, p90 float8, p95 float8, p99 float8, updates bigint,
	outlier bigint, stale bigint, duplicate bigint, invalid bigint, "startMs" bigint,
	"endMs" bigint
);
CREATE INDEX ON stream_rows (start, "queueId");

CREATE TABLE notification_rows (
	LIKE stream_rows,
	"mediaType" text, "queueName" text, carried bool, "observedMs" float8, events bigint,
	total float8, delta float8
);
CREATE INDEX ON notification_rows (start, "queueId");

-- What came in each half hour and was abandoned, by queue. Deltas can be added up; totals cannot.
CREATE VIEW half_hours AS
SELECT to_timestamp(floor("startMs" / 1800000.0) * 1800) AS half_hour, "queueName" AS queue,
	sum(delta) FILTER (WHERE metric = 'nOffered.count') AS offered,
	sum(delta) FILTER (WHERE metric = 'tAbandon.count') AS abandoned
FROM notification_rows
WHERE "mediaType" <> ''
GROUP BY 1, 2;

-- The service level of each queue at the end of each window: all media types together, of the half
-- hour so far.
CREATE VIEW service_levels AS
SELECT "end", "queueName" AS queue,
	sum(last) FILTER (WHERE metric = 'oServiceLevel.numerator')
	/ nullif(sum(last) FILTER (WHERE metric = 'oServiceLevel.denominator'), 0) AS service_level
FROM notification_rows
WHERE metric IN ('oServiceLevel.numerator', 'oServiceLevel.denominator')
GROUP BY 1, 2;

-- The worst window of each day and queue, by customers who waited at once.
CREATE VIEW worst_waits AS
SELECT DISTINCT ON (start::date, "queueId") start::date AS day, "queueName" AS queue, start,
	max AS waiting
FROM notification_rows
WHERE metric = 'oWaiting.count' AND ("mediaType" IS NULL OR "mediaType" = '')
ORDER BY start::date, "queueId", max DESC NULLS LAST, start;

-- The stream: mean wait of customers by hour, weighted by the number of values.
CREATE VIEW stream_waits AS
SELECT date_trunc('hour', start) AS hour, "queueId" AS queue_id,
	sum(mean * count) / sum(count) AS mean_wait_ms, max(max) AS longest_mean_wait_ms
FROM stream_rows
WHERE metric = 'waitTime.avg' AND count > 0
GROUP BY 1, 2;
