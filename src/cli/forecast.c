/* SPDX-License-Identifier: MIT */
#include "cli/forecast.h"

#include "core/memory.h"
#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

double pace_seconds(const struct pace *pace)
{
	return isnan(pace->measured) ? pace->expected : pace->measured;
}

static double median_of_known(const struct pace *paces, size_t count)
{
	double *seconds = memory_new(count, sizeof(*seconds));
	for (size_t i = 0; i < count; i++)
		seconds[i] = pace_seconds(&paces[i]);
	const double median = statistics_spread(seconds, count).median;
	free(seconds);
	return median;
}

struct forecast forecast_processes(const struct pace *paces, size_t count)
{
	const double median = median_of_known(paces, count);
	struct forecast forecast = {0, false};
	for (size_t i = 0; i < count; i++) {
		const double seconds = pace_seconds(&paces[i]);
		if (paces[i].processes == 0)
			continue;
		forecast.seconds += paces[i].processes * (isnan(seconds) ? median : seconds);
		forecast.assumed = forecast.assumed || isnan(seconds);
	}
	return forecast;
}
