/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a fit is asked: a host, a request and options. The oracles decide a question by
 * docs/design/0001 and 0002, in code that shares nothing with lib/place. */
#ifndef VNUMA_TESTS_QUESTION_H
#define VNUMA_TESTS_QUESTION_H

#include "vnuma/vnuma.h"

struct question {
	const vn_host *host;
	const vn_request *request;
	const vn_place_options *options;
};

#endif
