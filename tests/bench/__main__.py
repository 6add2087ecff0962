"""`make bench`: every measurement, one after another."""

from tests.bench import live, nearby, place

BENCHES = (nearby, place, live)

if __name__ == "__main__":
    for bench in BENCHES:
        bench.main()
