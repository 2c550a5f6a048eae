/*
 * The formats of -f, in which rows are written to standard output or to the file of -o.
 */
#ifndef OUTPUT_FORMAT_H
#define OUTPUT_FORMAT_H

/* NDJSON and CSV are for programs that read rows, the table is for people, the others are for
 * databases. */
enum format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_TABLE, FORMAT_PROMETHEUS, FORMAT_INFLUX };

#endif
