/* What the environment says about the terminal. */
#ifndef UTIL_TERMINAL_H
#define UTIL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* $COLUMNS, the width that a shell sets; 0: it is not set. */
size_t terminal_columns(void);

/* Whether the terminal understands cursor movement. */
bool terminal_is_smart(void);
/* Whether it understands colours, and the user wants them. */
bool terminal_has_colours(void);

#endif
