/* SPDX-License-Identifier: MIT */
/* Sources: libproc.h, sys/resource.h and mach/vm_statistics.h of Apple's SDK. */
#include "runner/meter.h"

#include <libproc.h>
#include <mach/mach.h>
#include <sys/sysctl.h>

enum { FAMILY_MAX = 1024 };

size_t meter_family(pid_t worker, pid_t *out, size_t max)
{
	size_t count = 0;

	if (max > 0)
		out[count++] = worker;
	for (size_t i = 0; i < count && count < max; i++) {
		int added = proc_listchildpids(out[i], out + count, (int)((max - count) * sizeof(*out)));
		if (added > 0)
			count += (size_t)added;
	}
	return count;
}

/* The footprint is what the system charges a process with: anonymous memory, compressed pages too.
 * What is resident beyond it is file-backed or shared. */
void meter_ram(pid_t worker, struct meter_ram *ram)
{
	pid_t family[FAMILY_MAX];
	size_t count = meter_family(worker, family, FAMILY_MAX);

	ram->anonymous = ram->file = ram->peak = -1;
	for (size_t i = 0; i < count; i++) {
		struct rusage_info_v4 info;
		if (proc_pid_rusage(family[i], RUSAGE_INFO_V4, (rusage_info_t *)&info))
			continue; /* it has just ended */
		int64_t footprint = (int64_t)info.ri_phys_footprint;
		int64_t resident = (int64_t)info.ri_resident_size;
		int64_t rest = resident > footprint ? resident - footprint : 0;
		ram->anonymous = (ram->anonymous < 0 ? 0 : ram->anonymous) + footprint;
		ram->file = (ram->file < 0 ? 0 : ram->file) + rest;
	}
}

int64_t meter_system_ram(void)
{
	vm_statistics64_data_t pages;
	mach_msg_type_number_t words = HOST_VM_INFO64_COUNT;
	mach_port_t host = mach_host_self();
	vm_size_t page = 0;
	int64_t total = 0;
	size_t size = sizeof(total);

	int failed =
		sysctlbyname("hw.memsize", &total, &size, NULL, 0) != 0 ||
		host_page_size(host, &page) != KERN_SUCCESS ||
		host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&pages, &words) != KERN_SUCCESS;
	mach_port_deallocate(mach_task_self(), host);
	if (failed)
		return -1;
	return total - (int64_t)(pages.free_count + pages.inactive_count) * (int64_t)page;
}

/* Bytes on macOS, and of the child alone: posix_spawn makes a fresh process. */
int64_t meter_peak(const struct rusage *usage)
{
	return (int64_t)usage->ru_maxrss;
}

int64_t meter_clock_hz(pid_t process)
{
	(void)process;
	return -1;
}

int64_t meter_run_delay(pid_t process)
{
	(void)process;
	return -1;
}
