/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decimal numbers of a table, exact: the digits are an integer, the point and the exponent a power
 * of ten, and the unit is multiplied in before anything is rounded. 0.1 days are 8,640,000,000 µs
 * on every machine. */
#include "vnuma/sim.h"

#include <string.h>

enum { EXPONENT_MAX = 9999 };

struct decimal {
	bool negative;
	uint64_t digits;
	int power; /* value = digits * 10^power */
	uint32_t n_digits;
};

/* Digits past the 18th change nothing that is kept; they only move the point. */
static void take_digits(vn_cursor *in, bool fraction, struct decimal *d)
{
	for (; in->p < in->end && *in->p >= '0' && *in->p <= '9'; in->p++) {
		d->n_digits++;
		if (d->digits < UINT64_C(100000000000000000)) {
			d->digits = d->digits * 10 + (uint64_t)(*in->p - '0');
			d->power -= fraction;
		} else {
			d->power += !fraction;
		}
	}
}

static int take_exponent(vn_cursor *in, struct decimal *d)
{
	uint64_t exponent;
	bool negative;

	if (!vn_take_byte(in, 'e') && !vn_take_byte(in, 'E'))
		return VN_OK;
	negative = vn_take_byte(in, '-');
	if (!negative)
		vn_take_byte(in, '+');
	if (vn_take_uint(in, EXPONENT_MAX, &exponent, NULL) < 0)
		return VN_E_SYNTAX;
	d->power += negative ? -(int)exponent : (int)exponent;
	return VN_OK;
}

static int take_decimal(vn_cursor *in, struct decimal *d)
{
	d->negative = vn_take_byte(in, '-');
	if (!d->negative)
		vn_take_byte(in, '+');
	take_digits(in, false, d);
	if (vn_take_byte(in, '.'))
		take_digits(in, true, d);
	return d->n_digits && take_exponent(in, d) == VN_OK && in->p == in->end ? VN_OK
										: VN_E_SYNTAX;
}

/* digits * unit * 10^power into *ret; false beyond max. digits < 10^18, unit < 2^40. */
static bool scale(const struct decimal *d, uint64_t unit, int64_t max, uint64_t *ret)
{
	unsigned __int128 value = (unsigned __int128)d->digits * unit, divisor = 1;
	int power = d->power;

	for (; power > 0 && value; power--)
		if ((value *= 10) > (unsigned __int128)max * 10)
			return false;
	for (; power < 0 && divisor <= value; power++) /* divisor <= 10 * value < 2^102 */
		divisor *= 10;
	if (power < 0) /* less than a tenth of a half */
		value = 0;
	value = (value + divisor / 2) / divisor;
	*ret = (uint64_t)value;
	return value <= (unsigned __int128)max;
}

int vn_decimal_parse(vn_cursor in, uint64_t unit, int64_t max, int64_t *ret, vn_error *err)
{
	const int shown = in.end - in.p > 40 ? 40 : (int)(in.end - in.p);
	const char *text = in.p;
	struct decimal d = { 0 };
	uint64_t value;

	if (take_decimal(&in, &d) < 0) {
		in.p = text;
		return vn_fail_at(err, &in, VN_E_SYNTAX, "'%.*s' is not a number", shown, text);
	}
	in.p = text;
	if (!scale(&d, unit, max, &value))
		return vn_fail_at(err, &in, VN_E_RANGE, "'%.*s' is too large", shown, text);
	*ret = d.negative ? -(int64_t)value : (int64_t)value;
	return VN_OK;
}
