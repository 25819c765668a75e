# SPDX-License-Identifier: MIT
#
# cnnbench: build, test, install.  "make help" lists the targets.  GNU make 3.81 or later.
#
# Everything that is built lies in build/<compiler>[-<sanitizer>][-debug]/, so that configurations
# live side by side:
#
#   build/gcc/cnnbench          the program; ./cnnbench points to the one built last
#   build/gcc/worker-<name>     one program for each platform (mk/platform.mk, platforms/*/platform.mk)
#   build/gcc/lib*.a            all code but the main functions, for the programs and the tests
#   build/gcc/tests, bench      test and bench programs
#   build/gcc/config.mk         what the probes found (scripts/probe); remove it to probe again
#   build/gcc/flags             compiler and flags as of the last build; objects are newer than it
#
# Sources are found, never listed.  All paths below are relative: the checkout may lie anywhere.

VERSION := 0.1.0

# What a user may set:
#   CC=clang  CFLAGS='-O2 -g'  LDFLAGS=  SAN=address|undefined|thread|address,undefined
#   DEBUG=1   no optimisation             WERROR=1  warnings are errors
#   V=1       show the commands           SETUP=no  never install or download packages
#   PEERS=numba,pytorch | all | none      what "make run" sets up for the platforms in Python
#   PREFIX=/usr/local  DESTDIR=           ARGS=...  for "make run"
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
CLANG_FORMAT ?= clang-format
AR ?= ar

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# The single letters of the call stand in the first word, if any do: "n" for a dry run.
letters := $(filter-out -%,$(firstword $(MAKEFLAGS)))
dry_run := $(if $(findstring =,$(letters)),,$(findstring n,$(letters)))
# All processors; a -j of the call wins.
MAKEFLAGS += --no-builtin-rules -j$(shell getconf _NPROCESSORS_ONLN)

# ---- The build folder ---------------------------------------------------------------------------

comma := ,
quote = '$(subst ','\'',$(1))'
tag := $(notdir $(lastword $(filter-out -%,$(CC))))$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(DEBUG),-debug)
B := build/$(tag)

# Targets that compile nothing need no compiler.
goals := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out help clean format check-format setup setup-dev,$(goals)),)
include $(B)/config.mk
ifneq ($(filter test tests,$(goals)),)
include $(B)/cmocka.mk
endif
endif

# "make run" and "make test" first install what the system lacks, by scripts/setup.
setup := $(if $(dry_run),,$(firstword $(filter test,$(goals)) $(filter run,$(goals))))
unwritable = $(call quote,$(CURDIR)/$(@D): cannot be written: make a copy of the sources of your own)
probe = @mkdir -p $(@D) 2>/dev/null && test -w $(@D) || { echo $(unwritable) >&2; exit 2; }; \
	CC=$(call quote,$(CC)) scripts/probe $(1) >$@.new && mv $@.new $@ || \
	{ rm -f $@.new; rmdir $(@D) build 2>/dev/null; exit 2; }
$(B)/config.mk: scripts/probe | $(if $(setup),setup-$(setup))
	$(call probe,core)
$(B)/cmocka.mk: scripts/probe $(B)/config.mk
	$(call probe,cmocka)

# ---- Flags --------------------------------------------------------------------------------------

# Contraction is off everywhere: the reference, the generators and the digits must give the same
# bits with every compiler.  A platform that wants fused operations asks for them by name.
standard := -std=gnu11 -ffp-contract=off -pthread
warnings := -Wall -Wextra -Wshadow -Wdouble-promotion -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wundef -Wformat=2 \
	-Wwrite-strings -Wredundant-decls $(if $(WERROR),-Werror)
sanitize := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
debug := $(if $(DEBUG),-O0 -g3)
generate := $(standard) $(CFLAGS) $(sanitize)
include_flags := -D_GNU_SOURCE -Isrc -I$(B)/include $(DEPENDENCY_CFLAGS) $(CPPFLAGS)
compile_flags := $(generate) $(warnings) $(include_flags)
link_flags := -pthread $(CFLAGS) $(sanitize) $(LDFLAGS)
# Before version 2.34 of glibc, dlopen lies in a library of its own.
libraries := $(DEPENDENCY_LIBS) $(if $(filter linux,$(SYSTEM)),-ldl) -lm

show = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)
# EXTRA: flags of one object's own, set by mk/platform.mk.
compile = $(call show,CC,$@)mkdir -p $(@D) && $(CC) $(compile_flags) $(EXTRA) $(debug) -MMD -MP -c $< -o $@
link = $(call show,LINK,$@)mkdir -p $(@D) && $(CC) $(link_flags) $(filter %.o,$^) $(filter %.a,$^)
archive = $(call show,AR,$@)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# ---- Sources ------------------------------------------------------------------------------------

# *_linux.c and *_macos.c are compiled on their system only.
other_systems := $(filter-out %_$(SYSTEM).c,%_linux.c %_macos.c)
sources_in = $(filter-out $(other_systems),$(sort $(wildcard $(1:%=%/*.c))))
objects_of = $(patsubst %.c,$(B)/obj/%.o,$(1))

core_objects := $(call objects_of,$(call sources_in,src/core))
worker_main := $(B)/obj/src/worker/main.o
worker_objects := $(filter-out $(worker_main),$(call objects_of,$(call sources_in,src/worker)))
program_main := $(call objects_of,$(wildcard src/cli/main.c))
program_objects := $(filter-out $(program_main),\
	$(call objects_of,$(call sources_in,src/runner src/results src/report src/cli)))
tests := $(call sources_in,tests/unit tests/check)
test_programs := $(patsubst %.c,$(B)/tests/%,$(notdir $(tests)))
# Workers that misbehave, for the tests; and on Linux libraries of NVIDIA that say what a test wants.
test_workers := $(patsubst %.c,$(B)/%,$(filter-out %_linux.c,$(wildcard tests/workers/*.c)))
test_libraries := $(if $(filter linux,$(SYSTEM)),$(addprefix $(B)/tests/,libnvidia-ml.so.1 libcuda.so.1))
test_scripts := $(sort $(wildcard tests/cli/test_*.sh))
benches := $(call sources_in,bench)
bench_programs := $(patsubst bench/%.c,$(B)/bench/%,$(benches))

objects := $(core_objects) $(worker_objects) $(worker_main) $(program_main) $(program_objects) \
	$(call objects_of,$(tests) $(benches) $(wildcard bench/*/*.c tests/workers/*.c))
archives := $(B)/libcnnbench.a $(B)/libworker.a $(B)/libcore.a
cnnbench := $(if $(program_main),$(B)/cnnbench)

# ---- Rules --------------------------------------------------------------------------------------

.PHONY: all run test tests bench bench-programs help format check-format clean install uninstall
.PHONY: setup setup-dev setup-run setup-test link readme FORCE

all: $(archives) $(cnnbench) link  ## build the program and all workers (the default)

$(B)/obj/%.o: %.c $(B)/flags | $(B)/include/version.h
	$(compile)

# The judge's time is the reference's.  Only loops are vectorised; no order of sums changes.
$(call objects_of,src/core/reference.c src/core/reference_layers.c src/core/reference_float.c): EXTRA := \
	$(if $(SAN),,-O3)
# Its chains are registers only where its inner loops are unrolled.
$(call objects_of,src/runner/peak.c): EXTRA := $(if $(SAN),,-O3)

$(B)/libcore.a: $(core_objects) $(B)/sources
	$(archive)
$(B)/libworker.a: $(worker_objects) $(B)/sources
	$(archive)
$(B)/libcnnbench.a: $(program_objects) $(B)/sources
	$(archive)
$(B)/cnnbench: $(program_main) $(B)/libcnnbench.a $(B)/libcore.a
	$(link) $(libraries) -o $@

# The platforms: each platform.mk calls the macros of mk/platform.mk.
workers :=
include mk/platform.mk
include $(sort $(wildcard platforms/*/platform.mk))
all: $(workers)

# $(call program,<target>,<source>,<more libraries>): one test or bench program.  A platform.mk
# may say "needs-test_gemm := c_cpu" to have that worker's objects (but its main) linked to it.  Files of
# bench/<name>/ belong to bench/bench_<name>.c.
define program_rule
$(1): $(call objects_of,$(2) $(wildcard $(patsubst bench/bench_%.c,bench/%/*.c,$(filter bench/bench_%,$(2))))) $(foreach name,$(needs-$(notdir $(1))),$(objects-$(name))) $(archives)
	$$(link) $(3) $$(libraries) -o $$@
endef
$(foreach source,$(tests),$(eval $(call program_rule,$(patsubst %.c,$(B)/tests/%,$(notdir \
	$(source))),$(source),$$(CMOCKA_LIBS))))
$(foreach source,$(benches),$(eval $(call program_rule,$(source:%.c=$(B)/%),$(source))))

$(foreach source,$(test_workers),$(eval $(call program_rule,$(source),$(source:$(B)/%=%).c)))
$(B)/tests/libnvidia-ml.so.1: tests/workers/fake_nvml_linux.c $(B)/flags
	$(call show,LINK,$@)mkdir -p $(@D) && $(CC) $(compile_flags) -fPIC -shared -Wl,-soname,$(@F) $< -o $@
# Without a sanitizer: Python loads it, which has none.
$(B)/tests/libcuda.so.1: tests/workers/fake_cuda_linux.c $(B)/flags
	$(call show,LINK,$@)mkdir -p $(@D) && $(CC) $(standard) $(warnings) -fPIC -shared -Wl,-soname,$(@F) $< -o $@

$(call objects_of,$(tests)): EXTRA := $(CMOCKA_CFLAGS)

-include $(objects:.o=.d)

# $(call keep,<lines>): a file that changes only when its lines do; what depends on it is then made again.
keep = @mkdir -p $(@D) && printf '%s\n' $(1) >$@.new && \
	if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi
$(B)/flags: FORCE
	$(call keep,$(call quote,$(CC) $(compile_flags) $(debug) $(link_flags) $(libraries) $(COMPILER)))
$(B)/sources: FORCE
	$(call keep,$(core_objects) $(worker_objects) $(program_objects))
commit := $(shell git describe --always --dirty --exclude='*' 2>/dev/null)
$(B)/include/version.h: FORCE
	$(call keep,'/* Made by the Makefile. */' '#define CNNBENCH_VERSION "$(VERSION)"' \
		'#define CNNBENCH_COMMIT "$(commit)"')

link: $(cnnbench)
	@if [ "$$(readlink cnnbench)" != $(B)/cnnbench ] && [ -x $(B)/cnnbench ]; then \
		ln -sfn $(B)/cnnbench cnnbench; fi

# ---- Targets ------------------------------------------------------------------------------------

# The platforms in Python are of no use to a run that names others.
needs_peers = $(or $(if $(findstring --platform,$(ARGS)),,yes),$(findstring all,$(ARGS)),\
	$(findstring numba,$(ARGS)),$(findstring pytorch,$(ARGS)),$(findstring tensorflow,$(ARGS)))
install_peers = PEERS=$(call quote,$(PEERS)) SETUP=$(SETUP) scripts/peers
run: all  ## train and compare: make run ARGS='--epochs 3 --platform c_cpu'
	@$(if $(needs_peers),$(install_peers) &&) ./cnnbench run $(ARGS)

surroundings = CNNBENCH="$$PWD/$(B)/cnnbench" CNNBENCH_BUILD="$$PWD/$(B)"
test: all-but-link tests bench-programs  ## build and run all tests
	@$(surroundings) tests/run $(TESTFLAGS) $(test_programs) $(test_scripts)
tests: $(test_programs) $(test_workers) $(test_libraries)  ## build the test programs

.PHONY: all-but-link
all-but-link: $(archives) $(cnnbench) $(workers)

bench-programs: $(bench_programs)  ## build the bench programs
bench: $(workers) $(cnnbench) $(bench_programs)  ## build and run the benchmarks of our own code
	@for program in $(filter $(B)/bench/bench_%,$(bench_programs)); do \
		echo "$$program"; $(surroundings) "$$program" || exit 1; done

install: $(cnnbench) $(workers)  ## install below PREFIX (/usr/local), staged in DESTDIR
	scripts/install install "$(DESTDIR)$(PREFIX)" $(cnnbench) $(workers)
uninstall:  ## remove what install wrote
	scripts/install uninstall "$(DESTDIR)$(PREFIX)" $(cnnbench) $(workers)

install_packages = CC=$(call quote,$(CC)) SETUP=$(SETUP) scripts/setup
setup:  ## install the packages that cnnbench needs, and in .venv those of the platforms in Python
	@rm -f build/setup-tried build/*/config.mk
	@$(install_packages) run
	@$(install_peers) again
setup-dev:  ## install the packages for work on cnnbench itself: cmocka, clang, valgrind ...
	@rm -f build/setup-tried build/*/config.mk
	@$(install_packages) dev
setup-run setup-test:
	@$(install_packages) $(@:setup-%=%)

formatted = $(shell find $(wildcard src platforms tests bench) -name '*.[ch]')
format:  ## lay out all C files with clang-format
	$(CLANG_FORMAT) -i $(formatted)
check-format:  ## fail if a C file is not laid out by clang-format
	$(CLANG_FORMAT) --dry-run --Werror $(formatted)

clean:  ## remove everything that was built; .venv and results stay
	rm -rf build cnnbench

readme: $(cnnbench)  ## write README.md's table anew from docs/example/run.json
	CNNBENCH=$(B)/cnnbench scripts/readme

help:  ## list the targets
	@echo 'usage: make [CC=clang] [SAN=address|undefined|thread] [DEBUG=1] [WERROR=1] [V=1] [TARGET]...'
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  \1|\2/p' Makefile | \
		awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
