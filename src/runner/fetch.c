/* SPDX-License-Identifier: MIT */
#include "runner/fetch.h"

#include "core/clock.h"
#include "core/dataset.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/program.h"
#include "runner/download.h"
#include "runner/interrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Amazon's is PyTorch's copy, Google's that of the Common Visual Data Foundation. */
static const char built_in_mirrors[] = "https://ossci-datasets.s3.amazonaws.com/mnist/ "
									   "https://storage.googleapis.com/cvdf-datasets/mnist/";

/* Until the first file is there: all mirrors share it, so that no network is found out within 5 s. */
static const double contact_seconds = 4.5;
/* Of a later file: 12 MB at 20 kB a second. */
static const double file_seconds = 600;
/* What deflate cannot make smaller grows by less than this: 5 bytes in 16,383 and gzip's frame. */
enum { PACKED_MORE = 1 << 16 };

struct fetch {
	char *curl, *folder;
	char **mirrors; /* ends with NULL */
	size_t n_mirrors;
	int64_t began_ns;
	bool force, contacted, unwritable;
	bool fetched[DATASET_FILES];
};

/* ---- may it, and from where ---- */

/* Any other word is taken for a no: it was meant to say something. */
static bool is_allowed(void)
{
	const char *word = getenv("CNNBENCH_DOWNLOAD");
	return !word || !*word || strcmp(word, "yes") == 0;
}

bool fetch_is_due(void)
{
	const char *data = getenv("CNNBENCH_DATA");
	if ((data && *data) || !is_allowed())
		return false;
	char *folder = dataset_find_mnist();
	const bool found = folder;
	free(folder);
	return !found;
}

static int read_mirrors(struct fetch *fetch, char *why, size_t size)
{
	static const char scheme[] = "https://";
	const char *set = getenv("CNNBENCH_MIRRORS");
	char *list = memory_copy(set && *set ? set : built_in_mirrors), *rest = list;
	int result = 0;
	fetch->mirrors = memory_new(strlen(list) / 2 + 2, sizeof(*fetch->mirrors));
	for (char *mirror; !result && (mirror = strsep(&rest, " "));) {
		if (!*mirror)
			continue;
		if (strncmp(mirror, scheme, sizeof(scheme) - 1) != 0) {
			snprintf(why, size,
			         "CNNBENCH_MIRRORS: %s does not begin with %s; set it right, or unset it",
			         mirror, scheme);
			result = -1;
		}
		fetch->mirrors[fetch->n_mirrors++] = memory_copy(mirror);
	}
	free(list);
	if (result || fetch->n_mirrors)
		return result;
	snprintf(why, size, "CNNBENCH_MIRRORS names no mirror; set it right, or unset it");
	return -1;
}

static int find_curl(struct fetch *fetch, char *why, size_t size)
{
	fetch->curl = program_find("curl");
	if (fetch->curl)
		return 0;
	snprintf(
		why, size,
		"MNIST cannot be downloaded: curl is not found in PATH; install curl, or put the four files "
		"into ./data");
	return -1;
}

static int find_folder(struct fetch *fetch, char *why, size_t size)
{
	fetch->folder = dataset_mnist_cache();
	if (fetch->folder)
		return 0;
	snprintf(why, size, "no place for MNIST: set XDG_CACHE_HOME to a folder");
	return -1;
}

static int prepare(struct fetch *fetch, char *why, size_t size)
{
	if (!is_allowed()) {
		snprintf(why, size,
		         "MNIST is not downloaded: CNNBENCH_DOWNLOAD=%s forbids it; unset it to allow it",
		         getenv("CNNBENCH_DOWNLOAD"));
		return -1;
	}
	if (read_mirrors(fetch, why, size) != 0 || find_curl(fetch, why, size) != 0)
		return -1;
	return find_folder(fetch, why, size);
}

/* ---- one file ---- */

static double seconds_left(const struct fetch *fetch, size_t mirror)
{
	const double left = contact_seconds - (double)(clock_ns() - fetch->began_ns) * 1e-9;
	const double share = left / (double)(fetch->n_mirrors - mirror);
	if (fetch->contacted)
		return file_seconds;
	return share > 0.1 ? share : 0.1;
}

static uint8_t *fetch_packed(const struct fetch *fetch, size_t mirror, const struct pinned *file,
                             size_t *size, char *why, size_t why_size)
{
	const char *base = fetch->mirrors[mirror];
	char *url =
		memory_text("%s%s%s.gz", base, base[strlen(base) - 1] == '/' ? "" : "/", file->name);
	const struct download download = {
		.curl = fetch->curl,
		.url = url,
		.limit = file->size + PACKED_MORE,
		.seconds = seconds_left(fetch, mirror),
	};
	uint8_t *packed = download_bytes(&download, size, why, why_size);
	free(url);
	return packed;
}

/* error() itself says what a full disk or the like is. */
static int keep(const struct fetch *fetch, const struct pinned *file, const uint8_t *bytes,
                char *why, size_t why_size)
{
	char *path = files_join(fetch->folder, file->name);
	int result = files_make_folder(fetch->folder);
	if (result == 0)
		result = files_write(path, bytes, file->size);
	if (result != 0)
		snprintf(why, why_size, "it came whole, but could not be written");
	free(path);
	return result;
}

static int fetch_file(struct fetch *fetch, size_t mirror, const struct pinned *file, char *why,
                      size_t why_size)
{
	size_t size;
	uint8_t *packed = fetch_packed(fetch, mirror, file, &size, why, why_size);
	if (!packed)
		return -1;
	uint8_t *bytes = pinned_inflate(file, packed, size, why, why_size);
	free(packed);
	if (!bytes)
		return -1;
	fetch->contacted = true;
	const int result = keep(fetch, file, bytes, why, why_size);
	fetch->unwritable = result != 0; /* no other mirror helps */
	free(bytes);
	return result;
}

/* ---- all files ---- */

static bool is_wanted(const struct fetch *fetch, size_t which)
{
	if (fetch->fetched[which] || fetch->force)
		return !fetch->fetched[which];
	char *path = files_join(fetch->folder, dataset_mnist_files[which].name);
	const bool intact = pinned_is_intact(&dataset_mnist_files[which], path);
	free(path);
	return !intact;
}

/* All that is wanted still.  -1: `why` names the file. */
static int fetch_from(struct fetch *fetch, size_t mirror, char *why, size_t why_size)
{
	for (size_t i = DATASET_FILES; i-- > 0;) { /* the smallest is the last */
		char reason[FETCH_WHY_SIZE / 2];
		const struct pinned *file = &dataset_mnist_files[i];
		if (!is_wanted(fetch, i))
			continue;
		if (fetch_file(fetch, mirror, file, reason, sizeof(reason)) != 0) {
			snprintf(why, why_size, "%s, %s.gz: %s", fetch->mirrors[mirror], file->name, reason);
			return -1;
		}
		fetch->fetched[i] = true;
	}
	return 0;
}

static const char advice[] =
	"try again later, or put its four files, from anywhere, into ./data or where CNNBENCH_DATA says";

static int fetch_all(struct fetch *fetch, char *why, size_t why_size)
{
	char reason[FETCH_WHY_SIZE / 2 + 512];
	for (size_t i = 0; i < fetch->n_mirrors; i++) {
		if (fetch_from(fetch, i, reason, sizeof(reason)) == 0)
			return 0;
		if (interrupt_signal() || fetch->unwritable)
			break;
		if (i + 1 < fetch->n_mirrors)
			note("%s; trying the next mirror", reason);
	}
	snprintf(why, why_size, "MNIST could not be downloaded: %s; %s", reason,
	         fetch->unwritable ? "set XDG_CACHE_HOME to another place" : advice);
	return -1;
}

static void fetch_free(struct fetch *fetch)
{
	if (fetch->mirrors)
		memory_free_words(fetch->mirrors);
	free(fetch->folder);
	free(fetch->curl);
}

int fetch_mnist(bool force, char *why, size_t why_size)
{
	struct fetch fetch = {.force = force, .began_ns = clock_ns()};
	int result = prepare(&fetch, why, why_size);
	if (result == 0)
		result = fetch_all(&fetch, why, why_size);
	fetch_free(&fetch);
	return result;
}
