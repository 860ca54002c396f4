/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every part of libvnuma stands on: the error value, CPU and node sets, memory sizes, the byte
 * cursor of the small text formats, the arena, and the text buffer that the renderers write to.
 *
 * Order of parameters everywhere: inputs, then `ret`, then `err` last. A function that returns int
 * returns VN_OK or a negative vn_code. On failure *ret is untouched; on success *err is untouched.
 * `err` may be NULL. Nothing here prints, logs, aborts or keeps global state. */
#ifndef VNUMA_BASE_H
#define VNUMA_BASE_H

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VN_LEN(array)	       (sizeof(array) / sizeof((array)[0]))
#define VN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define VN_MUST_CHECK	       __attribute__((warn_unused_result))

/* Declares an owned pointer that its type's _free function destroys at the end of the scope:
 *     VN_AUTO(vn_arena) arena = vn_arena_new();
 * VN_STEAL hands the object on and leaves NULL behind, so that the scope's end frees nothing. */
#define VN_AUTO(type) __attribute__((cleanup(type##_free_at))) type *
#define VN_DEFINE_AUTO(type)                                                                       \
	static inline void type##_free_at(type **object)                                           \
	{                                                                                          \
		type##_free(*object);                                                              \
	}
#define VN_STEAL(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) stolen_ = (pointer);                                           \
		(pointer) = NULL;                                                                  \
		stolen_;                                                                           \
	})

/* ---- errors ---- */

enum vn_code {
	VN_OK = 0,
	VN_E_SYNTAX = -1,   /* not the format: unexpected byte, missing or unknown field */
	VN_E_RANGE = -2,    /* well-formed, but the value is not legal here */
	VN_E_NOFIT = -3,    /* a real "no": the guest does not fit */
	VN_E_NOMEM = -4,    /* out of memory */
	VN_E_SYSTEM = -5,   /* the system failed: a write, a daemon, the kernel */
	VN_E_CONFLICT = -6, /* two settings that contradict each other; the text names both */
	VN_E_INPUT = -7, /* an input that cannot be read at all: missing, unreadable, too large */
};

/* One error, by value: no allocation, nothing to free. */
typedef struct vn_error {
	enum vn_code code;  /* VN_OK when unset */
	const char *source; /* file or request name, borrowed from the caller; NULL if none */
	const char *name;   /* stable name of the rule ("MemoryPageSizeInvalid"), static; or NULL */
	uint32_t line, column; /* 1-based, column in bytes; 0 = not about a place in the input */
	char text[256];	       /* one sentence, no newline, values in '' */
} vn_error;

/* Fill *err (if not NULL) and return `code`, so that "return vn_fail(...)" is one statement. */
int vn_fail(vn_error *err, enum vn_code code, const char *format, ...) VN_PRINTF(3, 4);

/* The same, with a place in an input. line and column as in vn_error. */
int vn_fail_line(vn_error *err, enum vn_code code, const char *source, uint32_t line,
		 uint32_t column, const char *format, ...) VN_PRINTF(6, 7);

/* A place in an input: 1-based, column in bytes; all zero = not known. */
typedef struct vn_spot {
	uint32_t line, column;
} vn_spot;

/* The same as vn_fail, with the source and the place. */
int vn_fail_spot(vn_error *err, enum vn_code code, const char *source, vn_spot at,
		 const char *format, ...) VN_PRINTF(5, 6);

/* "source:line:column: text" into `to`, leaving out the parts that are not known. Always
 * NUL-terminated; returns `to`. */
char *vn_error_format(const vn_error *err, char *to, size_t size);

/* ---- cursor: the small text formats (lists, sizes, extra-spec values) --------------------------
 */

/* A walk over bytes that need not end in NUL. Plain value: copy it to look ahead. */
typedef struct vn_cursor {
	const char *source; /* for errors; may be NULL */
	const char *start;  /* first byte of the text, for the column */
	const char *p;	    /* next byte */
	const char *end;    /* one past the last */
	uint32_t line;	    /* line of `start` in the source, 1-based; 0 = unknown */
	uint32_t column;    /* column of `start`, 1-based; 0 = unknown */
} vn_cursor;

vn_cursor vn_cursor_of(const char *source, const char *bytes, size_t size);
vn_cursor vn_cursor_of_string(const char *source, const char *string);

/* As vn_fail, with the cursor's place: line of the source, column of at->p. */
int vn_fail_at(vn_error *err, const vn_cursor *at, enum vn_code code, const char *format, ...)
	VN_PRINTF(4, 5);

/* Consume a decimal number 0..max (digits only, no sign, no blank). VN_E_SYNTAX when no digit
 * stands there, VN_E_RANGE above max. */
int vn_take_uint(vn_cursor *in, uint64_t max, uint64_t *ret, vn_error *err);

/* Consume `byte` if it is next; true if so. */
bool vn_take_byte(vn_cursor *in, char byte);

/* Consume blanks and tabs (and newlines). */
void vn_take_space(vn_cursor *in);

/* A whole text that is one decimal number 0..max, blanks around it allowed. */
int vn_uint_parse(vn_cursor in, uint64_t max, uint64_t *ret, vn_error *err);

/* ---- CPU and node sets ---- */

/* Fixed size: assignment copies, nothing can fail, no allocation. Two types, so that CPUs and
 * nodes cannot be mixed up. Sets of guest vCPU numbers are vn_cpuset as well. */
enum {
	VN_CPU_MAX = 8192, /* CPU numbers 0..8191: Linux' NR_CPUS limit on x86-64 */
	VN_CPUSET_WORDS = VN_CPU_MAX / 64,
	VN_NODE_MAX = 1024, /* node numbers 0..1023: Linux' largest NODES_SHIFT */
	VN_NODESET_WORDS = VN_NODE_MAX / 64,
	VN_CELL_MAX = 128,  /* guest NUMA cells: QEMU's MAX_NODES */
	VN_VCPU_MAX = 4096, /* guest vCPUs: KVM's largest KVM_MAX_VCPUS */
};

typedef struct vn_cpuset {
	uint64_t word[VN_CPUSET_WORDS];
} vn_cpuset;

typedef struct vn_nodeset {
	uint64_t word[VN_NODESET_WORDS];
} vn_nodeset;

/* Parse a list: items "N", "N-M", "^N", "^N-M" separated by commas, blanks around items allowed.
 * A "^" item takes away what stands before it (libvirt: virBitmapParse; Nova's parse_cpu_spec
 * takes it away wherever it stands: same for every sane list). Empty text is the empty set.
 * in:  consumed whole.
 * Errors: VN_E_SYNTAX, VN_E_RANGE (a number too large, "9-3" backwards), with the place. */
int vn_cpuset_parse(vn_cursor in, vn_cpuset *ret, vn_error *err);
int vn_nodeset_parse(vn_cursor in, vn_nodeset *ret, vn_error *err);

/* Write the canonical list "0-3,8" into `to` (snprintf's rules: always NUL-terminated, returns the
 * full length). The empty set is "". Twice VN_CPU_MAX * 5 bytes hold any set. */
size_t vn_cpuset_format(const vn_cpuset *set, char *to, size_t size);
size_t vn_nodeset_format(const vn_nodeset *set, char *to, size_t size);

/* Members: next one > prev, or -1 when there is none; start with prev = -1. */
int vn_cpuset_next(const vn_cpuset *set, int prev);
int vn_nodeset_next(const vn_nodeset *set, int prev);
#define VN_CPUSET_EACH(cpu, set)                                                                   \
	for (int cpu = vn_cpuset_next((set), -1); cpu >= 0; cpu = vn_cpuset_next((set), cpu))
#define VN_NODESET_EACH(node, set)                                                                 \
	for (int node = vn_nodeset_next((set), -1); node >= 0; node = vn_nodeset_next((set), node))

static inline void vn_cpuset_add(vn_cpuset *set, unsigned cpu)
{
	assert(cpu < VN_CPU_MAX);
	set->word[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

static inline void vn_cpuset_del(vn_cpuset *set, unsigned cpu)
{
	assert(cpu < VN_CPU_MAX);
	set->word[cpu / 64] &= ~(UINT64_C(1) << cpu % 64);
}

static inline bool vn_cpuset_has(const vn_cpuset *set, unsigned cpu)
{
	return cpu < VN_CPU_MAX && (set->word[cpu / 64] >> cpu % 64 & 1);
}

static inline void vn_nodeset_add(vn_nodeset *set, unsigned node)
{
	assert(node < VN_NODE_MAX);
	set->word[node / 64] |= UINT64_C(1) << node % 64;
}

static inline void vn_nodeset_del(vn_nodeset *set, unsigned node)
{
	assert(node < VN_NODE_MAX);
	set->word[node / 64] &= ~(UINT64_C(1) << node % 64);
}

static inline bool vn_nodeset_has(const vn_nodeset *set, unsigned node)
{
	return node < VN_NODE_MAX && (set->word[node / 64] >> node % 64 & 1);
}

void vn_cpuset_add_range(vn_cpuset *set, unsigned first, unsigned last);
unsigned vn_cpuset_count(const vn_cpuset *set);
unsigned vn_nodeset_count(const vn_nodeset *set);
bool vn_cpuset_is_empty(const vn_cpuset *set);
bool vn_nodeset_is_empty(const vn_nodeset *set);
bool vn_cpuset_equal(const vn_cpuset *a, const vn_cpuset *b);
bool vn_nodeset_equal(const vn_nodeset *a, const vn_nodeset *b);
bool vn_cpuset_contains(const vn_cpuset *set, const vn_cpuset *part); /* part is a subset of set */
bool vn_cpuset_overlaps(const vn_cpuset *a, const vn_cpuset *b);
bool vn_nodeset_contains(const vn_nodeset *set, const vn_nodeset *part);
bool vn_nodeset_overlaps(const vn_nodeset *a, const vn_nodeset *b);
void vn_cpuset_or(vn_cpuset *set, const vn_cpuset *with);
void vn_cpuset_and(vn_cpuset *set, const vn_cpuset *with);
void vn_cpuset_minus(vn_cpuset *set, const vn_cpuset *without);
void vn_nodeset_or(vn_nodeset *set, const vn_nodeset *with);
void vn_nodeset_and(vn_nodeset *set, const vn_nodeset *with);
void vn_nodeset_minus(vn_nodeset *set, const vn_nodeset *without);

/* ---- memory sizes ---- */

/* The bytes of one unit by libvirt's name (docs/formatdomain: b, bytes, KB = 1000, k/KiB = 1024,
 * and so on to E/EiB; case as libvirt's virScaleInteger: not significant). 0 if there is no such
 * unit. */
uint64_t vn_unit_bytes(const char *unit);
/* The legal names, for messages: "b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB". */
extern const char vn_unit_names[];

/* value * unit in KiB, rounded up to whole KiB as libvirt does. VN_E_RANGE on overflow,
 * VN_E_SYNTAX on an unknown unit (the text lists the legal ones). */
int vn_scale_kib(uint64_t value, const char *unit, uint64_t *ret, vn_error *err);

/* "16GiB", "16 GiB", "2048M", "512" with default_unit. Consumed whole. ret in KiB. */
int vn_size_parse(vn_cursor in, const char *default_unit, uint64_t *ret, vn_error *err);

/* A size for people: "8 GiB", "1.5 GiB", "2048 KiB"; exact when it can be, else one decimal. */
char *vn_size_format(uint64_t kib, char *to, size_t size);

/* ---- PCI addresses ---- */

typedef struct vn_pci_address {
	uint32_t domain;
	uint8_t bus, slot, function;
} vn_pci_address;

/* "0000:3b:00.1" both ways. Format needs 17 bytes or more. Compare: three-way. */
int vn_pci_address_parse(vn_cursor in, vn_pci_address *ret, vn_error *err);
char *vn_pci_address_format(vn_pci_address address, char *to, size_t size);
int vn_pci_address_compare(vn_pci_address a, vn_pci_address b);

/* ---- arena
 * --------------------------------------------------------------------------------------- */

/* Memory of one request: everything that is read lives in it and dies with it. */
typedef struct vn_arena vn_arena;
vn_arena *vn_arena_new(void);	     /* NULL when out of memory */
void vn_arena_free(vn_arena *arena); /* accepts NULL */
VN_DEFINE_AUTO(vn_arena)
void *vn_arena_alloc(vn_arena *arena, size_t count, size_t size); /* zeroed; NULL: no memory */
char *vn_arena_strndup(vn_arena *arena, const char *bytes, size_t size); /* adds a NUL */

/* ---- text buffer
 * --------------------------------------------------------------------------------- */

/* Growing text. A failed allocation sets `failed` and later writes do nothing: check once, at the
 * end, with vn_text_done. `bytes` always ends in a NUL that `len` does not count (once written to).
 */
typedef struct vn_text {
	char *bytes;
	size_t len, room;
	bool failed;
} vn_text;
#define VN_TEXT_INIT                                                                               \
	{                                                                                          \
		NULL, 0, 0, false                                                                  \
	}
void vn_text_add(vn_text *text, const char *string);
void vn_text_add_bytes(vn_text *text, const char *bytes, size_t size);
void vn_text_addf(vn_text *text, const char *format, ...) VN_PRINTF(2, 3);
void vn_text_add_cpuset(vn_text *text, const vn_cpuset *set);
void vn_text_add_nodeset(vn_text *text, const vn_nodeset *set);
void vn_text_add_xml(vn_text *text, const char *string); /* with & < > " ' escaped */
int vn_text_done(const vn_text *text, vn_error *err);	 /* VN_E_NOMEM if a write failed */
void vn_text_clear(vn_text *text);			 /* frees the bytes; ready for reuse */
/* vn_text text = VN_TEXT_INIT with automatic vn_text_clear at the end of the scope: */
#define VN_AUTO_TEXT __attribute__((cleanup(vn_text_clear))) vn_text

/* ---- files
 * ----------------------------------------------------------------------------------------- */

/* Read a whole file, or standard input for "-", of at most `max` bytes. The text is appended to
 * *ret. Errors: VN_E_INPUT (cannot open, a folder, too large; source = path). */
int vn_file_read(const char *path, size_t max, vn_text *ret, vn_error *err);

/* ---- names
 * ------------------------------------------------------------------------------------------ */

/* Index of `name` in names[0..count), or -1. NULL entries are passed over. */
int vn_name_find(const char *const *names, size_t count, const char *name);
/* "'a', 'b' or 'c'" of a name table, for messages. Returns `to`. */
char *vn_names_list(const char *const *names, size_t count, char *to, size_t size);

#endif
