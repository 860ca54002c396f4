#include "vnuma/guest.h"
int vn_request_parse_xml(const char *source, const char *bytes, size_t size, vn_request **ret,
			 vn_error *err)
{
	(void)source;
	(void)bytes;
	(void)size;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
int vn_request_parse_json(const char *source, const char *bytes, size_t size, vn_request **ret,
			  vn_error *err)
{
	(void)source;
	(void)bytes;
	(void)size;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
int vn_request_from_words(const vn_request_words *words, vn_request **ret, vn_error *err)
{
	(void)words;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
void vn_request_free(vn_request *request)
{
	if (request)
		vn_arena_free(request->arena);
}
