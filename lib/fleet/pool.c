/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pools, their classes, and the scores by which a decision finds the best class.
 *
 * A class has a position in its pool; 128 positions are a block. For each flavour a block has the
 * scores of its classes, the best of each row of eight, and the pool has the best of its blocks,
 * by score and lowest host: they follow each change at once. "Unknown" is below every score, so
 * what was not computed yet is found first. */
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
	fleet_give(fleet, block->rows, (size_t)fleet->room_flavours * ROWS, sizeof(*block->rows));
	fleet_give(fleet, block, 1, sizeof(*block));
}

static void free_blocks(vn_fleet *fleet, struct pool *pool)
{
	for (uint32_t i = 0; i < pool->n_blocks; i++)
		free_block(fleet, pool->blocks[i]);
	fleet_give(fleet, pool->bests, (size_t)fleet->room_flavours * pool->room_blocks,
		   sizeof(*pool->bests));
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
	struct position *bests = fleet_resize(fleet, NULL, 0, n, sizeof(*bests));

	if (!bests)
		return false;
	for (size_t i = 0; i < n; i++)
		bests[i] = position_never;
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

	if (!block->fars && (!far || far == score_never.far))
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

static struct position *best_of_blocks(struct pool *pool, uint32_t block, uint32_t flavour)
{
	return &pool->bests[(size_t)flavour * pool->room_blocks + block];
}

static struct position least_of_row(const struct block *block, uint32_t row, uint32_t flavour)
{
	const uint64_t *values = block->scores + 2 * row_at(block, flavour, row);
	struct position best = position_never;
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < ROW; i++)
		least = values[i] < least ? values[i] : least;
	for (uint32_t i = 0; i < ROW; i++) {
		struct position one;

		if (values[i] != least && !block->fars)
			continue;
		one = block_position(block, flavour, row * ROW + i);
		if (position_less(&one, &best))
			best = one;
	}
	return best;
}

static struct position least_of_block(const struct block *block, uint32_t flavour)
{
	const struct position *best = block_row(block, flavour, 0);

	for (uint32_t row = 1; row < ROWS; row++) {
		const struct position *one = block_row(block, flavour, row);

		if (position_less(one, best))
			best = one;
	}
	return *best;
}

/* Something has changed from `was` to `to`: the best of its row and of its block follow at once,
 * while all of it is near. Of the pool only is said that it has to be looked for again. */
static void position_changes(vn_fleet *fleet, struct pool *pool, uint32_t pos, uint32_t flavour,
			     struct position was, struct position to)
{
	struct block *block = pool->blocks[pos / BLOCK];
	uint32_t row = pos % BLOCK / ROW;
	struct position *best = block_row(block, flavour, row), old = *best;

	if (position_less(&to, best))
		*best = to;
	else if (position_equal(&was, best))
		*best = least_of_row(block, row, flavour);
	if (position_equal(&old, best))
		return;
	was = old;
	to = *best;
	best = best_of_blocks(pool, pos / BLOCK, flavour);
	old = *best;
	if (position_less(&to, best))
		*best = to;
	else if (position_equal(&was, best))
		*best = least_of_block(block, flavour);
	was = old;
	to = *best;
	best = best_of_pool(fleet, pool->ix, flavour);
	if (position_less(&to, best))
		*best = to;
	else if (position_equal(&was, best) && !position_equal(&to, best))
		*best = position_unknown;
}

static void start_epoch(vn_fleet *fleet, struct pool *pool)
{
	pool->epoch = fleet->epoch;
	for (uint32_t b = 0; b < pool->n_blocks; b++) {
		struct block *block = pool->blocks[b];

		for (uint32_t f = 0; f < fleet->n_flavours; f++) {
			*best_of_blocks(pool, b, f) = position_unknown;
			for (uint32_t row = 0; row < ROWS; row++)
				*block_row(block, f, row) = position_unknown;
			for (uint32_t i = 0; i < BLOCK; i++)
				score_store(fleet, block, f, i,
					    block->classes[i] == NONE ? &score_never
								      : &score_unknown);
		}
	}
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		*best_of_pool(fleet, pool->ix, f) = position_unknown;
}

static void score_row(vn_fleet *fleet, struct block *block, uint32_t row, uint32_t flavour)
{
	struct position *best = block_row(block, flavour, row);
	const uint64_t *values = block->scores + 2 * row_at(block, flavour, row);

	if (!score_is_unknown(&best->score))
		return;
	for (uint32_t i = 0; i < ROW; i++) {
		score one;

		if (values[i])
			continue;
		one = class_score(fleet, block->classes[row * ROW + i], flavour);
		score_store(fleet, block, flavour, row * ROW + i, &one);
	}
	*best = least_of_row(block, row, flavour);
}

const struct position *block_best(vn_fleet *fleet, uint32_t pool_ix, uint32_t b, uint32_t flavour)
{
	struct pool *pool = fleet->pools[pool_ix];
	struct position *best = best_of_blocks(pool, b, flavour);

	if (!score_is_unknown(&best->score))
		return best;
	for (uint32_t row = 0; row < ROWS; row++)
		score_row(fleet, pool->blocks[b], row, flavour);
	*best = least_of_block(pool->blocks[b], flavour);
	return best;
}

const struct position *pool_best(vn_fleet *fleet, uint32_t pool_ix, uint32_t flavour)
{
	struct position *known = best_of_pool(fleet, pool_ix, flavour);
	struct position best = position_never;
	struct pool *pool = fleet->pools[pool_ix];

	if (pool->epoch != fleet->epoch)
		start_epoch(fleet, pool);
	if (!score_is_unknown(&known->score))
		return known;
	for (uint32_t b = 0; b < pool->n_blocks; b++) {
		const struct position *of = best_of_blocks(pool, b, flavour);

		if (score_is_unknown(&of->score))
			of = block_best(fleet, pool_ix, b, flavour);
		if (position_less(of, &best))
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
	struct position *bests;

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
	block->rows = fleet_resize(fleet, NULL, 0, (size_t)fleet->room_flavours * ROWS,
				   sizeof(*block->rows));
	if (!block->scores || !block->rows) {
		free_block(fleet, block);
		return NULL;
	}
	memset(block->classes, 0xff, sizeof(block->classes));
	memset(block->low, 0xff, sizeof(block->low));
	memset(block->scores, 0xff, 2 * n * sizeof(*block->scores));
	for (uint32_t i = 0; i < fleet->room_flavours * ROWS; i++)
		block->rows[i] = position_never;
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
		*best_of_blocks(pool, pool->n_blocks - 1, f) = position_never;
	for (uint32_t i = BLOCK; i-- > 0;)
		pool->free[pool->n_free++] = (pool->n_blocks - 1) * BLOCK + i;
	return true;
}

static void state_add(vn_fleet *fleet, uint32_t id, uint32_t state_id)
{
	struct class *class = &fleet->classes[id];
	struct host_state *state =
		host_state(fleet->kinds[fleet->pools[class->pool]->kind], state_id);

	class->state = state_id;
	class->next = state->first_class;
	state->first_class = id;
	state->n_classes++;
}

static void state_remove(vn_fleet *fleet, uint32_t id)
{
	const struct class *class = &fleet->classes[id];
	struct host_state *state =
		host_state(fleet->kinds[fleet->pools[class->pool]->kind], class->state);
	uint32_t *at = &state->first_class;

	while (*at != id)
		at = &fleet->classes[*at].next;
	*at = class->next;
	state->n_classes--;
}

static uint32_t class_new(vn_fleet *fleet, uint32_t pool_ix, uint32_t state_id)
{
	uint32_t id = fleet->free_class;

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
	fleet->classes[id] = (struct class){ .pool = pool_ix, .root = NONE };
	state_add(fleet, id, state_id);
	fleet->live_classes++;
	return id;
}

/* The scores of a class, `to`, one for each flavour, and its lowest host. Nearly always neither the
 * score that goes nor the one that comes is the best of its row, and that is all. */
static void class_scores_change(vn_fleet *fleet, const struct class *class, const struct memo *to,
				const uint64_t *fars, uint32_t low)
{
	struct pool *pool = fleet->pools[class->pool];
	struct block *block = pool->blocks[class->pos / BLOCK];
	uint32_t at = class->pos % BLOCK, was_low = block->low[at];
	uint64_t *of = block->scores + 2 * row_at(block, 0, at / ROW) + at % ROW;
	const struct position *best = block_row(block, 0, at / ROW);

	block->low[at] = low;
	for (uint32_t f = 0; f < fleet->n_flavours; f++, of += 2 * ROW, best++, to++) {
		if ((of[0] & to->value) == UINT64_MAX)
			continue; /* it did not fit, and does not */
		if (of[0] > best->score.value && to->value > best->score.value && !block->fars &&
		    !fars) {
			of[0] = to->value;
			of[ROW] = to->tie;
		} else {
			struct position was = position_of(block_score(block, f, at), was_low);
			score now = memo_score(to, fars ? &fars[f] : NULL);

			score_store(fleet, block, f, at, &now);
			position_changes(fleet, pool, class->pos, f, was,
					 block_position(block, f, at));
		}
	}
}

/* The lowest host of a class. */
static uint32_t class_low(const vn_fleet *fleet, const struct class *class)
{
	uint32_t at = class->pos % BLOCK;

	return class->pos & CLASS_YOUNG
		       ? fleet->young.low[class->pos & ~CLASS_YOUNG]
		       : fleet->pools[class->pool]->blocks[class->pos / BLOCK]->low[at];
}

static void class_low_changes(vn_fleet *fleet, const struct class *class, uint32_t low)
{
	struct pool *pool = fleet->pools[class->pool];
	uint32_t at = class->pos % BLOCK, was_low;
	const struct position *best;
	struct block *block;

	if (class->pos & CLASS_YOUNG) {
		fleet->young.low[class->pos & ~CLASS_YOUNG] = low;
		return;
	}
	block = pool->blocks[class->pos / BLOCK];
	was_low = block->low[at];
	best = block_row(block, 0, at / ROW);
	block->low[at] = low;
	for (uint32_t f = 0; f < fleet->n_flavours; f++, best++) {
		score same = block_score(block, f, at);

		if (!score_is_never(&same) && score_equal(&same, &best->score))
			position_changes(fleet, pool, class->pos, f, position_of(same, was_low),
					 position_of(same, low));
	}
}

/* Into the index of its pool; `low` is its lowest host. */
bool class_settle(vn_fleet *fleet, uint32_t id, uint32_t low)
{
	struct class *class = &fleet->classes[id];
	struct pool *pool = fleet->pools[class->pool];
	kind *k = fleet->kinds[pool->kind];
	struct host_state *state = host_state(k, class->state);

	if (!pool->n_free && !more_positions(fleet, pool))
		return false;
	class->pos = pool->free[--pool->n_free];
	pool->blocks[class->pos / BLOCK]->classes[class->pos % BLOCK] = id;
	if (state->fresh || state->epoch != fleet->epoch)
		class_scores(fleet, id);
	class_scores_change(fleet, class, host_memo(k, state), host_fars(k, state), low);
	return true;
}

/* No decision finds it any more. */
static void class_hide(vn_fleet *fleet, uint32_t id)
{
	struct class *class = &fleet->classes[id];
	struct pool *pool = fleet->pools[class->pool];

	if (class->pos & CLASS_YOUNG) {
		young_leave(fleet, class->pos & ~CLASS_YOUNG);
		return;
	}
	class_scores_change(fleet, class, fleet->never, NULL, NONE);
	pool->blocks[class->pos / BLOCK]->classes[class->pos % BLOCK] = NONE;
	pool->free[pool->n_free++] = class->pos;
}

static void class_dies(vn_fleet *fleet, uint32_t id)
{
	class_hide(fleet, id);
	state_remove(fleet, id);
	fleet->classes[id].next = fleet->free_class;
	fleet->free_class = id;
	fleet->live_classes--;
}

/* The class, of one host, is of another host state now. */
static void class_turns(vn_fleet *fleet, uint32_t id, uint32_t state_id)
{
	struct class *class = &fleet->classes[id];

	class_hide(fleet, id);
	state_remove(fleet, id);
	state_add(fleet, id, state_id);
	class->pos = CLASS_YOUNG | young_enter(fleet, id, class->root);
}

int host_move(vn_fleet *fleet, uint32_t host, uint32_t state_id, vn_error *err)
{
	const struct host *h = &fleet->hosts[host];
	const struct class *class = &fleet->classes[h->class];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	uint32_t id = host_state(k, state_id)->first_class;

	if (class->state == state_id)
		return VN_OK;
	if (!young_make_room(fleet))
		return vn_fail(err, VN_E_NOMEM, "no memory for a class of hosts");
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
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	uint32_t id = host_state(k, state_id)->first_class;

	while (id != NONE && fleet->classes[id].pool != h->pool)
		id = fleet->classes[id].next;
	if (id == NONE) {
		id = young_make_room(fleet) ? class_new(fleet, h->pool, state_id) : NONE;
		if (id == NONE)
			return vn_fail(err, VN_E_NOMEM, "no memory for a class of hosts");
		treap_insert(fleet, &fleet->classes[id].root, host);
		fleet->classes[id].pos = CLASS_YOUNG | young_enter(fleet, id, host);
	} else {
		treap_insert(fleet, &fleet->classes[id].root, host);
		if (host < class_low(fleet, &fleet->classes[id]))
			class_low_changes(fleet, &fleet->classes[id], host);
	}
	h->class = id;
	return VN_OK;
}

void host_leave(vn_fleet *fleet, uint32_t host)
{
	struct host *h = &fleet->hosts[host];
	struct class *class = &fleet->classes[h->class];

	treap_remove(fleet, &class->root, host);
	if (class->root == NONE)
		class_dies(fleet, h->class);
	else if (host == class_low(fleet, class))
		class_low_changes(fleet, class, treap_first(fleet, class->root));
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
	young_clear(fleet);
	for (uint32_t i = 0; i < fleet->n_pools; i++) {
		struct pool *pool = fleet->pools[i];

		free_blocks(fleet, pool);
		for (uint32_t f = 0; f < fleet->room_flavours; f++)
			*best_of_pool(fleet, i, f) = position_never;
	}
}
