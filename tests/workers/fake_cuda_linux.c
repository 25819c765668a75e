/* SPDX-License-Identifier: MIT */
/*
 * A libcuda.so.1 whose answers stand in the environment: FAKE_CUDA_INIT (what cuInit returns),
 * FAKE_CUDA_VERSION, FAKE_CUDA_DEVICES.  Source of names, types and codes: reference of the CUDA driver API.
 */
#include <stdio.h>
#include <stdlib.h>

int cuInit(unsigned int flags);
int cuDriverGetVersion(int *version);
int cuDeviceGetCount(int *count);
int cuDeviceGet(int *device, int ordinal);
int cuDeviceGetName(char *name, int size, int device);
int cuDeviceTotalMem_v2(size_t *bytes, int device);
int cuDeviceGetAttribute(int *value, int attribute, int device);
int cuGetErrorString(int code, const char **text);

enum { SUCCESS = 0, INVALID_VALUE = 1, NOT_INITIALIZED = 3, INVALID_DEVICE = 101 };
enum { HANDLE = 40 }; /* a device is not its ordinal */

static int initialised;

static int answer(const char *name, int otherwise)
{
	const char *value = getenv(name);
	return value ? atoi(value) : otherwise;
}

int cuInit(unsigned int flags)
{
	int code = flags ? INVALID_VALUE : answer("FAKE_CUDA_INIT", SUCCESS);

	initialised = code == SUCCESS;
	return code;
}

int cuDriverGetVersion(int *version)
{
	*version = answer("FAKE_CUDA_VERSION", 13000);
	return SUCCESS;
}

int cuDeviceGetCount(int *count)
{
	*count = answer("FAKE_CUDA_DEVICES", 2);
	return initialised ? SUCCESS : NOT_INITIALIZED;
}

int cuDeviceGet(int *device, int ordinal)
{
	*device = HANDLE + ordinal;
	return SUCCESS;
}

int cuDeviceGetName(char *name, int size, int device)
{
	if (device < HANDLE)
		return INVALID_DEVICE;
	snprintf(name, (size_t)size, "Fake GPU %d", device - HANDLE);
	return SUCCESS;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
	*bytes = (size_t)5 << 32;
	return device < HANDLE ? INVALID_DEVICE : SUCCESS;
}

/* 75 and 76: the compute capability, major and minor */
int cuDeviceGetAttribute(int *value, int attribute, int device)
{
	*value = attribute == 75 ? 9 : attribute == 76 ? device - HANDLE : -1;
	return SUCCESS;
}

int cuGetErrorString(int code, const char **text)
{
	*text = code == 803 ? "system has unsupported display driver / cuda driver combination" : NULL;
	return code == 803 ? SUCCESS : INVALID_VALUE;
}
