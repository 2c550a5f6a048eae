/*
 * Answers the scripts in completions/, which have no lists of their own:
 *
 *	gsqstat --complete KIND [WORD]...
 *
 * KIND says what to complete: `options`, or the value of an option, which is then given as it was
 * typed, such as --metric or -m. Any other KIND asks for queue IDs. The WORDs are the arguments
 * before the one that is completed. The first line of the answer is the name of the value, as in
 * --help. Each other line is a word that fits, and may have a tab and a description after it. For
 * an option that takes a value, another tab and the name of the value follow.
 *
 * It uses no network and prints no errors: if something is wrong, there is nothing to complete. It
 * is not in the option table, because it is not meant for users.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <stdbool.h>

/* Answers if the first argument is --complete. False: it is not. */
bool complete(int argc, char **argv);

#endif
