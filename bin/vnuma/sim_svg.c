#include "sim.h"
int sim_write_svg(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		  vn_error *err)
{
	(void)plan;
	(void)report;
	(void)to;
	return vn_fail(err, VN_E_SYSTEM, "not yet");
}
