#include "vnuma/guest.h"
int vn_request_parse_json(const char *source, const char *bytes, size_t size, vn_request **ret,
			  vn_error *err)
{
	(void)source;
	(void)bytes;
	(void)size;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
