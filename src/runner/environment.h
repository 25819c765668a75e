/* SPDX-License-Identifier: MIT */
/*
 * The environment that workers get: a documented list of names (docs/METHOD.md) and nothing else,
 * so that a shell's settings do not change what is measured.
 */
#ifndef RUNNER_ENVIRONMENT_H
#define RUNNER_ENVIRONMENT_H

#include <stddef.h>

/*
 * `kept`: the NULL-terminated environment for a worker.  `removed`: the names, sorted, of variables
 * that are known to change a result and were taken out (OMP_*, MKL_*, OPENBLAS_*, MALLOC_*, LD_PRELOAD,
 * PYTHON*, ...), for the record and the user; others vanish without a word.
 */
struct environment {
	char **kept;
	char **removed;
	size_t n_removed;
};

/* `from`: NULL-terminated as environ(7), or NULL: this process's own. */
void environment_cut(struct environment *environment, char *const *from);
void environment_free(struct environment *environment); /* a zeroed one, too */

#endif
