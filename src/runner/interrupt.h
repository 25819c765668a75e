/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP, as something to poll for.  SIGPIPE and SIGXFSZ (ulimit -f) are ignored.
 * The first signal asks for an orderly end and is said at once on stderr.  A later one is not queued; but
 * a second SIGINT ends the program there and then, so that a stage that hangs can be left.
 */
#ifndef RUNNER_INTERRUPT_H
#define RUNNER_INTERRUPT_H

void interrupt_catch(void); /* install the handlers; once */
/* While set the first signal ends the program there and then, with exit code 128 + n: for long calculations
 * that nothing is lost with, and that leave nothing behind. */
void interrupt_at_once(int set);
int interrupt_descriptor(void); /* becomes readable, and stays so, after a signal */
int interrupt_signal(void);     /* the signal's number, 0 if there was none */

#endif
