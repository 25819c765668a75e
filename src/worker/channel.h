/* SPDX-License-Identifier: MIT */
/*
 * The channel of a worker: the descriptor that its events go to, one for the whole process.
 *
 * A worker lives only as long as somebody reads its events.  Where the channel is a pipe or a
 * socket, a small thread sleeps until the reader is gone, then ends the worker and, if the worker
 * leads a process group, all of that group.  A terminal or a plain file is never watched: a worker
 * may be tried by hand with --events 1.
 */
#ifndef WORKER_CHANNEL_H
#define WORKER_CHANNEL_H

#include <jansson.h>

/* Before all else.  The descriptor becomes close-on-exec, SIGPIPE is ignored.  -1 after error()
 * where no such descriptor is open for writing. */
int channel_open(int descriptor);

/* Send one event; takes it over.  Ends the process where that cannot be done. */
void channel_send(json_t *event);

#endif
