# gsqstat. GNU make; `make help` lists the targets and what can be set.

FOLDERS = run cli merge source webhook output auth net audit window message stats util
MODULES = $(filter-out gsqstat,$(basename $(sort $(wildcard *.c $(FOLDERS:%=%/*.c)))))
UNITS = $(basename $(wildcard tests/test_*.c $(FOLDERS:%=tests/%/test_*.c)))
FUZZERS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
PKGS = libcurl libcjson libcrypto

CC = gcc
CLANG ?= clang
PYTHON ?= /usr/bin/python3
PKG_CONFIG ?= pkg-config
INSTALL ?= install
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
# At -O3, gcc 12 warns about code that sanitizers add.
CFLAGS ?= $(if $(SANITIZE),-O2,-O3) -g

prefix ?= /usr/local
bindir ?= $(prefix)/bin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
docdir ?= $(datadir)/doc/gsqstat
bashdir ?= $(datadir)/bash-completion/completions
zshdir ?= $(datadir)/zsh/site-functions
fishdir ?= $(datadir)/fish/vendor_completions.d

# Built files go to O; only the program of the plain build goes next to this file.
comma := ,
O ?= build$(addprefix /,$(subst $(comma),-,$(SANITIZE))$(if $(COVERAGE),coverage))
BIN := $(if $(filter build,$(O)),gsqstat,$(O)/gsqstat)
VERSION = $(shell sed -n 's/^.define GSQSTAT_VERSION "\(.*\)"/\1/p' util/base.h)

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
ifneq ($(SANITIZE),)
MODE = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifneq ($(COVERAGE),)
MODE = --coverage -O0
MODE_LINK = -Wl,--wrap=_exit
EXTRA = $(O)/tests/support/coverage.o
else
MODE = -fPIE -fstack-protector-strong -fstack-clash-protection $(FORTIFY)
MODE_LINK = -pie -Wl,-z,relro -Wl,-z,now
# The C library warns about _FORTIFY_SOURCE without optimisation; a value of the user's wins.
ifneq ($(filter -O1 -O2 -O3 -Os -Og -O,$(CFLAGS)),)
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),)
FORTIFY = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
endif
endif

# Runs pkg-config once, and only when needed: deps, clean and help work without any library.
once = $(eval $1 := $$(shell $2))$($1)
PKG_CFLAGS = $(call once,PKG_CFLAGS,$(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(call once,PKG_LIBS,$(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -I. $(WARNINGS) $(if $(WERROR),-Werror) \
	-ffile-prefix-map=$(CURDIR)=. $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(MODE)
LINK = $(CC) $(CFLAGS) $(MODE) $(MODE_LINK) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lm $(LDLIBS)

export PYTHONDONTWRITEBYTECODE = 1

say = $(if $(V),,@printf '  %-6s %s\n' $1 $@;)
SUB = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: FORCE
ifneq ($(filter deps,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

## all: build gsqstat, as `make` alone does
.PHONY: all
all: $(BIN)

$(BIN): $(O)/gsqstat.o $(EXTRA) $(O)/libgsqstat.a
	$(call say,LD)$(LINK) -o $@ $^ $(LIBS)

$(O)/libgsqstat.a: $(MODULES:%=$(O)/%.o)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c $(O)/flags
	$(call say,CC)mkdir -p $(@D) && $(COMPILE) -MMD -MP -c -o $@ $<

# Is written anew if flags, compiler or libraries changed; all objects depend on it.
$(O)/flags: export FLAGS_NOW = $(COMPILE) $(LINK) $(LIBS) \
	$(shell $(CC) -dumpfullversion 2>/dev/null) \
	$(shell $(PKG_CONFIG) --modversion $(PKGS) 2>/dev/null)
$(O)/flags: FORCE
	@case "$$($(CC) $(CPPFLAGS) $(CFLAGS) -dM -E -x c /dev/null 2>/dev/null)" in \
	'' | *' __LP64__ '*) ;; \
	*) echo 'gsqstat: a 64-bit machine is needed: $(CC) compiles for another' >&2; exit 1 ;; \
	esac
	@PKG_CONFIG='$(PKG_CONFIG)' .ci/libs
	@mkdir -p $(@D) && printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || \
		printf '%s\n' "$$FLAGS_NOW" >$@

-include $(wildcard $(O)/*.d $(FOLDERS:%=$(O)/%/*.d) $(O)/tests/*.d $(O)/tests/*/*.d)

# ---- tests ----------------------------------------------------------------------------

$(UNITS:%=$(O)/%): %: %.o $(EXTRA) $(O)/libgsqstat.a
	$(call say,LD)$(LINK) -o $@ $^ -lcmocka $(LIBS)

# This test decides which of its allocations fail.
$(O)/tests/test_faults: private MODE_LINK += $(foreach f,malloc calloc realloc reallocarray \
	strdup strndup,-Wl,--wrap=$f)

# For tests: the program with allocations that fail as the environment says. Never installed.
$(O)/tests/faulty: $(O)/gsqstat.o $(O)/tests/support/fault_alloc.o $(EXTRA) $(O)/libgsqstat.a
	$(call say,LD)$(LINK) -o $@ $^ $(LIBS)
$(O)/tests/faulty: private MODE_LINK += $(foreach f,malloc calloc realloc reallocarray \
	strdup strndup asprintf vasprintf,-Wl,--wrap=$f)

# Fuzzers without libFuzzer: they run once on each file they are given.
$(O)/tests/seeds_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/replay.o $(EXTRA) \
		$(O)/libgsqstat.a
	$(call say,LD)$(LINK) -o $@ $^ $(LIBS)

TEST_PROGRAMS = $(UNITS:%=$(O)/%) $(FUZZERS:%=$(O)/tests/seeds_%)

.PHONY: tests
tests: all $(TEST_PROGRAMS)

## check: build, run unit and end-to-end tests, then all of it again under ASan and UBSan
STAGE = .ci/stage $(O)/stages
SANITIZED = SANITIZE=address,undefined O=$(O)/address-undefined
.PHONY: check
check:
	@mkdir -p $(O) && rm -f $(O)/stages
	+@$(STAGE) 'build' $(SUB) tests
	+@$(STAGE) 'units' $(SUB) check-unit
	+@$(STAGE) 'end to end' $(SUB) check-e2e
ifeq ($(SANITIZE),)
	+@$(STAGE) 'build, sanitized' $(SUB) $(SANITIZED) tests
	+@$(STAGE) 'units, sanitized' $(SUB) $(SANITIZED) check-unit
	+@$(STAGE) 'end to end, sanitized' $(SUB) $(SANITIZED) check-e2e
endif
	@.ci/stage $(O)/stages

## check-unit, check-e2e: only these tests; with T=PATTERN only those that match
.PHONY: check-unit check-e2e
check-unit: $(TEST_PROGRAMS)
	@JOBS='$(JOBS)' .ci/units '$(T)' $^
check-e2e: $(BIN)
	@GSQSTAT='$(abspath $(BIN))' GSQSTAT_SANITIZE='$(SANITIZE)' PYTHON='$(PYTHON)' \
		JOBS='$(JOBS)' PYCACHE='$(abspath build)/pycache' .ci/e2e $(if $(T),-k '$(T)')

## check-consumers: the files of examples/ and the page of -f html, each by the program it is for
.PHONY: check-consumers
check-consumers: $(BIN)
	@GSQSTAT='$(abspath $(BIN))' GSQSTAT_SANITIZE='$(SANITIZE)' PYTHON='$(PYTHON)' \
		JOBS='$(JOBS)' PYCACHE='$(abspath build)/pycache' .ci/e2e tests/consumers \
		$(if $(T),-k '$(T)')

## check-slow: unit tests under valgrind; runs with one failing allocation; runs killed at random
.PHONY: check-slow sweep
check-slow: $(TEST_PROGRAMS)
	@JOBS='$(JOBS)' VALGRIND=valgrind .ci/units '$(T)' $^
	+@$(SUB) $(SANITIZED) sweep
	+@GSQSTAT_SLOW=1 $(SUB) check-e2e T=stopped_at_random

# SWEEP: the names of the scenarios to run; empty: all.
SWEEP_RUNS ?= 200
sweep: $(O)/tests/faulty
	@JOBS='$(JOBS)' $(PYTHON) tests/support/sweep.py '$(abspath $<)' $(SWEEP_RUNS) $(SWEEP)

## lint: second compiler, analyzers, manual, shell, house rules
.PHONY: lint
lint:
	@PKG_CONFIG='$(PKG_CONFIG)' .ci/libs
	@CC='$(CC)' CLANG='$(CLANG)' PYTHON='$(PYTHON)' JOBS='$(JOBS)' \
		PKG_CFLAGS='$(PKG_CFLAGS)' tests/lint

## fuzz: run each fuzzer for FUZZ_SECONDS (60) with libFuzzer; seeds are in tests/fuzz
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz:
	+@$(SUB) O=$(O)/fuzz CC='$(CLANG)' SANITIZE=fuzzer-no-link,address,undefined \
		$(FUZZERS:%=$(O)/fuzz/fuzz_%)
	@for f in $(FUZZERS); do mkdir -p $(O)/fuzz/corpus_$$f && $(O)/fuzz/fuzz_$$f \
		-max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(O)/fuzz/ \
		$(O)/fuzz/corpus_$$f tests/fuzz/$$f || exit 1; done
$(O)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/libgsqstat.a
	$(call say,LD)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

## coverage: line and branch coverage of the unit and end-to-end tests
.PHONY: coverage
coverage:
	+@$(SUB) COVERAGE=1 O=$(O)/coverage tests
	@find $(O)/coverage -name '*.gcda' -delete
	+@$(SUB) COVERAGE=1 O=$(O)/coverage check-unit check-e2e
	@PYTHON='$(PYTHON)' .ci/coverage $(O)/coverage

## golden: write tests/golden anew; review the diff
.PHONY: golden
golden: $(BIN)
	@GSQSTAT='$(abspath $(BIN))' GOLDEN=rewrite PYTHON='$(PYTHON)' \
		.ci/e2e tests/e2e/test_golden.py

## bench: compare CPU time, memory and start-up time with other clients
.PHONY: bench
bench: $(BIN)
	+@$(SUB) $(O)/bench/server $(O)/bench/drain $(O)/bench/parse \
		$(O)/bench/measure
	@$(PYTHON) tests/bench/run.py '$(abspath $(BIN))' '$(O)/bench'
$(O)/bench/%: tests/bench/%.c $(O)/flags
	$(call say,CC)mkdir -p $(@D) && $(COMPILE) $(MODE_LINK) $(LDFLAGS) -o $@ $< \
		$(LIBS) $(shell $(PKG_CONFIG) --libs libssl)

## demo: rows from a test server on this machine, no account needed; or SOURCE=notifications
SOURCE ?= stream
.PHONY: demo
demo: $(BIN)
	@$(PYTHON) tests/support/demo.py '$(abspath $(BIN))' '$(SOURCE)'

# ---- the rest -------------------------------------------------------------------------

## deps: install what the other goals on the line need (`make deps check`), or all
.PHONY: deps
deps:
	@PYTHON='$(PYTHON)' PKG_CONFIG='$(PKG_CONFIG)' \
		.ci/deps $(filter-out deps,$(MAKECMDGOALS))

## install, install-strip, uninstall: prefix=/usr/local, DESTDIR=
.PHONY: install install-strip uninstall
install: $(BIN)
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(mandir)/man1' '$(DESTDIR)$(mandir)/man5' \
		'$(DESTDIR)$(mandir)/man7' \
		'$(DESTDIR)$(docdir)' '$(DESTDIR)$(bashdir)' '$(DESTDIR)$(zshdir)' \
		'$(DESTDIR)$(fishdir)'
	$(INSTALL) $(STRIP_FLAG) -m 755 $(BIN) '$(DESTDIR)$(bindir)/gsqstat'
	$(INSTALL) -m 644 man/gsqstat.1 '$(DESTDIR)$(mandir)/man1/gsqstat.1'
	$(INSTALL) -m 644 man/gsqstat-rows.5 '$(DESTDIR)$(mandir)/man5/gsqstat-rows.5'
	$(INSTALL) -m 644 man/gsqstat-cookbook.7 '$(DESTDIR)$(mandir)/man7/gsqstat-cookbook.7'
	$(INSTALL) -d '$(DESTDIR)$(docdir)/schema'
	$(INSTALL) -m 644 schema/*.json '$(DESTDIR)$(docdir)/schema'
	cd examples && find . -type f -exec \
		$(INSTALL) -D -m 644 '{}' '$(DESTDIR)$(docdir)/examples/{}' ';'
	$(INSTALL) -m 644 tests/sample.ndjson '$(DESTDIR)$(docdir)/sample.ndjson'
	$(INSTALL) -m 644 tests/notices.ndjson '$(DESTDIR)$(docdir)/notices.ndjson'
	$(INSTALL) -m 644 completions/gsqstat.bash '$(DESTDIR)$(bashdir)/gsqstat'
	$(INSTALL) -m 644 completions/_gsqstat '$(DESTDIR)$(zshdir)/_gsqstat'
	$(INSTALL) -m 644 completions/gsqstat.fish '$(DESTDIR)$(fishdir)/gsqstat.fish'
install-strip: STRIP_FLAG = -s
install-strip: install
uninstall:
	rm -f '$(DESTDIR)$(bindir)/gsqstat' '$(DESTDIR)$(mandir)/man1/gsqstat.1' \
		'$(DESTDIR)$(mandir)/man5/gsqstat-rows.5' \
		'$(DESTDIR)$(mandir)/man7/gsqstat-cookbook.7' \
		'$(DESTDIR)$(docdir)/sample.ndjson' '$(DESTDIR)$(docdir)/notices.ndjson' \
		'$(DESTDIR)$(bashdir)/gsqstat' '$(DESTDIR)$(zshdir)/_gsqstat' \
		'$(DESTDIR)$(fishdir)/gsqstat.fish'
	rm -rf '$(DESTDIR)$(docdir)/schema' '$(DESTDIR)$(docdir)/examples'
	[ ! -d '$(DESTDIR)$(docdir)' ] || rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(docdir)'

## dist: gsqstat-VERSION.tar.gz from the tag of this version
.PHONY: dist
dist:
	git archive --prefix=gsqstat-$(VERSION)/ -o gsqstat-$(VERSION).tar.gz v$(VERSION)

## clean: remove what was built
.PHONY: clean
clean:
	rm -rf build gsqstat $(if $(filter build,$(O)),,'$(O)')

## help: this list
.PHONY: help
help:
	@sed -n 's/^## //p' Makefile
	@echo
	@echo 'V=1 shows commands, O=DIR builds in DIR, WERROR=1 adds -Werror,'
	@echo 'SANITIZE=address,undefined builds with sanitizers;'
	@echo 'CC CFLAGS CPPFLAGS LDFLAGS LDLIBS are used as usual.'
