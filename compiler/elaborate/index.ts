/** Elaboration: a normalized spec becomes the forward graph, layer by layer, then loss and metrics. */
import type { Problem } from "../../schema/diagnostics.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal.js";
import type { Origins } from "../../schema/origins.js";
import { nearest } from "../../schema/wording.js";
import { at } from "../ir/present.js";
import type { Signature } from "../signature.js";
import { type Construction, construct } from "./construction.js";
import { type CombiningDefinition, type LayerDefinition, loops, type Mode, type Ways } from "./context.js";
import { openInputs } from "./inputs.js";
import { layers } from "./layers/index.js";
import { elaborateObjective, type Output } from "./objective.js";
import type { LayerOutput, Program } from "./program.js";
import { checkWatched } from "./watched.js";
import { checkModel } from "./whole.js";
import { batchMajorShape, swapBatchAndTime, type Wire } from "./wire.js";

export type Elaboration =
  | { readonly ok: true; readonly program: Program }
  /** Without problems: nothing is wrong, but sizes that only the data knows must be known to build it. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** For whoever has no text to point into. */
const nowhere: Origins = { pathOf: () => "" };

/** Sizes that only the data knows may be symbols in the signature: they are then symbols in the graph. */
export function elaborate(
  spec: NormalSpec,
  signature: Signature,
  mode: Mode,
  origins: Origins = nowhere,
  { shared = false, recurrences = loops, bits = 64 }: Partial<Ways> = {},
): Elaboration {
  const construction = construct(spec, signature, mode, origins, { shared, recurrences, bits });
  const { b } = construction.context;
  const wires = new Map(openInputs(construction, signature));
  const layerOutputs: LayerOutput[] = [];
  /** Layers that could not be built: what reads them is passed over without another word. */
  const broken = new Set<string>();
  for (const layer of spec.model) {
    construction.building(layer);
    const wire = elaborateLayer(layer, wires, broken, construction);
    if (wire === undefined) broken.add(layer.name);
    else {
      wires.set(layer.name, wire);
      construction.built(layer, wire);
      const { value, sequence } = wire;
      layerOutputs.push({ name: layer.name, layer: layer.layer, shape: batchMajorShape(wire), value, sequence });
    }
  }
  const last = wires.get(at(spec.model, spec.model.length - 1).name);
  if (last !== undefined && broken.size === 0) checkModel(spec, signature, construction, last);
  const objective = last && elaborateObjective(spec, signature, construction, last);
  if (objective !== undefined) checkWatched(spec, Object.keys(objective.finishes), construction.context);
  if (last === undefined || objective === undefined || construction.undecided() || construction.problems().length > 0)
    return { ok: false, problems: construction.problems() };

  const prediction = last.sequence ? swapBatchAndTime(b, last.value) : last.value;
  const outputs: readonly Output[] = [
    ...objective.outputs,
    { port: { name: "outputs", role: "prediction" }, value: prediction },
    ...[...construction.finals()].map(([name, value]) => ({ port: { name, role: "state" as const }, value })),
  ];
  const graph = b.finish(outputs.map(({ value }) => value));
  const inputs = construction.ports();
  return {
    ok: true,
    program: {
      graph: { ...graph, inputs: inputs.map(({ value }) => value) },
      inputs: inputs.map(({ name, role, initializer }) => ({ name, role, initializer })),
      outputs: outputs.map(({ port }) => port),
      layers: layerOutputs,
      metrics: objective.finishes,
      parts: objective.parts,
    },
  };
}

function elaborateLayer(
  layer: NormalLayer,
  wires: ReadonlyMap<string, Wire>,
  broken: ReadonlySet<string>,
  { context }: Construction,
): Wire | undefined {
  const inputs: Wire[] = [];
  for (const name of layer.from) {
    const wire = wires.get(name);
    if (wire !== undefined) inputs.push(wire);
    else if (!broken.has(name)) {
      const known = [...wires.keys()];
      const meant = nearest(name, known);
      context.problem({
        part: layer,
        key: "from",
        code: "unknown-layer",
        message: `No layer or input named "${name}" stands before ${layer.name}.`,
        hint: meant === undefined ? `Before it stand ${known.join(", ")}.` : `Did you mean "${meant}"?`,
      });
    }
  }
  if (inputs.length < layer.from.length) return undefined;
  const definition: LayerDefinition<never> | CombiningDefinition<never> = layers[layer.layer];
  const most = "combine" in definition ? definition.most : 1;
  if (inputs.length > most)
    return context.problem({
      part: layer,
      key: "from",
      code: "input-count",
      message: `${layer.name} reads ${most} ${most === 1 ? "layer" : "layers"}, but "from" names ${inputs.length}.`,
      hint:
        most === 1 ? 'Join them first with a "concat" or "add" layer.' : 'For example "from": ["encoder", "decoder"].',
    });
  if ("combine" in definition) return definition.combine(layer as never, inputs, context);
  return definition.elaborate(layer as never, at(inputs, 0), context);
}
