/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Layout of text in columns; table_grid.h says what it promises. */
#include "render/table_grid.h"
#include "render/picture.h"

#include <stdio.h>
#include <string.h>

enum { INDENT = 2, GAP = 2, WRAP_MIN = 12, COLUMNS_MIN = 40 };

/* ---- filling ---- */

vn_grid *vn_grid_new(vn_arena *arena)
{
	vn_grid *grid = vn_arena_alloc(arena, 1, sizeof(*grid));

	if (grid)
		grid->arena = arena;
	return grid;
}

void vn_grid_column(vn_grid *grid, enum vn_align align, const char *head)
{
	if (grid->n_columns == VN_GRID_COLUMNS_MAX) {
		grid->failed = true;
		return;
	}
	grid->columns[grid->n_columns].head = head;
	grid->columns[grid->n_columns++].align = align;
}

void vn_grid_rows(vn_grid *grid, uint32_t rows)
{
	if (__builtin_mul_overflow(rows, grid->n_columns, &grid->room))
		grid->room = 0;
	grid->cells = vn_arena_alloc(grid->arena, grid->room + (size_t)1, sizeof(*grid->cells));
	grid->failed |= !grid->cells || grid->failed;
}

static void add(vn_grid *grid, const char *bytes, size_t size)
{
	const char *copy = vn_arena_strndup(grid->arena, bytes ? bytes : "", size);

	if (grid->failed || !copy || grid->n_cells == grid->room)
		grid->failed = true;
	else
		grid->cells[grid->n_cells++] = copy;
}

void vn_grid_add(vn_grid *grid, const char *format, ...)
{
	char small[64];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	assert(size >= 0 && (size_t)size < sizeof(small)); /* longer ones: vn_grid_add_text */
	add(grid, small, (size_t)size);
}

void vn_grid_add_text(vn_grid *grid, const vn_text *text)
{
	grid->failed |= text->failed;
	add(grid, text->bytes, text->len);
}

void vn_grid_add_cpuset(vn_grid *grid, const vn_cpuset *set)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_cpuset(&text, set);
	vn_grid_add_text(grid, &text);
}

void vn_grid_add_kib(vn_grid *grid, uint64_t kib)
{
	char size[32];

	vn_grid_add(grid, "%s", kib ? vn_size_format(kib, size, sizeof(size)) : "-");
}

/* ---- widths ---- */

/* The wide blocks of Unicode's East Asian Width, rounded outwards. */
static uint32_t character_width(uint32_t code)
{
	static const struct {
		uint32_t first, last, width;
	} blocks[] = {
		{ 0x0300, 0x036f, 0 },	 { 0x200b, 0x200f, 0 }, { 0xfe00, 0xfe0f, 0 },
		{ 0x1100, 0x115f, 2 },	 { 0x2e80, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 },
		{ 0xf900, 0xfaff, 2 },	 { 0xfe30, 0xfe6f, 2 }, { 0xff00, 0xff60, 2 },
		{ 0x1f000, 0x3ffff, 2 },
	};

	for (size_t i = 0; i < VN_LEN(blocks); i++)
		if (code >= blocks[i].first && code <= blocks[i].last)
			return blocks[i].width;
	return 1;
}

uint32_t vn_table_width(const char *text)
{
	uint32_t width = 0;

	while (*text)
		width += character_width(vn_picture_character(&text));
	return width;
}

/* How many bytes of `text` go on a line of `width` columns: all of it, or up to a break (newline,
 * after a comma, at a blank), or as many characters as fit. *next is where the next line begins. */
static size_t line_bytes(const char *text, uint32_t width, const char **next)
{
	const char *p = text, *fits = text, *brk = NULL, *resume = NULL;
	uint32_t used = 0;

	while (*p) {
		const char *character = p;

		if (*character == '\n') {
			*next = p + 1;
			return (size_t)(p - text);
		}
		used += character_width(vn_picture_character(&p));
		if (*character == ' ' && used <= width + 1) {
			brk = character;
			resume = p;
		}
		if (used > width)
			break;
		fits = p;
		if (*character == ',' && *p && *p != ' ')
			brk = resume = p;
	}
	if (used <= width) {
		*next = p;
		return (size_t)(p - text);
	}
	if (!brk || brk == text) {
		if (fits == text)
			fits = p;
		brk = resume = fits;
	}
	*next = resume;
	return (size_t)(brk - text);
}

static uint32_t head_width(const char *head)
{
	uint32_t widest = 0;

	for (const char *line = head;;) {
		size_t size = strcspn(line, "\n");

		if (size > widest)
			widest = (uint32_t)size;
		if (!line[size])
			return widest;
		line += size + 1;
	}
}

static uint32_t head_lines(const char *head)
{
	uint32_t lines = 1;

	for (; *head; head++)
		lines += *head == '\n';
	return lines;
}

/* ---- writing ---- */

typedef struct layout {
	const vn_grid *grid;
	const vn_style *style;
	vn_text *out;
	uint32_t columns;		      /* of the terminal */
	uint16_t wanted[VN_GRID_COLUMNS_MAX]; /* 0: the column is left out */
	uint16_t width[VN_GRID_COLUMNS_MAX];
} layout;

static bool is_empty(const char *cell)
{
	return !*cell || !strcmp(cell, "-");
}

/* Width of a column as it would like to be; 0 when no row has anything in it. */
static uint32_t wanted_width(const vn_grid *grid, uint32_t column)
{
	uint32_t width = head_width(grid->columns[column].head);
	bool empty = true;

	for (uint32_t i = column; i < grid->n_cells; i += grid->n_columns) {
		uint32_t w = vn_table_width(grid->cells[i]);

		empty &= is_empty(grid->cells[i]);
		if (w > width)
			width = w;
	}
	return empty ? 0 : width > UINT16_MAX ? UINT16_MAX : width;
}

static uint32_t total_width(const layout *l)
{
	uint32_t total = INDENT - GAP;

	for (uint32_t c = 0; c < l->grid->n_columns; c++)
		total += l->width[c] ? l->width[c] + GAP : 0;
	return total;
}

/* Narrow the widest wrapping column until all fits, or none can become narrower. */
static void squeeze(layout *l)
{
	uint32_t total = total_width(l);

	while (total > l->columns) {
		int widest = -1;

		for (uint32_t c = 0; c < l->grid->n_columns; c++)
			if (l->grid->columns[c].align == VN_ALIGN_WRAP && l->width[c] > WRAP_MIN &&
			    (widest < 0 || l->width[c] > l->width[widest]))
				widest = (int)c;
		if (widest < 0)
			return;
		l->width[widest]--;
		total--;
	}
}

/* No single column is wider than the terminal beside the first one. */
static void clamp(layout *l)
{
	uint32_t room = l->columns - INDENT;

	if (l->width[0] > room / 2)
		l->width[0] = (uint16_t)(room / 2);
	room -= l->width[0] + GAP;
	for (uint32_t c = 1; c < l->grid->n_columns; c++)
		if (l->width[c] > room)
			l->width[c] = (uint16_t)room;
}

/* One physical line of a block: the piece of each cell that is due. */
typedef struct piece {
	const char *text;
	size_t size;
} piece;

static void write_pieces(const layout *l, const uint32_t *columns, uint32_t n, const piece *pieces)
{
	uint32_t pending = INDENT; /* blanks not written yet: a line ends without any */

	for (uint32_t i = 0; i < n; i++) {
		uint32_t width = l->width[columns[i]], used = 0;
		const char *end = pieces[i].text + pieces[i].size;
		bool right = l->grid->columns[columns[i]].align == VN_ALIGN_RIGHT;

		for (const char *p = pieces[i].text; p < end;)
			used += character_width(vn_picture_character(&p));
		uint32_t rest = width > used ? width - used : 0;

		if (used) {
			vn_text_addf(l->out, "%*s%.*s", (int)(pending + (right ? rest : 0)), "",
				     (int)pieces[i].size, pieces[i].text);
			pending = right ? 0 : rest;
		} else {
			pending += width;
		}
		pending += GAP;
	}
}

static void write_row(const layout *l, const uint32_t *columns, uint32_t n, uint32_t row)
{
	const char *rest[VN_GRID_COLUMNS_MAX];
	piece pieces[VN_GRID_COLUMNS_MAX];
	bool more;

	for (uint32_t i = 0; i < n; i++)
		rest[i] = l->grid->cells[row * l->grid->n_columns + columns[i]];
	do {
		more = false;
		for (uint32_t i = 0; i < n; i++) {
			pieces[i].text = rest[i];
			pieces[i].size = line_bytes(rest[i], l->width[columns[i]], &rest[i]);
			more |= *rest[i] != '\0';
		}
		write_pieces(l, columns, n, pieces);
		vn_text_add(l->out, "\n");
	} while (more);
}

static piece head_piece(const char *head, uint32_t lines, uint32_t line)
{
	uint32_t skip = lines - head_lines(head); /* heads stand on the bottom line */

	if (line < skip)
		return (piece){ "", 0 };
	for (uint32_t i = skip; i < line; i++)
		head += strcspn(head, "\n") + 1;
	return (piece){ head, strcspn(head, "\n") };
}

static void write_heads(const layout *l, const uint32_t *columns, uint32_t n)
{
	piece pieces[VN_GRID_COLUMNS_MAX];
	uint32_t lines = 0;

	for (uint32_t i = 0; i < n; i++)
		if (head_lines(l->grid->columns[columns[i]].head) > lines)
			lines = head_lines(l->grid->columns[columns[i]].head);
	for (uint32_t line = 0; line < lines; line++) {
		for (uint32_t i = 0; i < n; i++)
			pieces[i] = head_piece(l->grid->columns[columns[i]].head, lines, line);
		vn_text_add(l->out, l->style->color ? "\033[2m" : "");
		write_pieces(l, columns, n, pieces);
		vn_text_add(l->out, l->style->color ? "\033[0m\n" : "\n");
	}
}

/* The columns of one block: the first, then from `*from` on as many as fit. */
static uint32_t next_block(layout *l, uint32_t *from, uint32_t *columns)
{
	uint32_t used = INDENT, n = 0;

	if (l->width[0]) {
		columns[n++] = 0;
		used += l->width[0] + GAP;
	}
	for (uint32_t first = n; *from < l->grid->n_columns; ++*from) {
		if (!l->width[*from])
			continue;
		if (n > first && used + l->width[*from] > l->columns)
			break;
		columns[n++] = *from;
		used += l->width[*from] + GAP;
	}
	/* What is left over goes back to the columns that were narrowed. */
	for (uint32_t i = 0, left = l->columns + GAP; i < n; i++)
		while (used < left && l->width[columns[i]] < l->wanted[columns[i]]) {
			l->width[columns[i]]++;
			used++;
		}
	return n;
}

void vn_grid_write(const vn_grid *grid, const vn_style *style, vn_text *ret)
{
	layout l = { .grid = grid, .style = style, .out = ret, .columns = style->columns };
	uint32_t columns[VN_GRID_COLUMNS_MAX], from = 1;

	if (!l.columns)
		l.columns = 80;
	if (l.columns < COLUMNS_MIN)
		l.columns = COLUMNS_MIN;
	if (grid->failed)
		ret->failed = true;
	if (ret->failed || !grid->n_columns || grid->n_cells < grid->n_columns)
		return;
	for (uint32_t c = 0; c < grid->n_columns; c++)
		l.wanted[c] = l.width[c] = (uint16_t)wanted_width(grid, c);
	clamp(&l);
	squeeze(&l);
	do {
		uint32_t n = next_block(&l, &from, columns);

		write_heads(&l, columns, n);
		for (uint32_t row = 0; row < grid->n_cells / grid->n_columns; row++)
			write_row(&l, columns, n, row);
		if (from < grid->n_columns)
			vn_text_add(ret, "\n");
	} while (from < grid->n_columns && !ret->failed);
}

void vn_table_heading(const char *text, const vn_style *style, vn_text *ret)
{
	vn_text_addf(ret, "\n%s%s%s\n", style->color ? "\033[1m" : "", text,
		     style->color ? "\033[0m" : "");
}

void vn_table_wrap(const char *text, uint32_t indent, const vn_style *style, vn_text *ret)
{
	uint32_t columns = style->columns ? style->columns : 80;

	if (columns < COLUMNS_MIN)
		columns = COLUMNS_MIN;
	while (*text) {
		const char *next;
		size_t size = line_bytes(text, columns - indent, &next);

		vn_text_addf(ret, "%*s%.*s\n", (int)indent, "", (int)size, text);
		text = next;
	}
}
