/* SPDX-License-Identifier: MIT */
#include "cli/trial.h"

#include "cli/live.h"
#include "core/event.h"
#include "core/files.h"
#include "core/memory.h"
#include "runner/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is seen of it ---- */

static void tell_begin(struct trial *trial, const struct follow_order *order)
{
	char line[256];

	snprintf(line, sizeof(line), "[%zu/%zu] %s", ++trial->begun,
	         session_count_ready(&trial->session), order->candidate->label);
	live_show(trial->live, line);
}

/* Its name was found to be a plain one. */
static void keep_path(struct trial *trial, const struct follow_order *order, const char *file)
{
	char **place = &trial->weights[order->candidate - trial->session.selection.items];

	free(*place);
	*place = memory_text("%s/out-%d/%s", order->results, order->process, file);
}

static void on_event(void *context, const struct follow_order *order, const json_t *event)
{
	struct trial *trial = context;
	const char *kind = event_text(event, "event");

	if (strcmp(kind, "hello") == 0)
		tell_begin(trial, order);
	else if (strcmp(kind, "end") == 0 && strcmp(event_text(event, "span"), "verify") == 0)
		keep_path(trial, order, event_text(event, "file"));
}

/* ---- its stages ---- */

static int make_temporary(struct trial *trial)
{
	const char *parent = getenv("TMPDIR");

	trial->temporary = files_join(parent && *parent == '/' ? parent : "/tmp", "cnnbench.XXXXXX");
	if (mkdtemp(trial->temporary))
		return EXIT_FINE;
	error("%s: cannot make this folder: %s; set TMPDIR to a folder that can be written",
	      trial->temporary, strerror(errno));
	free(trial->temporary);
	trial->temporary = NULL;
	return EXIT_USAGE;
}

static int open_folder(struct trial *trial)
{
	struct session *session = &trial->session;

	if (!session->plan.log_dir) {
		if (make_temporary(trial) != EXIT_FINE)
			return EXIT_USAGE;
		session->plan.log_dir = trial->temporary;
	}
	return session_open(session);
}

static int train(struct trial *trial)
{
	const struct observer observer = {trial, on_event, NULL};

	trial->weights = memory_new(trial->session.selection.count, sizeof(*trial->weights));
	const int code = session_train(&trial->session, &observer);
	live_wipe(trial->live);
	return code;
}

static int read_results(struct trial *trial)
{
	if (results_read(&trial->results, trial->session.folder) != 0)
		return EXIT_INTERNAL;
	trial->held = true;
	return EXIT_FINE;
}

static int find(struct trial *trial)
{
	return session_find(&trial->session);
}

static int select_platforms(struct trial *trial)
{
	return session_select(&trial->session);
}

static int check_ready(struct trial *trial)
{
	return session_check_ready(&trial->session);
}

static int prepare(struct trial *trial)
{
	return session_prepare(&trial->session);
}

int trial_hold(struct trial *trial, const struct session_plan *plan)
{
	static int (*const stages[])(struct trial *) = {
		find, select_platforms, check_ready, prepare, open_folder, train, read_results};
	*trial = (struct trial){.session = {.plan = *plan}, .live = live_new(plan->quiet)};
	trial->session.plan.work.epochs = 0;
	trial->session.plan.runs = 1;
	trial->session.plan.min_time = 0;
	trial->session.plan.keep_weights = true;
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages) && !interrupt_signal(); i++) {
		const int code = stages[i](trial);
		if (code != EXIT_FINE)
			return code;
	}
	return EXIT_FINE;
}

/* ---- */

const json_t *trial_certificate(const struct contestant *contestant)
{
	const json_t *certificate = NULL;

	if (contestant->n_executions > 0)
		certificate = json_object_get(contestant->executions[0].exit, "certificate");
	return json_is_object(certificate) ? certificate : NULL;
}

void trial_free(struct trial *trial)
{
	for (size_t i = 0; trial->weights && i < trial->session.selection.count; i++)
		free(trial->weights[i]);
	free(trial->weights);
	if (trial->held)
		results_free(&trial->results);
	session_free(&trial->session);
	live_free(trial->live);
	if (trial->temporary && files_remove_folder(trial->temporary) != 0)
		warning("%s: remove this folder yourself", trial->temporary);
	free(trial->temporary);
}
