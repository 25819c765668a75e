/* SPDX-License-Identifier: MIT */
#include "runner/environment.h"

#include "core/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__ /* no header of macOS declares it: environ(7) */
extern char **environ;
#endif

/* clang-format off */
/* A name that ends in '*' stands for all names that begin so. */
static const char *const kept_names[] = {
	/* Finding programs, home, caches, temporary files. */
	"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME",
	/* PyTorch names its cache folder by them. */
	"USER", "LOGNAME",
	/* Encoding of paths and messages in Python. */
	"LANG", "LC_ALL", "LC_CTYPE",
	/* Where libraries and the Python environment lie.  macOS itself drops DYLD_* in protected programs. */
	"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX",
	/* Which device: a user's choice, recorded with the device's name. */
	"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_HOME", "CUDA_PATH",
	"OCL_ICD_*", "OPENCL_VENDOR_PATH", "POCL_DEVICES",
	/* Numba's simulator; such a worker says that it is simulated. */
	"NUMBA_ENABLE_CUDASIM",
	/* Our own: CNNBENCH_DATA, CNNBENCH_PATH and what platforms document. */
	"CNNBENCH_*",
	/* Builds with a sanitizer. */
	"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS",
};

/* Known to change results or speed: taken out, and said.  Names above are kept all the same. */
static const char *const telling_names[] = {
	/* Threads and their places. */
	"OMP_*", "GOMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "GOTO_*", "BLIS_*", "VECLIB_*", "NUMEXPR_*",
	"DNNL_*", "ONEDNN_*", "ATEN_*",
	/* Memory, the loader. */
	"MALLOC_*", "GLIBC_TUNABLES", "MIMALLOC_*", "LD_*", "DYLD_*",
	/* Python and its frameworks. */
	"PYTHON*", "NUMBA_*", "PYTORCH_*", "TORCH*", "XLA_*", "JAX_*", "TRITON_*", "NPY_*",
	"TF_ENABLE_*", "TF_XLA_*", "TF_NUM_*", "TF_GPU_*", "TF_FORCE_*", "TF_CUDNN_*", "TF_DISABLE_*",
	/* GPUs. */
	"CUDA_*", "CUBLAS_*", "CUDNN_*", "NVIDIA_TF32_OVERRIDE", "POCL_*", "HIP_*", "ROCR_*", "HSA_*",
	"MTL_*",
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static bool name_fits(const char *pattern, const char *name, size_t length)
{
	const size_t end = strcspn(pattern, "*");
	if (pattern[end] == '*')
		return length >= end && strncmp(pattern, name, end) == 0;
	return length == end && strncmp(pattern, name, end) == 0;
}

static bool name_listed(const char *const *patterns, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (name_fits(patterns[i], name, length))
			return true;
	return false;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void environment_cut(struct environment *environment, char *const *from)
{
	size_t count = 0, n_kept = 0;
	from = from ? from : environ;
	while (from[count])
		count++;
	environment->kept = memory_new(count + 1, sizeof(char *));
	environment->removed = memory_new(count + 1, sizeof(char *));
	environment->n_removed = 0;
	for (size_t i = 0; i < count; i++) {
		const size_t length = strcspn(from[i], "=");
		if (name_listed(kept_names, COUNT(kept_names), from[i], length))
			environment->kept[n_kept++] = memory_copy(from[i]);
		else if (name_listed(telling_names, COUNT(telling_names), from[i], length))
			environment->removed[environment->n_removed++] =
				memory_text("%.*s", (int)length, from[i]);
	}
	qsort(environment->removed, environment->n_removed, sizeof(char *), by_text);
}

void environment_free(struct environment *environment)
{
	for (char **entry = environment->kept; entry && *entry; entry++)
		free(*entry);
	for (size_t i = 0; i < environment->n_removed; i++)
		free(environment->removed[i]);
	free(environment->kept);
	free(environment->removed);
	*environment = (struct environment){0};
}
