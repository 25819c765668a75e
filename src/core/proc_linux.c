/* SPDX-License-Identifier: MIT */
#include "core/proc_linux.h"

#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *proc_line(char text[PROC_TEXT_SIZE], const char *root, const char *path)
{
	char *whole = memory_text("%s%s", root, path);
	FILE *file = fopen(whole, "re");
	free(whole);
	text[0] = '\0';
	if (!file)
		return text;
	if (!fgets(text, PROC_TEXT_SIZE, file))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return text;
}

const char *proc_value(char text[PROC_TEXT_SIZE], const char *root, const char *path,
                       const char *key, char separator)
{
	char *whole = memory_text("%s%s", root, path), line[PROC_TEXT_SIZE];
	FILE *file = fopen(whole, "re");
	free(whole);
	text[0] = '\0';
	while (file && !text[0] && fgets(line, sizeof(line), file)) {
		char *end = strchr(line, separator);
		const size_t length = strlen(key);
		if (!end || strncmp(line, key, length) != 0 ||
		    line + length + strspn(line + length, " \t") != end)
			continue;
		end += 1 + strspn(end + 1, " \t\"");
		end[strcspn(end, "\"\n")] = '\0';
		snprintf(text, PROC_TEXT_SIZE, "%s", end);
	}
	if (file)
		fclose(file);
	return text;
}
