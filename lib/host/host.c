#include "vnuma/host.h"
int vn_host_read(const char *source, vn_host **ret, vn_error *err)
{
	(void)source;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
int vn_host_parse(const char *source, const char *bytes, size_t size, vn_host **ret, vn_error *err)
{
	(void)source;
	(void)bytes;
	(void)size;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
void vn_host_free(vn_host *host)
{
	if (host)
		vn_arena_free(host->arena);
}
int vn_host_write_json(const vn_host *host, vn_text *ret, vn_error *err)
{
	(void)host;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
