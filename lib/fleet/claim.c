/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Claims: taking a place on a host and giving it back. For simple flavours the states after and
 * before are looked up; the CPUs of pins are picked as lib/place picks them. For all others the
 * placement is made by vn_place and kept. A claim of a simple guest without pins is 10 bytes. */
#include "fleet/claim.h"

/* What a host has taken, while it changes. */
struct change {
	uint32_t ids[VN_FLEET_NODES_MAX];
	uint64_t masks[VN_FLEET_NODES_MAX * VN_CPUSET_WORDS];
	uint32_t devices[(VN_HOST_DEVICES_MAX + 31) / 32 + VN_HOST_POOLS_MAX];
};

static void change_start(const kind *k, uint32_t slot, struct change *c)
{
	const uint64_t *masks = slot_masks(k, slot);
	const uint32_t *ids = slot_ids(k, slot), *devices = slot_devices(k, slot);

	for (uint32_t i = 0; i < k->n_nodes; i++) /* these are few: loops, not calls */
		c->ids[i] = ids[i];
	for (uint32_t i = 0; i < k->n_nodes * k->words; i++)
		c->masks[i] = masks[i];
	for (uint32_t i = 0; i < k->device_words; i++)
		c->devices[i] = devices[i];
}

static void swap_words(uint32_t *a, uint32_t *b)
{
	uint32_t was = *a;

	*a = *b;
	*b = was;
}

/* The slot is like the change, which is what the slot was. */
static void swap_slot(kind *k, uint32_t slot, struct change *c)
{
	uint64_t *masks = slot_masks(k, slot);
	uint32_t *ids = slot_ids(k, slot), *devices = slot_devices(k, slot);

	for (uint32_t i = 0; i < k->n_nodes; i++) {
		if (ids[i] == c->ids[i])
			continue;
		node_state(k, c->ids[i])->refs++;
		node_state(k, ids[i])->refs--;
		swap_words(&ids[i], &c->ids[i]);
	}
	for (uint32_t i = 0; i < k->n_nodes * k->words; i++) {
		uint64_t was = masks[i];

		masks[i] = c->masks[i];
		c->masks[i] = was;
	}
	for (uint32_t i = 0; i < k->device_words; i++)
		swap_words(&devices[i], &c->devices[i]);
}

/* The host is like this now. On failure nothing has changed but *c. */
static int host_change(vn_fleet *fleet, uint32_t host, struct change *c, vn_error *err)
{
	const struct host *h = &fleet->hosts[host];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	uint32_t state;
	int r;

	swap_slot(k, h->slot, c);
	if (k->loaded == host)
		k->loaded = NONE;
	state = state_of_slot(fleet, k, h->slot);
	if (state == NONE) {
		swap_slot(k, h->slot, c);
		return vn_fail(err, VN_E_NOMEM, "no memory for the state of a host");
	}
	r = host_move(fleet, host, state, err);
	if (r < 0) { /* back to where it was, whose class needs no more memory than it had */
		swap_slot(k, h->slot, c);
		host_enter_again(fleet, host, NULL);
	}
	return r;
}

/* ---- records ---- */

static struct claim *claim_at(const vn_fleet *fleet, uint32_t ix)
{
	return &fleet->claims[ix / CLAIMS_CHUNK][ix % CLAIMS_CHUNK];
}

static uint32_t claim_word(const struct claim *claim)
{
	return claim->at[0] | (uint32_t)claim->at[1] << 16;
}

static void claim_set_word(struct claim *claim, uint32_t word)
{
	claim->at[0] = (uint16_t)word;
	claim->at[1] = (uint16_t)(word >> 16);
}

static bool more_claims(vn_fleet *fleet)
{
	if (fleet->n_claim_chunks == fleet->room_claim_chunks) {
		uint32_t room = fleet->room_claim_chunks ? fleet->room_claim_chunks * 2 : 16;
		struct claim **claims = fleet_resize(fleet, fleet->claims, fleet->room_claim_chunks,
						     room, sizeof(*claims));

		if (!claims)
			return false;
		fleet->claims = claims;
		fleet->room_claim_chunks = room;
	}
	fleet->claims[fleet->n_claim_chunks] = (struct claim *)slabs_take(
		fleet, &fleet->claim_memory, CLAIMS_CHUNK * sizeof(struct claim));
	if (!fleet->claims[fleet->n_claim_chunks])
		return false;
	fleet->n_claim_chunks++;
	return true;
}

/* A record that is not in use; NONE: no memory. */
static uint32_t claim_take(vn_fleet *fleet)
{
	uint32_t ix = fleet->free_claim;

	if (ix != NONE) {
		fleet->free_claim = claim_word(claim_at(fleet, ix));
		if (fleet->free_claim != NONE) /* the next claim reads it */
			__builtin_prefetch(claim_at(fleet, fleet->free_claim));
		return ix;
	}
	if (fleet->n_claims == fleet->n_claim_chunks * CLAIMS_CHUNK && !more_claims(fleet))
		return NONE;
	ix = fleet->n_claims++;
	claim_at(fleet, ix)->generation = 1;
	return ix;
}

static void claim_give(vn_fleet *fleet, uint32_t ix)
{
	struct claim *claim = claim_at(fleet, ix);

	claim->flavour = CLAIM_FREE;
	claim->generation += claim->generation == UINT16_MAX ? 2 : 1; /* never 0 */
	claim_set_word(claim, fleet->free_claim);
	fleet->free_claim = ix;
}

static struct claim *claim_find(const vn_fleet *fleet, vn_claim id)
{
	uint32_t ix = (uint32_t)id;
	struct claim *claim;

	if (ix >= fleet->n_claims)
		return NULL;
	claim = claim_at(fleet, ix);
	if (claim->flavour == CLAIM_FREE || claim->generation != id >> 32)
		return NULL;
	return claim;
}

struct claim_detail *claim_detail_of(const vn_fleet *fleet, const struct claim *claim)
{
	return claim->flavour & CLAIM_DETAIL ? detail_at(fleet, claim_word(claim)) : NULL;
}

static void claim_read(const vn_fleet *fleet, const struct claim *claim, vn_claim_info *ret)
{
	const struct claim_detail *detail = claim_detail_of(fleet, claim);

	ret->flavour = claim->flavour & ~CLAIM_DETAIL;
	ret->host = detail ? detail->host : claim_word(claim);
	ret->group = detail ? detail->group : NONE;
	ret->partition = detail ? detail->partition : NONE;
	ret->nodes = detail ? detail->nodes : claim->nodes;
}

/* Everything that the claim is, in place; the record was taken. */
static int claim_write(vn_fleet *fleet, struct claim *claim, const vn_fleet_choice *choice,
		       const uint64_t *words, size_t n_words, uint32_t bytes, vn_error *err)
{
	struct claim_detail *detail;
	uint32_t handle;

	claim->flavour = (uint16_t)choice->flavour;
	claim->nodes = (uint16_t)choice->nodes;
	claim_set_word(claim, choice->host);
	if (choice->group == NONE && !n_words && choice->nodes <= UINT16_MAX)
		return VN_OK;
	handle = detail_new(fleet, sizeof(*detail) + n_words * sizeof(*words));
	if (!handle)
		return vn_fail(err, VN_E_NOMEM, "no memory for a claim");
	detail = detail_at(fleet, handle);
	*detail = (struct claim_detail){ .host = choice->host,
					 .group = choice->group,
					 .partition = choice->partition,
					 .bytes = bytes,
					 .nodes = choice->nodes };
	if (n_words)
		memcpy(detail->words, words, n_words * sizeof(*words));
	claim->flavour |= CLAIM_DETAIL;
	claim_set_word(claim, handle);
	return VN_OK;
}

/* ---- simple ones ---- */

/* The CPUs for the pins of a cell: where L3 groups matter, by vn_place. */
static int pick(vn_fleet *fleet, kind *k, const vn_fleet_choice *choice, uint64_t *own,
		vn_error *err)
{
	const struct recipe *recipe = recipe_of(fleet, k, choice->flavour);
	const struct host *h = &fleet->hosts[choice->host];
	vn_placement *placement = fleet->placement;
	uint32_t at = 0;
	int r;

	for (uint64_t rest = choice->nodes; rest; rest &= rest - 1, at++) {
		uint32_t i = (uint32_t)__builtin_ctzll(rest);

		if (!k->nodes[i].one_l3)
			break;
		if (!pick_pins(k, i, slot_masks(k, h->slot) + (size_t)i * k->words,
			       recipe->need.pins, own + (size_t)at * k->words))
			return vn_fail(err, VN_E_NOFIT, "the CPUs are not there any more");
	}
	if (at == (uint32_t)__builtin_popcountll(choice->nodes))
		return VN_OK;
	view_load(fleet, choice->host);
	r = ask_place(fleet, k, choice->flavour, choice->nodes, placement, err);
	if (r < 0)
		return r;
	memset(own, 0, (size_t)placement->n_cells * k->words * sizeof(*own));
	vn_host_take(k->now, placement);
	at = 0;
	for (uint64_t rest = choice->nodes; rest; rest &= rest - 1, at++) {
		uint32_t i = (uint32_t)__builtin_ctzll(rest);
		const uint64_t *was = slot_masks(k, h->slot) + (size_t)i * k->words;

		view_node_masks(k, i, own + (size_t)at * k->words);
		for (uint32_t w = 0; w < k->words; w++)
			own[(size_t)at * k->words + w] &= ~was[w];
	}
	vn_host_release(k->now, placement);
	return VN_OK;
}

static int take_simple(vn_fleet *fleet, kind *k, const vn_fleet_choice *choice,
		       struct change *change, uint64_t *own, vn_error *err)
{
	const struct recipe *recipe = recipe_of(fleet, k, choice->flavour);
	uint32_t at = 0;
	int r;

	if ((uint32_t)__builtin_popcountll(choice->nodes) != recipe->cells)
		return vn_fail(err, VN_E_RANGE, "'%s' needs %u nodes of a host",
			       fleet->flavours[choice->flavour].name, recipe->cells);
	for (uint64_t rest = choice->nodes; rest; rest &= rest - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(rest);

		if (i < k->n_nodes)
			change->ids[i] = node_after(fleet, k, change->ids[i], choice->flavour);
		if (i >= k->n_nodes || change->ids[i] == NONE)
			return vn_fail(err, VN_E_NOFIT, "'%s' does not fit on node %u of host %u",
				       fleet->flavours[choice->flavour].name, i, choice->host);
	}
	if (!recipe->need.pins)
		return VN_OK;
	if ((r = pick(fleet, k, choice, own, err)) < 0)
		return r;
	for (uint64_t rest = choice->nodes; rest; rest &= rest - 1, at++) {
		uint32_t i = (uint32_t)__builtin_ctzll(rest);

		for (uint32_t w = 0; w < k->words; w++)
			change->masks[(size_t)i * k->words + w] |= own[(size_t)at * k->words + w];
	}
	return VN_OK;
}

static int give_simple(vn_fleet *fleet, kind *k, uint32_t flavour, uint64_t nodes,
		       const uint64_t *own, struct change *change)
{
	const struct recipe *recipe = recipe_of(fleet, k, flavour);

	for (; nodes; nodes &= nodes - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(nodes);
		uint64_t *mask = change->masks + (size_t)i * k->words;

		for (uint32_t w = 0; recipe->need.pins && own && w < k->words; w++)
			mask[w] &= ~*own++;
		change->ids[i] = node_before(fleet, k, i, change->ids[i], flavour, mask);
		if (change->ids[i] == NONE)
			return VN_E_NOMEM;
	}
	return VN_OK;
}

/* ---- all others ---- */

static int take_asked(vn_fleet *fleet, kind *k, const vn_fleet_choice *choice,
		      struct change *change, uint32_t *bytes, vn_error *err)
{
	vn_placement *placement = fleet->placement;
	int r;

	if (recipe_of(fleet, k, choice->flavour)->way == RECIPE_NEVER)
		return vn_fail(err, VN_E_NOFIT, "'%s' does not fit on hosts like host %u",
			       fleet->flavours[choice->flavour].name, choice->host);
	view_load(fleet, choice->host);
	r = ask_place(fleet, k, choice->flavour, choice->nodes, placement, err);
	if (r < 0)
		return r;
	k->loaded = NONE;
	vn_host_take(k->now, placement);
	r = view_store(fleet, k, change->ids, change->masks, change->devices, err);
	if (r == VN_OK && !(*bytes = claim_pack(k, placement, fleet->packed, PACKED_BYTES)))
		return vn_fail(err, VN_E_RANGE, "the placement of '%s' is too large to be kept",
			       fleet->flavours[choice->flavour].name);
	return r;
}

static int give_asked(vn_fleet *fleet, kind *k, uint32_t host, const struct claim_detail *detail,
		      struct change *change)
{
	view_load(fleet, host);
	claim_unpack(k, detail->words, fleet->placement);
	k->loaded = NONE;
	vn_host_release(k->now, fleet->placement);
	return view_store(fleet, k, change->ids, change->masks, change->devices, NULL);
}

/* ---- claim and release ---- */

static int check_choice(const vn_fleet *fleet, const vn_fleet_choice *choice, vn_error *err)
{
	if (choice->flavour >= fleet->n_flavours || choice->host >= fleet->n_hosts ||
	    (choice->group != NONE && choice->group >= fleet->n_groups))
		return vn_fail(err, VN_E_RANGE,
			       "flavour %u, host %u or server group %u is not in the fleet",
			       choice->flavour, choice->host, choice->group);
	return VN_OK;
}

static int claim_make(vn_fleet *fleet, kind *k, const vn_fleet_choice *choice, uint32_t ix,
		      vn_error *err)
{
	const struct host *h = &fleet->hosts[choice->host];
	const struct recipe *recipe = recipe_of(fleet, k, choice->flavour);
	uint64_t own[VN_FLEET_NODES_MAX * VN_CPUSET_WORDS];
	const uint64_t *words = own;
	struct change change;
	uint32_t bytes = 0;
	size_t n_words = 0;
	int r;

	change_start(k, h->slot, &change);
	if (recipe->way == RECIPE_SIMPLE) {
		r = take_simple(fleet, k, choice, &change, own, err);
		n_words = recipe->need.pins ? (size_t)recipe->cells * k->words : 0;
	} else {
		r = take_asked(fleet, k, choice, &change, &bytes, err);
		words = fleet->packed;
		n_words = (bytes + 7) / 8;
	}
	if (r < 0 ||
	    (r = claim_write(fleet, claim_at(fleet, ix), choice, words, n_words, bytes, err)) < 0)
		return r;
	if (choice->group != NONE)
		r = group_enter(fleet, choice->group, choice->partition, choice->host, err);
	if (r == VN_OK && (r = host_change(fleet, choice->host, &change, err)) < 0 &&
	    choice->group != NONE)
		group_leave(fleet, choice->group, choice->partition, choice->host);
	if (r < 0 && claim_at(fleet, ix)->flavour & CLAIM_DETAIL)
		detail_free(fleet, claim_word(claim_at(fleet, ix)));
	return r;
}

int vn_fleet_claim(vn_fleet *fleet, const vn_fleet_choice *choice, vn_claim *ret, vn_error *err)
{
	struct host *h;
	uint32_t ix;
	kind *k;
	int r;

	if ((r = check_choice(fleet, choice, err)) < 0)
		return r;
	h = &fleet->hosts[choice->host];
	k = fleet->kinds[fleet->pools[h->pool]->kind];
	ix = claim_take(fleet);
	if (ix == NONE)
		return vn_fail(err, VN_E_NOMEM, "no memory for a claim");
	r = claim_make(fleet, k, choice, ix, err);
	if (r < 0) {
		claim_give(fleet, ix);
		return r;
	}
	h->n_claims++;
	fleet->live_claims++;
	fleet->counters.claimed++;
	fleet->came++;
	states_forget(fleet, k);
	*ret = ix | (uint64_t)claim_at(fleet, ix)->generation << 32;
	return VN_OK;
}

int vn_fleet_claim_on(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t host, vn_claim *ret,
		      vn_error *err)
{
	vn_fleet_choice choice = { .flavour = ask->flavour,
				   .group = ask->group,
				   .partition = ask->partition,
				   .host = host };
	struct best_option best;
	int r;

	if ((r = check_choice(fleet, &choice, err)) < 0)
		return r;
	if (!option_on_host(fleet, host, ask->flavour, &best))
		return vn_fail(err, VN_E_NOFIT, "'%s' does not fit on host %u",
			       fleet->flavours[ask->flavour].name, host);
	choice.nodes = best.nodes;
	choice.score = best.score;
	return vn_fleet_claim(fleet, &choice, ret, err);
}

static int no_claim(vn_error *err, vn_claim claim)
{
	return vn_fail(err, VN_E_RANGE, "there is no claim %llu (any more)",
		       (unsigned long long)claim);
}

int vn_fleet_release(vn_fleet *fleet, vn_claim id, vn_error *err)
{
	struct claim *claim = claim_find(fleet, id);
	struct claim_detail *detail;
	struct change change;
	vn_claim_info info;
	kind *k;
	int r;

	if (!claim)
		return no_claim(err, id);
	claim_read(fleet, claim, &info);
	detail = claim_detail_of(fleet, claim);
	k = fleet->kinds[fleet->pools[fleet->hosts[info.host].pool]->kind];
	change_start(k, fleet->hosts[info.host].slot, &change);
	if (detail && detail->bytes)
		r = give_asked(fleet, k, info.host, detail, &change);
	else
		r = give_simple(fleet, k, info.flavour, info.nodes, detail ? detail->words : NULL,
				&change);
	if (r < 0)
		return vn_fail(err, VN_E_NOMEM, "no memory to release a claim");
	if ((r = host_change(fleet, info.host, &change, err)) < 0)
		return r;
	if (info.group != NONE)
		group_leave(fleet, info.group, info.partition, info.host);
	if (detail)
		detail_free(fleet, claim_word(claim));
	claim_give(fleet, (uint32_t)id);
	fleet->hosts[info.host].n_claims--;
	fleet->live_claims--;
	fleet->counters.released++;
	fleet->left++;
	states_forget(fleet, k);
	return VN_OK;
}

/* ---- looking ---- */

int vn_fleet_claim_info(const vn_fleet *fleet, vn_claim id, vn_claim_info *ret, vn_error *err)
{
	const struct claim *claim = claim_find(fleet, id);

	if (!claim)
		return no_claim(err, id);
	claim_read(fleet, claim, ret);
	return VN_OK;
}

int vn_fleet_claim_placement(vn_fleet *fleet, vn_claim id, vn_placement *ret, vn_error *err)
{
	const struct claim *claim = claim_find(fleet, id);
	const struct claim_detail *detail;
	vn_claim_info info;

	if (!claim)
		return no_claim(err, id);
	claim_read(fleet, claim, &info);
	detail = claim_detail_of(fleet, claim);
	return claim_show(fleet, &info, detail, ret, err);
}

int vn_fleet_host_claims(const vn_fleet *fleet, uint32_t host, vn_claim *ret, uint32_t room,
			 uint32_t *ret_n, vn_error *err)
{
	uint32_t n = 0;

	if (host >= fleet->n_hosts)
		return vn_fail(err, VN_E_RANGE, "there is no host %u (the fleet has %u)", host,
			       fleet->n_hosts);
	for (uint32_t ix = 0; ix < fleet->n_claims && n < fleet->hosts[host].n_claims; ix++) {
		const struct claim *claim = claim_at(fleet, ix);
		vn_claim_info info;

		if (claim->flavour == CLAIM_FREE)
			continue;
		claim_read(fleet, claim, &info);
		if (info.host != host)
			continue;
		if (n < room)
			ret[n] = ix | (uint64_t)claim->generation << 32;
		n++;
	}
	*ret_n = n;
	return VN_OK;
}
