/* SPDX-License-Identifier: MIT */
/* The processor's name as the system tells it: "AMD EPYC 7B13"; "x86_64 processor" where it does not. */
#ifndef CORE_PROCESSOR_H
#define CORE_PROCESSOR_H

#include <stddef.h>

void processor_name(char *name, size_t size);

#endif
