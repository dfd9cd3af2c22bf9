/** The tables of a model whose rows its inputs select: the ids that a Gather of the main graph accepts. */
import { readModel } from "../onnx/read/model.js";
import { type ModelNode, readNodes } from "../onnx/read/nodes.js";

/** Operators that only change the type or the axes of ids. */
const movers = new Set(["Cast", "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"]);

/**
 * The number of rows of the smallest table that each input selects from, by the name of the input.
 *
 * @param bytes of a model.
 * @param inputs names of its inputs of ids.
 */
export function tableRows(bytes: Uint8Array, inputs: readonly string[]): ReadonlyMap<string, number> {
  const read = readModel(bytes);
  const rows = new Map<string, number>();
  if (!read.ok) return rows;
  const tensors = [...read.model.inputs, ...read.model.initializers];
  const nodes = readNodes(bytes).filter(({ inLoop }) => !inLoop);
  const producers = new Map(nodes.flatMap((node) => node.names.outputs.map((name) => [name, node] as const)));
  for (const { operator, names, attributes } of nodes) {
    const [table = "", ids = ""] = names.inputs;
    if (operator !== "Gather" || (attributes.get("axis") ?? 0) !== 0) continue;
    const size = tensors.find(({ name }) => name === table)?.shape?.[0];
    const input = selectingInput(ids, producers);
    if (typeof size !== "number" || input === undefined || !inputs.includes(input)) continue;
    rows.set(input, Math.min(size, rows.get(input) ?? size));
  }
  return rows;
}

/** The value whose elements the ids are, moved only, or zeros in the place of some; undefined for computed ids. */
function selectingInput(ids: string, producers: ReadonlyMap<string, ModelNode>): string | undefined {
  const node = producers.get(ids);
  if (node === undefined) return ids;
  const [first = "", second = "", third = ""] = node.names.inputs;
  if (movers.has(node.operator)) return selectingInput(first, producers);
  if (node.operator !== "Where") return undefined;
  // Ids below 0 count from the last row.
  const other = producers.get(second);
  if (other?.operator === "Add" && other.names.inputs.includes(third)) return selectingInput(third, producers);
  const input = selectingInput(second, producers);
  return input === undefined || dependsOn(first, input, producers) ? undefined : input;
}

function dependsOn(value: string, input: string, producers: ReadonlyMap<string, ModelNode>): boolean {
  const seen = new Set<string>();
  const pending = [value];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === input) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    pending.push(...(producers.get(name)?.names.inputs ?? []));
  }
  return false;
}
