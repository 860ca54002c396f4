# SPDX-License-Identifier: LGPL-2.1-or-later
# A thin front of meson: each target installs what it needs and is missing, then calls it.
#   make           build                     make run      build, show this host, plan the example
#   make check     every test                make install  PREFIX=/usr/local DESTDIR=
#   make fuzz      FUZZ_SECONDS=60 each      make bench    the numbers of bench/
#   make format    clang-format the tree     make clean
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
export FUZZ_SECONDS

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	scripts/install-deps build
	meson setup -Dtests=false --prefix=$(PREFIX) $(BUILD)

run: all
	scripts/run-example $(BUILD)

check:
	scripts/install-deps check
	scripts/check

# The prefix is part of the build (pkg-config file, library path), so it is set again here.
install: all
	meson configure --prefix=$(PREFIX) $(BUILD)
	meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	$(if $(DESTDIR),,-ldconfig)

fuzz:
	scripts/install-deps check
	scripts/fuzz

bench:
	scripts/install-deps bench
	bench/plan
	bench/place
	bench/fleet-trace
	bench/fleet
	bench/doctor

format:
	git ls-files -z '*.[ch]' | xargs -0 clang-format -i

clean:
	rm -rf $(BUILD) build-*

.PHONY: all run check install fuzz bench format clean
