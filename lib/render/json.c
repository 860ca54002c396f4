#include "vnuma/render.h"
int vn_render_json(const vn_host *host, const vn_request *request, const vn_placement *placement,
		   vn_text *ret, vn_error *err)
{
	(void)host;
	(void)request;
	(void)placement;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
