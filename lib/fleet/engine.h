/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The data of a fleet. From small to large:
 *   node state   what one node has taken, as counts; equal ones are one record
 *   host state   the node states of a host, nodes that can be swapped sorted; and its devices
 *   class        the hosts of one pool that have one host state
 *   pool         the hosts of one kind with equal labels; it has the scores of its classes,
 *                but for the young ones
 *   kind         hosts of equal hardware and options; it has the node and host states
 * Numbers (ids) everywhere; records move never, since tables are made of chunks. */
#ifndef VNUMA_FLEET_ENGINE_H
#define VNUMA_FLEET_ENGINE_H

#include "vnuma/fleet.h"

#include <string.h>

enum {
	LINE = 64,		/* bytes that come from memory together */
	CHUNK = 256,		/* records of a table that are allocated together */
	ROW = 8,		/* classes of a pool whose best score is kept */
	BLOCK = 128,		/* and the best of so many */
	YOUNG = 256,		/* new classes that are in no block */
	SUBSETS_MAX = 128,	/* ways to choose nodes that are all looked at */
	OPTIONS_KEPT = 16,	/* of these, when they are remembered by bits */
	CLAIMS_CHUNK = 4096,	/* claims that are allocated together */
	SIZE_CLASSES = 16,	/* of details: 32 bytes x 2^i */
	PACKED_BYTES = 1 << 20, /* of a placement that is kept */
};
#define NONE UINT32_MAX

typedef vn_fleet_score score;
static const score score_unknown = { 0, 0, 0 }; /* below each real one: value is 1 or more */
static const score score_never = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
#define VALUE_ZERO (UINT64_C(1) << 63)
#define COST_MOST  (UINT64_C(1) << 62) /* sums of costs are cut off there, on both sides of zero */

static inline bool score_is_unknown(const score *s)
{
	return !s->value;
}
static inline bool score_is_never(const score *s)
{
	return s->value == UINT64_MAX;
}
static inline bool score_equal(const score *a, const score *b)
{
	return !((a->value ^ b->value) | (a->tie ^ b->tie) | (a->far ^ b->far));
}
static inline bool score_less(const score *a, const score *b)
{
	if (a->far != b->far)
		return a->far < b->far;
	return a->value != b->value ? a->value < b->value : a->tie < b->tie;
}

/* Where something is in the order of hosts: the score, then the number. */
struct position {
	score score;
	uint32_t host; /* NONE where the score is "never", 0 where it is unknown */
};
static const struct position position_unknown = { { 0, 0, 0 }, 0 };
static const struct position position_never = { { UINT64_MAX, UINT64_MAX, UINT64_MAX }, NONE };
static inline struct position position_of(score of, uint32_t host)
{
	return score_is_unknown(&of) ? position_unknown
	       : score_is_never(&of) ? position_never
				     : (struct position){ of, host };
}
static inline bool position_equal(const struct position *a, const struct position *b)
{
	return a->host == b->host && score_equal(&a->score, &b->score);
}
static inline bool position_less(const struct position *a, const struct position *b)
{
	if (a->score.value != b->score.value || a->score.far != b->score.far)
		return score_less(&a->score, &b->score);
	return a->score.tie != b->score.tie ? a->score.tie < b->score.tie : a->host < b->host;
}

/* ---- memory (memory.c) ---- */

/* realloc of an array that counts bytes and fills with zero; NULL: no memory, `old` is still good.
 */
void *fleet_resize(vn_fleet *fleet, void *old, size_t old_n, size_t n, size_t size);
void fleet_give(vn_fleet *fleet, void *old, size_t n, size_t size);

/* Where chunks of what never moves come from: one by one at first, then from huge pages. */
struct slabs {
	uint32_t n, room;
	struct slab {
		uint8_t *start;
		size_t bytes;
	} * slabs;
	uint8_t *next; /* in the last one */
	size_t left, total;
};
uint8_t *slabs_take(vn_fleet *fleet, struct slabs *slabs, size_t bytes); /* zero; NULL: no memory */
void slabs_give(vn_fleet *fleet, struct slabs *slabs);			 /* all of it */

/* Records of equal size that are found by their keys. */
struct table {
	uint32_t stride, key_at, key_bytes;
	uint32_t n;    /* ids given so far: 0..n-1, some of them free */
	uint32_t live; /* without the free ones */
	uint32_t free; /* the first free one, NONE; the next stands in its first bytes */
	uint32_t n_chunks, room_chunks;
	uint8_t **chunks;    /* each begins with a line */
	struct slabs memory; /* of the chunks */
	struct slot {
		uint32_t id;   /* + 1; 0: empty */
		uint32_t hash; /* of the key, so that a record is read where it is the right one */
	} * slots;
	uint32_t n_slots; /* power of two */
};
static inline void *table_at(const struct table *table, uint32_t id)
{
	return table->chunks[id / CHUNK] + (size_t)(id % CHUNK) * table->stride;
}
void table_init(struct table *table, uint32_t stride, uint32_t key_at, uint32_t key_bytes);
void table_clear(vn_fleet *fleet, struct table *table);
/* The id of the record with the key; new ones are zero but for the key. NONE: no memory. */
uint32_t table_intern(vn_fleet *fleet, struct table *table, const void *key, bool *added);
bool table_is_free(const struct table *table, uint32_t id);
/* Free those for which `drop` says so. */
void table_sweep(struct table *table, bool (*drop)(void *record, void *context), void *context);
uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed);

/* Names, numbered. */
struct names {
	uint32_t n, room;
	char **names;
	uint32_t *slots, n_slots;
};
uint32_t name_intern(vn_fleet *fleet, struct names *names, const char *name); /* NONE: no memory */
uint32_t name_find(const struct names *names, const char *name);
void names_clear(vn_fleet *fleet, struct names *names);

/* Memory blocks of a few sizes, never given back to the system. Handle 0: none. */
struct details {
	struct detail_class {
		uint32_t n, room_chunks, n_chunks, free; /* free: index + 1 */
		uint8_t **chunks;
	} classes[SIZE_CLASSES];
};
uint32_t detail_new(vn_fleet *fleet, size_t bytes); /* 0: no memory */
void *detail_at(const vn_fleet *fleet, uint32_t handle);
void detail_free(vn_fleet *fleet, uint32_t handle);
void details_clear(vn_fleet *fleet);

/* ---- kinds ---- */

/* What a cell of a flavour needs of a node. */
struct cell_need {
	uint32_t floating, pins, extra;
	uint64_t mem_kib; /* memory devices included */
	enum vn_page_want want;
	uint64_t page_kib;
	enum vn_thread_policy policy;
	bool dedicated; /* the guest has dedicated vCPUs: its memory is not overcommitted */
};

enum recipe_way {
	RECIPE_UNKNOWN,
	RECIPE_NEVER,  /* does not fit on the empty host */
	RECIPE_SIMPLE, /* by counts: alike cells, each on a node of its own */
	RECIPE_ASK     /* by vn_place */
};
/* How a flavour goes on a kind of host. */
struct recipe {
	enum recipe_way way;
	uint32_t cells;
	struct cell_need need;	     /* of the largest cell */
	uint64_t remote, least;	     /* devices and distance on the empty host */
	uint64_t per_pair, per_cell; /* distance of a way: per_pair x sum + per_cell x sum */
	uint64_t least_loss;	     /* of slots, in this epoch */
	uint32_t loss_epoch;
};

struct subsets { /* the ways to choose k of n nodes, the lowest nodes first */
	uint32_t n;
	uint64_t *masks;
	uint64_t *pairs, *own; /* sums of distances */
};

struct node_shape {	/* the hardware of one node */
	uint16_t type;	/* nodes of one type are equal but for distances */
	uint16_t alike; /* the first node that can be swapped with it, devices considered */
	uint32_t n_cpus;
	uint16_t *cpus; /* [local] OS number, ascending */
	uint32_t n_cores;
	uint8_t *core_type;	      /* [core of the node] */
	uint16_t cores_of[16];	      /* [core kind] how many */
	uint64_t *core_masks;	      /* [core of the node][words], local */
	uint64_t *in_cpus, *in_pcpus; /* [words], local */
	uint32_t n_in_cpus, n_in_pcpus;
	uint64_t cpu_all, mem_all; /* C and M of the weighers */
	bool one_l3;
};

struct core_kind {
	uint8_t n; /* threads */
	bool cpus, pcpus, first;
	uint16_t at; /* of its counts in the key, as uint16_t: [free threads 0..n-1] */
};

typedef struct kind {
	vn_host *now;	  /* scratch: the state of host `loaded` */
	uint32_t loaded;  /* NONE: something else */
	vn_text identity; /* bytes that equal kinds share */
	vn_place_options options;
	uint32_t n_nodes, words; /* of a node's mask */
	uint32_t n_sizes;	 /* page sizes, the most of any node */
	struct node_shape nodes[VN_FLEET_NODES_MAX];
	bool uniform;	/* all nodes have equal cpu_all and mem_all */
	bool exact;	/* masks are in the keys: cores are not regular */
	bool fast_pins; /* pins of policy prefer can be counted, and picked */
	bool has_devices;
	uint32_t n_core_kinds;
	struct core_kind core_kinds[16];
	uint32_t n_groups; /* devices that are just alike, then pools */
	uint16_t *device_group;
	uint32_t device_words; /* of a host's record */
	uint32_t *pools_full;  /* [pool] how many are free on the empty host */

	/* the key of a node: [0] usage | type << 32, [1] memory, sizes, counts, extras */
	uint32_t key_words, key_counts, key_first, key_masks;
	struct table node_states, host_states;
	uint32_t at_next, at_fit, at_free; /* in a node state */
	/* In a host state. Where no far is kept (0), scores that are far are not remembered. */
	uint32_t at_memo, at_opts, at_fars;
	uint32_t sweep_nodes, sweep_hosts; /* live records at which to forget */

	struct recipe *recipes; /* [flavour] */
	uint32_t n_recipes;	/* the first so many are known */
	struct many {		/* flavours whose slots need the whole host, of `many_epoch` */
		uint32_t flavour;
		uint64_t weight; /* 0 where it has more cells than there are nodes: no slots */
		bool huge;	 /* it competes for huge pages */
	} * many;
	uint32_t n_many, many_epoch;
	struct subsets subsets[VN_FLEET_NODES_MAX + 1]; /* [cells] */

	/* hosts: records of ids[n_nodes], masks[n_nodes][words], devices */
	uint32_t n_slots, room_slots, slot_bytes, at_masks, at_devices;
	uint8_t *slots;
} kind;

/* What a decision reads stands in front: this is one cache line, then the fits, then the next
 * states; what follows from the key only, and the key, come last. */
struct node_state {
	uint32_t refs, epoch;
	/* Sums over flavours of one cell, of `epoch`; slots by memory, ordinary or huge pages. */
	uint64_t single[2], fragments;
	unsigned __int128 share; /* min(cpu_free * mem_all, free memory * cpu_all) */
	uint32_t rem, unused;	 /* share / (cpu_all * mem_all), x 2^30 */
	uint64_t cpu_free;
};
struct node_free {
	uint32_t floats, threads; /* CPUs where floating vCPUs may run, and free ones for pins */
	uint32_t whole, groups;	  /* whole free cores; free threads that share a core */
	uint64_t room_kib[2];	  /* ordinary memory for guests without, with dedicated CPUs */
};
enum { FIT_UNKNOWN = 0xffff, FIT_MOST = 0xfffe };
enum { NEXT_UNKNOWN = 0, NEXT_NEVER = UINT32_MAX }; /* else id + 1 */

struct memo {
	uint64_t value, tie; /* value 0: unknown; UINT64_MAX: never */
};
struct host_state {
	uint32_t first_class, n_classes;
	uint32_t epoch; /* of the memo */
	bool fresh;	/* what is asked for often is not all in the memo yet */
	uint32_t key[]; /* node state ids, then counts of devices taken */
};

static inline struct node_state *node_state(const kind *k, uint32_t id)
{
	return table_at(&k->node_states, id);
}
static inline uint32_t *node_next(const kind *k, struct node_state *state)
{
	return (uint32_t *)((uint8_t *)state + k->at_next);
}
static inline uint64_t *node_key(const kind *k, struct node_state *state)
{
	return (uint64_t *)((uint8_t *)state + k->node_states.key_at);
}
static inline struct node_free *node_free(const kind *k, struct node_state *state)
{
	return (struct node_free *)((uint8_t *)state + k->at_free);
}
static inline uint16_t *node_fit(const kind *k, struct node_state *state)
{
	return (uint16_t *)((uint8_t *)state + k->at_fit);
}
static inline struct host_state *host_state(const kind *k, uint32_t id)
{
	return table_at(&k->host_states, id);
}
static inline struct memo *host_memo(const kind *k, struct host_state *state)
{
	return (struct memo *)((uint8_t *)state + k->at_memo);
}
static inline uint64_t *host_fars(const kind *k, struct host_state *state)
{
	return k->at_fars ? (uint64_t *)((uint8_t *)state + k->at_fars) : NULL;
}
static inline score memo_score(const struct memo *memo, const uint64_t *far)
{
	if (memo->value == UINT64_MAX)
		return score_never;
	return (score){ far ? *far : 0, memo->value, memo->tie };
}
static inline uint16_t *host_opts(const kind *k, struct host_state *state)
{
	return (uint16_t *)((uint8_t *)state + k->at_opts);
}
static inline uint32_t *slot_ids(const kind *k, uint32_t slot)
{
	return (uint32_t *)(k->slots + (size_t)slot * k->slot_bytes);
}
static inline uint64_t *slot_masks(const kind *k, uint32_t slot)
{
	return (uint64_t *)(k->slots + (size_t)slot * k->slot_bytes + k->at_masks);
}
static inline uint32_t *slot_devices(const kind *k, uint32_t slot)
{
	return (uint32_t *)(k->slots + (size_t)slot * k->slot_bytes + k->at_devices);
}

/* ---- pools, classes, hosts ---- */

struct class
{
	uint32_t pool, state, root;
	uint32_t pos;  /* in the pool's blocks; or CLASS_YOUNG | place among the young */
	uint32_t next; /* of the host state; or the next free one */
};
#define CLASS_YOUNG (UINT32_C(1) << 31)

enum { ROWS = BLOCK / ROW };
/* The scores of a row stand together, flavour by flavour, since a class that comes or goes changes
 * them all. */
struct block {
	uint32_t classes[BLOCK]; /* NONE: nobody */
	uint32_t low[BLOCK];	 /* the lowest host; NONE */
	uint32_t flavours;	 /* that there is room for */
	uint64_t *scores;	 /* [row][flavour][value, tie][ROW] */
	uint64_t *fars;		 /* [row][flavour][ROW]; NULL: none is far */
	struct position *rows;	 /* [row][flavour] the best of each ROW */
};
static inline size_t row_at(const struct block *block, uint32_t flavour, uint32_t row)
{
	return ((size_t)row * block->flavours + flavour) * ROW;
}
static inline struct position *block_row(const struct block *block, uint32_t flavour, uint32_t row)
{
	return &block->rows[(size_t)row * block->flavours + flavour];
}
static inline score block_score(const struct block *block, uint32_t flavour, uint32_t at)
{
	size_t row = row_at(block, flavour, at / ROW);
	const uint64_t *of = block->scores + 2 * row + at % ROW;

	if (of[0] == UINT64_MAX)
		return score_never;
	return (score){ block->fars ? block->fars[row + at % ROW] : 0, of[0], of[ROW] };
}

static inline struct position block_position(const struct block *block, uint32_t flavour,
					     uint32_t at)
{
	return position_of(block_score(block, flavour, at), block->low[at]);
}

/* The youngest classes of all pools, in a ring. */
struct young {
	uint32_t next;		 /* the oldest, whose place is taken next */
	uint32_t epoch, n_kinds; /* when others, what follows is found out anew */
	uint32_t classes[YOUNG], low[YOUNG];
	uint32_t n; /* those that are there, by memory in the order of what their slots are worth */
	uint8_t order[2][YOUNG];
	uint64_t slots[2][YOUNG], unbounded[YOUNG / 64]; /* 0 and a bit: no bound follows from it */
	uint64_t serial, serials[YOUNG];
	struct young_flavour {
		bool is_known, huge, is_bounded;
		uint64_t least; /* that a guest takes of the slots' worth */
		struct young_score {
			uint64_t serial; /* of the class; else the score is of another */
			score score;
		} scores[YOUNG];
	} * of; /* [flavour] */
};

struct pool {
	uint32_t ix, kind, n_hosts;
	enum vn_fleet_use use;
	enum vn_fleet_state state;
	uint32_t zone;	  /* label; NONE */
	uint64_t *labels; /* bits */
	uint32_t n_label_words;
	uint32_t epoch;
	uint32_t n_blocks, room_blocks;
	struct block **blocks;
	uint32_t n_free, room_free;
	uint32_t *free;		/* positions */
	struct position *bests; /* [flavour][room_blocks] */
};

struct host {
	uint32_t pool, slot, class, rack, domain, n_claims;
};
/* Of a host in the treap of its class. Apart from the host: a way down is many of these. */
struct treap_node {
	uint32_t left, right, size;
};
struct batch { /* hosts that were added together */
	uint32_t first, n, name;
};

struct flavour {
	char *name;
	const vn_request *request;
	vn_request *within; /* a copy with a nodeset of its own */
	uint32_t n_required, n_one_of, n_forbidden;
	uint32_t *labels; /* required, one_of, forbidden */
	bool all_dedicated, some_dedicated;
	uint64_t given, learned; /* demand */
	uint64_t forced;	 /* weight; UINT64_MAX: by the formula */
	/* pools that the labels let through */
	uint32_t pools_version, n_pools, room_pools;
	uint32_t *pools;
};

struct member { /* of a server group */
	uint32_t place, partition, count;
};
struct group {
	vn_server_group rule;
	uint32_t n, room;
	struct member *members; /* by place, then partition */
};

/* 10 bytes; the host is in the detail of those that have one. */
struct claim {
	uint16_t at[2];	  /* host, or handle of the detail */
	uint16_t flavour; /* | DETAIL; FREE: not in use, at[] has the next free one */
	uint16_t generation;
	uint16_t nodes;
};
enum { CLAIM_DETAIL = 0x8000, CLAIM_FREE = 0x7fff };
struct claim_detail {
	uint32_t host, group, partition;
	uint32_t bytes; /* of a placement that follows; 0: masks of pins follow */
	uint64_t nodes;
	uint64_t words[];
};

struct vn_fleet {
	vn_fleet_policy policy, set; /* in force; as it was set */
	uint32_t n_weighers;	     /* those that the policy asks */
	enum vn_weigher weighers[VN_WEIGHER_COUNT];
	bool bounded; /* it asks slots and room only: a bound follows from them (young.c) */
	uint64_t bytes, random;
	struct names labels[VN_LABEL_KIND_COUNT], places, host_names;
	uint32_t n_labels; /* over all kinds */
	uint32_t label_room[VN_LABEL_KIND_COUNT];
	uint32_t *label_ids[VN_LABEL_KIND_COUNT]; /* [name] number over all kinds + 1; 0: none */
	uint8_t label_kinds[VN_FLEET_LABELS_MAX]; /* [number] */

	uint32_t n_kinds, room_kinds;
	kind **kinds;
	uint32_t n_pools, room_pools, pools_version;
	struct pool **pools;
	struct position *bests; /* [flavour][room_pools] the best of each pool */
	uint32_t n_classes, room_classes, free_class, live_classes;
	struct class *classes;
	struct young young;
	uint32_t n_hosts, room_hosts;
	struct host *hosts;
	struct treap_node *treap; /* [host] */
	uint32_t n_batches, room_batches;
	struct batch *batches;

	uint32_t n_flavours, room_flavours;
	struct flavour *flavours;
	bool see_first_core, see_masks, see_order; /* some flavour depends on it */

	uint32_t n_groups, room_groups;
	struct group *groups;

	uint32_t n_claim_chunks, room_claim_chunks, n_claims, free_claim;
	struct claim **claims;
	struct slabs claim_memory;
	uint64_t live_claims;
	struct details details;

	/* weights (demand.c) */
	uint32_t epoch;		    /* of the weights: what was computed with others is not valid */
	uint64_t *weights, *counts; /* [flavour] */
	uint32_t *rest; /* [flavour] guests it has room for (scarce.c); 0: not known, else + 1 */
	uint64_t next_rest; /* claims after which they are counted again */
	bool *often;	    /* [flavour] asked for so often that its scores are computed at once */
	struct memo *never; /* [flavour] what fits nowhere */
	uint64_t asked, next_look;
	bool trying; /* nothing of this is learned (advice/trial.c) */
	/* guests that came and left of late, and whether that is churn */
	uint64_t came, left, next_came;
	bool churns;

	uint64_t *marked; /* [host bits] excluded in this decision */
	uint32_t n_marked_words;
	vn_placement *placement, *other; /* scratch */
	uint64_t *packed;		 /* scratch, PACKED_BYTES */

	/* hosts by rack and by domain, made when first asked for */
	uint32_t listed_hosts[VN_GROUP_SCOPE_COUNT];
	uint32_t *place_first[VN_GROUP_SCOPE_COUNT], *place_hosts[VN_GROUP_SCOPE_COUNT];
	uint32_t n_places[VN_GROUP_SCOPE_COUNT];

	vn_fleet_counters counters;
};

/* kind.c */
uint32_t kind_find(vn_fleet *fleet, const vn_host *host, const vn_fleet_host *as, vn_error *err);
void kind_free(vn_fleet *fleet, kind *k);
int kind_tables(vn_fleet *fleet, kind *k, vn_error *err); /* layout of keys and tables, anew */
/* view.c: the state of a host as a vn_host, and back. */
void view_load(vn_fleet *fleet, uint32_t host);
void view_load_state(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint64_t *masks,
		     const uint32_t *devices);
void view_empty(kind *k);
int view_store(vn_fleet *fleet, kind *k, uint32_t *ids, uint64_t *masks, uint32_t *devices,
	       vn_error *err);
void view_node_masks(const kind *k, uint32_t node_ix, uint64_t *mask);
uint32_t view_node_state(vn_fleet *fleet, kind *k, uint32_t node_ix, const uint64_t *mask);
void view_count_devices(const kind *k, const uint32_t *devices, uint32_t *counts);

/* node.c */
uint32_t node_intern(vn_fleet *fleet, kind *k, const uint64_t *key);
void node_derive(vn_fleet *fleet, kind *k, struct node_state *state);
void key_count_cores(const kind *k, uint32_t node_ix, const uint64_t *mask, uint64_t *key);
/* How many cells like this the node takes, at most FIT_MOST. */
uint32_t node_slots(const kind *k, struct node_state *state, const struct cell_need *need);
static inline uint32_t key_type(const uint64_t *key)
{
	return (uint32_t)(key[0] >> 32);
}
/* Cells of the flavour that the node takes; remembered. */
uint32_t node_fits(vn_fleet *fleet, kind *k, uint32_t id, uint32_t flavour);
/* The state after a cell of a simple flavour; NONE: does not fit. Remembered. */
uint32_t node_after(vn_fleet *fleet, kind *k, uint32_t id, uint32_t flavour);
/* The state without such a cell; mask: what is pinned then. */
uint32_t node_before(vn_fleet *fleet, kind *k, uint32_t node_ix, uint32_t id, uint32_t flavour,
		     const uint64_t *mask);
/* pick.c: CPUs for pins of policy prefer, as lib/place picks them. */
bool pick_pins(const kind *k, uint32_t node_ix, const uint64_t *mask, uint32_t pins, uint64_t *ret);

/* state.c */
uint32_t state_of_slot(vn_fleet *fleet, kind *k, uint32_t slot);      /* host state id; NONE */
void state_order(const kind *k, const uint32_t *ids, uint8_t *order); /* [canonical] physical */
void states_forget(vn_fleet *fleet, kind *k);

/* treap.c: sets of hosts. */
void treap_insert(vn_fleet *fleet, uint32_t *root, uint32_t host);
void treap_remove(vn_fleet *fleet, uint32_t *root, uint32_t host);
uint32_t treap_first(const vn_fleet *fleet, uint32_t root);
uint32_t treap_after(const vn_fleet *fleet, uint32_t root, uint32_t host); /* > host; NONE */
uint32_t treap_below(const vn_fleet *fleet, uint32_t root, uint32_t host); /* so many are < host */

/* pool.c */
static inline struct position *best_of_pool(const vn_fleet *fleet, uint32_t pool, uint32_t flavour)
{
	return &fleet->bests[(size_t)flavour * fleet->room_pools + pool];
}
uint32_t pool_find(vn_fleet *fleet, uint32_t kind_ix, const vn_fleet_host *as, vn_error *err);
void pool_free(vn_fleet *fleet, struct pool *pool);
int host_enter(vn_fleet *fleet, uint32_t host, uint32_t state, vn_error *err); /* its class */
void host_leave(vn_fleet *fleet, uint32_t host);
int host_move(vn_fleet *fleet, uint32_t host, uint32_t state, vn_error *err); /* to another class */
int host_enter_again(vn_fleet *fleet, uint32_t host, vn_error *err);	      /* by its slot */
const struct position *pool_best(vn_fleet *fleet, uint32_t pool, uint32_t flavour);
const struct position *block_best(vn_fleet *fleet, uint32_t pool, uint32_t block, uint32_t flavour);
bool pools_bests(vn_fleet *fleet, uint32_t flavours, uint32_t pools); /* room for so many */
void pools_empty(vn_fleet *fleet);		   /* before the room for flavours changes */
int pools_rebuild(vn_fleet *fleet, vn_error *err); /* after flavours or keys have changed */

bool class_settle(vn_fleet *fleet, uint32_t class, uint32_t low); /* false: no memory */

/* young.c */
void young_clear(vn_fleet *fleet);
bool young_make_room(vn_fleet *fleet); /* for one more; false: no memory */
uint32_t young_enter(vn_fleet *fleet, uint32_t class, uint32_t low); /* its place */
void young_leave(vn_fleet *fleet, uint32_t at);
/* Is one of them better than *best? */
void young_best(vn_fleet *fleet, uint32_t flavour, struct position *best);
/* The first place from `at` on where the flavour fits; YOUNG: none. */
uint32_t young_after(vn_fleet *fleet, uint32_t flavour, uint32_t at);
/* Of a place where it fits. */
struct position young_position(vn_fleet *fleet, uint32_t flavour, uint32_t at);

/* label.c */
uint32_t label_intern(vn_fleet *fleet, const vn_label *label, vn_error *err);
enum vn_fleet_filter label_filter(const vn_fleet *fleet, const struct pool *pool,
				  const struct flavour *flavour); /* VN_FILTER_COUNT: passes */
int flavour_pools(vn_fleet *fleet, uint32_t flavour); /* brings flavour->pools up to date */

/* flavour.c */
const struct recipe *recipe_make(vn_fleet *fleet, kind *k, uint32_t flavour);
static inline const struct recipe *recipe_of(vn_fleet *fleet, kind *k, uint32_t flavour)
{
	const struct recipe *recipe = &k->recipes[flavour];

	return recipe->way != RECIPE_UNKNOWN ? recipe : recipe_make(fleet, k, flavour);
}
const struct subsets *subsets_of(vn_fleet *fleet, kind *k, uint32_t cells);
void subsets_clear(vn_fleet *fleet, kind *k);
bool choose_count(uint32_t n, uint32_t k, uint32_t most, uint32_t *ret); /* n over k <= most */

void flavours_clear(vn_fleet *fleet);

/* demand.c */
void demand_ask(vn_fleet *fleet, uint32_t flavour);
void demand_publish(vn_fleet *fleet);
void policy_use(vn_fleet *fleet); /* what of it is in force: is there churn? */

/* scarce.c */
enum { SCARCE_BITS = 10 };
/* What a flavour's weight has beyond, as a share x 2^SCARCE_BITS. */
uint64_t scarce_extra(const vn_fleet *fleet, uint32_t flavour);
bool scarce_changes(vn_fleet *fleet); /* by so much that weights have to follow */

/* weigh.c */
struct option {
	const kind *k;
	uint32_t flavour;
	const uint32_t *before, *after;			/* [node] node states */
	const uint32_t *devices_before, *devices_after; /* counts; NULL where there are none */
	uint64_t nodes;
	uint32_t cells;
	bool have_value, have_fragments, have_free; /* of `before` */
	uint64_t value_before[2];		    /* by memory */
	int64_t fragments_before;
	uint64_t host_free; /* the average of all nodes */
};
struct weighed {
	int64_t value; /* smaller is better, over all hosts */
	int64_t inner; /* and then on one host */
};
struct weighed weigh(vn_fleet *fleet, enum vn_weigher weigher, struct option *option);
/* By memory: of flavours in ordinary memory, and in huge pages. */
void slots_value(vn_fleet *fleet, const kind *k, const uint32_t *ids, const uint32_t *devices,
		 uint64_t ret[2]);
/* Does the flavour compete for huge pages, or for ordinary memory? */
bool in_huge_pages(const struct recipe *recipe);
/* Guests of one flavour. */
uint32_t slots_of(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint32_t *devices,
		  uint32_t flavour);
/* What the slots are worth that a guest takes on any host, at least. */
uint64_t slots_least_loss(vn_fleet *fleet, kind *k, uint32_t flavour);
uint32_t slots_most(uint32_t n, uint32_t cells, const uint32_t *fits); /* VMCAP */

/* options.c: the best option of a flavour on a host. */
struct best_option {
	score score;
	int64_t inner;
	uint64_t nodes;
	uint16_t ways; /* bits of options that are as good; 0: too many to say */
};
/* ids: node states. host: some host with this state. False: fits nowhere. */
bool best_option(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint32_t *devices,
		 uint32_t host, uint32_t flavour, struct best_option *ret);
bool option_on_host(vn_fleet *fleet, uint32_t host, uint32_t flavour, struct best_option *ret);
score class_score(vn_fleet *fleet, uint32_t class, uint32_t flavour);
static inline bool class_takes(vn_fleet *fleet, uint32_t class, uint32_t flavour)
{
	score of = class_score(fleet, class, flavour);

	return !score_is_never(&of);
}
/* Those of all flavours that are asked for often, as far as counts tell. */
void class_scores(vn_fleet *fleet, uint32_t class);
/* The values of each weigher for an option, for an explanation. */
void option_values(vn_fleet *fleet, uint32_t host, uint32_t flavour, uint64_t nodes,
		   int64_t values[VN_WEIGHER_COUNT]);
/* decide.c: are its numbers of this fleet? VN_E_RANGE. */
int check_ask(const vn_fleet *fleet, const vn_fleet_ask *ask, vn_error *err);
/* ask.c: options by vn_place. */
/* The nodes that its cells run on or have memory on, by index. */
uint64_t placement_nodes(const vn_placement *placement);
bool ask_best(vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour, struct best_option *ret);
int ask_place(vn_fleet *fleet, kind *k, uint32_t flavour, uint64_t nodes, vn_placement *ret,
	      vn_error *err);
bool ask_after(vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour, uint64_t nodes,
	       uint32_t *after, uint32_t *devices_after);
/* options.c */
void score_option(vn_fleet *fleet, struct option *option, uint64_t far, struct best_option *ret);

/* group.c */
uint32_t group_place(const vn_fleet *fleet, enum vn_group_scope scope, uint32_t host);
bool group_allows(const vn_fleet *fleet, uint32_t group, uint32_t partition, uint32_t host);
enum vn_fleet_filter group_filter(const struct group *group);
int group_enter(vn_fleet *fleet, uint32_t group, uint32_t partition, uint32_t host, vn_error *err);
void group_leave(vn_fleet *fleet, uint32_t group, uint32_t partition, uint32_t host);
/* Hosts where a group with affinity already is; false: it has none, or no such rule. */
bool group_hosts(vn_fleet *fleet, uint32_t group, const uint32_t **ret, uint32_t *n);

/* explain.c */
void explain_decision(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
		      const vn_fleet_choice *best, uint32_t n_best, vn_fleet_explain *ret);
/* What removes a host; VN_FILTER_COUNT: nothing. `group`: NONE where its rule is not obeyed. */
enum vn_fleet_filter host_filter(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
				 uint32_t host);

#endif
