/* SPDX-License-Identifier: MIT */
/*
 * Time by layer and direction of one epoch, which a platform's `profile` tells part by part
 * (docs/PROTOCOL.md, "profile").
 */
#ifndef WORKER_PROFILE_H
#define WORKER_PROFILE_H

/* "conv1" "forward".  seconds >= 0: of all threads, divided by their number, so that the parts add
 * up to the epoch at most. */
void profile_part(const char *layer, const char *direction, double seconds);

/* Send the event with all parts told since the last one.  -1 after error() where it is too long. */
int profile_send(void);

#endif
