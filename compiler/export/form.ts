/** What every form is made of. */
import type { NormalSpec } from "../../schema/normal.js";
import type { CellForm, Recurrences } from "../elaborate/context.js";
import { type Signature, withAnyBatch, withKnownSteps } from "../signature.js";
import type { Tensors } from "./bake.js";
import type { ExportOptions } from "./options.js";

export interface FormRequest {
  readonly spec: NormalSpec;
  /** Of data in batches of any size. */
  readonly signature: Signature;
  readonly options: Pick<ExportOptions, "boundary">;
  readonly recurrences: Recurrences;
  readonly parameters: Tensors;
}

export function formRequest(
  spec: NormalSpec,
  signature: Signature,
  parameters: Tensors,
  options: ExportOptions,
  tell: (cell: CellForm) => void,
): FormRequest {
  const { loops, unroll, form } = options;
  const any = withAnyBatch(signature);
  return {
    spec,
    signature: unroll === null ? any : withKnownSteps({ ...any, steps: unroll }),
    options,
    parameters,
    recurrences: {
      operators: loops === "operators" && unroll === null,
      // One step needs no loop.
      unroll: unroll !== null || (form !== "sequence" && loops === "operators"),
      chunked: false,
      tell,
    },
  };
}
