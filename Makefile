# Every line calls a script, so that each step can also be run by hand.
.PHONY: demo test build lint format bench image clean install

demo:    ; @scripts/demo
test:    ; @scripts/test
build:   ; @scripts/build
lint:    ; @scripts/lint
format:  ; @scripts/format
bench:   ; @scripts/bench/run
image:   ; @scripts/image
clean:   ; @scripts/clean
install: ; @scripts/install
