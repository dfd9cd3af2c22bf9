/** K training steps in one graph: a Scan whose states are all that an update changes and whose slices are the batches. */
import { graphBuilder } from "../graph/build.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import type { Graph, Value } from "../ir/types.js";
import { pack, unpack } from "./pack.js";
import type { StepGraph } from "./update.js";

/** The training graph of a step. */
export function trainingGraph({
  graph,
  fixed,
  packs,
  reported,
}: Pick<StepGraph, "graph" | "fixed" | "packs" | "reported">): Graph {
  return repeatSteps(graph, graph.outputs.length - reported.length, fixed.length, packs);
}

/**
 * @param step one step; its first `states` inputs and outputs are carried, the next `fixed` inputs are the same for all steps,
 * the other inputs are one batch, the other outputs are reported per step.
 * @param packs places of carried inputs that lie together as one vector within the loop.
 * @returns the same ports with a leading `steps` axis on the batch and on what is reported.
 */
export function repeatSteps(step: Graph, states: number, fixed = 0, packs: readonly (readonly number[])[] = []): Graph {
  const kept = states + fixed;
  const b = graphBuilder(`${step.name}/train`);
  const ports = step.inputs.map(({ name, type }, index): Value => {
    const shape = index < kept ? type.shape : ["steps", ...type.shape];
    return b.input(name, { dtype: type.dtype, shape });
  });
  const carriers = carriersOf(step.inputs.slice(0, states), packs);
  const operands = { initial: carriers.join(b, ports.slice(0, states)), scans: ports.slice(kept) };
  const { final, stacked } = scan(b, step.name, operands, (inner, carried, slices) => {
    const outputs = inline(inner, step, [...carriers.part(inner, carried), ...ports.slice(states, kept), ...slices]);
    return { next: carriers.join(inner, outputs.slice(0, states)), stacked: outputs.slice(states) };
  });
  return b.finish([...carriers.part(b, final), ...stacked]);
}

/** From carried values to what the loop carries, those of each pack in one vector behind the others, and back. */
function carriersOf(like: readonly Value[], packs: readonly (readonly number[])[]) {
  const isPacked = new Set(packs.flat());
  const alone = like.flatMap((_, place) => (isPacked.has(place) ? [] : [place]));
  const picked = (values: readonly Value[], places: readonly number[]) => places.map((place) => at(values, place));
  return {
    join: (b: Builder, values: readonly Value[]): readonly Value[] => [
      ...picked(values, alone),
      ...packs.map((places) => pack(b, picked(values, places))),
    ],
    part(b: Builder, carriers: readonly Value[]): readonly Value[] {
      const places = [alone, ...packs].flat();
      const parts = packs.flatMap((pack, index) => unpack(b, at(carriers, alone.length + index), picked(like, pack)));
      const values = [...carriers.slice(0, alone.length), ...parts];
      return like.map((_, place) => at(values, places.indexOf(place)));
    },
  };
}
