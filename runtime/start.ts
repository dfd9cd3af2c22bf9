/** First weights that are read from a file, by their public names. */
import { readFileSync } from "node:fs";
import type { StoredTensor } from "../compiler/artifact.js";
import { unreadable } from "./data/file.js";
import { type Checked, type RunProblem, refuse } from "./problem.js";
import { readSafetensors, type Tensors } from "./safetensors.js";

/** First weights from a safetensors file; it may hold any part of the parameters, and nothing else. */
export function readInitial(file: string, parameters: readonly StoredTensor[]): Checked<{ readonly tensors: Tensors }> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return refuse({ ...unreadable("", file, error), hint: "" });
  }
  const read = readSafetensors(bytes);
  if (!read.ok) {
    const message = `"${file}" cannot be read as safetensors: ${read.message}.`;
    return refuse({ code: "file-format", path: "", file, message });
  }
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter.shape]));
  const hint = `The model has ${parameters.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ")}.`;
  const problems: RunProblem[] = [];
  const report = (code: string, message: string) => problems.push({ code, path: "", file, message, hint });
  for (const [name, { shape, data }] of read.tensors) {
    const wanted = known.get(name);
    if (wanted === undefined) report("init-name", `"${file}" holds "${name}", which the model does not have.`);
    else if (wanted.join() !== shape.join()) {
      report(
        "init-shape",
        `${name} in "${file}" has shape [${shape.join(", ")}], and the model's is [${wanted.join(", ")}].`,
      );
    } else if (!data.every(Number.isFinite))
      report("init-value", `${name} in "${file}" holds numbers that are not finite.`);
  }
  return problems.length > 0 ? refuse(...problems) : { ok: true, tensors: read.tensors };
}
