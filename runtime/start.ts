/** First weights that are read from a file: of rnnx's own, PyTorch's or Keras's. */
import { readFileSync } from "node:fs";
import type { StoredTensor } from "../compiler/artifact.js";
import { unreadable } from "./data/file.js";
import { type Imported, importKeras, importStateDict, isKeras, type Model, type NameMap } from "./import/index.js";
import { type Checked, type RunProblem, refuse } from "./problem.js";
import { readSafetensors, type Tensors } from "./safetensors.js";

/** `--init`, with its `--map`s. */
export interface Init {
  readonly file: string;
  readonly maps: readonly NameMap[];
}

/**
 * First weights from a file. By public names it may hold any part of the parameters, and nothing else; of another framework's
 * file everything must find its place.
 */
export async function readInitial({ file, maps }: Init, model: Model): Promise<Checked<Imported>> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return refuse({ ...unreadable("", file, error), hint: "" });
  }
  if (isKeras(bytes)) return importKeras(file, bytes, model, maps);
  const read = readSafetensors(bytes);
  if (!read.ok) {
    const message = `"${file}" cannot be read as safetensors: ${read.message}.`;
    const hint = "Weights may be safetensors (by public name, or PyTorch's) or Keras's .keras and .h5 files.";
    return refuse({ code: "file-format", path: "", file, message, hint });
  }
  const tensors = renamed(read.tensors, maps);
  const isOwn = [...tensors.keys()].some((name) => model.parameters.some((parameter) => parameter.name === name));
  const foreign = isOwn ? undefined : importStateDict(file, read.tensors, model, maps);
  return foreign ?? checkOwn(file, tensors, model.parameters);
}

/** Names by `--map`: of a tensor, or of all that stand under a layer. An empty target leaves them out. */
function renamed(tensors: Tensors, maps: readonly NameMap[]): Tensors {
  return new Map(
    [...tensors].flatMap(([name, tensor]) => {
      const map = maps.find(({ from }) => from !== "" && (name === from || name.startsWith(`${from}/`)));
      if (map === undefined) return [[name, tensor] as const];
      return map.to === "" ? [] : [[map.to + name.slice(map.from.length), tensor] as const];
    }),
  );
}

function checkOwn(file: string, tensors: Tensors, parameters: readonly StoredTensor[]): Checked<Imported> {
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter.shape]));
  const hint = `The model has ${parameters.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ")}.`;
  const problems: RunProblem[] = [];
  const report = (code: string, message: string) => problems.push({ code, path: "", file, message, hint });
  for (const [name, { shape, data }] of tensors) {
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
  return problems.length > 0 ? refuse(...problems) : { ok: true, tensors, notices: [] };
}
