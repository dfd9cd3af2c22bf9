/** The time of each layer and node of an ONNX file, by ONNX Runtime on the CPU, with its FLOPs and memory. */
import type { LayerNode } from "../../../compiler/inspect/model-nodes.js";
import type { ModelInfo } from "../../../compiler/onnx/read/model.js";
import type { ModelTensor } from "../../../compiler/onnx/read/tensors.js";
import { formatBytes, formatInteger, formatSI, listFirst } from "../../../runtime/format.js";
import type { Profile } from "../../../runtime/sessions/profile.js";
import { elementCount, type NumericArray } from "../../../runtime/tensors/array.js";
import type { PortColumns } from "../../../runtime/training/fine-tune/port-table.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportProblems } from "../../open-run.js";
import type { Colors, Output } from "../../output.js";
import { tableText } from "../../table.js";

export interface TimedInputs {
  /** A file of arrays or columns by the names of the inputs; undefined: made inputs. */
  readonly data: string | undefined;
  /** Columns of the data by the names of the inputs. */
  readonly columns: PortColumns;
  /** Sizes of symbolic axes of made inputs, `name=size`. */
  readonly dims: readonly string[];
}

/** Rows of the data that a run reads. */
const MAX_ROWS = 32;
/** Layers of a table: names are cut until there are no more. */
const MAX_LAYERS = 30;
/** Inputs in the first line. */
const MAX_INPUTS = 4;
/** The slowest nodes of a table. */
const MAX_NODES = 10;

interface LayerTime {
  readonly layer: string;
  readonly nodes: number;
  /** True where ONNX Runtime ran no node of the layer: others compute it, or nothing needs it. */
  readonly merged: boolean;
  readonly milliseconds: number;
  readonly share: number;
  readonly flops: number | null;
  /** Of the outputs of its nodes. */
  readonly bytes: number;
}

/** @param bytes of the file, which has been read successfully. */
export async function printModelTimes(
  output: Output,
  file: string,
  bytes: Uint8Array,
  model: ModelInfo,
  inputs: TimedInputs,
): Promise<number> {
  const arrays =
    inputs.data === undefined
      ? madeInputs(output, bytes, model, inputs.dims)
      : dataInputs(output, model, inputs.data, inputs.columns);
  const fed = await arrays;
  if (fed === undefined) return exitCodes.invalidInput;
  const [{ profileModel }, { modelNodes }, { externalDataReader }] = await Promise.all([
    import("../../../runtime/sessions/profile.js"),
    import("../../../compiler/inspect/model-nodes.js"),
    import("../../../runtime/import/external-data.js"),
  ]);
  const measured = await profileModel(file, fed);
  if (!measured.ok) {
    reportInvalidInput(output, "model", measured.error.message, "Give inputs of other sizes, or other data.");
    return exitCodes.invalidInput;
  }
  const profile = measured.value;
  const shapes = new Map([...fed].map(([name, { shape }]) => [name, shape]));
  const nodes = modelNodes(bytes, { external: externalDataReader(file), shapes });
  const layers = layerTimes(profile, nodes);
  const shapesText = listFirst(
    [...shapes].map(([name, shape]) => `${name} [${shape.join(", ")}]`),
    MAX_INPUTS,
  );
  const { runs, milliseconds } = profile;
  const total = profile.nodes.reduce((sum, node) => sum + node.milliseconds, 0);
  const slowest = profile.nodes.toSorted((a, b) => b.milliseconds - a.milliseconds);
  output.record({
    event: "result",
    runs,
    milliseconds,
    inputs: Object.fromEntries(shapes),
    layers,
    nodes: slowest.map((node) => ({ ...node, share: share(node.milliseconds, total) })),
  });
  const source = inputs.data === undefined ? "made inputs" : inputs.data;
  output.print(`${formatTime(milliseconds)} per run, the median of ${runs}, on ${source}: ${shapesText}\n`);
  output.print(layersText(layers, output.colors.print));
  if (layers.some(({ merged }) => merged))
    output.print("merged: ONNX Runtime computes the layer in other nodes, or leaves it out");
  output.print(`\n${nodesText(slowest, total, output.colors.print)}`);
  return exitCodes.success;
}

const share = (milliseconds: number, total: number): number => (total === 0 ? 0 : milliseconds / total);

/** 0.0123 → 0.012 ms; times are measured in microseconds. */
const formatTime = (milliseconds: number): string =>
  milliseconds >= 100 ? `${formatInteger(milliseconds)} ms` : `${milliseconds.toFixed(milliseconds >= 1 ? 2 : 3)} ms`;

/** The first rows of the data as the inputs of the model; undefined after a reported error. */
async function dataInputs(
  output: Output,
  { inputs }: ModelInfo,
  file: string,
  columns: PortColumns,
): Promise<ReadonlyMap<string, NumericArray> | undefined> {
  const { readPortRows } = await import("../../../runtime/training/fine-tune/port-arrays.js");
  const rows = inputs[0]?.shape?.[0];
  const read = await readPortRows(
    file,
    inputs.map(({ name, dtype, shape = [] }) => ({
      name,
      role: "data",
      dtype: dtype as NumericArray["dtype"],
      shape: shape.map((size, axis) => (axis === 0 && typeof size === "string" ? size || "batch" : size)),
    })),
    typeof rows === "number" ? rows : MAX_ROWS,
    columns,
  );
  if (read.ok) return read.value;
  reportProblems(output, read.error);
  return undefined;
}

/** Small numbers of both signs, ids of the second row, and ones; undefined after a reported error. */
async function madeInputs(
  output: Output,
  bytes: Uint8Array,
  { inputs }: ModelInfo,
  dims: readonly string[],
): Promise<ReadonlyMap<string, NumericArray> | undefined> {
  const fail = (message: string, hint: string) => {
    reportInvalidInput(output, "usage", message, hint);
    return undefined;
  };
  const sizes = new Map<string, number>();
  const symbols = new Set(inputs.flatMap(({ shape = [] }) => shape.filter((size) => typeof size === "string")));
  for (const text of dims) {
    const [, name = "", size = ""] = /^(.+)=([1-9]\d{0,8})$/.exec(text) ?? [];
    if (name === "") return fail(`--dim ${text} is no size of an axis`, "For example --dim batch=8.");
    if (!symbols.has(name)) {
      const names = [...symbols].join(", ");
      return fail(`No axis of an input is named "${name}"`, names === "" ? "All sizes are fixed." : `Axes: ${names}.`);
    }
    sizes.set(name, Number(size));
  }
  const { tableRows } = await import("../../../compiler/inspect/table-rows.js");
  const ids = inputs.filter(({ dtype }) => dtype.startsWith("int")).map(({ name }) => name);
  const rows = tableRows(bytes, ids);
  const made = new Map<string, NumericArray>();
  for (const { name, dtype, shape } of inputs) {
    if (shape === undefined) return fail(`The input ${name} has no shape in the model`, "Give data with --data.");
    const fixed = shape.map((size, axis) =>
      typeof size === "number" ? size : (sizes.get(size) ?? (axis === 0 ? 1 : size)),
    );
    const open = fixed.find((size) => typeof size === "string");
    if (open !== undefined)
      return fail(
        `The axis ${open} of the input ${name} has no size`,
        `Write --dim ${open}=SIZE, or give data with --data.`,
      );
    const array = madeArray(dtype, fixed.map(Number), (rows.get(name) ?? 2) > 1 ? 1 : 0);
    if (array === undefined)
      return fail(`The input ${name} has ${dtype} values`, "Only float32, int32 and int64 are fed.");
    made.set(name, array);
  }
  return made;
}

/** @param id the value of all integers. */
function madeArray(dtype: ModelTensor["dtype"], shape: readonly number[], id: number): NumericArray | undefined {
  const length = elementCount(shape);
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: Float32Array.from({ length }, (_, index) => ((index % 7) - 3) / 20) };
    case "int32":
      return { dtype, shape, data: new Int32Array(length).fill(id) };
    case "int64":
      return { dtype, shape, data: new BigInt64Array(length).fill(BigInt(id)) };
    default:
      return undefined;
  }
}

/** The name of a layer: modules up to a depth. PyTorch's modules have full names. */
const nameAt = ({ layer }: LayerNode, depth: number): string => layer[Math.min(depth, layer.length) - 1] ?? "";

/** Times by layer, in the order of the model; fused nodes without a known name last. */
function layerTimes(profile: Profile, nodes: readonly LayerNode[]): readonly LayerTime[] {
  let depth = Math.max(1, ...nodes.map(({ layer }) => layer.length));
  while (depth > 1 && new Set(nodes.map((node) => nameAt(node, depth))).size > MAX_LAYERS) depth--;
  const layerOf = new Map(
    nodes.flatMap((node) => [...node.outputs, node.name].map((name) => [name, nameAt(node, depth)] as const)),
  );
  const total = profile.nodes.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const layers = new Map<
    string,
    { nodes: number; merged: boolean; milliseconds: number; flops: number | null; bytes: number }
  >();
  const at = (name: string) => {
    const layer = layers.get(name) ?? { nodes: 0, merged: true, milliseconds: 0, flops: 0, bytes: 0 };
    layers.set(name, layer);
    return layer;
  };
  for (const node of nodes) {
    const layer = at(nameAt(node, depth));
    layer.nodes++;
    layer.flops = layer.flops === null || node.flops === null ? null : layer.flops + node.flops;
  }
  for (const { name, milliseconds, bytes } of profile.nodes) {
    const layer = at(layerOf.get(name) ?? fusedLayer(name, layerOf));
    layer.merged = false;
    layer.milliseconds += milliseconds;
    layer.bytes += bytes;
  }
  return [...layers].map(([name, layer]) => ({ layer: name, ...layer, share: share(layer.milliseconds, total) }));
}

/** The layer of a node that ONNX Runtime made: that of the node or the output whose name begins its own. */
function fusedLayer(name: string, layerOf: ReadonlyMap<string, string>): string {
  const stem = name.replace(/^fused |_nchwc$/g, "");
  for (let end = stem.length; end > 0; end = stem.lastIndexOf("/", end - 1)) {
    const layer = layerOf.get(stem.slice(0, end));
    if (layer !== undefined) return layer;
  }
  return FUSED;
}

const FUSED = "(made by ONNX Runtime)";
const UNNAMED = "(no name)";

function layersText(layers: readonly LayerTime[], colors: Colors): string {
  return tableText(
    colors,
    [
      { title: "layer" },
      ...["nodes", "time", "share", "FLOPs", "memory"].map((title) => ({ title, align: "right" }) as const),
    ],
    layers.map(({ layer, nodes, merged, milliseconds, share: part, flops, bytes }) => [
      layer || UNNAMED,
      formatInteger(nodes),
      merged ? "merged" : formatTime(milliseconds),
      merged ? "" : `${Math.round(100 * part)} %`,
      flops === null ? "?" : formatSI(flops),
      merged ? "" : formatBytes(bytes),
    ]),
  );
}

function nodesText(nodes: Profile["nodes"], total: number, colors: Colors): string {
  return tableText(
    colors,
    [
      { title: "slowest node" },
      { title: "operator" },
      ...["time", "share"].map((title) => ({ title, align: "right" }) as const),
    ],
    nodes
      .slice(0, MAX_NODES)
      .map(({ name, operator, milliseconds }) => [
        name,
        operator,
        formatTime(milliseconds),
        `${Math.round(100 * share(milliseconds, total))} %`,
      ]),
  );
}
