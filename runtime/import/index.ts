/** First weights from PyTorch or Keras: a file's tensors in the model's names, gate orders and layouts. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal.js";
import { readZip } from "../data/zip.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import type { Tensor, Tensors } from "../safetensors.js";
import { convert } from "./convert.js";
import type { ForeignFile } from "./foreign.js";
import { readHdf5, signature } from "./hdf5.js";
import { readWeights } from "./keras.js";
import { match, type NameMap, type Pair } from "./match.js";
import { modelUnits } from "./model-units.js";
import { readStateDict } from "./pytorch.js";

export type { NameMap } from "./match.js";

export interface Imported {
  readonly tensors: Tensors;
  /** What went where, for the user to see. */
  readonly notices: readonly string[];
}

/** What a model takes weights into. */
export interface Model {
  readonly spec: NormalSpec;
  readonly parameters: readonly StoredTensor[];
}

type Problem = Pick<RunProblem, "code" | "message" | "hint">;

/** HDF5, or a zip archive that may hold it. */
export function isKeras(bytes: Uint8Array): boolean {
  return startsWith(bytes, signature) || startsWith(bytes, Uint8Array.of(0x50, 0x4b, 0x03, 0x04));
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

export async function importKeras(
  file: string,
  bytes: Uint8Array,
  model: Model,
  maps: readonly NameMap[],
): Promise<Checked<Imported>> {
  const wrong = (reason: string, hint = "") =>
    refuse({ code: "file-format", path: "", file, message: `"${file}" cannot be read: ${reason}.`, hint });
  const weights = startsWith(bytes, signature) ? bytes : weightsIn(bytes);
  if (typeof weights === "string") return wrong(weights, pickled(bytes) ? torchHint : "");
  const read = await readHdf5(weights);
  if (!read.ok) return wrong(read.message);
  try {
    return importUnits(file, readWeights(read.root), model, maps);
  } finally {
    read.close();
  }
}

const torchHint = "Save the state dict as safetensors (safetensors.torch.save_file); pickles are not opened.";

function weightsIn(archive: Uint8Array): Uint8Array | string {
  const members = readZip(archive);
  if (typeof members === "string") return members;
  const weights = members.find(({ name }) => name === "model.weights.h5");
  if (weights !== undefined) return weights.read();
  return pickled(archive)
    ? "it is a pickle of PyTorch's"
    : "it is an archive without the model.weights.h5 that Keras writes";
}

function pickled(archive: Uint8Array): boolean {
  const members = readZip(archive);
  return typeof members !== "string" && members.some(({ name }) => name.endsWith("data.pkl"));
}

/** Undefined where none of the tensors has a name that PyTorch's layers give. */
export function importStateDict(
  file: string,
  tensors: Tensors,
  model: Model,
  maps: readonly NameMap[],
): Checked<Imported> | undefined {
  const foreign = readStateDict(tensors);
  return foreign.units.length === 0 ? undefined : importUnits(file, foreign, model, maps);
}

function importUnits(file: string, foreign: ForeignFile, model: Model, maps: readonly NameMap[]): Checked<Imported> {
  const { pairs, problems } = match(foreign, modelUnits(model.spec, model.parameters), maps);
  if (problems.length > 0) return refuseIn(file, problems);
  const made = new Map<string, Tensor>();
  const broken: Problem[] = [];
  for (const { recipe, theirs, ours } of pairs) {
    const converted = convert(recipe, theirs, ours);
    if (typeof converted === "string") broken.push({ code: "init-value", message: converted, hint: "" });
    else for (const [name, tensor] of converted) made.set(name, tensor);
  }
  for (const each of pairs) if (isUntied(each, made)) broken.push(untied(each));
  if (broken.length > 0) return refuseIn(file, broken);
  return { ok: true, tensors: made, notices: noticesOf(foreign, pairs, model, made) };
}

function refuseIn(file: string, problems: readonly Problem[]): ReturnType<typeof refuse> {
  return refuse(...problems.map((problem) => ({ ...problem, path: "", file })));
}

/** A layer that uses another's kernel may be given that kernel once more, and no other. */
function isUntied({ recipe, theirs, ours }: Pair, made: ReadonlyMap<string, Tensor>): boolean {
  const kernel = ours.kernelOf === null ? undefined : made.get(`${ours.kernelOf}/W`);
  const [role = ""] = recipe.parameters.W?.from ?? [];
  const again = theirs.directions[0]?.get(role);
  if (kernel === undefined || again === undefined) return false;
  const data = again.read();
  if (typeof data === "string" || data.length !== kernel.data.length) return true;
  const same = data.every((value, index) => value === kernel.data[index]);
  if (same) return false;
  const [rows = 1, columns = 1] = kernel.shape;
  return !data.every((value, index) => value === kernel.data[(index % rows) * columns + Math.floor(index / rows)]);
}

function untied({ theirs, ours }: Pair): Problem {
  const message = `${theirs.name} has a kernel of its own, and ${ours.name} uses that of ${ours.kernelOf}.`;
  return { code: "init-tied", message, hint: `Leave "weights" out of ${ours.layer}.` };
}

function noticesOf(
  { framework }: ForeignFile,
  pairs: readonly Pair[],
  { parameters }: Model,
  made: ReadonlyMap<string, Tensor>,
): readonly string[] {
  const routes = pairs.map(({ theirs, ours }) => `${theirs.name} to ${ours.name}`);
  const seeded = parameters.filter(({ name }) => !made.has(name)).map(({ name }) => name);
  return [
    `Weights of the ${framework.name} file: ${routes.join(", ")}.`,
    ...(seeded.length > 0 ? [`Drawn from the seed, as the file has none: ${seeded.join(", ")}.`] : []),
  ];
}
