/** The nodes of any ONNX model with their layers and their floating-point operations. */
import { flops } from "../graph/cost.js";
import { type ImportOptions, importModel } from "../importer/index.js";
import { fields, GRAPH, MODEL, NODE } from "../onnx/protobuf.js";
import { readNodeFields } from "../onnx/read/node-proto.js";
import { readEntry, readTensor, readText } from "../onnx/read/tensors.js";

export interface LayerNode {
  /** The name that ONNX Runtime reports: that of the file, or `<operator>_<position>`. */
  readonly name: string;
  readonly operator: string;
  readonly outputs: readonly string[];
  /** Names of modules, the outermost first; none where nothing names them. */
  readonly layer: readonly string[];
  /** Of the sizes of the inputs; null for a node without a rule. */
  readonly flops: number | null;
}

/** The metadata in which PyTorch's exporter keeps the modules around a node. */
const scopesKey = "pkg.torch.onnx.name_scopes";

/**
 * The nodes of the main graph. The layer of a node is, in this order: the modules of PyTorch's metadata; the text before
 * the last slash of its name, or of a weight that it reads; the layer of the node before it.
 *
 * @param bytes that `readModel` accepts. @param options with the shapes of all inputs.
 */
export function modelNodes(bytes: Uint8Array, options: ImportOptions): readonly LayerNode[] {
  const graph = [...fields(bytes)].find(({ field }) => field === MODEL.graph)?.bytes ?? new Uint8Array();
  const nodes: { readonly fields: ReturnType<typeof readNodeFields>; readonly content: Uint8Array }[] = [];
  const weights = new Set<string>();
  for (const { field, bytes: content } of fields(graph)) {
    if (field === GRAPH.node) nodes.push({ fields: readNodeFields(content), content });
    if (field === GRAPH.initializer) {
      const { name, shape = [] } = readTensor(content);
      if (shape.length > 0) weights.add(name);
    }
  }
  const costs = costsOf(bytes, options);
  const layers = new Map<string, readonly string[]>();
  return nodes.map(({ fields: { operator, inputs, outputs }, content }, position) => {
    const { name, scopes } = namesOf(content);
    const before = inputs.map((input) => layers.get(input)).find((layer) => layer !== undefined);
    const weight = inputs.map((input) => (weights.has(input) ? pathOf(input) : [])).find((path) => path.length > 0);
    const own = scopes.length > 0 ? scopes : pathOf(name);
    const layer = own.length > 0 ? own : (weight ?? before ?? []);
    for (const output of outputs) layers.set(output, layer);
    const label = name || outputs.find((output) => output !== "") || operator;
    return { name: name || `${operator}_${position}`, operator, outputs, layer, flops: costs.get(label) ?? null };
  });
}

/** Floating-point operations by the name of a node. */
function costsOf(bytes: Uint8Array, options: ImportOptions): ReadonlyMap<string, number> {
  const imported = importModel(bytes, options);
  const costs = new Map<string, number>();
  if (!imported.ok) return costs;
  for (const { node, gradient, primitives } of imported.model.nodes)
    if (gradient !== "refused" && gradient !== "unreached")
      costs.set(node, (costs.get(node) ?? 0) + flops({ nodes: primitives }, new Map()));
  return costs;
}

function namesOf(node: Uint8Array): { readonly name: string; readonly scopes: readonly string[] } {
  let [name, scopes]: [string, readonly string[]] = ["", []];
  for (const { field, bytes } of fields(node)) {
    if (field === NODE.name) name = readText(bytes);
    if (field !== NODE.metadata) continue;
    const { key, value } = readEntry(bytes);
    if (key === scopesKey) scopes = modulesOf(value);
  }
  return { name, scopes };
}

/** Modules in a list of a Python text, ['', 'layers.0', 'layers.0.k', 'linear_1']: all but the first and the operation. */
function modulesOf(list: string): readonly string[] {
  const names = [...list.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, name = ""]) => name);
  return names.slice(0, -1).filter((name) => name !== "");
}

/** Each prefix of a name that ends before a slash: "/a/b/MatMul" has /a and /a/b. */
function pathOf(name: string): readonly string[] {
  const segments = name.split("/").filter((segment) => segment !== "");
  return segments.slice(0, -1).map((_, index) => segments.slice(0, index + 1).join("/"));
}
