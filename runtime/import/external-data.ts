/** Checks a model's external data: only regular files in the model's folder are read. */

import { closeSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ReadExternal } from "../../compiler/onnx/read/tensor-values.js";
import { externalFile } from "../../schema/parse/external-files.js";
import { formatInteger } from "../format.js";
import type { RunProblem } from "../problem.js";

interface ExternalTensor {
  readonly name: string;
  readonly external?: { readonly location: string; readonly offset: number; readonly length: number | null };
}

/** Problems of the locations of a model's external tensors, one per file. */
export function checkExternalData(model: string, tensors: readonly ExternalTensor[]): readonly RunProblem[] {
  const problems = new Map<string, RunProblem>();
  for (const { name, external } of tensors) {
    if (external === undefined || problems.has(external.location)) continue;
    const reason = rejectionReason(dirname(model), external);
    if (reason === undefined) continue;
    const message = `"${model}" stores its tensor "${name}" in "${external.location}", ${reason}.`;
    const hint = "Store the weights in regular files next to the model.";
    problems.set(external.location, { code: "external-data", path: "", message, hint });
  }
  return [...problems.values()];
}

function rejectionReason(
  folder: string,
  { location, offset, length }: NonNullable<ExternalTensor["external"]>,
): string | undefined {
  const stats = externalFile(folder, location);
  if (typeof stats === "string") return stats;
  const isNonNegativeInteger = (number: number) => Number.isSafeInteger(number) && number >= 0;
  if (!isNonNegativeInteger(offset) || (length !== null && !isNonNegativeInteger(length)))
    return "at an invalid offset";
  if (offset + (length ?? 0) > stats.size)
    return `which is ${formatInteger(stats.size)} bytes long, but the tensor ends at byte ${formatInteger(offset + (length ?? 0))}`;
  return undefined;
}

/** Reads the bytes of external tensors of a model whose locations are checked. Throws a RangeError where they are missing. */
export function externalDataReader(model: string): ReadExternal {
  return ({ location, offset, length }, bytes, isCheck) => {
    const [unsafe] = checkExternalData(model, [
      { name: location, external: { location, offset, length: length ?? bytes } },
    ]);
    if (unsafe !== undefined) throw new RangeError(unsafe.message);
    if (length !== null && length !== bytes)
      throw new RangeError(`it has ${length} bytes, but its shape needs ${bytes}`);
    if (isCheck) return new Uint8Array();
    const content = new Uint8Array(bytes);
    const file = openSync(join(dirname(model), location), "r");
    try {
      readSync(file, content, 0, content.length, offset);
    } finally {
      closeSync(file);
    }
    return content;
  };
}
