/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The JSON form of a request: it is refused with an error, or everything in it is legal. */
#include "guest_must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	VN_AUTO(vn_request) request = NULL;
	vn_error err = { 0 };

	if (vn_request_parse_json("fuzz", (const char *)bytes, size, &request, &err) < 0) {
		must(!request);
		must_be_an_error(&err);
		return 0;
	}
	must(!err.code);
	must_be_a_request(request);
	return 0;
}
