#include "vnuma/place.h"
int vn_place(const vn_host *host, const vn_request *request, const vn_place_options *options,
	     vn_placement *ret, vn_error *err)
{
	(void)host;
	(void)request;
	(void)options;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
