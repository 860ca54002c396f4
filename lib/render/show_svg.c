/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs, as a picture: */
#include "render/show.h"

int vn_render_show_svg(const vn_show *show, vn_text *ret, vn_error *err)
{
	(void)show;
	(void)ret;
	return vn_fail(err, VN_E_SYSTEM, "not there yet");
}
