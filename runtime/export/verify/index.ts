/** Verification: runs the written file with ONNX Runtime and compares its outputs with the training's forward pass. */
import type { CellForm, ExportForm, ExportOptions, ExportPorts } from "../../../compiler/export/index.js";
import { mostSteps } from "../../../schema/kinds/layers.js";
import { shortestSteps } from "../../../schema/kinds/windows.js";
import type { NormalLayer } from "../../../schema/normal/index.js";
import { openSession, type QuantizedMatmul } from "../../sessions/session.js";
import { statePairs } from "../metadata.js";
import type { TrainedModel } from "../source-run.js";
import { verifyGeneration } from "./generate.js";
import type { FormVerifier, ModelUnderTest } from "./model-under-test.js";
import type { Sizes } from "./random-inputs.js";
import { openReference, type Reference } from "./reference.js";
import { roundingTolerance } from "./rounding.js";
import { verifySequence } from "./sequence.js";
import { verifySteps } from "./step.js";

/** Rounding of float32 sums of a few hundred terms in another order. */
const usualTolerance = 1e-5;
/**
 * In ONNX Runtime 1.30 the RNN, GRU and LSTM operators approximate sigmoid and tanh more coarsely than Sigmoid and
 * Tanh: layers with saturated gates differ by about 5e-5. The operator's equivalence to the cell is checked in float64
 * before.
 */
const operatorTolerance = 5e-4;

export interface Verification {
  readonly runs: readonly (Sizes & { readonly difference: number })[];
  /** The largest difference of all runs. */
  readonly difference: number;
  readonly tolerance: number;
  /** Differences of this size are rounding that the model amplifies; 0 where it was not needed. */
  readonly rounding: number;
}

const testSizes: readonly Sizes[] = [
  { batch: 1, time: 1 },
  { batch: 3, time: 5 },
  { batch: 7, time: 20 },
];

export const verifiers: { readonly [F in ExportForm]: FormVerifier } = {
  sequence: verifySequence,
  step: verifySteps,
  generate: verifyGeneration,
};

export async function verifyExport(
  trainedModel: TrainedModel,
  options: ExportOptions,
  { ports, cells }: { readonly ports: ExportPorts; readonly cells: readonly CellForm[] },
  model: string,
  quantizedMatmul: QuantizedMatmul = "float32",
): Promise<Verification> {
  const reference = await openReference(trainedModel);
  const opened = await openSession(model, "cpu", 0, { quantizedMatmul });
  if (!opened.ok) throw new Error(opened.error.message);
  const { session } = opened.value;
  const { boundary, form } = options;
  const states = statePairs(ports, trainedModel);
  const modelUnderTest: ModelUnderTest = {
    run: (feeds) => session.run(feeds),
    ports,
    boundary,
    states,
    trainedModel,
    reference,
  };
  const runs: (Sizes & { readonly difference: number })[] = [];
  const { spec, signature } = trainedModel;
  for (const sizes of sizesOf(reference, options, testSizes, spec.model, signature.steps))
    runs.push({ ...sizes, difference: await verifiers[form](modelUnderTest, sizes) });
  const operators = cells.some(({ form }) => form !== "Scan" && form !== "unrolled");
  const usual = operators ? operatorTolerance : usualTolerance;
  const difference = Math.max(...runs.map((run) => run.difference));
  const { tolerance, rounding } =
    difference > usual ? await roundingTolerance(modelUnderTest, runs, usual) : { tolerance: usual, rounding: 0 };
  await Promise.all([reference.release(), session.release()]);
  return { runs, difference, tolerance, rounding };
}

/**
 * The sizes to test: all sequences of an unrolled model have one length; a model without time axis has none. A limited
 * number of steps leaves one for the longer axis of a decoder. An onnx layer may have the steps of the data alone.
 *
 * @param model the layers that limit the number of time steps.
 * @param steps of the data, where all sequences have as many.
 */
export function sizesOf(
  { ports }: Reference,
  { unroll }: Pick<ExportOptions, "unroll">,
  candidates: readonly Sizes[],
  model: readonly NormalLayer[] = [],
  steps: number | undefined = undefined,
): readonly Sizes[] {
  const ofLayers = model.some(({ layer }) => layer === "onnx") ? (steps ?? null) : null;
  const fixedTime = ports.some(({ shape }) => typeof shape[1] === "string") ? (unroll ?? ofLayers) : 1;
  const within = (time: number) => Math.max(Math.min(time, mostSteps(model) - 1), shortestSteps(model));
  return candidates.map(({ batch, time }) => ({
    batch,
    time: fixedTime ?? within(time),
    ...(fixedTime !== null && { otherTime: fixedTime }),
  }));
}
