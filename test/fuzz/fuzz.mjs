/** Feeds mutated files to a target, and says what became of them. */
import { mutator } from "./mutate.mjs";
import { targets } from "./targets.mjs";

/** No file of these sizes may take longer, in milliseconds; generous, since others may want the machine too. */
const slow = 30_000;

/**
 * @param ending asked now and then: true ends it.
 * @returns how many were taken and refused, the slowest in milliseconds, and those that made rnnx fail or take too long, with
 * their bytes.
 */
export async function fuzz(name, count, seed, ending = () => false) {
  const { seeds, take, isText } = await targets[name]();
  const figures = { taken: 0, refused: 0, slowest: 0 };
  const failures = [];
  for (let index = 0; index < count && failures.length < 5 && !ending(); index++) {
    // Signals are heard between files only.
    if (index % 100 === 0) await new Promise(setImmediate);
    const bytes = mutator(seed * 1_000_003 + index).next(seeds, isText);
    const fail = (error) => failures.push({ index, error: `${error}`, bytes: bytes.toString("base64") });
    const start = performance.now();
    try {
      figures[(await take(bytes)) ? "taken" : "refused"]++;
    } catch (error) {
      fail(error instanceof Error ? error.stack : error);
    }
    const took = performance.now() - start;
    figures.slowest = Math.max(figures.slowest, took);
    if (took > slow) fail(`it took ${took} ms`);
  }
  return { ...figures, failures };
}
