/** Validation of a spec, and the shapes of its model, without compiling it. Imports no later stage than elaboration. */

import type { Problem } from "../schema/diagnostics/index.js";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import { outputsOf } from "../schema/kinds/outputs.js";
import type { NormalSpec } from "../schema/normal/index.js";
import { holdsWeights } from "./artifact.js";
import { elaborate } from "./elaborate/index.js";
import { verify } from "./graph/verify.js";
import type { Shape } from "./ir/types.js";
import type { Signature } from "./signature.js";

/**
 * The mistakes in a spec that can be found without its data.
 *
 * @param signature may have symbols (`vocabulary`) for sizes that only the data defines.
 * @returns the problems; empty for a valid spec.
 */
export function check(spec: NormalSpec, signature: Signature, origins?: SourceMap): readonly Problem[] {
  const elaborated = elaborate(spec, signature, "training", origins);
  if (!elaborated.ok) return elaborated.problems;
  verify(elaborated.program.graph, "elaborate");
  return [];
}

export interface ModelShapes {
  /** Of the weights, by public name. */
  readonly parameters: ReadonlyMap<string, Shape>;
  /** Of the predictions of a batch, by the layer of the output. */
  readonly predictions: ReadonlyMap<string, Shape>;
}

/** The shapes of the weights and the predictions of a model; null for an invalid spec. */
export function modelShapes(spec: NormalSpec, signature: Signature): ModelShapes | null {
  const elaborated = elaborate(spec, signature, "evaluation");
  if (!elaborated.ok) return null;
  const { graph, inputs, outputs } = elaborated.program;
  const parameters = inputs.flatMap((port, index) => {
    const value = graph.inputs[index];
    return holdsWeights(port) && value !== undefined ? [[port.name, value.type.shape] as const] : [];
  });
  const predictions = outputsOf(spec).map(({ name, port }) => {
    const index = outputs.findIndex((output) => output.role === "prediction" && output.name === port);
    return [name, graph.outputs[index]?.type.shape ?? []] as const;
  });
  return { parameters: new Map(parameters), predictions: new Map(predictions) };
}
