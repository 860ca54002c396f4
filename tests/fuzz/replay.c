/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs a fuzzer over each file of a corpus, without libFuzzer: what once was found stays fixed.
 * Prints TAP. The fuzzer aborts on a finding, so a file whose line is missing is the one. */
#include "vnuma/base.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay(const char *folder, const char *name)
{
	VN_AUTO_TEXT path = VN_TEXT_INIT;
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	uint8_t *bytes;

	vn_text_addf(&path, "%s/%s", folder, name);
	if (path.failed || vn_file_read(path.bytes, 64 << 20, &text, NULL) < 0)
		return false;
	bytes = malloc(text.len ? text.len : 1); /* exact, so that reading past the end shows */
	if (!bytes)
		return false;
	memcpy(bytes, text.bytes, text.len);
	LLVMFuzzerTestOneInput(bytes, text.len);
	free(bytes);
	return true;
}

int main(int argc, char **argv)
{
	struct dirent **files = NULL;
	int n = argc == 2 ? scandir(argv[1], &files, is_file, alphasort) : -1, failed = 0;

	if (n <= 0) {
		printf("Bail out! no corpus in '%s'\n", argc == 2 ? argv[1] : "");
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		bool ok = replay(argv[1], files[i]->d_name);

		printf("%sok %d - %s\n", ok ? "" : "not ", i + 1, files[i]->d_name);
		fflush(stdout);
		failed += !ok;
		free(files[i]);
	}
	free(files);
	return failed > 0;
}
