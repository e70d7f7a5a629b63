# The short way to everything; `make` alone lists the targets. Thin on purpose: the work is done by CMake and tools/.
MODEL ?= demo
PORT ?= 8000
PROMPT ?=
FUZZ_SECONDS ?= 20
TSAN_SECONDS ?= 60
SOAK_SECONDS ?= 600
PEERS_PYTHON ?= python3
JOBS ?= $(shell nproc)
PYTHON := build/venv/bin/python
# Extra arguments for `make run`, for example ARGS="--threads 4 --ctx 8192".
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup build demo run chat test check soak asan tsan clang fuzz tidy bench fmt clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

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
	$(PYTHON) -m pytest tests/e2e -ra -q

check: test asan tsan tidy clang fuzz ## test, and the same under sanitizers, with clang, and a short fuzz run

soak: build build/venv/.stamp ## SOAK_SECONDS of clients that behave badly; then nothing may be left of them
	$(PYTHON) tests/soak.py --seconds $(SOAK_SECONDS) $(ARGS)

asan: setup ## unit tests with address and undefined-behaviour sanitizers
	cmake --preset asan
	cmake --build build/asan -j $(JOBS)
	@# No cache: whole runs of the demo model are too long under sanitizers. What is lost is its GGUF and Q4_1 path as
	@# a whole; the rooms' own unit tests have to cover that.
	ESTOC_CACHE=build/no-cache ctest --test-dir build/asan --output-on-failure -j $(JOBS)

tsan: setup build/venv/.stamp ## threads: unit tests and TSAN_SECONDS of load with ThreadSanitizer
	cmake --preset tsan
	cmake --build build/tsan -j $(JOBS) --target estoc base_test kv_test http_test engine_test server_test
	@tools/tsan.sh build/tsan $(TSAN_SECONDS) $(PYTHON)

tidy: build ## the house rules
	tools/tidy.py --build build/release

clang: ## unit tests built with clang
	@tools/setup.sh --all
	cmake --preset clang
	cmake --build build/clang -j $(JOBS)
	ctest --test-dir build/clang --output-on-failure -j $(JOBS)

fuzz: ## each fuzz harness for FUZZ_SECONDS
	@tools/setup.sh --all
	cmake --preset fuzz
	cmake --build build/fuzz -j $(JOBS)
	@tools/fuzz.sh build/fuzz $(FUZZ_SECONDS)

bench: build demo ## our speed beside llama.cpp's and OpenVINO's: PEERS_PYTHON=path of a Python that has them
	python3 bench/peers --peers-python '$(PEERS_PYTHON)' --json build/peers.json --markdown build/peers.md $(ARGS)

fmt: ## format the C++ files
	@tools/setup.sh --all
	git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-19 -i

clean: ## remove everything built
	rm -rf build
