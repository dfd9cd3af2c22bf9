/** Activations with options, `{ "type": "leaky_relu", "slope": 0.2 }`, in the layers of a spec. */
import { builtInActivation } from "./built-in.js";
import { child, isList, isObject, type JsonObject } from "./json-pointer.js";
import { mapLayers } from "./map-layers.js";

/** Keys of every use, which no option has. */
export const activationKeys: readonly string[] = ["type"];

/** The definition of an activation in a spec or in specs/activations; undefined for an operator. */
export function activationDefinition(name: string, { activations }: JsonObject): JsonObject | undefined {
  const own = isObject(activations) && Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (own === undefined) return builtInActivation(name);
  return isObject(own) ? own : undefined;
}

/** The options of a use. */
export function activationOptions(use: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(use).filter(([key]) => !activationKeys.includes(key)));
}

/** The use of an activation with options by a layer, with its path; undefined for a name. The option of a cell is none. */
export function activationUseOf({ layer, activation }: JsonObject, path: string) {
  return layer !== "rnn" && isObject(activation) ? { use: activation, path: child(path, "activation") } : undefined;
}

/**
 * The spec with names in place of activations with options, those that a cell cannot have included. The spec may have
 * errors.
 */
export function withoutActivationOptions(spec: JsonObject): JsonObject {
  const reduced = (layer: JsonObject): JsonObject => {
    const { activation, cells } = layer;
    const type = isObject(activation) ? activation.type : undefined;
    const own = typeof type === "string" ? { ...layer, activation: type } : layer;
    return isList(cells) ? { ...own, cells: cells.map((cell) => (isObject(cell) ? reduced(cell) : cell)) } : own;
  };
  return mapLayers(spec, reduced);
}
