/** Verification: the written file, run by onnxruntime, says what the training's forward pass says. */
import type { CellForm, ExportForm, ExportOptions, ExportPorts } from "../../../compiler/export/index.js";
import { type Arithmetic, openSession } from "../../session.js";
import type { Subject } from "../subject.js";
import { statePairs } from "../words.js";
import type { Sizes } from "./draw.js";
import { tryGeneration } from "./generate.js";
import { openReference, type Reference } from "./reference.js";
import { trySequence } from "./sequence.js";
import { trySteps } from "./step.js";
import type { Trial, Try } from "./trial.js";

/** Float32 sums of a few hundred terms, in another order. */
const usualTolerance = 1e-5;
/**
 * onnxruntime's own RNN, GRU and LSTM compute their sigmoid and tanh more roughly than its Sigmoid and Tanh: trained layers whose gates
 * are wide open or shut differ by some 5e-5. That the operator is the cell has been proved in float64 by then.
 */
const operatorTolerance = 5e-4;

export interface Verification {
  readonly runs: readonly (Sizes & { readonly difference: number })[];
  /** The largest difference of all runs. */
  readonly difference: number;
  readonly tolerance: number;
}

const shapes: readonly Sizes[] = [
  { batch: 1, time: 1 },
  { batch: 3, time: 5 },
  { batch: 7, time: 20 },
];

export const tries: { readonly [F in ExportForm]: Try } = {
  sequence: trySequence,
  step: trySteps,
  generate: tryGeneration,
};

export async function verifyExport(
  subject: Subject,
  options: ExportOptions,
  { ports, cells }: { readonly ports: ExportPorts; readonly cells: readonly CellForm[] },
  model: string,
  arithmetic: Arithmetic = "float32",
): Promise<Verification> {
  const reference = await openReference(subject);
  const opened = await openSession(model, "cpu", 0, { arithmetic });
  if (!opened.ok) throw new Error(opened.message);
  const { session } = opened;
  const { boundary, form } = options;
  const states = statePairs(ports, subject);
  const trial: Trial = { run: (feeds) => session.run(feeds), ports, boundary, states, subject, reference };
  const runs: (Sizes & { readonly difference: number })[] = [];
  for (const sizes of sizesOf(reference, options, shapes))
    runs.push({ ...sizes, difference: await tries[form](trial, sizes) });
  await Promise.all([reference.release(), session.release()]);
  const operators = cells.some(({ form }) => form !== "Scan" && form !== "unrolled");
  const tolerance = operators ? operatorTolerance : usualTolerance;
  return { runs, difference: Math.max(...runs.map((run) => run.difference)), tolerance };
}

/** The sizes that a model can be tried at: its sequences may be of one length, or none. */
export function sizesOf(
  { ports }: Reference,
  { unroll }: Pick<ExportOptions, "unroll">,
  wanted: readonly Sizes[],
): readonly Sizes[] {
  const fixed = ports.some(({ shape }) => shape.includes("time")) ? unroll : 1;
  return wanted.map(({ batch, time }) => ({ batch, time: fixed ?? time }));
}
