/* SPDX-License-Identifier: MIT */
/*
 * A libnvidia-ml.so.1 with two devices that say what the test wants: `fake_nvml` is filled in by it
 * after dlopen.  Source of names, types and codes: API reference of the NVIDIA Management Library.
 */
#include <stddef.h>

struct fake_nvml {
	int init_fails, open;               /* open: inits less shutdowns */
	unsigned long long used[2];         /* bytes of each device */
	unsigned int pid[2];                /* the one process on each; 0: none is seen */
	unsigned long long process_used[2]; /* its bytes */
};

struct fake_process {
	unsigned int pid;
	unsigned long long used;
	unsigned int gpu_instance, compute_instance;
};

extern struct fake_nvml fake_nvml;
struct fake_nvml fake_nvml;

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned int *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device);
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory);
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned int *count,
                                            struct fake_process *processes);

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, DRIVER_NOT_LOADED = 9 };

static char devices[2];

int nvmlInit_v2(void)
{
	if (fake_nvml.init_fails)
		return DRIVER_NOT_LOADED;
	fake_nvml.open++;
	return SUCCESS;
}

int nvmlShutdown(void)
{
	fake_nvml.open--;
	return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned int *count)
{
	*count = 2;
	return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device)
{
	if (index > 1)
		return INVALID_ARGUMENT;
	*device = &devices[index];
	return SUCCESS;
}

/* total, free, used */
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory)
{
	unsigned long long used = fake_nvml.used[(char *)device - devices];

	memory[0] = 1ULL << 34;
	memory[1] = memory[0] - used;
	memory[2] = used;
	return SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned int *count,
                                            struct fake_process *processes)
{
	ptrdiff_t index = (char *)device - devices;

	*count = fake_nvml.pid[index] ? 1 : 0;
	if (*count)
		processes[0] =
			(struct fake_process){fake_nvml.pid[index], fake_nvml.process_used[index], ~0u, ~0u};
	return SUCCESS;
}
