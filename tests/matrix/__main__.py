"""`python -m tests.matrix [whole] [processes]`: how many cells there are and which are undecided, or all answers."""

from __future__ import annotations

import os
import sys
import time
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from matrix import product
from matrix.cells import LAYOUTS, REASONS, WAYS, fault_of
from matrix.openers import openers, rows
from matrix.operations import operations
from matrix.starts import STARTS
from matrix.startup import CASES


def count() -> None:
    """Prints the size of the product, what is undecided, and what is known to be wrong."""
    values = [cell for way in WAYS for cell in product.whole(way)]
    sampled = [cell for way in WAYS for cell in dict.fromkeys(product.sample(way))]
    starts = sum(1 for case in CASES for _ in product.whole_start(case))
    few = sum(1 for case in CASES for _ in dict.fromkeys(product.sample_start(case)))
    names = sum(1 for _ in product.named())
    undecided = [cell for cell in values if cell.way.name in REASONS]
    faults = [cell for cell in values if fault_of(cell)]
    print(f"values: {len(values)} cells ({len(sampled)} in the sample), and {names} of every name of every driver")
    print(f"  {len(rows())} rows, {len(openers())} arguments and keys, {len(WAYS)} ways, {len(LAYOUTS)} layouts")
    print(f"starts: {starts} cells ({few} in the sample)")
    print(f"  {len(STARTS)} ways to start, {len(CASES) - len(STARTS)} others, {len(operations())} operations")
    print(f"undecided: {len(undecided)} cells in {len(REASONS)} ways")
    for name, reason in REASONS.items():
        print(f"  {sum(1 for cell in undecided if cell.way.name == name):6} {name}: {reason}")
    print(f"known to be wrong: {len(faults)} cells")
    for text in dict.fromkeys(fault.reason for fault in map(fault_of, faults) if fault):
        print(f"  {sum(1 for cell in faults if (found := fault_of(cell)) and found.reason == text):6} {text}")


def _judge(job: tuple[str, str]) -> tuple[str, int, list[str]]:
    kind, name = job
    if kind == "start":
        asked = list(product.whole_start(name))
        return name, len(asked), product.wrong_start(asked)
    found = list(product.named()) if kind == "named" else list(
        product.whole(next(way for way in WAYS if way.name == name)))
    return name, len(found), product.wrong(found)


def whole(processes: int) -> int:
    """Judges all cells and prints what is not as expected; the number of ways that are not."""
    jobs = [*(("way", way.name) for way in WAYS), ("named", "every name"), *(("start", case) for case in CASES)]
    began, total, bad = time.monotonic(), 0, 0
    with Pool(processes) as pool:
        for name, number, found in pool.imap_unordered(_judge, jobs):
            total += number
            if found:
                bad += 1
                print(f"== {name}\n{product.report(found)}\n", flush=True)
    print(f"{total} cells in {time.monotonic() - began:.0f} s, {bad} ways not as expected")
    return bad


if __name__ == "__main__":
    words = sys.argv[1:]
    count()
    if words[:1] == ["whole"]:
        sys.exit(min(whole(int(words[1]) if words[1:] else os.cpu_count() or 1), 1))
