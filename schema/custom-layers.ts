/** Layers of the user's own in their long form, `{ "layer": "custom", "type": NAME, "options": … }`. */
import { isObject, type Json, type JsonObject } from "./json-pointer.js";
import { branchesOf, definition, propertiesOf } from "./json-schema.js";
import { mapLayers } from "./map-layers.js";

/** The kinds of built-in layers, and of blocks: no names for others. */
export function layerKinds(): readonly string[] {
  return ["block", ...branchesOf(definition("layer")).map(({ properties }) => String(properties?.layer?.const))];
}

/** Keys of every custom layer, which no option has. */
export function customKeys(): readonly string[] {
  return Object.keys(propertiesOf(definition("custom")));
}

/** True for an entry of a model in short form: its kind is an entry of the spec's `layers`. */
export function isShortForm(entry: JsonObject, spec: JsonObject): boolean {
  const { layer } = entry;
  const own = isObject(spec.layers) ? Object.keys(spec.layers) : [];
  return typeof layer === "string" && own.includes(layer) && !layerKinds().includes(layer);
}

/** The options of a custom layer in its long or short form. */
export function optionsOf(entry: JsonObject, spec: JsonObject): JsonObject {
  if (!isShortForm(entry, spec)) return isObject(entry.options) ? entry.options : {};
  const keys = customKeys();
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !keys.includes(key)));
}

/** The spec with its custom layers in their long form. The spec may have errors. */
export function expandCustomLayers(spec: JsonObject, keepOptions: boolean): JsonObject {
  if (!isObject(spec.layers)) return spec;
  return mapLayers(spec, (entry) => {
    if (!isShortForm(entry, spec)) return entry;
    const keys = customKeys();
    const shared = Object.fromEntries(
      Object.entries(entry).filter(([key]) => keys.includes(key) && !["type", "options"].includes(key)),
    );
    const options = keepOptions ? { options: optionsOf(entry, spec) } : {};
    return { ...shared, layer: "custom", type: entry.layer as Json, ...options };
  });
}
