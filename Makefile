# Two commands: `make demo` and `make test`. Both set up whatever the machine lacks.

SWIFT_FLAGS := -c release
# Imports that the manifest does not declare are errors; some tests look inside a module.
TEST_FLAGS := --explicit-target-dependency-import-check error -Xswiftc -enable-testing
BUILD := .build/release
OUT := build

.PHONY: demo test check build setup format clean

# Compiles the model trained from recipes/scenes.yaml to int8 and captions a photo-like image, a
# video and a folder of frames.
demo: setup
	swift build $(SWIFT_FLAGS) --product gitc
	swift build $(SWIFT_FLAGS) --product GitcVideo
	mkdir -p $(OUT)
	$(BUILD)/gitc compile models/scenes.ckpt -o $(OUT)/scenes.plan
	$(BUILD)/gitc run $(OUT)/scenes.plan samples/scene.png samples/clip.mp4 samples/clip.mp4-frames
	$(BUILD)/gitc run $(OUT)/scenes.plan samples/scene.png samples/clip.mp4 --format json

# Everything CI checks: structure, formatting, generated code, then all tests.
test: setup check
	swift build $(SWIFT_FLAGS) $(TEST_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) $(TEST_FLAGS) --skip-build --disable-xctest

check:
	Tools/check-layers
	Tools/check-format
	Tools/generate-formats --check

build: setup
	swift build $(SWIFT_FLAGS)

setup:
	@Tools/setup

format:
	swift format --in-place --recursive Sources Tests Benchmarks Fuzzing Package.swift
	clang-format-14 -i $$(Tools/check-format --list-c)

clean:
	rm -rf .build $(OUT)
