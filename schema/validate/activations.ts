/** Checks of the activation names of layers: built-in ones and those of the spec. The spec may have errors elsewhere. */
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { definition } from "../json-schema.js";
import type { SchemaProblem } from "./deduplicate.js";
import { legalStrings } from "./describe.js";
import { layersOf } from "./layers.js";

/** The names of the activations that a spec may use, `none` included. */
export function activationNames(spec: JsonObject): readonly string[] {
  const own = isObject(spec.activations) ? Object.keys(spec.activations) : [];
  return [...legalStrings(definition("activation_name")), ...own];
}

export function checkActivations(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec)) return [];
  const names = activationNames(spec);
  return layersOf(spec).flatMap(({ layer, path }) => {
    const { activation } = layer;
    // The option of a cell has the cell's values.
    if (layer.layer === "rnn" || typeof activation !== "string" || names.includes(activation)) return [];
    return [
      {
        code: "unknown-activation",
        path: child(path, "activation"),
        message: `Unknown activation ${quote(activation)}.`,
        hint: suggestion(activation, names, "Activations"),
      },
    ];
  });
}
