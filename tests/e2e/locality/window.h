/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What count.c and touch.c agree on: the addresses of the memory that is touched, and an
 * instruction that does nothing but tell the plugin something. */
#define WINDOW	   0x510000000000ull
#define WINDOW_END 0x520000000000ull
#define MARK_START 1
#define MARK_STOP  2
/* nopl 0x4e5500NN(%rax) */
#define MARK_BYTES(what) 0x0f, 0x1f, 0x80, what, 0x00, 0x55, 0x4e
