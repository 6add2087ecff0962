"""`make bench`: every measurement, one after another."""

from tests.bench import nearby

BENCHES = (nearby,)

if __name__ == "__main__":
    for bench in BENCHES:
        bench.main()
