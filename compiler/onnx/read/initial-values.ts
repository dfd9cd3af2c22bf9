/** The numbers of the initializers of a model, those of nested graphs and of functions too. */
import { separateStatistics } from "../splice/separate-statistics.js";
import type { AttributeProto, GraphProto, NodeProto } from "./program.js";
import { readProgram } from "./program.js";
import type { ReadExternal } from "./tensor-values.js";

export interface StoredValues {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** Initializers by name in float32. Throws a RangeError where the model does not hold the numbers of one. */
export function initialValues(
  model: Uint8Array,
  names: ReadonlySet<string>,
  external: ReadExternal = ({ location }) => {
    throw new RangeError(`its values are in another file (${location})`);
  },
): ReadonlyMap<string, StoredValues> {
  const found = new Map<string, StoredValues>();
  const { graph, functions } = readProgram(separateStatistics(model), external);
  const inNode = ({ attributes }: NodeProto) => {
    for (const attribute of attributes.values()) inAttribute(attribute);
  };
  const inAttribute = ({ graph: body }: AttributeProto) => {
    if (body !== undefined) inGraph(body);
  };
  const inGraph = ({ initializers, nodes }: GraphProto) => {
    for (const { name, shape, values } of initializers)
      if (names.has(name) && !found.has(name)) found.set(name, { shape, data: Float32Array.from(values()) });
    for (const node of nodes) inNode(node);
  };
  inGraph(graph);
  for (const { nodes } of functions.values()) for (const node of nodes) inNode(node);
  return found;
}
