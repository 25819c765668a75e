/* SPDX-License-Identifier: MIT */
/* The processor's name as the system tells it: "AMD EPYC 7B13". */
#ifndef C_CPU_PROCESSOR_H
#define C_CPU_PROCESSOR_H

#include <stddef.h>

void processor_name(char *name, size_t size);

#endif
