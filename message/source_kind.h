/* The sources of a run. */
#ifndef MESSAGE_SOURCE_KIND_H
#define MESSAGE_SOURCE_KIND_H

/* SOURCE_UNKNOWN: before the source is chosen, or if only the recording can tell. */
enum source_kind { SOURCE_STREAM, SOURCE_NOTIFICATIONS, SOURCE_UNKNOWN };

/* The words of --source, also in recordings. That of SOURCE_UNKNOWN is NULL. */
extern const char *const source_kind_names[];

#endif
