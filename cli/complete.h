/*
 * Answers the scripts in completions/, which have no lists of their own:
 *
 *	gsqstat --complete KIND [WORD]...
 *
 * KIND is `options`, or an option whose value is to be completed, as it is on the command line; any
 * other text stands for a queue ID. The WORDs are the command line before that. The first line of
 * the answer is the name of the value, as in --help. Each line after it is a word that fits. A tab
 * and a description may follow, and for an option with a value a tab and the name of its value.
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
