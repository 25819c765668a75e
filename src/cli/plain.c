/* SPDX-License-Identifier: MIT */
#include "cli/plain.h"

void plain_text(char *text)
{
	unsigned char *at = (unsigned char *)text;
	for (; *at; at++) {
		const int upper = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f; /* in UTF-8 */
		if (*at < ' ' || *at == 0x7f || upper)
			*at = '?';
		if (upper)
			*++at = '?';
	}
}
