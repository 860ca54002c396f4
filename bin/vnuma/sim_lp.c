#include "sim.h"
int sim_lp_new(const vn_sim_fleet *fleet, vn_sim_chooser *ret, vn_error *err)
{
	return vn_sim_volume_new(fleet, false, ret, err);
}
