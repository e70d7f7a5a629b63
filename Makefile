# The short way to everything; `make` alone lists the targets. Thin on purpose: the work is done by CMake and tools/.
MODEL ?= demo
PORT ?= 8000
PROMPT ?=
FUZZ_SECONDS ?= 300
# Names of tests/fuzz; empty for all.
FUZZ_HARNESSES ?=
TSAN_SECONDS ?= 60
TSAN_MINUTES ?= 6
# The rooms with threads.
TSAN_ROOMS := base kv http engine encoding grammar server
SOAK_SECONDS ?= 600
ASAN_MINUTES ?= 12
# Empty for all files, however long it takes.
SYNTAX_MINUTES ?=
# What `make mutate` is told, for example MUTATE="--rooms kv engine --count 20".
MUTATE ?= --help
PEERS_PYTHON ?= python3
# Cards that `make gpu` builds kernels for: cuda, hip or "cuda;hip".
GPU_TARGETS ?= cuda
JOBS ?= $(shell nproc)
PYTHON := build/venv/bin/python
# Extra arguments for `make run`, for example ARGS="--threads 4 --ctx 8192".
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup build demo run chat test check emulator soak hostile asan asan-changed tsan tsan-changed syntax clang fuzz conformance mutate tidy bench gpu fmt clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

setup: ## install what build and tests need (Debian packages)
	@tools/setup.sh

build: setup ## the release binary, at build/estoc
	cmake --preset release
	cmake --build build/release -j $(JOBS)
	@test -x build/release/src/apps/estoc || { echo "make: build/release/src/apps/estoc was not built" >&2; exit 1; }
	@ln -sfn release/src/apps/estoc build/estoc

demo: setup
	@if [ '$(MODEL)' = demo ]; then tools/demo_model.py; fi

run: build demo ## serve a model: MODEL=demo or path/to/model.gguf or a folder, PORT=8000
	build/estoc serve '$(MODEL)' --port $(PORT) $(ARGS)

chat: build demo ## talk to a model in the terminal: MODEL=..., PROMPT="one question"
	build/estoc run '$(MODEL)' $(if $(PROMPT),'$(PROMPT)') $(ARGS)

build/venv/.stamp: tests/requirements.txt
	python3 -m venv build/venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

test: build ## unit tests, tidy and the end-to-end tests
	@tools/demo_model.py || echo "make: without the demo model its tests are skipped" >&2
	ctest --test-dir build/release --output-on-failure -j $(JOBS)
	@$(MAKE) --no-print-directory build/venv/.stamp
	$(PYTHON) -m pytest tests/e2e -ra -q -m 'not timing' --numprocesses $(JOBS) --dist loadfile
	$(PYTHON) -m pytest tests/e2e -ra -q -m timing

check: test emulator asan tsan tidy syntax clang fuzz conformance ## test, and the same under sanitizers, with clang, and a short fuzz run

emulator: build ## kernels and models in the emulator of GPUs, all schedules, forms and cards; `make test` does some
	@tools/emulator.sh build/release $(JOBS)

soak: build build/venv/.stamp ## SOAK_SECONDS of clients that behave badly; then nothing may be left of them
	$(PYTHON) tests/soak.py --seconds $(SOAK_SECONDS) $(ARGS)

hostile: build demo build/venv/.stamp ## bodies made to cost, 200 at once beside honest streams: memory and gaps
	$(PYTHON) tests/hostile.py $(ARGS)

asan: setup ## unit tests with address and undefined-behaviour sanitizers
	cmake --preset asan
	@tools/sanitize.py build/asan --jobs $(JOBS) --all

asan-changed: setup ## the same for rooms that changed and what includes them, for ASAN_MINUTES
	cmake --preset asan
	@tools/sanitize.py build/asan --jobs $(JOBS) --minutes $(ASAN_MINUTES)

tsan: setup build/venv/.stamp ## threads: unit tests and TSAN_SECONDS of load with ThreadSanitizer
	cmake --preset tsan
	@tools/sanitize.py build/tsan --jobs $(JOBS) --all --only $(TSAN_ROOMS)
	cmake --build build/tsan -j $(JOBS) --target estoc
	@tools/tsan.sh build/tsan $(TSAN_SECONDS) $(PYTHON)

tsan-changed: setup ## the unit tests of that for rooms that changed and what includes them, for TSAN_MINUTES
	cmake --preset tsan
	@tools/sanitize.py build/tsan --jobs $(JOBS) --minutes $(TSAN_MINUTES) --only $(TSAN_ROOMS)

syntax: build ## every header compiled alone, and which lock guards what: clang, without making code
	@tools/setup.sh --all
	@tools/syntax.py build/release --jobs $(JOBS) $(if $(SYNTAX_MINUTES),--minutes $(SYNTAX_MINUTES))

tidy: build ## the house rules
	tools/tidy.py --build build/release

clang: ## unit tests built with clang
	@tools/setup.sh --all
	cmake --preset clang
	cmake --build build/clang -j $(JOBS)
	ctest --test-dir build/clang --output-on-failure -j $(JOBS)

fuzz: ## all fuzz harnesses, FUZZ_SECONDS together
	@tools/setup.sh --all
	cmake --preset fuzz
	cmake --build build/fuzz -j $(JOBS) --target $(or $(FUZZ_HARNESSES),fuzz_harnesses)
	@tools/fuzz.sh build/fuzz $(FUZZ_SECONDS) $(FUZZ_HARNESSES)

conformance: build build/venv/.stamp ## what can be compared with the data in ../shared (or ESTOC_SHARED)
	@$(PYTHON) -m pip install -q -r tests/conformance/requirements.txt || echo "make: the libraries to compare with are missing"
	@tests/conformance/run.py --build build/release --python $(PYTHON)

mutate: ## what the unit tests do not see: MUTATE="--rooms kv --count 20"
	@tools/setup.sh --all
	@tools/mutate.py $(MUTATE)

bench: build demo ## our speed beside llama.cpp's and OpenVINO's: PEERS_PYTHON=path of a Python that has them
	python3 bench/peers --peers-python '$(PEERS_PYTHON)' --json build/peers.json --markdown build/peers.md $(ARGS)

gpu: setup ## the kernels for GPUs into the binary (GPU_TARGETS="cuda;hip"), and build/gpu-carry: the check for a card
	@tools/setup.sh --all
	tools/gpu_images.py --install build/gpu-tools
	cmake --preset release -DESTOC_GPU_IMAGES=ON -DESTOC_GPU_TARGETS='$(GPU_TARGETS)'
	cmake --build build/release -j $(JOBS) --target gpu_check gpu_test
	build/release/src/gpu/gpu_test --gtest_brief=1
	@rm -rf build/gpu-carry && mkdir -p build/gpu-carry/gpu
	@cp -r build/release/gpu_check bench/gpu.sh build/gpu-carry/ && strip build/gpu-carry/gpu_check
	@cp -r src/gpu/source build/gpu-carry/gpu/ && du -sh build/gpu-carry

fmt: ## format the C++ files
	@tools/setup.sh --all
	git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-19 -i

clean: ## remove everything built
	rm -rf build
