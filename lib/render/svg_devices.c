/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PCI devices as labelled chips. Those of the guest come first and carry their cell; plumbing
 * (bridges) is left out; what does not fit is counted. */
#include "render/svg.h"

enum { CHIP_HEIGHT = 18, CHIP_GAP = 6, CHIP_PAD = 6 };

typedef struct chips {
	svg_box within;
	int32_t x, y; /* where the next one goes */
} chips;

/* "3b:00.1 eno1 8086:1572", the domain only where it is not 0. */
static const char *device_words(svg *s, const vn_device *device)
{
	char address[32];
	const char *at = vn_pci_address_format(device->address, address, sizeof(address));
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	vn_text_add(&words, device->address.domain ? at : at + 5);
	if (device->n_names)
		vn_text_addf(&words, " %s", device->names[0]);
	else if (*vn_picture_class(device))
		vn_text_addf(&words, " %s", vn_picture_class(device));
	vn_text_addf(&words, " %04x:%04x", device->vendor, device->product);
	s->out->failed |= words.failed;
	return vn_picture_clean(s->arena, words.bytes, false);
}

static void chip_title(svg *s, const vn_device *device)
{
	VN_AUTO_TEXT names = VN_TEXT_INIT;
	char address[32];

	for (uint32_t i = 0; i < device->n_names; i++)
		vn_text_addf(&names, " %s", device->names[i]);
	s->out->failed |= names.failed;
	svg_title(s, "%s %04x:%04x %s%s",
		  vn_pci_address_format(device->address, address, sizeof(address)), device->vendor,
		  device->product, vn_picture_class(device), names.bytes ? names.bytes : "");
}

/* Room for a chip of that width: on this line, or on the next one. */
static svg_box next_chip(chips *c, int32_t width)
{
	svg_box box;

	if (width > c->within.width)
		width = c->within.width;
	if (c->x > c->within.x && c->x + width > c->within.x + c->within.width) {
		c->x = c->within.x;
		c->y += CHIP_HEIGHT + CHIP_GAP;
	}
	box = (svg_box){ c->x, c->y, width, CHIP_HEIGHT };
	c->x += width + CHIP_GAP;
	return box;
}

/* The cell of a guest device; -1: it is on no cell's node; -2: no device of the guest. */
static int device_cell(const svg *s, const vn_device *device)
{
	int i = vn_picture_guest_device(s->picture, device);

	return i < 0 ? -2 : s->picture->placement->device_cell[i];
}

static void draw_chip(svg *s, chips *c, const vn_device *device)
{
	const char *words = device_words(s, device);
	int cell = device_cell(s, device);
	int32_t badge = cell >= 0 ? SVG_BADGE_WIDTH + 4 : 0;
	svg_box box = next_chip(c, svg_text_width(words, SVG_SMALL) + badge + 2 * CHIP_PAD);

	svg_raw(s, "<g>");
	chip_title(s, device);
	svg_rect(s, box, 4,
		 cell >= 0    ? svg_format(s, "chip own o%u", svg_color(cell))
		 : cell == -1 ? "chip own"
			      : "chip");
	if (badge)
		svg_cell_badge(s, box.x + 2, box.y + 2, (uint32_t)cell);
	svg_text(s, box.x + badge + CHIP_PAD, box.y + 13, box.width - badge - 2 * CHIP_PAD,
		 SVG_SMALL, SVG_START, "ink", words);
	svg_raw(s, "</g>\n");
}

int32_t svg_devices(svg *s, int32_t node_ix, svg_box within, uint32_t most)
{
	const vn_host *host = s->picture->host;
	chips c = { within, within.x, within.y };
	uint32_t drawn = 0, left = 0;

	for (int of_guest = 1; of_guest >= 0; of_guest--)
		for (uint32_t i = 0; i < host->n_devices; i++) {
			const vn_device *device = &host->devices[i];

			if (device->node_ix != node_ix || !vn_picture_shows(device) ||
			    (device_cell(s, device) > -2) != of_guest)
				continue;
			if (drawn == most) {
				left++;
				continue;
			}
			draw_chip(s, &c, device);
			drawn++;
		}
	if (left) {
		const char *more = svg_format(s, "+ %u more", left);
		svg_box box = next_chip(&c, svg_text_width(more, SVG_SMALL) + 2 * CHIP_PAD);

		svg_text(s, box.x + CHIP_PAD, box.y + 13, box.width - 2 * CHIP_PAD, SVG_SMALL,
			 SVG_START, "mute", more);
	}
	return drawn ? c.y + CHIP_HEIGHT + 4 : within.y;
}
