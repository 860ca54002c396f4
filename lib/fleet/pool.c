/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pools, their classes, and the scores by which a decision finds the best class.
 *
 * A class has a position in its pool; 64 positions are a block. For each flavour a block has the
 * scores of its classes and the best of them, and the pool has the best of its blocks. "Unknown" is
 * below every score, so what was not computed yet, or has to be looked for again, is found first.
 */
#include "fleet/engine.h"

/* ---- pools ---- */

static bool same_labels(const struct pool *pool, const uint64_t *bits, uint32_t words)
{
	uint32_t most = pool->n_label_words > words ? pool->n_label_words : words;

	for (uint32_t w = 0; w < most; w++)
		if ((w < words ? bits[w] : 0) != (w < pool->n_label_words ? pool->labels[w] : 0))
			return false;
	return true;
}

static int label_bits(vn_fleet *fleet, const vn_fleet_host *as, uint64_t *bits, uint32_t *zone,
		      vn_error *err)
{
	*zone = NONE;
	for (uint32_t i = 0; i < as->n_labels; i++) {
		uint32_t label = label_intern(fleet, &as->labels[i], err);

		if (label == NONE)
			return VN_E_RANGE;
		if (as->labels[i].kind == VN_LABEL_ZONE && *zone != NONE && *zone != label)
			return vn_fail(err, VN_E_CONFLICT,
				       "a host is in one zone, and '%s' is a second one",
				       as->labels[i].name);
		if (as->labels[i].kind == VN_LABEL_ZONE)
			*zone = label;
		bits[label / 64] |= UINT64_C(1) << label % 64;
	}
	return VN_OK;
}

static struct pool *pool_new(vn_fleet *fleet, const uint64_t *bits, uint32_t words)
{
	struct pool *pool = fleet_resize(fleet, NULL, 0, 1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->labels = fleet_resize(fleet, NULL, 0, words, sizeof(*pool->labels));
	if (!pool->labels) {
		pool_free(fleet, pool);
		return NULL;
	}
	pool->n_label_words = words;
	memcpy(pool->labels, bits, words * sizeof(*bits));
	pool->epoch = fleet->epoch;
	return pool;
}

static void free_block(vn_fleet *fleet, struct block *block)
{
	size_t n = (size_t)fleet->room_flavours * BLOCK;

	fleet_give(fleet, block->scores, 2 * n, sizeof(*block->scores));
	fleet_give(fleet, block->fars, n, sizeof(*block->fars));
	fleet_give(fleet, block->rows, (size_t)fleet->room_flavours * ROWS, sizeof(score));
	fleet_give(fleet, block, 1, sizeof(*block));
}

static void free_blocks(vn_fleet *fleet, struct pool *pool)
{
	for (uint32_t i = 0; i < pool->n_blocks; i++)
		free_block(fleet, pool->blocks[i]);
	fleet_give(fleet, pool->bests, (size_t)fleet->room_flavours * pool->room_blocks,
		   sizeof(score));
	fleet_give(fleet, pool->blocks, pool->room_blocks, sizeof(*pool->blocks));
	pool->bests = NULL;
	pool->blocks = NULL;
	pool->n_blocks = pool->room_blocks = pool->n_free = 0;
}

void pool_free(vn_fleet *fleet, struct pool *pool)
{
	if (!pool)
		return;
	free_blocks(fleet, pool);
	fleet_give(fleet, pool->free, pool->room_free, sizeof(*pool->free));
	fleet_give(fleet, pool->labels, pool->n_label_words, sizeof(*pool->labels));
	fleet_give(fleet, pool, 1, sizeof(*pool));
}

bool pools_bests(vn_fleet *fleet, uint32_t flavours, uint32_t pools)
{
	size_t n = (size_t)flavours * pools;
	score *bests = fleet_resize(fleet, NULL, 0, n, sizeof(*bests));

	if (!bests)
		return false;
	for (size_t i = 0; i < n; i++)
		bests[i] = score_never;
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		for (uint32_t p = 0; p < fleet->n_pools; p++)
			bests[(size_t)f * pools + p] = *best_of_pool(fleet, p, f);
	fleet_give(fleet, fleet->bests, (size_t)fleet->room_flavours * fleet->room_pools,
		   sizeof(*bests));
	fleet->bests = bests;
	fleet->room_pools = pools;
	fleet->room_flavours = flavours;
	return true;
}

uint32_t pool_find(vn_fleet *fleet, uint32_t kind_ix, const vn_fleet_host *as, vn_error *err)
{
	uint64_t bits[VN_FLEET_LABELS_MAX / 64] = { 0 };
	uint32_t zone, words;
	struct pool *pool;

	if (label_bits(fleet, as, bits, &zone, err) < 0)
		return NONE;
	words = (fleet->n_labels + 63) / 64;
	for (uint32_t i = 0; i < fleet->n_pools; i++) {
		pool = fleet->pools[i];
		if (pool->kind == kind_ix && pool->use == as->use && pool->state == as->state &&
		    same_labels(pool, bits, words))
			return i;
	}
	if (fleet->n_pools == fleet->room_pools) {
		uint32_t room = fleet->room_pools ? fleet->room_pools * 2 : 8;
		struct pool **pools =
			fleet_resize(fleet, fleet->pools, fleet->room_pools, room, sizeof(*pools));

		if (pools)
			fleet->pools = pools;
		if (pools && !pools_bests(fleet, fleet->room_flavours, room))
			fleet->bytes -= (room - fleet->room_pools) * sizeof(*pools);
	}
	pool = fleet->n_pools < fleet->room_pools ? pool_new(fleet, bits, words) : NULL;
	if (!pool) {
		vn_fail(err, VN_E_NOMEM, "no memory for hosts with other labels");
		return NONE;
	}
	pool->ix = fleet->n_pools;
	pool->kind = kind_ix;
	pool->use = as->use;
	pool->state = as->state;
	pool->zone = zone;
	fleet->pools[fleet->n_pools] = pool;
	fleet->pools_version++;
	return fleet->n_pools++;
}

/* ---- scores ---- */

static bool store_far(vn_fleet *fleet, struct block *block, size_t at, uint64_t far)
{
	size_t n = (size_t)fleet->room_flavours * BLOCK;

	if (!block->fars && !far)
		return true;
	if (!block->fars)
		block->fars = fleet_resize(fleet, NULL, 0, n, sizeof(*block->fars));
	if (block->fars)
		block->fars[at] = far;
	return block->fars != NULL;
}

/* Without memory for what is far the class is left out: it counts as full. */
static void score_store(vn_fleet *fleet, struct block *block, uint32_t flavour, uint32_t at,
			const score *to)
{
	size_t row = row_at(block, flavour, at / ROW);
	uint64_t *of = block->scores + 2 * row + at % ROW;

	if (!store_far(fleet, block, row + at % ROW, to->far))
		to = &score_never;
	of[0] = to->value;
	of[ROW] = to->tie;
}

static score *best_of_blocks(struct pool *pool, uint32_t block, uint32_t flavour)
{
	return &pool->bests[(size_t)flavour * pool->room_blocks + block];
}

/* One of what `best` is the best of has changed. False: the levels above do not care. Where it is
 * to be looked for again they may not know of it, since something else was better, and this may be
 * better still. */
static inline bool best_changes(score *best, const score *was, const score *to)
{
	if (score_is_unknown(best))
		return true;
	if (score_less(to, best)) {
		*best = *to;
		return true;
	}
	if (!score_equal(was, best) || score_equal(to, best))
		return false;
	*best = score_unknown;
	return true;
}

static inline void score_changes(vn_fleet *fleet, struct pool *pool, uint32_t pos, uint32_t flavour,
				 const score *to)
{
	struct block *block = pool->blocks[pos / BLOCK];
	score was = block_score(block, flavour, pos % BLOCK);

	if (score_is_never(&was) && score_is_never(to))
		return;
	score_store(fleet, block, flavour, pos % BLOCK, to);
	if (best_changes(&block->rows[(size_t)flavour * ROWS + pos % BLOCK / ROW], &was, to) &&
	    best_changes(best_of_blocks(pool, pos / BLOCK, flavour), &was, to))
		best_changes(best_of_pool(fleet, pool->ix, flavour), &was, to);
}

static void start_epoch(vn_fleet *fleet, struct pool *pool)
{
	pool->epoch = fleet->epoch;
	for (uint32_t b = 0; b < pool->n_blocks; b++) {
		struct block *block = pool->blocks[b];

		for (uint32_t f = 0; f < fleet->n_flavours; f++) {
			*best_of_blocks(pool, b, f) = score_unknown;
			for (uint32_t i = 0; i < ROWS; i++)
				block->rows[(size_t)f * ROWS + i] = score_unknown;
			for (uint32_t i = 0; i < BLOCK; i++)
				score_store(fleet, block, f, i,
					    block->classes[i] == NONE ? &score_never
								      : &score_unknown);
		}
	}
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		*best_of_pool(fleet, pool->ix, f) = score_unknown;
}

static score least_of_row(const uint64_t *values)
{
	const uint64_t *ties = values + ROW;
	score least = score_never;

	for (uint32_t i = 0; i < ROW; i++)
		least.value = values[i] < least.value ? values[i] : least.value;
	for (uint32_t i = 0; i < ROW; i++) {
		uint64_t tie = values[i] == least.value ? ties[i] : UINT64_MAX;

		least.tie = tie < least.tie ? tie : least.tie;
	}
	return least;
}

static const score *row_best(vn_fleet *fleet, struct block *block, uint32_t row, uint32_t flavour)
{
	score *best = &block->rows[(size_t)flavour * ROWS + row];
	const uint64_t *scores = block->scores + 2 * row_at(block, flavour, row);

	if (!score_is_unknown(best))
		return best;
	*best = least_of_row(scores);
	if (score_is_unknown(best)) {
		for (uint32_t i = 0; i < ROW; i++)
			if (!scores[i])
				score_store(
					fleet, block, flavour, row * ROW + i,
					class_score(fleet, block->classes[row * ROW + i], flavour));
		*best = least_of_row(scores);
	}
	if (!block->fars)
		return best;
	*best = score_never;
	for (uint32_t i = 0; i < ROW; i++) {
		score one = block_score(block, flavour, row * ROW + i);

		if (score_less(&one, best))
			*best = one;
	}
	return best;
}

const score *block_best(vn_fleet *fleet, uint32_t pool_ix, uint32_t b, uint32_t flavour)
{
	struct pool *pool = fleet->pools[pool_ix];
	score *best = best_of_blocks(pool, b, flavour);
	const score *rows = pool->blocks[b]->rows + (size_t)flavour * ROWS;
	const score *least = rows;

	if (!score_is_unknown(best))
		return best;
	for (uint32_t row = 0; row < ROWS; row++) {
		if (!rows[row].value)
			row_best(fleet, pool->blocks[b], row, flavour);
		if (rows[row].value > least->value && !pool->blocks[b]->fars)
			continue;
		if (score_less(&rows[row], least))
			least = &rows[row];
	}
	*best = *least;
	return best;
}

const score *pool_best(vn_fleet *fleet, uint32_t pool_ix, uint32_t flavour)
{
	struct pool *pool = fleet->pools[pool_ix];
	score best = score_never, *known = best_of_pool(fleet, pool_ix, flavour);

	if (pool->epoch != fleet->epoch)
		start_epoch(fleet, pool);
	if (!score_is_unknown(known))
		return known;
	for (uint32_t b = 0; b < pool->n_blocks; b++) {
		const score *of = block_best(fleet, pool_ix, b, flavour);

		if (score_less(of, &best))
			best = *of;
	}
	*known = best;
	return known;
}

/* ---- classes ---- */

static bool more_blocks(vn_fleet *fleet, struct pool *pool)
{
	uint32_t was = pool->room_blocks, room = was ? was * 2 : 1;
	struct block **blocks;
	score *bests;

	if (pool->n_blocks < was)
		return true;
	bests = fleet_resize(fleet, NULL, 0, (size_t)room * fleet->room_flavours, sizeof(*bests));
	if (!bests)
		return false;
	blocks = fleet_resize(fleet, pool->blocks, was, room, sizeof(*blocks));
	if (!blocks) {
		fleet_give(fleet, bests, (size_t)room * fleet->room_flavours, sizeof(*bests));
		return false;
	}
	for (uint32_t f = 0; f < fleet->n_flavours && was; f++)
		memcpy(bests + (size_t)f * room, pool->bests + (size_t)f * was,
		       was * sizeof(*bests));
	fleet_give(fleet, pool->bests, (size_t)was * fleet->room_flavours, sizeof(*bests));
	pool->bests = bests;
	pool->blocks = blocks;
	pool->room_blocks = room;
	return true;
}

static struct block *block_new(vn_fleet *fleet)
{
	struct block *block = fleet_resize(fleet, NULL, 0, 1, sizeof(*block));
	size_t n = (size_t)fleet->room_flavours * BLOCK;

	if (!block)
		return NULL;
	block->flavours = fleet->room_flavours;
	block->scores = fleet_resize(fleet, NULL, 0, 2 * n, sizeof(*block->scores));
	block->rows =
		fleet_resize(fleet, NULL, 0, (size_t)fleet->room_flavours * ROWS, sizeof(score));
	if (!block->scores || !block->rows) {
		free_block(fleet, block);
		return NULL;
	}
	memset(block->classes, 0xff, sizeof(block->classes));
	memset(block->scores, 0xff, 2 * n * sizeof(*block->scores));
	for (uint32_t i = 0; i < fleet->room_flavours * ROWS; i++)
		block->rows[i] = score_never;
	return block;
}

static bool more_positions(vn_fleet *fleet, struct pool *pool)
{
	struct block *block;

	if (!more_blocks(fleet, pool))
		return false;
	if (pool->room_free < (pool->n_blocks + 1) * BLOCK) {
		uint32_t room = (pool->n_blocks + 1) * BLOCK * 2;
		uint32_t *list =
			fleet_resize(fleet, pool->free, pool->room_free, room, sizeof(*list));

		if (!list)
			return false;
		pool->free = list;
		pool->room_free = room;
	}
	block = block_new(fleet);
	if (!block)
		return false;
	pool->blocks[pool->n_blocks++] = block;
	for (uint32_t f = 0; f < fleet->room_flavours; f++)
		*best_of_blocks(pool, pool->n_blocks - 1, f) = score_never;
	for (uint32_t i = BLOCK; i-- > 0;)
		pool->free[pool->n_free++] = (pool->n_blocks - 1) * BLOCK + i;
	return true;
}

static uint32_t class_new(vn_fleet *fleet, uint32_t pool_ix, uint32_t state_id)
{
	struct pool *pool = fleet->pools[pool_ix];
	struct host_state *state = host_state(fleet->kinds[pool->kind], state_id);
	uint32_t id = fleet->free_class;
	struct class *class;

	if (!pool->n_free && !more_positions(fleet, pool))
		return NONE;
	if (id == NONE) {
		if (fleet->n_classes == fleet->room_classes) {
			uint32_t room = fleet->room_classes ? fleet->room_classes * 2 : 256;
			struct class *classes = fleet_resize(
				fleet, fleet->classes, fleet->room_classes, room, sizeof(*classes));

			if (!classes)
				return NONE;
			fleet->classes = classes;
			fleet->room_classes = room;
		}
		id = fleet->n_classes++;
	} else {
		fleet->free_class = fleet->classes[id].next;
	}
	class = &fleet->classes[id];
	*class = (struct class){ .pool = pool_ix, .state = state_id, .root = NONE };
	class->pos = pool->free[--pool->n_free];
	class->next = state->first_class;
	state->first_class = id;
	state->n_classes++;
	fleet->live_classes++;
	return id;
}

/* All scores at a position are unknown: so are the best of its row, its block and the pool. */
static void scores_forget(const vn_fleet *fleet, struct pool *pool, uint32_t pos)
{
	struct block *block = pool->blocks[pos / BLOCK];
	uint64_t *of = block->scores + 2 * row_at(block, 0, pos % BLOCK / ROW) + pos % ROW;
	score *row = block->rows + pos % BLOCK / ROW;
	score *best = pool->bests + pos / BLOCK;

	for (uint32_t f = 0; f < fleet->n_flavours; f++) {
		*of = 0;
		row->value = best->value = best_of_pool(fleet, pool->ix, f)->value = 0;
		of += 2 * ROW;
		row += ROWS;
		best += pool->room_blocks;
	}
}

/* All scores at a position; `to` has one for each flavour. Nearly always neither the score that
 * goes nor the one that comes is the best of its row, and that is all. */
static void scores_change(vn_fleet *fleet, struct pool *pool, uint32_t pos, const score *to)
{
	struct block *block = pool->blocks[pos / BLOCK];
	uint64_t *of = block->scores + 2 * row_at(block, 0, pos % BLOCK / ROW) + pos % ROW;
	const score *best = block->rows + pos % BLOCK / ROW;

	for (uint32_t f = 0; f < fleet->n_flavours; f++, of += 2 * ROW, best += ROWS) {
		if (best->value && of[0] > best->value && to[f].value > best->value &&
		    !block->fars && !to[f].far) {
			of[0] = to[f].value;
			of[ROW] = to[f].tie;
		} else if (of[0] != UINT64_MAX || to[f].value != UINT64_MAX) {
			score_changes(fleet, pool, pos, f, &to[f]);
		}
	}
}

/* The class has hosts now: its scores, where they are known, count. */
static void class_lives(vn_fleet *fleet, uint32_t id)
{
	const struct class *class = &fleet->classes[id];
	struct pool *pool = fleet->pools[class->pool];
	kind *k = fleet->kinds[pool->kind];
	struct host_state *state = host_state(k, class->state);

	pool->blocks[class->pos / BLOCK]->classes[class->pos % BLOCK] = id;
	if (state->fresh || state->epoch != fleet->epoch)
		class_scores(fleet, id);
	if (state->fresh)
		scores_forget(fleet, pool, class->pos);
	else
		scores_change(fleet, pool, class->pos, host_memo(k, state));
}

static void class_dies(vn_fleet *fleet, uint32_t id)
{
	struct class *class = &fleet->classes[id];
	struct pool *pool = fleet->pools[class->pool];
	struct block *block = pool->blocks[class->pos / BLOCK];
	struct host_state *state = host_state(fleet->kinds[pool->kind], class->state);
	uint32_t *at = &state->first_class;

	block->classes[class->pos % BLOCK] = NONE;
	scores_change(fleet, pool, class->pos, fleet->never);
	pool->free[pool->n_free++] = class->pos;
	while (*at != id)
		at = &fleet->classes[*at].next;
	*at = class->next;
	state->n_classes--;
	class->next = fleet->free_class;
	fleet->free_class = id;
	fleet->live_classes--;
}

/* The class is of another host state now. */
static void class_turns(vn_fleet *fleet, uint32_t id, uint32_t state_id)
{
	struct class *class = &fleet->classes[id];
	kind *k = fleet->kinds[fleet->pools[class->pool]->kind];
	struct host_state *state = host_state(k, class->state);
	uint32_t *at = &state->first_class;

	while (*at != id)
		at = &fleet->classes[*at].next;
	*at = class->next;
	state->n_classes--;
	state = host_state(k, state_id);
	class->state = state_id;
	class->next = state->first_class;
	state->first_class = id;
	state->n_classes++;
	class_lives(fleet, id);
}

int host_move(vn_fleet *fleet, uint32_t host, uint32_t state_id, vn_error *err)
{
	const struct host *h = &fleet->hosts[host];
	const struct class *class = &fleet->classes[h->class];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	uint32_t id = host_state(k, state_id)->first_class;

	if (class->state == state_id)
		return VN_OK;
	while (id != NONE && fleet->classes[id].pool != h->pool)
		id = fleet->classes[id].next;
	if (id == NONE && fleet->treap[class->root].size == 1) {
		class_turns(fleet, h->class, state_id); /* alone here, and alone there */
		return VN_OK;
	}
	host_leave(fleet, host);
	return host_enter(fleet, host, state_id, err);
}

int host_enter(vn_fleet *fleet, uint32_t host, uint32_t state_id, vn_error *err)
{
	struct host *h = &fleet->hosts[host];
	struct pool *pool = fleet->pools[h->pool];
	struct host_state *state = host_state(fleet->kinds[pool->kind], state_id);
	uint32_t id = state->first_class;
	struct class *class;
	uint32_t *low;

	while (id != NONE && fleet->classes[id].pool != h->pool)
		id = fleet->classes[id].next;
	if (id == NONE) {
		id = class_new(fleet, h->pool, state_id);
		if (id == NONE)
			return vn_fail(err, VN_E_NOMEM, "no memory for a class of hosts");
		pool->blocks[fleet->classes[id].pos / BLOCK]->low[fleet->classes[id].pos % BLOCK] =
			NONE;
		class_lives(fleet, id);
	}
	class = &fleet->classes[id];
	treap_insert(fleet, &class->root, host);
	low = &pool->blocks[class->pos / BLOCK]->low[class->pos % BLOCK];
	*low = host < *low ? host : *low;
	h->class = id;
	return VN_OK;
}

void host_leave(vn_fleet *fleet, uint32_t host)
{
	struct host *h = &fleet->hosts[host];
	struct class *class = &fleet->classes[h->class];
	uint32_t *low = &fleet->pools[h->pool]->blocks[class->pos / BLOCK]->low[class->pos % BLOCK];

	treap_remove(fleet, &class->root, host);
	if (class->root == NONE)
		class_dies(fleet, h->class);
	else if (*low == host)
		*low = treap_first(fleet, class->root);
	h->class = NONE;
}

int host_enter_again(vn_fleet *fleet, uint32_t host, vn_error *err)
{
	const struct host *h = &fleet->hosts[host];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	uint32_t state = state_of_slot(fleet, k, h->slot);

	if (state == NONE)
		return vn_fail(err, VN_E_NOMEM, "no memory for the state of a host");
	return host_enter(fleet, host, state, err);
}

/* ---- anew ---- */

static int reintern_slots(vn_fleet *fleet, kind *k, uint64_t *keys, vn_error *err)
{
	for (uint32_t s = 0; s < k->n_slots; s++)
		for (uint32_t i = 0; i < k->n_nodes; i++) {
			uint64_t *short_key =
				keys + ((size_t)s * k->n_nodes + i) * (2 + VN_PAGE_SIZES_MAX);
			uint64_t key[64 + VN_CPUSET_WORDS] = { 0 };
			uint32_t *id = &slot_ids(k, s)[i];

			memcpy(key, short_key, (2 + k->n_sizes) * sizeof(*key));
			key[0] = (uint32_t)key[0] | (uint64_t)k->nodes[i].type << 32;
			key_count_cores(k, i, slot_masks(k, s) + (size_t)i * k->words, key);
			*id = node_intern(fleet, k, key);
			if (*id == NONE)
				return vn_fail(err, VN_E_NOMEM, "no memory for states of hosts");
			node_state(k, *id)->refs++;
		}
	return VN_OK;
}

/* Keep what the node states say, lay out the tables anew, and put it in again. */
static int kind_rebuild(vn_fleet *fleet, kind *k, vn_error *err)
{
	size_t n = (size_t)k->n_slots * k->n_nodes;
	uint64_t *keys = fleet_resize(fleet, NULL, 0, n, (2 + VN_PAGE_SIZES_MAX) * sizeof(*keys));
	int r;

	if (!keys)
		return vn_fail(err, VN_E_NOMEM, "no memory for states of hosts");
	for (size_t i = 0; i < n; i++) {
		uint32_t id = slot_ids(k, (uint32_t)(i / k->n_nodes))[i % k->n_nodes];

		memcpy(keys + i * (2 + VN_PAGE_SIZES_MAX), node_key(k, node_state(k, id)),
		       (2 + k->n_sizes) * sizeof(*keys));
	}
	/* what is simple may have changed */
	memset(k->recipes, 0, fleet->room_flavours * sizeof(*k->recipes));
	k->n_recipes = 0;
	if ((r = kind_tables(fleet, k, err)) == VN_OK)
		r = reintern_slots(fleet, k, keys, err);
	fleet_give(fleet, keys, n, (2 + VN_PAGE_SIZES_MAX) * sizeof(*keys));
	return r;
}

/* The flavours' room has grown already, but for the pools' arrays, which had `was`. */
int pools_rebuild(vn_fleet *fleet, vn_error *err)
{
	int r;

	fleet->n_classes = fleet->live_classes = 0;
	fleet->free_class = NONE;
	for (uint32_t i = 0; i < fleet->n_kinds; i++)
		if ((r = kind_rebuild(fleet, fleet->kinds[i], err)) < 0)
			return r;
	for (uint32_t host = 0; host < fleet->n_hosts; host++)
		if (fleet->hosts[host].pool != NONE && (r = host_enter_again(fleet, host, err)) < 0)
			return r;
	return VN_OK;
}

void pools_empty(vn_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->n_pools; i++) {
		struct pool *pool = fleet->pools[i];

		free_blocks(fleet, pool);
		for (uint32_t f = 0; f < fleet->room_flavours; f++)
			*best_of_pool(fleet, i, f) = score_never;
	}
}
