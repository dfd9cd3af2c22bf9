"""Flags of the Python scripts, and the line of JSON that they print."""
import argparse
import json
import resource
import statistics
import time

NAMES = ("layers", "hidden", "batch", "time", "vocabulary", "steps")
WARM_UP = 2


def options(description):
    parser = argparse.ArgumentParser(description=description)
    for name in NAMES:
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda, where the script supports it")
    parser.add_argument("--precision", default="float32", help="float32, tf32 or float16, where the script supports it")
    parser.add_argument("--compile", action="store_true", help="torch.compile, where the script supports it")
    parser.add_argument("--cell", default="lstm", help="where the script has several")
    parser.add_argument("--heads", type=int, default=1)
    parser.add_argument("--model", help="of a script with several")
    return parser.parse_args()


def report(framework, sizes, step, parameters=None):
    """Runs the step, twice more than is counted: tracing and compilation happen there. `parameters` is their number."""
    taken, processor = [], []
    for _ in range(WARM_UP + sizes.steps):
        start, before = time.perf_counter(), time.process_time()
        step()
        taken.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.process_time() - before))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "framework": framework,
                **{name: getattr(sizes, name) for name in NAMES},
                "median_ms": round(statistics.median(taken[WARM_UP:]), 4),
                "median_cpu_ms": round(statistics.median(processor[WARM_UP:]), 4),
                "peak_mib": round(memory),
                "parameters": parameters,
            }
        )
    )
