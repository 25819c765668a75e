/* SPDX-License-Identifier: MIT */
#include "cli/live.h"

#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NARROWEST = 20 };

struct live {
	bool on;
	size_t shown; /* columns */
};

struct live *live_new(bool quiet)
{
	struct live *live = memory_new(1, sizeof(*live));
	const char *terminal = getenv("TERM");
	live->on = !quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
	return live;
}

bool live_is_on(const struct live *live)
{
	return live->on;
}

static size_t terminal_width(void)
{
	struct winsize window;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col < NARROWEST)
		return 80;
	return window.ws_col;
}

/* Blanks instead of an escape sequence wipe what was longer before. */
void live_show(struct live *live, const char *line)
{
	if (!live->on)
		return;
	char *text = memory_visible(line);
	const size_t width = terminal_width() - 1, length = strlen(text);
	size_t cut = length < width ? length : width;
	while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80) /* inside a character of UTF-8 */
		cut--;
	const size_t before = live->shown < width ? live->shown : width;
	text[cut] = '\0';
	fprintf(stderr, "\r%s%*s", text, before > cut ? (int)(before - cut) : 0, "");
	fflush(stderr);
	live->shown = cut;
	free(text);
}

void live_wipe(struct live *live)
{
	if (!live->on || live->shown == 0)
		return;
	live_show(live, "");
	fputc('\r', stderr);
	fflush(stderr);
	live->shown = 0;
}

void live_free(struct live *live)
{
	if (live)
		live_wipe(live);
	free(live);
}
