/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Jobs on all CPUs. A job writes only what is its own, so which thread does it, and when, changes
 * nothing; the error that is reported is that of the lowest job, whichever failed first. */
#include "sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct pool {
	pthread_mutex_t lock;
	size_t n, next, done;
	sim_job *job;
	void *context;
	struct cli_progress *progress;
	bool failed;
	size_t failed_job;
	vn_error failure;
};

/* The next job; -1: none is left, or one has failed, so that those after it do not matter. */
static ssize_t take_job(struct pool *pool)
{
	ssize_t i = -1;

	pthread_mutex_lock(&pool->lock);
	if (pool->next < pool->n && !pool->failed)
		i = (ssize_t)pool->next++;
	pthread_mutex_unlock(&pool->lock);
	return i;
}

static void finish_job(struct pool *pool, size_t i, int r, const vn_error *err)
{
	char more[48];

	pthread_mutex_lock(&pool->lock);
	pool->done++;
	if (r < 0 && (!pool->failed || i < pool->failed_job)) {
		pool->failed = true;
		pool->failed_job = i;
		pool->failure = *err;
		pool->failure.code = (enum vn_code)r;
	}
	if (pool->progress) {
		snprintf(more, sizeof(more), " %zu of %zu", pool->done, pool->n);
		cli_progress_show(pool->progress, pool->done, pool->n, more);
	}
	pthread_mutex_unlock(&pool->lock);
}

static void *work(void *context)
{
	struct pool *pool = context;
	ssize_t i;

	while ((i = take_job(pool)) >= 0) {
		vn_error err = { 0 };
		int r = pool->job(pool->context, (size_t)i, &err);

		finish_job(pool, (size_t)i, r, &err);
	}
	return NULL;
}

int sim_parallel(size_t n, unsigned threads, sim_job *job, void *context,
		 struct cli_progress *progress, vn_error *err)
{
	struct pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .n = n,
			     .job = job,
			     .context = context,
			     .progress = progress };
	unsigned extra = threads > n ? (unsigned)n : threads, started = 0;
	pthread_t *others = calloc(extra + 1, sizeof(*others));

	/* One thread is this one; those that cannot be had are done without. */
	while (others && started + 1 < extra &&
	       pthread_create(&others[started], NULL, work, &pool) == 0)
		started++;
	work(&pool);
	for (unsigned i = 0; i < started; i++)
		pthread_join(others[i], NULL);
	free(others);
	if (!pool.failed)
		return VN_OK;
	if (err)
		*err = pool.failure;
	return pool.failure.code;
}
