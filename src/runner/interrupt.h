/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP, as something to poll for.  SIGPIPE is ignored.
 * The first signal asks for an orderly end and is said at once on stderr; a second one is not queued.
 */
#ifndef RUNNER_INTERRUPT_H
#define RUNNER_INTERRUPT_H

void interrupt_catch(void);     /* install the handlers; once */
int interrupt_descriptor(void); /* becomes readable, and stays so, after a signal */
int interrupt_signal(void);     /* the signal's number, 0 if there was none */

#endif
