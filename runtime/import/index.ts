/** Imports weights of PyTorch or Keras, converted to the model's names, gate orders and layouts. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { installCommand } from "../../schema/package-root.js";
import { readZip } from "../data/formats/zip.js";
import type { Metadata } from "../data/metadata.js";
import type { RunProblem } from "../problem.js";
import { type Failure, fail, ok, type Result } from "../result.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";
import { convert } from "./convert-layout.js";
import type { ForeignFile } from "./foreign-weights.js";
import { HDF5_SIGNATURE, loadHdf5, readHdf5 } from "./hdf5.js";
import { readKerasWeights } from "./keras.js";
import { configsOf, type KerasConfig, parseKerasConfig } from "./keras-config.js";
import { configDifferences, returnNotice } from "./match-config.js";
import { matchLayers, type NameMap } from "./match-layers.js";
import type { LayerPair } from "./match-state.js";
import { modelLayers } from "./model-layers.js";
import { readStateDict } from "./pytorch.js";
import { unstoredSettings } from "./unstored-settings.js";

export type { NameMap } from "./match-layers.js";

export interface ImportedWeights {
  readonly tensors: Tensors;
  /** Messages about the imported layers. */
  readonly notices: readonly string[];
}

/** The model that receives the weights. */
export interface TargetModel {
  readonly spec: NormalSpec;
  readonly parameters: readonly StoredTensor[];
  /** The data of the model, whose names number rows and columns of weights; absent where no names are compared. */
  readonly data?: {
    readonly signature: Signature;
    readonly metadata: Metadata;
    /** Of the run that wrote the file; null for another file. */
    readonly ofFile: Metadata | null;
  };
}

type ImportProblem = Pick<RunProblem, "code" | "message" | "hint">;

/** True for HDF5, and for zip archives, which may contain it. */
export function isKeras(bytes: Uint8Array): boolean {
  return startsWith(bytes, HDF5_SIGNATURE) || startsWith(bytes, Uint8Array.of(0x50, 0x4b, 0x03, 0x04));
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

export async function importKeras(
  file: string,
  bytes: Uint8Array,
  model: TargetModel,
  maps: readonly NameMap[],
): Promise<Result<ImportedWeights>> {
  const formatProblem = (reason: string, hint = "") =>
    fail([{ code: "file-format", path: "", file, message: `"${file}" cannot be read: ${reason}.`, hint }]);
  const weights = startsWith(bytes, HDF5_SIGNATURE) ? ok({ bytes, config: undefined }) : extractWeights(bytes);
  if (!weights.ok) return formatProblem(weights.error, isPickle(bytes) ? torchHint : "");
  const library = await loadHdf5();
  if (library === undefined) return fail([missingLibraryProblem(file)]);
  const result = await readHdf5(library, weights.value.bytes);
  if (!result.ok) return formatProblem(result.error);
  try {
    const { root } = result.value;
    const configText = weights.value.config ?? root.attributes.get("model_config")?.[0];
    const config = configText === undefined ? undefined : parseKerasConfig(configText);
    return importLayers(file, readKerasWeights(root), model, maps, config);
  } finally {
    result.value.close();
  }
}

function missingLibraryProblem(file: string): RunProblem {
  const message = `"${file}" is an HDF5 file. rnnx reads HDF5 with the package h5wasm, which is not installed.`;
  return { code: "missing-package", path: "", file, message, hint: `Install it: ${installCommand("h5wasm")}` };
}

const torchHint = "Save the state dict with safetensors.torch.save_file; rnnx does not open pickles.";

interface KerasFile {
  /** HDF5. */
  readonly bytes: Uint8Array;
  /** JSON. */
  readonly config: string | undefined;
}

function extractWeights(archive: Uint8Array): Result<KerasFile, string> {
  const members = readZip(archive);
  if (!members.ok) return members;
  const read = (member: string) => members.value.find(({ name }) => name === member)?.read();
  const [weights, config] = [read("model.weights.h5"), read("config.json")];
  if (weights === undefined)
    return fail(isPickle(archive) ? "it is a PyTorch pickle" : "it is an archive without Keras's model.weights.h5");
  if (!weights.ok) return weights;
  if (config?.ok === false) return config;
  return ok({ bytes: weights.value, config: config && new TextDecoder().decode(config.value) });
}

function isPickle(archive: Uint8Array): boolean {
  const members = readZip(archive);
  return members.ok && members.value.some(({ name }) => name.endsWith("data.pkl"));
}

/** Undefined when no tensor has a name of PyTorch's layers. */
export function importStateDict(
  file: string,
  tensors: Tensors,
  model: TargetModel,
  maps: readonly NameMap[],
): Result<ImportedWeights> | undefined {
  const foreign = readStateDict(tensors);
  return foreign.layers.length === 0 ? undefined : importLayers(file, foreign, model, maps);
}

function importLayers(
  file: string,
  foreign: ForeignFile,
  model: TargetModel,
  maps: readonly NameMap[],
  config?: KerasConfig,
): Result<ImportedWeights> {
  const { pairs, problems } = matchLayers(foreign, modelLayers(model.spec, model.parameters), maps);
  if (problems.length > 0) return failForFile(file, problems);
  const tensors = new Map<string, Tensor>();
  const conversionProblems: ImportProblem[] = [];
  for (const { rule, foreignLayer, modelLayer } of pairs) {
    const converted = convert(rule, foreignLayer, modelLayer);
    if (!converted.ok) conversionProblems.push({ code: "init-value", message: converted.error, hint: "" });
    else for (const [name, tensor] of converted.value) tensors.set(name, tensor);
  }
  for (const pair of pairs) if (hasSeparateKernel(pair, tensors)) conversionProblems.push(separateKernelProblem(pair));
  const comparison = config && compareConfig(config, foreign, pairs, model.spec);
  if (comparison !== undefined) conversionProblems.push(...comparison.problems);
  if (conversionProblems.length > 0) return failForFile(file, conversionProblems);
  const settings = comparison?.notices ?? unstoredSettings(pairs, model.spec);
  return ok({ tensors, notices: [...noticesOf(foreign, pairs, model, tensors), ...settings] });
}

/** Differences between the layers' stored configurations and the spec that change outputs, and notices of others. */
function compareConfig(
  config: KerasConfig,
  { layers }: ForeignFile,
  pairs: readonly LayerPair[],
  spec: NormalSpec,
): { readonly problems: readonly ImportProblem[]; readonly notices: readonly string[] } {
  const configs = configsOf(config, layers);
  const problems: ImportProblem[] = [];
  const notices: string[] = [];
  const unknownLayers: string[] = [];
  for (const { foreignLayer, modelLayer } of pairs) {
    const layerConfig = configs.get(foreignLayer);
    if (layerConfig === undefined) unknownLayers.push(foreignLayer.name);
    else {
      const differences = configDifferences(layerConfig, modelLayer, spec);
      problems.push(...differences.map((difference) => ({ code: "init-config", ...difference })));
      notices.push(...returnNotice(layerConfig, modelLayer, spec));
    }
  }
  const describe = (text: string, names: readonly string[]) =>
    names.length > 0 ? [`${text}: ${names.join(", ")}.`] : [];
  notices.push(
    ...describe("Not compared with the file's configuration, which does not list them", unknownLayers),
    ...describe("Layers of the file without imported weights, not compared with the spec", config.operations),
  );
  return { problems, notices };
}

function failForFile(file: string, problems: readonly ImportProblem[]): Failure {
  return fail(problems.map((problem) => ({ ...problem, path: "", file })));
}

/** True when a layer with a shared kernel has a different kernel in the file. */
function hasSeparateKernel(
  { rule, foreignLayer, modelLayer }: LayerPair,
  tensors: ReadonlyMap<string, Tensor>,
): boolean {
  const { kernelOf } = modelLayer;
  const kernel = kernelOf === null ? undefined : (tensors.get(`${kernelOf}/W`) ?? tensors.get(`${kernelOf}/v`));
  const [role = ""] = (rule.parameters.W ?? rule.parameters.v)?.from ?? [];
  const tensor = foreignLayer.directions[0]?.get(role);
  if (kernel === undefined || tensor === undefined) return false;
  const result = tensor.read();
  if (!result.ok || result.value.length !== kernel.data.length) return true;
  const data = result.value;
  const isSame = data.every((value, index) => value === kernel.data[index]);
  if (isSame) return false;
  const [rows = 1, columns = 1] = kernel.shape;
  return !data.every((value, index) => value === kernel.data[(index % rows) * columns + Math.floor(index / rows)]);
}

function separateKernelProblem({ foreignLayer, modelLayer }: LayerPair): ImportProblem {
  const { name, kernelOf, layerName } = modelLayer;
  const message = `${foreignLayer.name} has a separate kernel, but ${name} shares that of ${kernelOf}.`;
  return { code: "init-tied", message, hint: `Remove "weights" from layer ${layerName}.` };
}

function noticesOf(
  { framework }: ForeignFile,
  pairs: readonly LayerPair[],
  { parameters }: TargetModel,
  tensors: ReadonlyMap<string, Tensor>,
): readonly string[] {
  const routes = pairs.map(({ foreignLayer, modelLayer }) => `${foreignLayer.name} to ${modelLayer.name}`);
  const seeded = parameters.filter(({ name }) => !tensors.has(name)).map(({ name }) => name);
  return [
    `Weights from the ${framework.name} file: ${routes.join(", ")}.`,
    ...(seeded.length > 0 ? [`Initialized from the seed, because the file lacks them: ${seeded.join(", ")}.`] : []),
  ];
}
