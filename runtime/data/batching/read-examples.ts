/** Reads examples of a data source in batches, for checks of all of them. */
import type { Batch, DataSource } from "../source.js";
import type { Indices } from "../splits.js";

/** Examples in a batch. */
const BATCH_SIZE = 256;

export function* readExamples(
  source: Pick<DataSource, "batch">,
  examples: Indices,
): Generator<{ readonly examples: Indices; readonly batch: Batch }> {
  for (let start = 0; start < examples.length; start += BATCH_SIZE) {
    const part = examples.subarray(start, start + BATCH_SIZE);
    yield { examples: part, batch: source.batch(part) };
  }
}
