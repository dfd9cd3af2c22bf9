/** What every form is made of. */
import type { NormalSpec } from "../../schema/normal/index.js";
import type { CellForm, RecurrenceStrategy } from "../elaborate/context.js";
import { type Signature, withDynamicShapes, withStaticTime } from "../signature.js";
import type { Tensors } from "./fold-weights.js";
import type { ExportOptions } from "./options.js";

export interface FormRequest {
  readonly spec: NormalSpec;
  /** Of data in batches of any size. */
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
  return {
    spec,
    signature: unroll === null ? dynamicSignature : withStaticTime({ ...dynamicSignature, steps: unroll }),
    options,
    parameters,
    recurrences: {
      operators: recurrent === "operators" && unroll === null,
      // One step needs no loop.
      unroll: unroll !== null || (form !== "sequence" && recurrent === "operators"),
      checkpointed: false,
      onCell,
    },
  };
}
