/* SPDX-License-Identifier: MIT */
#include "report/arithmetic.h"

#include "core/error.h"
#include "core/model.h"
#include "report/text.h"
#include "results/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of one sample; NAN where the run does not tell its shape. */
static double operations_of(const struct results *results)
{
	const json_t *work = json_object_get(results->run, "work");
	const json_t *shape = json_object_get(work, "shape");
	int64_t filters1, filters2, hidden, fsize;
	struct model model;

	if (!field_integer(shape, "filters1", 1, MODEL_FILTERS_MAX, &filters1) ||
	    !field_integer(shape, "filters2", 1, MODEL_FILTERS_MAX, &filters2) ||
	    !field_integer(shape, "hidden", 1, MODEL_HIDDEN_MAX, &hidden) ||
	    !field_integer(shape, "fsize", 1, MODEL_FSIZE_MAX, &fsize) ||
	    model_init(&model, (struct shape){(int)filters1, (int)filters2, (int)hidden, (int)fsize}))
		return UNMEASURED;
	return 2 * (double)model.multiply_adds_step;
}

/* Of as many threads as a CPU platform had: the measured one, by threads. */
static double peak_of(const struct row *row)
{
	const json_t *peak = json_object_get(row->results->run, "fma_peak");
	const json_t *hello = contestant_hello(row->contestant);
	const char *kind = field_text(hello, "device_kind");
	const double threads = field_number(json_object_get(hello, "options"), "threads");

	int64_t measured;

	if (!kind || strcmp(kind, "cpu") != 0 ||
	    !field_integer(peak, "threads", 1, INT32_MAX, &measured))
		return UNMEASURED;
	return field_number(peak, "flops") * threads / (double)measured;
}

struct arithmetic arithmetic_of(const struct row *row)
{
	const double flops = operations_of(row->results) * row->samples_per_second;
	const double share = flops / peak_of(row);

	return (struct arithmetic){isfinite(flops) ? flops : UNMEASURED,
	                           isfinite(share) ? share : UNMEASURED};
}

/* "187 GFLOP/s (avx2, 2 threads)": of the first run; one of several has a machine of its own. */
static void put_peak(const struct comparison *comparison, FILE *out)
{
	const json_t *peak = json_object_get(comparison->results->run, "fma_peak");
	const char *isa = field_text(peak, "isa");

	fprintf(out, "%.3g GFLOP/s (%s, %g threads)", 1e-9 * field_number(peak, "flops"),
	        isa ? isa : "?", field_number(peak, "threads"));
}

void arithmetic_print(const struct comparison *comparison, FILE *out)
{
	char *text;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	int n = 0;

	if (!line)
		die("out of memory");
	put_peak(comparison, line);
	fputs("; training, counted densely: ", line);
	for (size_t i = 0; i < comparison->n_rows; i++) {
		const struct row *row = &comparison->rows[i];
		const double share = arithmetic_of(row).share;
		if (row->ranked && isfinite(share))
			fprintf(line, "%s%s %.*f%%", n++ ? ", " : "", row->name, share < 0.0995 ? 1 : 0,
			        100 * share);
	}
	fclose(line);
	if (n > 0 && comparison->n_runs == 1)
		text_wrap(out, "peak of multiply-adds: ", text);
	free(text);
}
