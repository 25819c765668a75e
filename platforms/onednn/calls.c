/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include "core/error.h"

void must(dnnl_status_t status, const char *what)
{
	if (status != dnnl_success)
		die("oneDNN %d.%d: %s: %s; try another version, or leave onednn_cpu out",
		    dnnl_version()->major, dnnl_version()->minor, what, dnnl_status2str(status));
}
