/** The request of an export form, with the passes and the input documentation that the forms share. */
import { SERIES_INPUT } from "../../schema/kinds/columns.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Role } from "../artifact.js";
import { type CellForm, GROWING_STEPS, type RecurrenceStrategy } from "../elaborate/context.js";
import type { Graph, Type } from "../ir/types.js";
import type { PassContext } from "../optimize/pass.js";
import { exportPasses, runPasses } from "../optimize/pipeline.js";
import { isLengths, type Signature, timeAxesOf, withDynamicShapes, withStaticTime } from "../signature.js";
import type { Tensors } from "./fold-weights.js";
import { type ExportOptions, type Processing, scalingOf } from "./options.js";

export interface FormRequest {
  readonly spec: NormalSpec;
  /** With dynamic batch, and dynamic time unless unrolled. */
  readonly signature: Signature;
  readonly options: Pick<ExportOptions, "boundary">;
  readonly recurrences: RecurrenceStrategy;
  readonly parameters: Tensors;
}

export function formRequest(
  spec: NormalSpec,
  signature: Signature,
  parameters: Tensors,
  options: ExportOptions,
  onCell: (cell: CellForm) => void,
): FormRequest {
  const { recurrent, unroll, form } = options;
  const dynamicSignature = withDynamicShapes(signature);
  const timeAxes = new Set(timeAxesOf(dynamicSignature).values());
  return {
    spec,
    signature: unroll === null ? dynamicSignature : withStaticTime({ ...dynamicSignature, steps: unroll }, timeAxes),
    options,
    parameters,
    recurrences: {
      operators: recurrent === "operators" && unroll === null,
      // A single step needs no loop.
      unroll: unroll !== null || (form !== "sequence" && recurrent === "operators"),
      checkpointed: false,
      onCell,
    },
  };
}

/** Assumes one sequence of one step: multiplying a whole table at every run pays for long batches only. */
export const singleStepContext: PassContext = {
  expected: new Map([
    ["batch", 1],
    ["time", 1],
  ]),
};

export function optimizeForExport(graph: Graph): Graph {
  return runPasses(graph, exportPasses, singleStepContext);
}

/** The doc string of an input. */
export function inputDoc(name: string, role: Role, { dtype, shape }: Type, boundary: Processing): string {
  if (shape.includes(GROWING_STEPS)) return `State ${name} of the steps so far. It starts with none: the size 0.`;
  if (role === "state")
    return `State ${name} after the previous step. It starts at zero, unless the metadata has initial values.`;
  if (role !== "data") return "";
  if (isLengths(name)) return "Number of valid steps of each sequence.";
  if (name.includes("/")) return `Initial state ${name}.`;
  if (name === SERIES_INPUT) return "Place of the series of each window in the names of rnnx.data.series.";
  if (dtype !== "float32") return "Token ids, by the vocabulary in the metadata.";
  const isScaled = scalingOf(boundary, name) !== null;
  return `${shape.length > 2 ? "Sequences" : "Rows"} of numbers${isScaled ? ", in the units of the data" : ""}.`;
}
