/** The batches that a run has recorded: a resumed run keeps them, on any machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NormalSpec } from "../../schema/normal/index.js";
import { hasFixedBatches } from "../memory/batch-size.js";
import { runFiles } from "./layout.js";

/**
 * The spec with the recorded numbers for `"batch_size": "largest"` and `"accumulate": "auto"`; unchanged without a
 * record.
 */
export function withRecordedBatches(spec: NormalSpec, out: string): NormalSpec {
  if (hasFixedBatches(spec.train)) return spec;
  let recordedSpec: Partial<NormalSpec>;
  try {
    recordedSpec = JSON.parse(readFileSync(join(out, runFiles.spec), "utf8"));
  } catch {
    return spec;
  }
  const { batch_size, accumulate } = recordedSpec.train ?? {};
  if (batch_size === undefined || accumulate === undefined) return spec;
  const { train } = spec;
  return {
    ...spec,
    train: {
      ...train,
      batch_size: train.batch_size === "largest" ? batch_size : train.batch_size,
      accumulate: train.accumulate === "auto" ? accumulate : train.accumulate,
    },
  };
}
