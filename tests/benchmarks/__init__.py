"""Speed and memory, as ratios against a limit or a peer on the same machine; `make bench` runs them all."""
