/** Checks of the layer names in `from`, `initial_state` and `weights`: each is an earlier layer with what is read. */
import { joinWithOr, nearest, quote } from "../../../schema/diagnostics/suggest.js";
import type { NormalLayer, NormalSpec } from "../../../schema/normal/index.js";
import type { Context } from "../context.js";

/** The kinds of layers whose weights a layer can use; by default those of its own kind. */
const weightOwners: Readonly<Partial<Record<NormalLayer["layer"], readonly NormalLayer["layer"][]>>> = {
  dense: ["embedding", "dense", "projection"],
  projection: ["embedding", "dense", "projection"],
};

const initialStates: readonly string[] = ["zeros", "learned"];

interface Reference {
  readonly key: "from" | "initial_state" | "weights";
  readonly code: string;
  readonly name: string;
  /** The valid names, and their description in a message. */
  readonly candidates: readonly string[];
  readonly expected: string;
}

/**
 * Reports invalid references to layers.
 *
 * @param inputs the names of the data's inputs.
 * @returns The names of the layers with an invalid reference.
 */
export function checkReferences(
  { model }: NormalSpec,
  inputs: readonly string[],
  { problem }: Pick<Context, "problem">,
): ReadonlySet<string> {
  const invalidLayers = new Set<string>();
  for (const [index, layer] of model.entries()) {
    const earlier = model.slice(0, index);
    for (const { key, code, name, candidates, expected } of referencesOf(layer, earlier, inputs)) {
      if (candidates.includes(name)) continue;
      invalidLayers.add(layer.name);
      problem({
        part: layer,
        key,
        code,
        message: `No ${expected} before ${layer.name} is named ${quote(name)}.`,
        hint: hintFor(name, candidates, { layer, earlier, later: model.slice(index) }),
      });
    }
  }
  return invalidLayers;
}

function referencesOf(
  layer: NormalLayer,
  earlier: readonly NormalLayer[],
  inputs: readonly string[],
): readonly Reference[] {
  const names = earlier.map(({ name }) => name);
  const references: Reference[] = layer.from.map((name) => ({
    key: "from",
    code: "unknown-layer",
    name,
    candidates: [...inputs, ...names],
    expected: "layer or input",
  }));
  if (layer.layer === "rnn") {
    const candidates = [...initialStates, ...names];
    references.push({
      key: "initial_state",
      code: "initial-state",
      name: layer.initial_state,
      candidates,
      expected: "layer",
    });
  }
  if ("weights" in layer && layer.weights !== null) {
    const kinds = weightOwners[layer.layer] ?? [layer.layer];
    const owners = earlier.filter(
      (other) => kinds.includes(other.layer) && typeOf(other) === typeOf(layer) && sharedWeightsOf(other) === null,
    );
    references.push({
      key: "weights",
      code: "shared-weights",
      name: layer.weights,
      candidates: owners.map(({ name }) => name),
      expected: `${typeOf(layer) ?? joinWithOr(kinds)} layer`,
    });
  }
  return references;
}

/** The definition of a custom layer. */
function typeOf(layer: NormalLayer): string | undefined {
  return layer.layer === "custom" ? layer.type : undefined;
}

function sharedWeightsOf(layer: NormalLayer): string | null {
  return "weights" in layer ? layer.weights : null;
}

interface Surroundings {
  readonly layer: NormalLayer;
  readonly earlier: readonly NormalLayer[];
  /** This layer and those after it. */
  readonly later: readonly NormalLayer[];
}

function hintFor(name: string, candidates: readonly string[], { layer, earlier, later }: Surroundings): string {
  const named = earlier.find((other) => other.name === name);
  const owner = named === undefined ? null : sharedWeightsOf(named);
  if (owner !== null) return `${name} uses the weights of ${quote(owner)}: name that layer.`;
  if (later.some((other) => other !== layer && other.name === name))
    return `${quote(name)} comes later: move it before ${layer.name}.`;
  const closest = named === undefined ? nearest(name, candidates) : undefined;
  if (closest !== undefined) return `Did you mean ${quote(closest)}?`;
  return candidates.length === 0 ? "Remove the key." : `Write ${joinWithOr(candidates.map(quote))}.`;
}
