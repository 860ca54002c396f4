/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a check is, from the table of checks. */
#include "render/table_grid.h"

#include <string.h>

static void add_wrapped(const char *label, const char *words, const vn_style *style, vn_text *ret)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_addf(&text, "%s%s", label, words);
	ret->failed |= text.failed;
	if (!text.failed)
		vn_table_wrap(text.bytes, 2, style, ret);
}

static void explain(const vn_check *check, const vn_style *style, vn_text *ret)
{
	vn_text_addf(ret, "%s%s %s%s (%s, at most %s)\n", style->color ? "\033[1m" : "", check->id,
		     check->name, style->color ? "\033[0m" : "",
		     check->of_guest ? "each guest" : "the host",
		     vn_check_status_names[check->severity]);
	add_wrapped("Checking ", check->title, style, ret);
	add_wrapped("", check->why, style, ret);
	add_wrapped("Fix: ", check->fix, style, ret);
}

int vn_render_doctor_explain(const vn_check *check, const vn_style *style, vn_text *ret,
			     vn_error *err)
{
	for (size_t i = 0; i < VN_CHECK_COUNT; i++) {
		if (check && check != &vn_checks[i])
			continue;
		if (!check && i)
			vn_text_add(ret, "\n");
		explain(&vn_checks[i], style, ret);
	}
	return vn_text_done(ret, err);
}
