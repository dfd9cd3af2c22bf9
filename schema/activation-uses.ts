/** Activations with options, `{ "type": "leaky_relu", "slope": 0.2 }`, in the layers of a spec. */
import { builtInActivation } from "./built-in.js";
import { child, isList, isObject, type JsonObject } from "./json-pointer.js";
import { mapLayers } from "./map-layers.js";

/** An activation with values of its options that are not the defaults. */
export interface ActivationUse {
  readonly type: string;
  readonly options: Readonly<Record<string, number>>;
  readonly path: string;
}

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

/**
 * A valid spec with a name for each use of an activation with options, `leaky_relu(slope=0.2)`, and the uses by that
 * name. A use with the defaults has the name of the activation.
 */
export function nameActivations(spec: JsonObject): {
  readonly spec: JsonObject;
  readonly uses: ReadonlyMap<string, ActivationUse>;
} {
  const uses = new Map<string, ActivationUse>();
  const named = mapLayers(spec, (layer, path) => {
    const given = activationUseOf(layer, path);
    if (given === undefined) return layer;
    const type = String(given.use.type);
    const defaults = activationDefinition(type, spec)?.options;
    const options = Object.fromEntries(
      Object.entries(isObject(defaults) ? defaults : {}).flatMap(([key, value]) => {
        const own = Object.hasOwn(given.use, key) ? given.use[key] : value;
        return typeof own !== "number" || own === value ? [] : [[key, own] as const];
      }),
    );
    const changes = Object.entries(options).map(([key, value]) => `${key}=${value}`);
    const name = changes.length === 0 ? type : `${type}(${changes.join(", ")})`;
    if (changes.length > 0 && !uses.has(name)) uses.set(name, { type, options, path: given.path });
    return { ...layer, activation: name };
  });
  return { spec: named, uses };
}
