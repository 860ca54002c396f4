/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The hosts of a simulation, as JSON or as a table: what is read adds up; or an error with a place.
 */
#include "vnuma/sim.h"

#include "guest_must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A host of a list may name a file; a fuzzer must not read whatever it thinks of. */
static bool names_source(const uint8_t *bytes, size_t size)
{
	return memmem(bytes, size, "\"host\"", 6) != NULL && !memmem(bytes, size, "\"2/", 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	vn_sim_fleet fleet = { 0 };
	vn_sim_place *places;
	vn_error err = { 0 };
	uint64_t hosts = 0;

	if (names_source(bytes, size))
		return 0;
	if (vn_sim_fleet_parse(&fleet, "fleet", (const char *)bytes, size, &err) < 0) {
		must(err.code != VN_OK && *err.text);
	} else {
		must(fleet.n_hosts && fleet.n_kinds);
		for (uint32_t i = 0; i < fleet.n_groups; i++)
			hosts += fleet.groups[i].count;
		must(hosts == fleet.n_hosts);
		if (hosts < 100000) {
			places = calloc(fleet.n_hosts, sizeof(*places));
			must(places != NULL);
			vn_sim_fleet_places(&fleet, places);
			for (uint32_t i = 0; i < fleet.n_hosts; i++)
				must(places[i].kind < fleet.n_kinds);
			free(places);
		}
	}
	vn_sim_fleet_clear(&fleet);
	return 0;
}
