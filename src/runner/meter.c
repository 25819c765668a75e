/* SPDX-License-Identifier: MIT */
/*
 * VRAM by NVML, opened at run time.  The declarations below are the few that are used; source: the
 * API reference of the NVIDIA Management Library.  RAM is in meter_linux.c and meter_macos.c.
 */
#include "runner/meter.h"

#include "core/memory.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NVML_SUCCESS = 0 };
enum { PROCESSES_MAX = 1024, FAMILY_MAX = 1024 };

/* In place of a process's bytes where the driver does not tell them. */
#define NVML_NOT_AVAILABLE (~0ULL)

typedef void *nvml_device;

struct nvml_memory {
	unsigned long long total, free, used;
};

struct nvml_process { /* of nvmlDeviceGetComputeRunningProcesses_v2 and _v3 */
	unsigned int pid;
	unsigned long long used;
	unsigned int gpu_instance, compute_instance;
};

/* What is called in an open library. */
struct nvml {
	int (*init)(void);
	int (*shutdown)(void);
	int (*count)(unsigned int *count);
	int (*device)(unsigned int index, nvml_device *device);
	int (*memory)(nvml_device device, struct nvml_memory *memory);
	int (*processes)(nvml_device device, unsigned int *count, struct nvml_process *processes);
};

static bool find_functions(void *library, struct nvml *nvml)
{
	const struct {
		const char *name;
		void *place;
	} table[] = {
		{"nvmlInit_v2", &nvml->init},
		{"nvmlShutdown", &nvml->shutdown},
		{"nvmlDeviceGetCount_v2", &nvml->count},
		{"nvmlDeviceGetHandleByIndex_v2", &nvml->device},
		{"nvmlDeviceGetMemoryInfo", &nvml->memory},
		{"nvmlDeviceGetComputeRunningProcesses_v3", &nvml->processes},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		/* POSIX lets a function's address pass through void *; C alone does not. */
		void *address = dlsym(library, table[i].name);
		if (!address)
			return false;
		memcpy(table[i].place, &address, sizeof(address));
	}
	return true;
}

static unsigned int device_count(const struct nvml *nvml)
{
	unsigned int count = 0;

	return nvml->count(&count) == NVML_SUCCESS ? count : 0;
}

/* Bytes in use on all devices, whoever uses them; -1 if any does not tell. */
static int64_t used_by_all(const struct nvml *nvml)
{
	unsigned int count = device_count(nvml);
	int64_t sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		nvml_device device;
		struct nvml_memory memory;
		if (nvml->device(i, &device) != NVML_SUCCESS ||
		    nvml->memory(device, &memory) != NVML_SUCCESS)
			return -1;
		sum += (int64_t)memory.used;
	}
	return count > 0 ? sum : -1;
}

static bool contains(const pid_t *pids, size_t count, unsigned int pid)
{
	for (size_t i = 0; i < count; i++)
		if ((unsigned int)pids[i] == pid)
			return true;
	return false;
}

/* Bytes of these processes on one device; -1: none of them is seen there. */
static int64_t used_on(const struct nvml *nvml, unsigned int index, const pid_t *pids,
                       size_t n_pids)
{
	struct nvml_process processes[PROCESSES_MAX];
	unsigned int count = PROCESSES_MAX;
	nvml_device device;
	int64_t sum = -1;

	if (nvml->device(index, &device) != NVML_SUCCESS ||
	    nvml->processes(device, &count, processes) != NVML_SUCCESS)
		return -1;
	for (unsigned int i = 0; i < count && i < PROCESSES_MAX; i++) {
		if (!contains(pids, n_pids, processes[i].pid) || processes[i].used == NVML_NOT_AVAILABLE)
			continue;
		sum = (sum < 0 ? 0 : sum) + (int64_t)processes[i].used;
	}
	return sum;
}

static int64_t used_by_family(const struct nvml *nvml, pid_t worker)
{
	pid_t family[FAMILY_MAX];
	size_t n_family = meter_family(worker, family, FAMILY_MAX);
	unsigned int count = device_count(nvml);
	int64_t sum = -1;

	for (unsigned int i = 0; i < count; i++) {
		int64_t used = used_on(nvml, i, family, n_family);
		if (used >= 0)
			sum = (sum < 0 ? 0 : sum) + used;
	}
	return sum;
}

int meter_vram_open(struct meter_vram *vram)
{
	*vram = (struct meter_vram){.before = -1};
	void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return -1;
	struct nvml *nvml = memory_new(1, sizeof(*nvml));
	if (!find_functions(library, nvml) || nvml->init() != NVML_SUCCESS) {
		free(nvml);
		dlclose(library);
		return -1;
	}
	vram->library = library;
	vram->nvml = nvml;
	vram->before = used_by_all(nvml);
	return 0;
}

/*
 * Until the worker's processes are seen, what the devices use beyond `before` stands for them; that
 * is no figure while it is not above 0 (no context yet, or others have freed more).
 */
int64_t meter_vram(struct meter_vram *vram, pid_t worker)
{
	if (!vram->library)
		return -1;
	int64_t own = used_by_family(vram->nvml, worker);
	vram->own |= own >= 0;
	vram->delta = !vram->own;
	if (vram->own)
		return own;
	int64_t now = used_by_all(vram->nvml);
	return now < 0 || vram->before < 0 || now <= vram->before ? -1 : now - vram->before;
}

void meter_vram_close(struct meter_vram *vram)
{
	if (!vram->library)
		return;
	vram->nvml->shutdown();
	free(vram->nvml);
	dlclose(vram->library);
	vram->library = NULL;
	vram->nvml = NULL;
}
