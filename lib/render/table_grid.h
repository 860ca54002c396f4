/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A grid of text for a terminal: columns as wide as they must be, empty columns left out, long
 * lists wrapped in their column, and what is wider than the terminal continued in a second block
 * that repeats the first column. */
#ifndef VN_RENDER_TABLE_GRID_H
#define VN_RENDER_TABLE_GRID_H

#include "render/picture.h"

enum {
	VN_GRID_COLUMNS_MAX = 128,
	VN_TABLE_MATRIX_MAX = 64, /* larger matrices help nobody on a terminal */
};

enum vn_align {
	VN_ALIGN_LEFT,
	VN_ALIGN_RIGHT,
	VN_ALIGN_WRAP, /* left, and may be broken after a comma or at a blank */
};

typedef struct vn_grid {
	vn_arena *arena; /* borrowed */
	uint32_t n_columns, n_cells;
	uint32_t room; /* cells that fit */
	bool failed;
	struct {
		const char *head; /* '\n' in it: another line */
		enum vn_align align;
	} columns[VN_GRID_COLUMNS_MAX];
	const char **cells; /* row by row */
} vn_grid;

/* Columns first, then `rows` rows of cells from left to right. head is borrowed. */
vn_grid *vn_grid_new(vn_arena *arena); /* NULL: no memory */
void vn_grid_column(vn_grid *grid, enum vn_align align, const char *head);
void vn_grid_rows(vn_grid *grid, uint32_t rows);
void vn_grid_add(vn_grid *grid, const char *format, ...) VN_PRINTF(2, 3); /* short: < 64 bytes */
void vn_grid_add_text(vn_grid *grid, const vn_text *text);
void vn_grid_add_cpuset(vn_grid *grid, const vn_cpuset *set);
void vn_grid_add_kib(vn_grid *grid, uint64_t kib); /* "8 GiB"; 0 is "-" */

/* Append it, indented by two. Nothing for a grid without rows. */
void vn_grid_write(const vn_grid *grid, const vn_style *style, vn_text *ret);

/* A heading line, and a paragraph that is wrapped to the terminal, behind `indent` blanks. */
void vn_table_heading(const char *text, const vn_style *style, vn_text *ret);
void vn_table_wrap(const char *text, uint32_t indent, const vn_style *style, vn_text *ret);

/* The nodes of a host, with a heading (table_host.c). */
void vn_table_nodes(const vn_picture *picture, vn_arena *arena, const vn_style *style,
		    vn_text *out);

/* What a placement costs, term by term. */
void vn_table_cost(const vn_placement *placement, vn_arena *arena, const vn_style *style,
		   vn_text *ret);

/* Terminal columns of a clean UTF-8 text (vn_picture_clean): one for each character, two for the
 * wide ones of East Asia and for pictograms, none for what combines. */
uint32_t vn_table_width(const char *text);

#endif
