/*
 * InfluxDB output (-f influx): the rows of a closed window in the line protocol. A line for each
 * series, and one for the other numbers of each queue:
 *
 *   gsqstat,field=count,media=voice,metric=oWaiting,queue_id=…,queue_name=… last=3,mean=2.5 NS
 *
 * An agent's status or presence is a tag. Fields are statistics, always floats, in the units of
 * rows; the time is the window's end in ns. What is null is left out. Appends to memory; writer.h
 * writes.
 */
#ifndef OUTPUT_INFLUX_H
#define OUTPUT_INFLUX_H

#include <stdbool.h>

#include "util/buf.h"
#include "window/row.h"

/* Appends the window. False: out of memory. */
bool influx_put(struct buf *out, const struct row_window *w);

#endif
