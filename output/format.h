/*
 * The formats of -f: how windows are printed on standard output or in the file of -o.
 */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

/* The first two print rows, the others a table for people and Prometheus text. */
enum format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_PROMETHEUS };

#endif
