/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A diagnosis for people, in the manner of virt-host-validate: a line for each check that found
 * something, what was seen and the fix below it; what passed is counted, what was skipped is
 * grouped by the reason. The words say everything that the colours do. */
#include "render/picture.h"
#include "render/table_grid.h"

#include <stdio.h>
#include <string.h>

enum { DETAIL_INDENT = 8, FIX_INDENT = 10, COLUMNS_USED_MAX = 100, STATUS_ROOM = 7 };

typedef struct doctor_text {
	const vn_diagnosis *diagnosis;
	const vn_style *style;
	vn_style narrow; /* the same, no wider than COLUMNS_USED_MAX */
	vn_arena *arena;
	bool all;
	vn_text *out;
} doctor_text;

static const char *const status_colors[VN_CHECK_STATUS_COUNT] = {
	[VN_CHECK_PASS] = "\033[32m", [VN_CHECK_SKIP] = "\033[36m",   [VN_CHECK_INFO] = "\033[34m",
	[VN_CHECK_WARN] = "\033[33m", [VN_CHECK_FAIL] = "\033[1;31m",
};

static void add_status(const doctor_text *t, enum vn_check_status status)
{
	if (t->style->color)
		vn_text_addf(t->out, "%s%s\033[0m", status_colors[status],
			     vn_check_status_names[status]);
	else
		vn_text_add(t->out, vn_check_status_names[status]);
}

static const char *clean(const doctor_text *t, const char *text)
{
	return vn_picture_clean(t->arena, text, !t->style->utf8);
}

/* "  what                 : WARN" */
static void add_line(const doctor_text *t, const char *what, enum vn_check_status status)
{
	int room = (int)t->narrow.columns - STATUS_ROOM - 2;

	vn_text_addf(t->out, "  %-*s : ", room, what);
	add_status(t, status);
	vn_text_add(t->out, "\n");
}

/* ---- the details of a finding ---- */

/* Where a line of at most `room` bytes may end: the last blank outside of quotes; or all of it. */
static size_t break_at(const char *line, size_t size, size_t room)
{
	size_t end = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (i > room && end)
			break;
		quoted ^= line[i] == '\'';
		if (line[i] == ' ' && !quoted)
			end = i;
	}
	return size <= room || !end ? size : end;
}

/* One line to copy: where it is too long it continues so that a shell, and XML, read it as one. */
static void add_copied(const doctor_text *t, const char *line, size_t size, const char *join)
{
	uint32_t indent = FIX_INDENT;

	while (size) {
		size_t part = break_at(line, size, t->narrow.columns - indent - 2);

		vn_text_addf(t->out, "%*s", (int)indent, "");
		vn_text_add_bytes(t->out, line, part);
		vn_text_addf(t->out, "%s\n", part < size ? join : "");
		line += part;
		size -= part;
		if (size) { /* the blank */
			line++;
			size--;
		}
		indent = FIX_INDENT + 2;
	}
}

static void add_fix(const doctor_text *t, const vn_finding *finding)
{
	const char *fix = finding->fix;
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	if (!*fix)
		return;
	if (finding->fix_kind == VN_FIX_WORDS) {
		vn_text_addf(&words, "fix: %s", clean(t, fix));
		t->out->failed |= words.failed;
		if (!words.failed)
			vn_table_wrap(words.bytes, DETAIL_INDENT, &t->narrow, t->out);
		return;
	}
	vn_text_addf(t->out, "%*sfix%s:\n", DETAIL_INDENT, "",
		     finding->fix_kind == VN_FIX_XML ? ", in the domain XML" : "");
	while (*fix) {
		size_t size = strcspn(fix, "\n");
		const char *line = vn_arena_strndup(t->arena, fix, size);

		line = clean(t, line ? line : "?");
		add_copied(t, line, strlen(line), finding->fix_kind == VN_FIX_XML ? "" : " \\");
		fix += size + (fix[size] == '\n');
	}
}

static void add_finding(const doctor_text *t, const vn_finding *finding, bool repeated)
{
	char line[128];

	snprintf(line, sizeof(line), "%s Checking %s", finding->check->id, finding->check->title);
	if (!repeated)
		add_line(t, line, finding->status);
	else
		vn_text_add(t->out, "\n");
	if (finding->status == VN_CHECK_PASS)
		return;
	vn_table_wrap(clean(t, finding->evidence), DETAIL_INDENT, &t->narrow, t->out);
	add_fix(t, finding);
}

/* ---- groups: the host, each guest ---- */

struct group {
	uint32_t first, end; /* of the findings */
};

/* "VN007, VN018-VN022" of the checks that skipped for this reason. */
static void add_ids(const vn_diagnosis *d, struct group group, const char *reason, vn_text *to)
{
	vn_cpuset numbers = { 0 };
	int from = -1;

	for (uint32_t i = group.first; i < group.end; i++)
		if (d->findings[i].status == VN_CHECK_SKIP &&
		    !strcmp(d->findings[i].evidence, reason))
			vn_cpuset_add(&numbers, (unsigned)(d->findings[i].check - vn_checks));
	VN_CPUSET_EACH(number, &numbers) {
		if (from < 0) {
			from = number;
			vn_text_addf(to, "%s%s", to->len ? ", " : "", vn_checks[number].id);
		}
		if (vn_cpuset_has(&numbers, (unsigned)number + 1))
			continue;
		if (number > from)
			vn_text_addf(to, "-%s", vn_checks[number].id);
		from = -1;
	}
}

static bool is_first_with_reason(const vn_diagnosis *d, struct group group, uint32_t at)
{
	for (uint32_t i = group.first; i < at; i++)
		if (d->findings[i].status == VN_CHECK_SKIP &&
		    !strcmp(d->findings[i].evidence, d->findings[at].evidence))
			return false;
	return true;
}

static uint32_t count_checks(const vn_diagnosis *d, struct group group, enum vn_check_status status)
{
	vn_cpuset numbers = { 0 };

	for (uint32_t i = group.first; i < group.end; i++)
		if (d->findings[i].status == status)
			vn_cpuset_add(&numbers, (unsigned)(d->findings[i].check - vn_checks));
	return vn_cpuset_count(&numbers);
}

static void add_skips(const doctor_text *t, struct group group)
{
	const vn_diagnosis *d = t->diagnosis;
	uint32_t count = count_checks(d, group, VN_CHECK_SKIP);
	char line[64];

	if (!count)
		return;
	snprintf(line, sizeof(line), "%u check%s without the facts for %s", count,
		 count == 1 ? "" : "s", count == 1 ? "it" : "them");
	add_line(t, line, VN_CHECK_SKIP);
	for (uint32_t i = group.first; i < group.end; i++) {
		VN_AUTO_TEXT words = VN_TEXT_INIT;

		if (d->findings[i].status != VN_CHECK_SKIP || !is_first_with_reason(d, group, i))
			continue;
		add_ids(d, group, d->findings[i].evidence, &words);
		vn_text_addf(&words, ": %s", clean(t, d->findings[i].evidence));
		t->out->failed |= words.failed;
		if (!words.failed)
			vn_table_wrap(words.bytes, DETAIL_INDENT, &t->narrow, t->out);
	}
}

static void add_passes(const doctor_text *t, struct group group)
{
	uint32_t count = count_checks(t->diagnosis, group, VN_CHECK_PASS);
	char line[32];

	snprintf(line, sizeof(line), "%u check%s", count, count == 1 ? "" : "s");
	if (count && !t->all)
		add_line(t, line, VN_CHECK_PASS);
}

static void add_group(const doctor_text *t, struct group group)
{
	const vn_finding *findings = t->diagnosis->findings, *last = NULL;

	for (uint32_t i = group.first; i < group.end; i++) {
		const vn_finding *finding = &findings[i];

		if (finding->status == VN_CHECK_SKIP ||
		    (finding->status == VN_CHECK_PASS && !t->all))
			continue;
		add_finding(t, finding,
			    last && last->check == finding->check &&
				    last->status == finding->status);
		last = finding;
	}
	add_passes(t, group);
	add_skips(t, group);
}

/* ---- headings and the last line ---- */

static const char *state_of(const vn_guest *guest)
{
	static const char *const names[VN_GUEST_STATE_COUNT] = {
		[VN_GUEST_OFF] = "not running",
		[VN_GUEST_RUNNING] = "running",
		[VN_GUEST_PAUSED] = "paused",
	};

	/* That of libvirt's guests is their name. */
	if (guest->state == VN_GUEST_OFF && guest->config && guest->config->source && guest->name &&
	    strcmp(guest->config->source, guest->name) != 0)
		return guest->config->source;
	return names[guest->state];
}

static void add_heading(const doctor_text *t, int32_t guest)
{
	const vn_running *running = t->diagnosis->running;
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	if (guest < 0)
		vn_text_addf(&words, "Host %s",
			     clean(t, running->host->source ? running->host->source : "live"));
	else
		vn_text_addf(&words, "Guest %s (%s)",
			     clean(t, running->guests[guest].name ? running->guests[guest].name
								  : "without a name"),
			     clean(t, state_of(&running->guests[guest])));
	t->out->failed |= words.failed;
	if (!words.failed && guest >= 0)
		vn_table_heading(words.bytes, t->style, t->out);
	else if (!words.failed)
		vn_text_addf(t->out, "%s%s%s\n", t->style->color ? "\033[1m" : "", words.bytes,
			     t->style->color ? "\033[0m" : "");
}

static void add_counts(const doctor_text *t)
{
	const vn_diagnosis *d = t->diagnosis;
	const char *between = "";

	vn_text_addf(t->out, "\n%d checks, the host and %u guest%s: ", VN_CHECK_COUNT, d->n_guests,
		     d->n_guests == 1 ? "" : "s");
	for (int status = 0; status < VN_CHECK_STATUS_COUNT; status++) {
		if (!d->counts[status])
			continue;
		vn_text_addf(t->out, "%s%u ", between, d->counts[status]);
		add_status(t, (enum vn_check_status)status);
		between = ", ";
	}
	vn_text_add(t->out, "\n");
}

int vn_render_doctor(const vn_diagnosis *diagnosis, bool all, const vn_style *style, vn_text *ret,
		     vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	doctor_text t = { .diagnosis = diagnosis,
			  .style = style,
			  .narrow = *style,
			  .arena = arena,
			  .all = all,
			  .out = ret };
	struct group group = { 0 };

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the findings");
	if (!t.narrow.columns)
		t.narrow.columns = 80;
	if (t.narrow.columns > COLUMNS_USED_MAX)
		t.narrow.columns = COLUMNS_USED_MAX;
	if (t.narrow.columns < 60)
		t.narrow.columns = 60;
	for (; group.first < diagnosis->n; group.first = group.end) {
		int32_t guest = diagnosis->findings[group.first].guest;

		while (group.end < diagnosis->n && diagnosis->findings[group.end].guest == guest)
			group.end++;
		add_heading(&t, guest);
		add_group(&t, group);
	}
	add_counts(&t);
	return vn_text_done(ret, err);
}
