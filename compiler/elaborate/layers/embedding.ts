/**
 * embedding: token ids to rows of a trainable table, `<name>/W` [vocabulary_size, size]. In code, because it reads ids,
 * and other layers share its table.
 */
import type { NormalEmbedding } from "../../../schema/normal/index.js";
import type { LayerDefinition } from "../context.js";
import { embeddingUniform } from "../initializers.js";
import { describeWire, isIds } from "../wire.js";

export const embedding: LayerDefinition<NormalEmbedding> = {
  elaborate(layer, input, context) {
    const { b, size, parameter, problem } = context;
    if (!isIds(input))
      return problem({
        part: layer,
        code: "needs-ids",
        message: `An embedding layer reads token ids, but the input of ${layer.name} is ${describeWire(input)}.`,
        hint: "Use a dense layer to project numbers.",
      });
    const rows = size(layer.vocabulary_size, layer, "vocabulary_size");
    const columns = size(layer.size, layer, "size");
    if (rows === undefined || columns === undefined) return undefined;
    const table = parameter(`${layer.weights ?? layer.name}/W`, [rows, columns], embeddingUniform);
    return { ...input, value: b.withName(b.gather(table, input.value, 0), layer.name), logits: null };
  },
};
