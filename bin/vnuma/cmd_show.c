/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma show: what runs on this host or on another one, once or again and again. libvirt says which
 * guests there are; where it does not answer for this machine, their processes do. */
#include "cli.h"

#include "kernel/kernel.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

typedef struct showing {
	const struct cli_values *values;
	struct cli_output *output;
	vn_virt *virt;	    /* NULL: no connection (any more) */
	char note[512];	    /* why the guests were found without libvirt; "" */
	vn_running *before; /* with --watch: what was shown last */
	uint64_t before_ms;
} showing;

static void clear(showing *s)
{
	vn_running_free(s->before);
	vn_virt_free(s->virt);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- reading ---- */

static int read_libvirt(showing *s, vn_running **ret, vn_error *err)
{
	unsigned which = s->values->operands.n ? VN_VIRT_DEFINED : VN_VIRT_RUNNING;
	int r = VN_OK;

	if (!s->virt)
		r = vn_virt_open(s->values->connect, VN_VIRT_READ, &s->virt, err);
	return r == VN_OK ? vn_virt_read(s->virt, which, ret, err) : r;
}

static int find_processes(vn_running **ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	VN_AUTO(vn_running)
	running = arena ? vn_arena_alloc(arena, 1, sizeof(*running)) : NULL;
	int r;

	if (!running)
		return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
	running->arena = VN_STEAL(arena);
	running->source = "live";
	running->local = true;
	if ((r = vn_host_read("live", &running->host, err)) < 0 ||
	    (r = vn_kernel_find_guests("/", running, err)) < 0)
		return r;
	*ret = VN_STEAL(running);
	return VN_OK;
}

/* Without -c, or with one of this machine's own QEMU drivers. */
static bool is_about_here(const char *uri)
{
	return !uri || !strncmp(uri, "qemu:///", 8);
}

/* From libvirt, else from /proc. */
static int read_guests(showing *s, vn_running **ret, vn_error *err)
{
	vn_error why = { 0 };
	int r = read_libvirt(s, ret, &why);

	s->note[0] = '\0';
	if (r == VN_OK)
		return VN_OK;
	if (r != VN_E_SYSTEM || !is_about_here(s->values->connect)) {
		*err = why;
		cli_keep_source(s->output, err);
		return r;
	}
	snprintf(s->note, sizeof(s->note),
		 "libvirt does not answer (%s); these are the QEMU processes of this machine.",
		 why.text);
	vn_virt_free(s->virt);
	s->virt = NULL;
	return find_processes(ret, err);
}

static int check_names(const showing *s, const vn_running *running, vn_error *err)
{
	const struct cli_texts *names = &s->values->operands;

	for (size_t i = 0; i < names->n; i++) {
		bool found = false;

		for (uint32_t g = 0; g < running->n_guests; g++)
			found |= !strcmp(names->items[i], running->guests[g].name) ||
				 (*running->guests[g].uuid &&
				  !strcmp(names->items[i], running->guests[g].uuid));
		if (!found)
			return vn_fail(err, VN_E_INPUT, "there is no guest '%s'%s", names->items[i],
				       *s->note ? " among the QEMU processes; libvirt does not "
						  "answer"
						: "");
	}
	return VN_OK;
}

static int read_all(showing *s, vn_running **ret, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	vn_kernel_options options = { .exact = s->values->exact };
	int r = read_guests(s, &running, err);

	if (r == VN_OK)
		r = check_names(s, running, err);
	if (r == VN_OK && running->local)
		r = vn_kernel_fill(running, &options, err);
	if (r < 0)
		return r;
	vn_running_account(running, NULL);
	*ret = VN_STEAL(running);
	return VN_OK;
}

/* ---- writing ---- */

static int write_one(const showing *s, const vn_running *running, uint64_t interval_ms, vn_text *to,
		     vn_error *err)
{
	const struct cli_values *values = s->values;
	vn_style style = cli_style(STDOUT_FILENO, values->color);
	vn_show show = {
		.running = running,
		.before = s->before,
		.interval_ms = interval_ms,
		.names = values->operands.n ? values->operands.items : NULL,
		.n_names = values->operands.n,
		.note = *s->note ? s->note : NULL,
	};

	switch (values->format) {
	case CLI_FORMAT_JSON: return vn_render_show_json(&show, to, err);
	case CLI_FORMAT_SVG: return vn_render_show_svg(&show, to, err);
	default: return vn_render_show_table(&show, &style, to, err);
	}
}

/* What a terminal has room for: a screen that scrolls cannot be read. */
static void cut_to_screen(vn_text *text)
{
	struct winsize size = { 0 };
	size_t at = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4)
		return;
	for (unsigned line = 0; at < text->len && line + 1 < size.ws_row; at++)
		line += text->bytes[at] == '\n';
	text->len = at;
}

static int write_frame(showing *s, vn_running *running, bool terminal, vn_error *err)
{
	VN_AUTO_TEXT frame = VN_TEXT_INIT;
	uint64_t now = now_ms();
	int r = write_one(s, running, s->before ? now - s->before_ms : 0, &frame, err);

	if (r == VN_OK)
		r = vn_text_done(&frame, err);
	if (r < 0)
		return r;
	if (terminal)
		cut_to_screen(&frame);
	vn_text_add(&s->output->answer, terminal ? "\033[H\033[2J" : "");
	vn_text_add_bytes(&s->output->answer, frame.bytes, frame.len);
	if ((r = cli_output_flush(&s->output->answer, err)) < 0)
		return r;
	vn_running_free(s->before);
	s->before = running;
	s->before_ms = now;
	return VN_OK;
}

static int watch(showing *s, vn_error *err)
{
	struct timespec rest = { .tv_sec = s->values->watch_s };
	bool terminal = isatty(STDOUT_FILENO);

	for (;;) {
		VN_AUTO(vn_running) running = NULL;
		int r = read_all(s, &running, err);

		if (r == VN_OK)
			r = write_frame(s, running, terminal, err);
		if (r < 0)
			return r;
		running = NULL; /* it is `before` now */
		nanosleep(&rest, NULL);
	}
}

int cmd_show(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err)
{
	showing s = { .values = values, .output = output };
	VN_AUTO(vn_running) running = NULL;
	int r;

	(void)operand;
	if (values->watch_s && values->format == CLI_FORMAT_SVG)
		return cli_fail_usage(err, "--watch shows in '--output table' and '--output json', "
					   "not in 'svg'");
	if (values->watch_s) {
		r = watch(&s, err);
	} else {
		r = read_all(&s, &running, err);
		if (r == VN_OK)
			r = write_one(&s, running, 0, &output->answer, err);
	}
	cli_keep_source(output, err);
	clear(&s);
	return r;
}
