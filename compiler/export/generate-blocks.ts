/** Generation in blocks: keys and values of attention change once a block, and those of its own steps in every step. */
import { blockState } from "../elaborate/layers/attention/cache.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { addDims, mulDims } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Shape, Value } from "../ir/types.js";

/** Values of states by name. */
export type States = ReadonlyMap<string, Value>;

/** The size of a block, as a symbol. */
export const BLOCK = "block";

/** Steps of a block at most. */
const MAX_BLOCK = 32;

export interface StateShape {
  readonly name: string;
  readonly shape: Shape;
}

/** A loop that generates an id at each position: ids [steps, batch], and the logits and states after the last one. */
export type Generate = (
  b: Builder,
  positions: Value,
  logits: Value,
  states: States,
) => { readonly ids: Value; readonly logits: Value; readonly states: States };

/**
 * The ids at positions [length], [length, batch], in blocks of equal numbers of steps. The last block may have more steps
 * than there are to generate; their ids are left out.
 *
 * @param ofBlock states that start with zeros in each block.
 */
export function generateBlocks(
  b: Builder,
  { length, positions }: { readonly length: Value; readonly positions: Value },
  lastLogits: Value,
  states: States,
  { states: declared, ofBlock }: { readonly states: readonly StateShape[]; readonly ofBlock: readonly StateShape[] },
  generate: Generate,
): Value {
  const count = b.div(b.add(length, MAX_BLOCK - 1), MAX_BLOCK);
  const steps = b.div(b.sub(b.add(length, count), 1), count);
  const firsts = b.mul(b.rangeOf(count, "blocks"), steps);
  const ofBlocks = b.add(b.unsqueeze(firsts, [1]), b.unsqueeze(b.rangeOf(steps, BLOCK), [0]));
  const names = declared.map(({ name }) => name);
  const loop = scan(
    b,
    "blocks",
    { initial: [lastLogits, ...names.map((name) => expectDefined(states.get(name), name))], scans: [ofBlocks] },
    (inner, [logits, ...before], [own]) => {
      const all = new Map(names.map((name, index) => [name, at(before, index)]));
      for (const { name, shape } of ofBlock) all.set(name, inner.expand(0, shape));
      const result = generate(inner, own as Value, logits as Value, all);
      const next = names.map((name, index) => {
        const state = result.states.get(name);
        if (state !== undefined) return state;
        const kept = at(before, index);
        const { shape } = kept.type;
        const latest = expectDefined(result.states.get(blockState(name)), name);
        const axis = latest.type.shape.indexOf(BLOCK);
        return inner.slice(inner.concat([kept, latest], axis), axis, BLOCK, addDims(at(shape, axis), BLOCK));
      });
      return { next: [result.logits, ...next], scanOutputs: [result.ids] };
    },
  );
  const ids = at(loop.scanOutputs, 0);
  const [blocks = 1, block = 1, ...rest] = ids.type.shape;
  return b.gather(b.reshape(ids, [mulDims(blocks, block), ...rest]), positions, 0);
}
