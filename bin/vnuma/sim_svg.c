/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The charts: gnuplot draws them, from a script that holds the points. It is run without a shell,
 * without its start-up files, and reads nothing but the script. To its picture a style is added, so
 * that it follows the reader's light or dark. */
#include "sim.h"

#include <string.h>

/* Okabe and Ito, without black and yellow; the seventh policy begins anew with other points. */
static const char *const colors[] = { "#0072b2", "#e69f00", "#009e73",
				      "#cc79a7", "#56b4e9", "#d55e00" };

static const char style[] =
	"<style>.vnuma-sim{color-scheme:light dark}\n"
	".vnuma-sim text,.vnuma-sim tspan{font-family:system-ui,-apple-system,'Segoe UI',Roboto,"
	"'Helvetica Neue','DejaVu Sans',sans-serif}\n"
	"@media(prefers-color-scheme:dark){\n"
	".vnuma-sim #gnuplot_canvas>rect{fill:#0d1117}\n"
	".vnuma-sim [fill=black]{fill:#e6edf3}.vnuma-sim [stroke=black]{stroke:#8b949e}\n"
	".vnuma-sim [color=black]{color:#8b949e}.vnuma-sim [stroke=gray]{stroke:#30363d}\n"
	"}</style>\n";

struct axis {
	const char *name;
	double unit; /* µs, or rows */
	bool rows;
};

/* ---- the script ------------------------------------------------------------------------------ */

static struct axis choose_axis(const struct sim_plan *plan, const struct sim_report *report)
{
	int64_t from = INT64_MAX, to = INT64_MIN;
	double hours;

	for (size_t c = 0; c < plan->n_policies; c++) {
		const vn_sim_result *r = &report->outcomes[c * plan->n_starts].result;

		from = r->first_us < from ? r->first_us : from;
		to = r->last_us > to ? r->last_us : to;
	}
	hours = (double)(to - from) / 3.6e9;
	if (!report->trace.departures || to <= from)
		return (struct axis){ "guests asked for", 1, true };
	if (hours >= 72)
		return (struct axis){ "days", 86.4e9, false };
	return hours >= 3 ? (struct axis){ "hours", 3.6e9, false }
			  : (struct axis){ "seconds", 1e6, false };
}

/* One block of points for each policy: x, used CPUs and memory in %, stranded ones, refused, wait
 * in hours, guests that are there. */
static void add_points(const struct sim_plan *plan, const struct sim_report *report,
		       const struct axis *axis, vn_text *to)
{
	vn_sim_total all = vn_sim_fleet_total(&plan->fleet);
	double cpus = (double)all.cpus / 100, kib = all.mem_kib ? (double)all.mem_kib / 100 : 1;

	for (size_t c = 0; c < plan->n_policies; c++) {
		const struct sim_outcome *of = &report->outcomes[c * plan->n_starts];

		vn_text_addf(to, "$p%zu << END\n", c);
		for (uint32_t i = 0; i < of->result.n_points; i++) {
			const vn_sim_point *p = &of->points[i];

			vn_text_addf(to, "%.6g %.4f %.4f %.4f %.4f %ju %.6f %ju\n",
				     (axis->rows ? (double)p->row
						 : (double)(p->time_us - of->result.first_us)) /
					     axis->unit,
				     (double)p->cpus / cpus, (double)p->mem_kib / kib,
				     (double)p->stranded_cpus / cpus, (double)p->stranded_kib / kib,
				     (uintmax_t)p->refused, (double)p->wait_us / 3.6e9,
				     (uintmax_t)p->live);
		}
		vn_text_add(to, "END\n");
	}
}

/* Two columns of each policy: a line, and a broken one. column[1] 0: only one. */
static void add_plot(const struct sim_plan *plan, const char *title, const char *unit,
		     const int column[2], bool names, vn_text *to)
{
	vn_text_addf(to, "set title '%s'\nset ylabel '%s'\nplot ", title, unit);
	for (size_t c = 0; c < plan->n_policies; c++) {
		const char *color = colors[c % VN_LEN(colors)];
		const char *name = sim_plan_name(plan, c);

		vn_text_addf(to, "%s$p%zu using 1:%d with lines lw 1.6 lc rgb '%s' ", c ? ", " : "",
			     c, column[0], color);
		vn_text_addf(to, names ? "title '%s'" : "notitle", name);
		if (column[1])
			vn_text_addf(to,
				     ", $p%zu using 1:%d with lines lw 1.2 dt (6,4) lc rgb '%s' "
				     "notitle",
				     c, column[1], color);
	}
	vn_text_add(to, "\nunset key\n");
}

static void add_script(const struct sim_plan *plan, const struct sim_report *report, vn_text *to)
{
	struct axis axis = choose_axis(plan, report);
	bool waits = plan->refusal == VN_SIM_WAIT;

	vn_text_add(to, "set encoding utf8\n"
			"set terminal svg size 960,680 dynamic noenhanced background '#ffffff' "
			"font 'sans-serif,13' name 'vnuma_sim'\n");
	add_points(plan, report, &axis, to);
	vn_text_addf(
		to,
		"set multiplot layout 2,2 margins screen 0.09,0.985,0.085,0.86 spacing screen "
		"0.105,0.14\n"
		"set label 1 'line: CPUs, broken: memory' at screen 0.985,0.975 right\n"
		"set key at screen 0.075,0.99 left top horizontal Left reverse samplen 2 "
		"maxrows 2 width 1\n"
		"set grid lc rgb 'gray' lw 0.5\nset border 3\nset tics nomirror out scale 0.5\n"
		"set xlabel '%s' offset 0,0.4\nset yrange [0:*]\nset xrange [0:*] noextend\n"
		"set format y '%%g'\n",
		axis.name);
	add_plot(plan, "In use", "% of the fleet", (int[]){ 2, 3 }, true, to);
	vn_text_add(to, "unset label 1\n");
	add_plot(plan, "Stranded: free, but the other is short beside it", "% of the fleet",
		 (int[]){ 4, 5 }, false, to);
	if (waits)
		add_plot(plan, "Waiting time of each guest", "hours", (int[]){ 7, 0 }, false, to);
	else
		add_plot(plan, "Guests refused so far", "guests", (int[]){ 6, 0 }, false, to);
	add_plot(plan, "Guests that are there", "guests", (int[]){ 8, 0 }, false, to);
	vn_text_add(to, "unset multiplot\n");
}

/* ---- the picture ----------------------------------------------------------------------------- */

/* The class of the root, and the style behind gnuplot's own words. */
static int add_style(const vn_text *drawn, vn_text *to, vn_error *err)
{
	static const char root[] = "<svg ", words[] = "</desc>\n";
	const char *svg = drawn->len ? strstr(drawn->bytes, root) : NULL;
	const char *body = svg ? strstr(svg, words) : NULL;

	if (!body || !strstr(body, "</svg>"))
		return vn_fail(err, VN_E_SYSTEM, "gnuplot drew no whole picture");
	svg += sizeof(root) - 1;
	body += sizeof(words) - 1;
	vn_text_add_bytes(to, drawn->bytes, (size_t)(svg - drawn->bytes));
	vn_text_add(to, "class=\"vnuma-sim\" ");
	vn_text_add_bytes(to, svg, (size_t)(body - svg));
	vn_text_add(to, style);
	vn_text_add(to, body);
	return vn_text_done(to, err);
}

int sim_write_svg(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		  vn_error *err)
{
	VN_AUTO_TEXT script = VN_TEXT_INIT;
	VN_AUTO_TEXT drawn = VN_TEXT_INIT;
	int r;

	add_script(plan, report, &script);
	if ((r = vn_text_done(&script, err)) < 0 || (r = sim_gnuplot(&script, &drawn, err)) < 0)
		return r;
	return add_style(&drawn, to, err);
}
