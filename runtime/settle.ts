/**
 * Batches as large as the memory allows: `"batch_size": "largest"` and `"accumulate": "auto"` become numbers, by the
 * compiler's estimate of what a training takes. The numbers are recorded with the run, whose results depend on them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { batchSizeOf, portionsOf } from "../schema/batches.js";
import type { NormalSpec, NormalTrain } from "../schema/normal.js";
import type { DataSource } from "./data/source.js";
import { runFiles } from "./directory.js";
import { memoryToUse, sizeText } from "./machine.js";

export interface Settled {
  readonly spec: NormalSpec;
  /** What the words came to; empty where there were none. */
  readonly notices: readonly string[];
}

export function isSettled({ batch_size, accumulate }: NormalTrain): boolean {
  return batch_size !== "largest" && accumulate !== "auto";
}

/**
 * A spec whose batches are numbers, or "all". A spec that the compiler refuses stays as it is: compiling says why.
 *
 * @param memory bytes that the training may take; by default most of what is free.
 */
export async function settle(spec: NormalSpec, source: DataSource, memory = memoryToUse()): Promise<Settled> {
  if (isSettled(spec.train)) return { spec, notices: [] };
  const { check, memoryByBatch } = await import("../compiler/compile.js");
  if (check(spec, source.signature(spec.train)).length > 0) return { spec, notices: [] };
  const within = `within ${sizeText(memory)}`;
  const notices: string[] = [];
  const settled = (train: Partial<NormalTrain>): NormalSpec => ({ ...spec, train: { ...spec.train, ...train } });
  const taking = (train: Partial<NormalTrain>) => {
    const memory = memoryByBatch(settled(train), source.signature(spec.train));
    if (!memory.ok) throw new Error("A spec that was found sound is refused.");
    return memory.memoryAt;
  };

  let { batch_size } = spec.train;
  if (batch_size === "largest") {
    const whole = taking({ batch_size: "all" });
    batch_size = largest(source.splits.train.length, portionsOf(spec.train), memory, whole);
    notices.push(`The largest batch ${within}: ${batch_size === "all" ? "all examples" : `${batch_size} examples`}.`);
  }
  let { accumulate } = spec.train;
  if (accumulate === "auto") {
    const examples = batchSizeOf({ batch_size }, source.splits.train.length);
    // Portions take at least what a batch of their size takes, which asks for no graph of their own.
    const alone = taking({ batch_size, accumulate: 1 });
    const fits = (portions: number) =>
      alone(examples / portions) <= memory && taking({ batch_size, accumulate: portions })(examples) <= memory;
    accumulate = fewestPortions(examples, fits);
    notices.push(
      `A batch of ${examples} examples in ${accumulate === 1 ? "one portion" : `${accumulate} portions`} ${within}.`,
    );
  }
  return { spec: settled({ batch_size, accumulate }), notices };
}

/** All examples, or else the largest power of two of them, times the portions that a batch is made of. */
function largest(examples: number, portions: number, memory: number, bytes: (batch: number) => number): number | "all" {
  if (examples % portions === 0 && bytes(examples) <= memory) return "all";
  let batch = portions;
  while (batch * 2 < examples && bytes(batch * 2) <= memory) batch *= 2;
  return batch;
}

/** The fewest equal portions that fit; single examples where nothing does. */
function fewestPortions(examples: number, fits: (portions: number) => boolean): number {
  for (let portions = 1; portions < examples; portions++) {
    if (examples % portions === 0 && fits(portions)) return portions;
  }
  return Math.max(1, examples);
}

/** A run that is resumed keeps the batches that it was started with, on any machine. */
export function asRecorded(spec: NormalSpec, out: string): NormalSpec {
  if (isSettled(spec.train)) return spec;
  let recorded: Partial<NormalSpec>;
  try {
    recorded = JSON.parse(readFileSync(join(out, runFiles.spec), "utf8"));
  } catch {
    return spec;
  }
  const { batch_size, accumulate } = recorded.train ?? {};
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
