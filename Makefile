# SPDX-License-Identifier: Apache-2.0
#
# What there is to do. A thin face over cmake's presets (CMakePresets.json); nothing is decided here but order.
# Only git and make are taken for granted: scripts/install-packages brings the rest, and says so.

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
# Most suites wait more than they compute.
TEST_JOBS ?= $(shell expr $(JOBS) \* 2)
FUZZ_SECONDS ?= 60
SEEDS ?= 10000
export CMAKE_BUILD_PARALLEL_LEVEL = $(JOBS)
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help run ocr notes studio novel characters build test check lint sim coverage bench fuzz install clean

help:
	@sed -n 's/^\([a-z][a-z]*\):.*## /make \1\t/p' Makefile | expand -t 15

run: ## build, start a server with the transcribe example and show a task's life
	@scripts/install-packages build run
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs
	@examples/transcribe/demo.sh

ocr: ## the same with pictures of text, which a worker takes in batches
	@scripts/install-packages build ocr
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs
	@examples/ocr/demo.sh

notes: ## notes of a spoken video: fetched, transcribed, polished, summed up by a chain behind routes of an application
	@scripts/install-packages build notes
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs
	@examples/speech-notes/demo.sh

studio: ## the same with content written by a command, what follows it, and rows of a table
	@scripts/install-packages build studio
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs
	@examples/content-studio/demo.sh

novel: ## the same with chapters of a novel, analysed after they were written, and notifications of it
	@scripts/install-packages build novel
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs
	@examples/novel-analysis/demo.sh

characters: ## the same with the characters of a novel: a service that calls back, and a web application that also asks
	@scripts/install-packages build characters
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs
	@examples/character-recognition/demo.sh

build: ## build/bide and libbide (installs missing Debian packages first)
	@scripts/install-packages build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target programs

test: ## everything: house checks, all suites, most of them again under asan+ubsan and tsan
	@scripts/install-packages build run ocr notes test web lint
	@for preset in release asan tsan; do \
	    cmake --preset $$preset >/dev/null && cmake --build --preset $$preset || exit 1; done
	@BIDE_SANITIZED=1 ctest --test-dir build -j $(TEST_JOBS) --output-on-failure --no-label-summary

check: ## under a minute: house checks and unit tests
	@scripts/install-packages build test
	@cmake --preset release >/dev/null
	@cmake --build --preset release
	@ctest --test-dir build -j $(JOBS) -L 'house|unit|fuzz' --output-on-failure --no-label-summary

lint: ## clang-tidy and cppcheck over src/ and include/
	@scripts/install-packages build lint
	@cmake --preset release >/dev/null
	@scripts/check-cppcheck
	@scripts/check-tidy

sim: ## SEEDS (10000) random lives of a server against what is promised
	@scripts/install-packages build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target test_sim_random
	@SIM_SEEDS=$(SEEDS) build/test/test_sim_random

coverage: ## lines and branches that the C suites reach; fails when the heart misses one
	@scripts/install-packages build
	@scripts/check-coverage --all

bench: build ## bide beside beanstalkd, BullMQ, bunqueue and nginx, taking turns; draws build/bench/bench.svg
	@scripts/install-packages bench
	@test/bench/bench.sh
	@test/bench/draw.py build/bench/figures build/bench/bench.svg

fuzz: ## each fuzz target for FUZZ_SECONDS (60) with clang's libFuzzer
	@scripts/install-packages build fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz
	@scripts/run-fuzzers build/fuzzing/fuzz $(FUZZ_SECONDS)

install: build ## into PREFIX (/usr/local), under DESTDIR
	@DESTDIR='$(DESTDIR)' cmake --install build --prefix '$(PREFIX)'

clean: ## remove build/
	rm -rf build
