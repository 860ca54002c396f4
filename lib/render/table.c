#include "vnuma/render.h"
int vn_render_table(const vn_host *host, const vn_request *request, const vn_placement *placement,
		    const vn_style *style, vn_text *ret, vn_error *err)
{
	(void)host;
	(void)request;
	(void)placement;
	(void)style;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not written yet");
}
