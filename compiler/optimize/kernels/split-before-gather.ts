/**
 * Split before Gather: of a table with fewer rows than are gathered, the columns are split once, and not in every gathered
 * row. Time of a step of a layer of gated linear attention with an embedding, width 64, 8 × 1,024 ids: 0.94 of that without.
 */
import { countReaders } from "../../graph/def-use.js";
import { rewrite } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { expectedSize } from "../target/index.js";

export const splitBeforeGather: Pass = {
  name: "split-before-gather",
  description: "Splits a short table before it is gathered: Split(Gather(E, x)) → Gather(E₁, x), Gather(E₂, x).",
  after: ["matmul-before-gather"],
  run: (graph, context) => {
    const readers = countReaders(graph);
    const count = (dim: Dim) => expectedSize(dim, context, Number.POSITIVE_INFINITY);
    return rewrite(graph, (node, { b, inputs, producer }) => {
      if (node.op !== "Split" || readers.get(at(node.inputs, 0)) !== 1) return undefined;
      const gather = producer(at(inputs, 0));
      if (gather?.op !== "Gather" || gather.attributes.axis !== 0) return undefined;
      const [table, indices] = [at(gather.inputs, 0), at(gather.inputs, 1)];
      const { shape } = at(inputs, 0).type;
      if (table.type.shape.length !== 2 || node.attributes.axis !== shape.length - 1) return undefined;
      if (count(at(table.type.shape, 0)) >= count(elementCount(indices.type.shape))) return undefined;
      return b.split(table, node.attributes.sizes, 1).map((columns) => b.gather(columns, indices, 0));
    });
  },
};
