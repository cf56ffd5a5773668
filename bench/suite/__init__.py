"""The benchmark suite behind bench/run: servers, figures, rounds, and what is made of them."""
