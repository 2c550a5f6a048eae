-- Tables for the CSV of gsqstat in SQLite, and views that answer the usual questions.
--
--   sqlite3 queues.db <sqlite.sql
--   gsqstat --queue-name 'Support*' -w 5m -f csv -o rows.csv -s
--   sqlite3 queues.db '.import --csv --skip 1 rows.csv notification_rows'
--
-- Rows of the stream go into stream_rows. With -Q and names, or with --label, the CSV has one column
-- more at its end: add it to the table then.

CREATE TABLE stream_rows (
	"window" int, start text, "end" text, partial text, coverage real, queueId text,
	metric text, count int, last real, min real, max real, mean real, stddev real, p50 real,
	p90 real, p95 real, p99 real, updates int, outlier int, stale int, duplicate int,
	invalid int, startMs int, endMs int
);
CREATE INDEX stream_rows_start ON stream_rows (start, queueId);

CREATE TABLE notification_rows (
	"window" int, start text, "end" text, partial text, coverage real, queueId text,
	metric text, count int, last real, min real, max real, mean real, stddev real, p50 real,
	p90 real, p95 real, p99 real, updates int, outlier int, stale int, duplicate int,
	invalid int, startMs int, endMs int,
	mediaType text, queueName text, carried text, observedMs real, events int, total real,
	delta real
);
CREATE INDEX notification_rows_start ON notification_rows (start, queueId);

-- An empty cell of CSV is an empty text in SQLite: `+ 0` would make it a 0, so it is left out.

-- What came in each half hour and was abandoned, by queue. Deltas can be added up; totals cannot.
CREATE VIEW half_hours AS
SELECT datetime(startMs / 1800000 * 1800, 'unixepoch') AS half_hour, queueName AS queue,
	sum(delta) FILTER (WHERE metric = 'nOffered.count' AND delta <> '') AS offered,
	sum(delta) FILTER (WHERE metric = 'tAbandon.count' AND delta <> '') AS abandoned
FROM notification_rows
WHERE mediaType <> ''
GROUP BY 1, 2;

-- The service level of each queue at the end of each window: all media types together, of the half
-- hour so far.
CREATE VIEW service_levels AS
SELECT "end", queueName AS queue,
	sum(last) FILTER (WHERE metric = 'oServiceLevel.numerator' AND last <> '')
	/ nullif(sum(last) FILTER (WHERE metric = 'oServiceLevel.denominator' AND last <> ''), 0.0)
	AS service_level
FROM notification_rows
WHERE metric IN ('oServiceLevel.numerator', 'oServiceLevel.denominator')
GROUP BY 1, 2;

-- The worst window of each day and queue, by customers who waited at once. SQLite takes start from
-- the row that has the maximum.
CREATE VIEW worst_waits AS
SELECT substr(start, 1, 10) AS day, queueName AS queue, start, max(max) AS waiting
FROM notification_rows
WHERE metric = 'oWaiting.count' AND mediaType = '' AND max <> ''
GROUP BY 1, queueId;

-- The stream: mean wait of customers by hour, weighted by the number of values.
CREATE VIEW stream_waits AS
SELECT substr(start, 1, 13) || ':00:00Z' AS hour, queueId AS queue_id,
	sum(mean * count) / sum(count) AS mean_wait_ms, max(max) AS longest_mean_wait_ms
FROM stream_rows
WHERE metric = 'waitTime.avg' AND count > 0
GROUP BY 1, 2;
