/* SPDX-License-Identifier: MIT */
#include "report/gnuplot.h"

#include "core/clock.h"
#include "core/files.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What it prints; in the same folder as the plot's files. */
#define PRINTED "printed"

enum { PICTURE_MAX = 64 << 20, PRINTED_MAX = 1 << 20 };

static const struct timespec nap = {0, 5 * 1000 * 1000};

static const char install[] =
	"install gnuplot (apt-get install gnuplot-nox, dnf install gnuplot-minimal, "
	"brew install gnuplot)";

/* Finding programs, fonts and their caches; all else could only change the picture. */
static const char *const kept_names[] = {
	"PATH",
	"HOME",
	"TMPDIR",
	"XDG_CACHE_HOME",
	"LD_LIBRARY_PATH",
	"FONTCONFIG_FILE",
	"FONTCONFIG_PATH",
};

enum { KEPT = sizeof(kept_names) / sizeof(*kept_names) };

/* Numbers with a point, whatever the user's language; free() with memory_free_words. */
static char **make_environment(void)
{
	char **environment = memory_new(KEPT + 2, sizeof(*environment));
	size_t n = 0;

	for (size_t i = 0; i < KEPT; i++) {
		const char *value = getenv(kept_names[i]);
		if (value)
			environment[n++] = memory_text("%s=%s", kept_names[i], value);
	}
	environment[n] = memory_copy("LC_ALL=C");
	return environment;
}

static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, usual;
	const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD};

	sigemptyset(&none);
	sigemptyset(&usual);
	for (size_t i = 0; i < sizeof(handled) / sizeof(*handled); i++)
		sigaddset(&usual, handled[i]);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(attributes, &usual);
	posix_spawnattr_setsigmask(attributes, &none);
}

/* In this program's process group: ^C ends both.  An error number. */
static int spawn(pid_t *pid, const char *folder)
{
	/* -d: without the settings of the user and of the system */
	static char program[] = "gnuplot", plain[] = "-d", script[] = PLOT_SCRIPT;
	char *const arguments[] = {program, plain, script, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	if (posix_spawn_file_actions_init(&actions))
		return ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	char **environment = make_environment();
	set_attributes(&attributes);
	int code = posix_spawn_file_actions_addchdir_np(&actions, folder);
	code = code ? code : posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	code = code ? code
	            : posix_spawn_file_actions_addopen(&actions, 1, PRINTED,
	                                               O_WRONLY | O_CREAT | O_APPEND, 0600);
	code = code ? code : posix_spawn_file_actions_adddup2(&actions, 1, 2);
	code = code ? code : posix_spawnp(pid, program, &actions, &attributes, arguments, environment);
	memory_free_words(environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

/* False: it had to be killed. */
static bool wait_for_end(pid_t pid, int seconds, int *status)
{
	const int64_t deadline = clock_ns() + seconds * INT64_C(1000000000);
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		if (clock_ns() >= deadline) {
			kill(pid, SIGKILL);
			while (waitpid(pid, status, 0) < 0 && errno == EINTR)
				;
			return false;
		}
		nanosleep(&nap, NULL);
	}
	return true;
}

/* The first line of what it printed that says something: below are a copy of the command and a mark. */
static void tell_printed(const char *folder, char *why)
{
	char *path = files_join(folder, PRINTED);
	char *text = files_is_regular(path) ? files_read(path, PRINTED_MAX, NULL) : NULL;
	char *best = text ? text : (char[]){""};

	for (char *line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n"))
		if (line[strspn(line, " \t^")])
			best = line;
	snprintf(why, GNUPLOT_WHY, "gnuplot failed: %.900s", *best ? best : "it printed nothing");
	free(text);
	free(path);
}

static int refuse_start(int code, char *why)
{
	snprintf(why, GNUPLOT_WHY, "gnuplot cannot be started (%s): %s", strerror(code), install);
	return -1;
}

static int run(const char *folder, enum plot_format format, int seconds, char *why)
{
	int status = 0;
	pid_t pid;
	const int code = spawn(&pid, folder);

	if (code)
		return refuse_start(code, why);
	if (!wait_for_end(pid, seconds, &status)) {
		snprintf(why, GNUPLOT_WHY, "gnuplot had not finished after %d s and was ended", seconds);
		return -1;
	}
	/* posix_spawn(3): where it comes to be known too late that there is no program */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return refuse_start(ENOENT, why);
	char *path = files_join(folder, PLOT_PICTURE);
	const bool drawn = WIFEXITED(status) && WEXITSTATUS(status) == 0 && files_is_regular(path);
	free(path);
	if (drawn)
		return 0;
	tell_printed(folder, why);
	if (strstr(why, "no terminal for"))
		snprintf(why, GNUPLOT_WHY, "this gnuplot cannot write %s: %s",
		         format == PLOT_PNG ? "PNG" : "SVG", install);
	return -1;
}

static int write_files(const struct plot *plot, const char *folder)
{
	int result = 0;

	for (size_t i = 0; i < PLOT_FILES && !result; i++) {
		char *path = files_join(folder, plot->files[i].name);
		FILE *file = fopen(path, "wx");
		if (!file)
			result = -1;
		else if (fwrite(plot->files[i].text, 1, plot->files[i].size, file) != plot->files[i].size)
			result = -1;
		if (file && fclose(file))
			result = -1;
		free(path);
	}
	return result;
}

/* PNG (ISO/IEC 15948, 5.2) or XML. */
static bool is_picture(enum plot_format format, const char *bytes, size_t size)
{
	const char *magic = format == PLOT_PNG ? "\x89PNG\r\n\x1a\n" : "<?xml";

	return size > strlen(magic) && memcmp(bytes, magic, strlen(magic)) == 0;
}

static int draw_in(const struct plot *plot, const char *folder, int seconds, char **picture,
                   size_t *size, char *why)
{
	if (write_files(plot, folder)) {
		snprintf(why, GNUPLOT_WHY, "%s: cannot write there: %s", folder, strerror(errno));
		return -1;
	}
	if (run(folder, plot->format, seconds, why))
		return -1;
	char *path = files_join(folder, PLOT_PICTURE);
	*picture = files_read(path, PICTURE_MAX, size);
	free(path);
	if (*picture && is_picture(plot->format, *picture, *size))
		return 0;
	tell_printed(folder, why);
	free(*picture);
	*picture = NULL;
	return -1;
}

int gnuplot_draw(const struct plot *plot, int seconds, char **picture, size_t *size,
                 char why[GNUPLOT_WHY])
{
	const char *temp = getenv("TMPDIR");
	char *folder = memory_text("%s/cnnbench-plot.XXXXXX", temp && *temp ? temp : "/tmp");
	int result = -1;

	*picture = NULL;
	if (!mkdtemp(folder)) {
		snprintf(why, GNUPLOT_WHY, "no temporary folder (%s): %s; set TMPDIR to another place",
		         folder, strerror(errno));
	} else {
		result = draw_in(plot, folder, seconds, picture, size, why);
		files_remove_folder(folder);
	}
	free(folder);
	return result;
}
