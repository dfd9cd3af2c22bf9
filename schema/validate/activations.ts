/** Checks of the activations of layers, built-in ones and those of the spec, and of their options. The spec may have errors. */
import { activationDefinition, activationKeys, activationOptions, activationUseOf } from "../activation-uses.js";
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { definition } from "../json-schema.js";
import type { SchemaProblem } from "./deduplicate.js";
import { legalStrings } from "./describe.js";
import { layersOf } from "./layers.js";
import { checkOption } from "./options.js";
import { unknownKey } from "./schema-errors.js";

/** The names of the activations that a spec may use, `none` included. */
export function activationNames(spec: JsonObject): readonly string[] {
  const own = isObject(spec.activations) ? Object.keys(spec.activations) : [];
  return [...legalStrings(definition("activation_name")), ...own];
}

export function checkActivations(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec)) return [];
  const names = activationNames(spec);
  const own = isObject(spec.activations) ? spec.activations : {};
  return [
    ...Object.entries(own).flatMap(([name, activation]) => checkDefaults(activation, child("/activations", name))),
    ...layersOf(spec).flatMap(({ layer, path }) => {
      const given = activationUseOf(layer, path);
      if (given !== undefined) return checkUse(given.use, given.path, names, spec);
      const { activation } = layer;
      // The option of a cell has the cell's values.
      if (layer.layer === "rnn" || typeof activation !== "string" || names.includes(activation)) return [];
      return [unknownActivation(activation, child(path, "activation"), names)];
    }),
  ];
}

function unknownActivation(name: string, path: string, names: readonly string[]): SchemaProblem {
  const message = `Unknown activation ${quote(name)}.`;
  return { code: "unknown-activation", path, message, hint: suggestion(name, names, "Activations") };
}

function checkDefaults(activation: Json, path: string): readonly SchemaProblem[] {
  const options = isObject(activation) && isObject(activation.options) ? Object.keys(activation.options) : [];
  return options
    .filter((option) => activationKeys.includes(option))
    .map((option) => ({
      code: "reserved-name",
      path: child(child(path, "options"), option),
      atKey: true,
      message: `The option name ${quote(option)} is reserved: every activation with options has a key of that name.`,
      hint: "Choose another name.",
    }));
}

/** The problems of an activation with options. A type that is no text is an error of the schema. */
function checkUse(use: JsonObject, path: string, names: readonly string[], spec: JsonObject): readonly SchemaProblem[] {
  const { type } = use;
  if (typeof type !== "string") return [];
  if (!names.includes(type)) return [unknownActivation(type, child(path, "type"), names)];
  const definition = activationDefinition(type, spec) ?? {};
  const options = isObject(definition.options) ? Object.keys(definition.options) : [];
  return Object.entries(activationOptions(use)).flatMap(([key, value]) => {
    if (options.includes(key)) return checkOption(key, value, child(path, key), definition, []);
    if (options.length > 0) return [unknownKey(path, key, options, `the activation ${quote(type)}`)];
    const message = `The activation ${quote(type)} has no options, but ${quote(key)} is given.`;
    const hint = `Write "activation": ${quote(type)}.`;
    return [{ code: "unknown-key", path: child(path, key), atKey: true, message, hint }];
  });
}
