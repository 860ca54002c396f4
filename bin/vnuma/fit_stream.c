/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the cases in a file of any length: a list of them, an object with such a list under
 * "cases", one case, or one after the other (JSON lines). Only where a value begins and ends is
 * looked for here, by its brackets and strings; jansson parses it. So a case that is not legal, or
 * not even JSON, does not keep the next one from being found, as long as its brackets are whole.
 *
 * Levels: FIT_TOP is between whole values, FIT_LIST in a list of cases, FIT_CASES in the list of an
 * object. An object at the top is a case, unless its member "cases" is a list: when that comes, the
 * level changes and what was read of the object is dropped. */
#include "fit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { END = -1 };

static const char cases_key[] = "\"cases\"";

/* ---- bytes ---- */

int fit_stream_open(struct fit_stream *stream, const char *path, vn_error *err)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return vn_fail_line(err, VN_E_INPUT, path, 0, 0, "cannot be opened: %s",
				    strerror(errno));
	stream->source = is_stdin ? "stdin" : path;
	stream->fd = fd;
	stream->at = stream->end = 0;
	stream->place = (vn_spot){ 1, 1 };
	stream->item = (vn_text)VN_TEXT_INIT;
	stream->level = FIT_TOP;
	return VN_OK;
}

void fit_stream_close(struct fit_stream *stream)
{
	if (stream->fd > STDIN_FILENO)
		close(stream->fd);
	vn_text_clear(&stream->item);
}

/* The next byte without taking it, END, or a negative vn_code below that. */
static int peek(struct fit_stream *stream, vn_error *err)
{
	ssize_t got;

	if (stream->at < stream->end)
		return (unsigned char)stream->buffer[stream->at];
	do
		got = read(stream->fd, stream->buffer, sizeof(stream->buffer));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return vn_fail_line(err, VN_E_INPUT, stream->source, 0, 0, "cannot be read: %s",
				    strerror(errno));
	stream->at = 0;
	stream->end = (size_t)got;
	return got ? (unsigned char)stream->buffer[0] : END;
}

static bool failed(int byte)
{
	return byte < END;
}

/* Take the byte that peek has shown; `keep` it in the item. */
static void take(struct fit_stream *stream, bool keep)
{
	char byte = stream->buffer[stream->at++];

	stream->place.column++;
	if (byte == '\n') {
		stream->place.line++;
		stream->place.column = 1;
	}
	if (!keep || stream->too_large)
		return;
	stream->too_large = stream->item.len == VN_JSON_MAX;
	if (!stream->too_large)
		vn_text_add_bytes(&stream->item, &byte, 1);
}

static bool is_space(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static int skip_space(struct fit_stream *stream, vn_error *err)
{
	int byte;

	while (is_space(byte = peek(stream, err)))
		take(stream, false);
	return byte;
}

static int fail_here(const struct fit_stream *stream, vn_error *err, const char *text)
{
	return vn_fail_line(err, VN_E_SYNTAX, stream->source, stream->place.line,
			    stream->place.column, "%s", text);
}

static int fail_end(const struct fit_stream *stream, vn_error *err)
{
	return vn_fail_line(err, VN_E_SYNTAX, stream->source, stream->place.line,
			    stream->place.column,
			    "the file ends within the case that begins in line %u, column %u",
			    stream->item_at.line, stream->item_at.column);
}

/* ---- values ---- */

/* A string, from its first quote to its last. *is_cases: is it "cases"? */
static int take_string(struct fit_stream *stream, bool keep, bool *is_cases, vn_error *err)
{
	bool escaped = false;
	size_t n = 0;
	int byte;

	for (*is_cases = true;; n++) {
		byte = peek(stream, err);
		if (byte < 0)
			return byte == END ? fail_end(stream, err) : byte;
		*is_cases &= n < strlen(cases_key) && byte == cases_key[n];
		take(stream, keep);
		if (n && byte == '"' && !escaped)
			return VN_OK;
		escaped = byte == '\\' && !escaped;
	}
}

/* A bracket at `depth` open ones. */
static int take_bracket(struct fit_stream *stream, int byte, bool keep, size_t *depth,
			vn_error *err)
{
	if (byte == '{' || byte == '[') {
		if (*depth == FIT_STREAM_DEPTH)
			return fail_here(stream, err, "too many brackets within each other");
		stream->open[(*depth)++] = (char)byte;
	} else if (stream->open[--*depth] != (byte == '}' ? '{' : '[')) {
		return fail_here(stream, err,
				 "a bracket that does not close the one before it: where this "
				 "case ends cannot be told");
	}
	take(stream, keep);
	return VN_OK;
}

/* Take bytes until no bracket is open. `depth` of them are already (open[]). With `top`, stop
 * within a list of cases, as soon as it has begun. */
static int take_brackets(struct fit_stream *stream, size_t depth, bool keep, bool top,
			 vn_error *err)
{
	enum { NOTHING, KEY, COLON } seen = NOTHING; /* of "cases": [ */
	bool is_cases;
	int byte, r = VN_OK;

	do {
		byte = peek(stream, err);
		if (byte < 0)
			return byte == END ? fail_end(stream, err) : byte;
		if (byte == '"') {
			r = take_string(stream, keep, &is_cases, err);
			seen = top && depth == 1 && is_cases ? KEY : NOTHING;
		} else if (strchr("{}[]", byte) && byte) {
			r = take_bracket(stream, byte, keep, &depth, err);
			if (seen == COLON && byte == '[') {
				stream->level = FIT_CASES;
				return r;
			}
			seen = NOTHING;
		} else {
			take(stream, keep);
			if (!is_space(byte))
				seen = seen == KEY && byte == ':' ? COLON : NOTHING;
		}
	} while (depth && r == VN_OK);
	return r;
}

/* A number, a word, or what should have been one. */
static int take_word(struct fit_stream *stream, vn_error *err)
{
	int byte;

	while ((byte = peek(stream, err)) >= 0 && !is_space(byte) && !strchr(",]}", byte))
		take(stream, true);
	return failed(byte) ? byte : VN_OK;
}

static int take_value(struct fit_stream *stream, int first, vn_error *err)
{
	bool is_cases;

	stream->item.len = 0;
	stream->item_at = stream->place;
	stream->too_large = false;
	if (first == '{' || first == '[')
		return take_brackets(stream, 0, true, stream->level == FIT_TOP, err);
	if (first == '"')
		return take_string(stream, true, &is_cases, err);
	return take_word(stream, err);
}

/* ---- the levels ---- */

/* Before an element of the list, or its end. *found: there is one. */
static int next_in_list(struct fit_stream *stream, bool *found, vn_error *err)
{
	int byte = skip_space(stream, err);

	if (byte == ']') {
		take(stream, false);
		*found = false;
		return VN_OK;
	}
	if (stream->started && byte == ',') {
		take(stream, false);
		byte = skip_space(stream, err);
	} else if (stream->started && byte >= 0) {
		return fail_here(stream, err, "',' or ']' belongs here, between the cases");
	}
	if (failed(byte))
		return byte;
	if (byte == END)
		return fail_here(stream, err, "the file ends within the list of cases");
	if (strchr(",]}", byte))
		return fail_here(stream, err, "a case belongs here");
	stream->started = *found = true;
	return take_value(stream, byte, err);
}

/* Between whole values. *found: there is a case. */
static int next_at_top(struct fit_stream *stream, bool *found, vn_error *err)
{
	int r, byte = skip_space(stream, err);

	*found = false;
	stream->started = false;
	if (byte == END || failed(byte))
		return byte == END ? VN_OK : byte;
	if (byte == '[') {
		take(stream, false);
		stream->level = FIT_LIST;
		return VN_OK;
	}
	if (byte != '{')
		return fail_here(stream, err,
				 "a case, a list of cases or {\"cases\": [...]} belongs here");
	r = take_value(stream, byte, err);
	*found = r == VN_OK && stream->level == FIT_TOP;
	return r;
}

int fit_stream_next(struct fit_stream *stream, bool *found, vn_error *err)
{
	enum fit_level level;
	int r;

	do {
		level = stream->level;
		if (level == FIT_TOP) {
			r = next_at_top(stream, found, err);
		} else {
			r = next_in_list(stream, found, err);
			if (r < 0 || *found)
				break;
			stream->level = FIT_TOP;
			if (level == FIT_CASES) { /* the rest of its object */
				stream->open[0] = '{';
				r = take_brackets(stream, 1, false, false, err);
			}
		}
	} while (r == VN_OK && !*found && (level != FIT_TOP || stream->level != FIT_TOP));
	if (r == VN_OK && *found)
		r = vn_text_done(&stream->item, err);
	return r;
}
