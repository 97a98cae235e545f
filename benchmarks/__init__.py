"""How fast gravity-lint is beside other tools, on real projects and on a made monorepo: `python -m benchmarks`."""
