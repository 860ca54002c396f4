/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The SVG picture, read back with libxml2 and measured: every text inside its box and on no other
 * text, boxes on no other box, every CPU and vCPU there once, nothing that a browser would fetch or
 * run. */
#include "render_scenes.h"

#include <libxml/parser.h>
#include <math.h>
#include <stdio.h>

/* Widths of ' ' to '~' in 1/1000 of the font's size: DejaVu Sans, the widest of the usual fonts. */
enum { REGULAR, BOLD };
static const uint16_t metrics[][95] = {
[REGULAR] = {
	318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
	636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
	1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
	603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
	500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
	635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
},
[BOLD] = {
	348,  456, 521, 838, 696, 1002, 872, 306,  457, 457, 523, 838, 380, 415,  380, 365,
	696,  696, 696, 696, 696, 696,	696, 696,  696, 696, 400, 400, 838, 838,  838, 580,
	1000, 774, 762, 734, 830, 683,	683, 821,  837, 372, 372, 775, 637, 995,  837, 850,
	733,  850, 770, 720, 682, 812,	774, 1103, 771, 724, 725, 457, 365, 457,  838, 500,
	500,  675, 716, 593, 716, 678,	435, 716,  712, 343, 343, 665, 343, 1042, 712, 687,
	716,  716, 493, 595, 478, 712,	652, 924,  645, 652, 582, 712, 365, 712,  838,
},
};

/* ---- reading ---- */

typedef struct box {
	int x, y, width, height;
} box;

typedef struct element {
	box at;
	const xmlNode *node;
	const char *classes;
} element;

typedef struct drawing {
	xmlDoc *doc;
	box page;
	size_t n_rects, n_texts;
	element *rects, *texts;
} drawing;

/* The attribute as a whole number: anything else in a length is an error. */
static int number(const xmlNode *node, const char *name)
{
	xmlChar *value = xmlGetProp(node, BAD_CAST name);
	uint64_t n;

	assert_non_null(value);
	assert_int_equal(
		vn_uint_parse(vn_cursor_of_string(name, (const char *)value), INT32_MAX, &n, NULL),
		VN_OK);
	xmlFree(value);
	return (int)n;
}

static const char *classes_of(const xmlNode *node)
{
	const xmlAttr *attribute = xmlHasProp(node, BAD_CAST "class");

	return attribute && attribute->children ? (const char *)attribute->children->content : "";
}

static bool has_class(const char *classes, const char *name)
{
	size_t size = strlen(name);

	for (const char *p = classes; *p; p += strcspn(p, " "), p += *p == ' ')
		if (strcspn(p, " ") == size && !memcmp(p, name, size))
			return true;
	return false;
}

static const char *content(const xmlNode *node)
{
	return node->children ? (const char *)node->children->content : "";
}

static int text_width(const char *text, int size, bool is_bold)
{
	int width = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x80)
			width += metrics[is_bold ? BOLD : REGULAR][*p - ' '];
		else if (*p >= 0xc0)
			width += *p < 0xf0 ? 1000 : 1300;
	return (width * size + 999) / 1000;
}

static box text_box(const xmlNode *node)
{
	const char *classes = classes_of(node), *size_class = strstr(classes, " s");
	xmlChar *anchor = xmlGetProp(node, BAD_CAST "text-anchor");
	int size, width, x = number(node, "x"), y = number(node, "y");

	assert_non_null(size_class);
	size = (int)strtol(size_class + 2, NULL, 10);
	assert_in_range(size, 8, 20);
	width = text_width(content(node), size, has_class(classes, "b"));
	if (anchor)
		x -= !strcmp((const char *)anchor, "end") ? width : width / 2;
	xmlFree(anchor);
	return (box){ x, y - size * 3 / 4, width, size * 19 / 20 };
}

static void collect(drawing *d, const xmlNode *node)
{
	for (; node; node = node->next) {
		const char *name = (const char *)node->name;

		if (node->type != XML_ELEMENT_NODE || !strcmp(name, "defs"))
			continue;
		if (!strcmp(name, "rect"))
			d->rects[d->n_rects++] = (element){
				{ number(node, "x"), number(node, "y"), number(node, "width"),
				  number(node, "height") },
				node,
				classes_of(node),
			};
		if (!strcmp(name, "text"))
			d->texts[d->n_texts++] =
				(element){ text_box(node), node, classes_of(node) };
		collect(d, node->children);
	}
}

static size_t occurrences(const vn_text *text, const char *what)
{
	const char *end = text->bytes + text->len;
	size_t n = 0;

	for (const char *p = text->bytes; (p = memmem(p, (size_t)(end - p), what, strlen(what)));
	     p++)
		n++;
	return n;
}

static void render(const scene *s, vn_text *ret)
{
	assert_int_equal(vn_render_svg(s->host, s->request, s->placement, ret, NULL), VN_OK);
	assert_int_equal(strlen(ret->bytes), ret->len);
}

static drawing draw(const scene *s)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	drawing d = { 0 };

	render(s, &text);
	d.doc = xmlReadMemory(text.bytes, (int)text.len, "picture.svg", NULL,
			      XML_PARSE_NONET | XML_PARSE_HUGE);
	assert_non_null(d.doc);
	d.rects = calloc(occurrences(&text, "<rect ") + 1, sizeof(*d.rects));
	d.texts = calloc(occurrences(&text, "<text ") + 1, sizeof(*d.texts));
	assert_true(d.rects && d.texts);
	const xmlNode *root = xmlDocGetRootElement(d.doc);

	d.page = (box){ 0, 0, number(root, "width"), number(root, "height") };
	collect(&d, root->children);
	return d;
}

static void drop(drawing *d)
{
	xmlFreeDoc(d->doc);
	free(d->rects);
	free(d->texts);
}

/* Comparing all boxes with all is too much for the very largest picture. */
enum { PAIRS_NODES_MAX = 64, ANY_NODES = VN_NODE_MAX };

static void each_drawing(uint32_t nodes_max, void (*check)(const drawing *, const scene *))
{
	for (size_t i = 0; i < VN_LEN(scene_list); i++) {
		scene s = scene_make(i);

		if (s.host->n_nodes > nodes_max) {
			vn_arena_free(s.arena);
			continue;
		}
		drawing d = draw(&s);

		print_message("# %s\n", s.name);
		check(&d, &s);
		drop(&d);
		vn_arena_free(s.arena);
	}
}

/* ---- geometry ---- */

static bool inside(box inner, box outer)
{
	return inner.x >= outer.x && inner.y >= outer.y &&
	       inner.x + inner.width <= outer.x + outer.width &&
	       inner.y + inner.height <= outer.y + outer.height;
}

static bool overlap(box a, box b)
{
	return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
	       b.y < a.y + a.height;
}

/* Of the boxes that contain the text's anchor, the smallest; the page when there is none. A bar's
 * parts, tints and heat are no boxes of a text. */
static box home_of(const drawing *d, const element *text)
{
	int x = number(text->node, "x"), y = number(text->node, "y") - 3;
	box home = d->page;

	for (size_t i = 0; i < d->n_rects; i++) {
		box at = d->rects[i].at;

		if (!inside((box){ x, y, 0, 0 }, at) || has_class(d->rects[i].classes, "heat") ||
		    d->rects[i].classes[0] == 't')
			continue;
		if ((int64_t)at.width * at.height < (int64_t)home.width * home.height)
			home = at;
	}
	return home;
}

static void check_texts(const drawing *d, const scene *s)
{
	(void)s;
	for (size_t i = 0; i < d->n_texts; i++) {
		const element *text = &d->texts[i];

		if (!inside(text->at, home_of(d, text)))
			fail_msg("'%s' leaves its box", content(text->node));
		for (size_t k = 0; k < i; k++)
			if (overlap(text->at, d->texts[k].at))
				fail_msg("'%s' is on '%s'", content(text->node),
					 content(d->texts[k].node));
	}
}

static void test_texts(void **state)
{
	(void)state;
	each_drawing(PAIRS_NODES_MAX, check_texts);
}

/* Boxes of one kind do not touch each other; all are on the page. */
static void check_boxes(const drawing *d, const scene *s)
{
	static const char *const kinds[] = { "room", "cache", "core", "chip", "used" };

	(void)s;
	for (size_t i = 0; i < d->n_rects; i++)
		assert_true(inside(d->rects[i].at, d->page));
	for (size_t kind = 0; kind < VN_LEN(kinds); kind++)
		for (size_t i = 0; i < d->n_rects; i++) {
			if (!has_class(d->rects[i].classes, kinds[kind]))
				continue;
			for (size_t k = 0; k < i; k++)
				assert_false(has_class(d->rects[k].classes, kinds[kind]) &&
					     overlap(d->rects[i].at, d->rects[k].at));
		}
}

static void test_boxes(void **state)
{
	(void)state;
	each_drawing(PAIRS_NODES_MAX, check_boxes);
}

/* ---- facts ---- */

static bool in_a_core(const drawing *d, box at)
{
	for (size_t i = 0; i < d->n_rects; i++)
		if (has_class(d->rects[i].classes, "core") && inside(at, d->rects[i].at))
			return true;
	return false;
}

/* The number that stands after `key` in the text. */
static bool number_after(const char *text, const char *key, unsigned *ret)
{
	const char *at = strstr(text, key);
	vn_cursor in;
	uint64_t n;

	if (!at)
		return false;
	in = vn_cursor_of_string(NULL, at + strlen(key));
	if (vn_take_uint(&in, UINT32_MAX, &n, NULL) < 0)
		return false;
	*ret = (unsigned)n;
	return true;
}

/* Every CPU of a node is drawn once in a core box (the legend's samples are in none), and its
 * tooltip names the vCPU that is pinned there; a pinned vCPU is on its pin. */
static void check_cpus(const drawing *d, const scene *s)
{
	vn_cpuset seen = { 0 }, want = { 0 };

	for (uint32_t cpu = 0; cpu < s->host->n_cpus; cpu++)
		if (s->host->cpus[cpu].node_ix >= 0)
			vn_cpuset_add(&want, cpu);
	for (size_t i = 0; i < d->n_rects; i++) {
		const xmlNode *title = d->rects[i].node->prev;
		unsigned cpu, vcpu;

		if (!title || strcmp((const char *)title->name, "title") ||
		    !number_after(content(title), "CPU ", &cpu) || content(title)[0] != 'C' ||
		    !in_a_core(d, d->rects[i].at))
			continue;
		assert_false(vn_cpuset_has(&seen, cpu));
		vn_cpuset_add(&seen, cpu);
		if (number_after(content(title), ": vCPU ", &vcpu)) {
			assert_non_null(s->placement);
			assert_int_equal(s->placement->pin[vcpu], cpu);
		} else {
			for (uint32_t v = 0; s->placement && v < s->placement->n_vcpus; v++)
				assert_int_not_equal(s->placement->pin[v], cpu);
		}
	}
	assert_true(vn_cpuset_equal(&seen, &want));
}

/* "cell 0: vCPUs 0-3 ..." of the rooms name every vCPU once, under its cell. */
static void check_vcpus(const drawing *d, const scene *s)
{
	vn_cpuset seen = { 0 };

	for (size_t i = 0; i < d->n_texts; i++) {
		const char *text = content(d->texts[i].node), *list = strstr(text, ": vCPU");
		vn_cpuset vcpus;
		unsigned cell;

		if (!list || !number_after(text, "cell ", &cell))
			continue;
		list += strcspn(list + 2, " ") + 3;
		vn_cursor in = vn_cursor_of(NULL, list, strcspn(list, " "));

		assert_int_equal(vn_cpuset_parse(in, &vcpus, NULL), VN_OK);
		assert_false(vn_cpuset_overlaps(&seen, &vcpus));
		assert_true(vn_cpuset_contains(&s->placement->cells[cell].vcpus, &vcpus));
		vn_cpuset_or(&seen, &vcpus);
	}
	assert_int_equal(vn_cpuset_count(&seen), s->placement ? s->placement->n_vcpus : 0);
}

static void check_facts(const drawing *d, const scene *s)
{
	size_t rooms = 0;

	for (size_t i = 0; i < d->n_rects; i++)
		rooms += has_class(d->rects[i].classes, "room");
	assert_int_equal(rooms, s->host->n_nodes);
	check_cpus(d, s);
	check_vcpus(d, s);
}

static void test_facts(void **state)
{
	(void)state;
	each_drawing(PAIRS_NODES_MAX, check_facts);
}

/* ---- what may be in the file ---- */

static void check_elements(const xmlNode *node)
{
	static const char *const elements[] = { "svg",	 "g",	 "rect", "path",  "text",
						"title", "desc", "defs", "style", "pattern" };
	static const char *const attributes[] = {
		"class",
		"role",
		"aria-labelledby",
		"id",
		"x",
		"y",
		"width",
		"height",
		"viewBox",
		"rx",
		"d",
		"text-anchor",
		"fill",
		"fill-opacity",
		"patternUnits",
		"patternTransform",
	};

	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		assert_true(vn_name_find(elements, VN_LEN(elements), (const char *)node->name) >=
			    0);
		for (const xmlAttr *a = node->properties; a; a = a->next)
			assert_true(vn_name_find(attributes, VN_LEN(attributes),
						 (const char *)a->name) >= 0);
		check_elements(node->children);
	}
}

static void check_closed(const drawing *d, const scene *s)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT, again = VN_TEXT_INIT;

	check_elements(xmlDocGetRootElement(d->doc));
	render(s, &text);
	render(s, &again);
	assert_string_equal(text.bytes, again.bytes);
	assert_int_equal(occurrences(&text, "http"), 1); /* the name space */
	assert_int_equal(occurrences(&text, "url("), occurrences(&text, "url(#vnuma-h"));
}

static void test_closed(void **state)
{
	(void)state;
	each_drawing(ANY_NODES, check_closed);
}

/* Light and dark define the same classes, so no colour of one shines through in the other. */
static void test_dark(void **state)
{
	static const char media[] = "@media (prefers-color-scheme:dark){\n";
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	scene s = scene_make(0);
	size_t rules = 0;

	(void)state;
	render(&s, &text);
	const char *dark = strstr(text.bytes, media), *end = dark ? strstr(dark, "\n}\n") : NULL;

	assert_non_null(end);
	for (const char *line = dark + strlen(media); line < end; rules++) {
		size_t name = strcspn(line, ":"), all = strcspn(line, "\n");
		char rule[64];

		assert_int_equal(line[name + 1], '#');
		snprintf(rule, sizeof(rule), "%.*s:#", (int)name, line);
		assert_true(strstr(text.bytes, rule) < dark);
		line += all + 1;
	}
	assert_true(rules > 10);
	vn_arena_free(s.arena);
}

/* ---- contrast ---- */

/* Relative luminance of "#rrggbb", as the Web Content Accessibility Guidelines define it. */
static double luminance(const char *color)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	assert_int_equal(color[0], '#');
	for (int i = 0; i < 3; i++) {
		char hex[] = { color[1 + 2 * i], color[2 + 2 * i], '\0' };
		double value = (double)strtol(hex, NULL, 16) / 255;

		sum += weight[i] *
		       (value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double contrast(const char *a, const char *b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

	return x > y ? x / y : y / x;
}

static const char *fill_of(const char *css, const char *name)
{
	char rule[64];

	snprintf(rule, sizeof(rule), ".vnuma .%s{fill:", name);
	const char *at = strstr(css, rule);

	assert_non_null(at);
	return at + strlen(rule);
}

static void test_contrast(void **state)
{
	static const struct {
		const char *ink, *ground;
	} pairs[] = {
		{ "ink", "panel" },  { "ink", "room" },	  { "ink", "free" },  { "ink", "chip" },
		{ "mute", "panel" }, { "mute", "cache" }, { "mute", "room" }, { "iso", "free" },
	};
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	scene s = scene_make(1);

	(void)state;
	render(&s, &text);
	const char *light = text.bytes, *dark = strstr(light, "@media");

	for (size_t i = 0; i < VN_LEN(pairs); i++) {
		print_message("# %s on %s\n", pairs[i].ink, pairs[i].ground);
		assert_true(contrast(fill_of(light, pairs[i].ink),
				     fill_of(light, pairs[i].ground)) >= 4.5);
		assert_true(contrast(fill_of(dark, pairs[i].ink), fill_of(dark, pairs[i].ground)) >=
			    4.5);
	}
	assert_true(contrast("#ffffff", fill_of(light, "taken")) >= 4.5);
	assert_true(contrast("#ffffff", fill_of(dark, "taken")) >= 4.5);
	vn_arena_free(s.arena);
}

/* The number on a cell's colour can be read. */
static void check_badges(const drawing *d, const scene *s)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	render(s, &text);
	for (size_t i = 0; i < d->n_rects; i++) {
		const xmlNode *next = d->rects[i].node->next;
		const char *classes = d->rects[i].classes;

		while (next && next->type != XML_ELEMENT_NODE)
			next = next->next;
		if (classes[0] != 'c' || classes[1] < '0' || classes[1] > '9' || !next ||
		    strcmp((const char *)next->name, "text"))
			continue;
		assert_true(contrast(has_class(classes_of(next), "white") ? "#ffffff" : "#000000",
				     fill_of(text.bytes, classes)) >= 4.5);
	}
}

static void test_badges(void **state)
{
	(void)state;
	each_drawing(PAIRS_NODES_MAX, check_badges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),  cmocka_unit_test(test_boxes),
		cmocka_unit_test(test_facts),  cmocka_unit_test(test_closed),
		cmocka_unit_test(test_dark),   cmocka_unit_test(test_contrast),
		cmocka_unit_test(test_badges),
	};

	return cmocka_run_group_tests_name("render_svg", tests, NULL, NULL);
}
