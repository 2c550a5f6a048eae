/*
 * What -f names: in which form windows go to standard output or the file of -o.
 */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

/* The last two print no rows, but tables for people and Prometheus text. */
enum format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_PROMETHEUS };

#endif
