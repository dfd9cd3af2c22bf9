/** Checks of the layers of the user's own, and of their uses. The spec may have errors elsewhere. */
import { customKeys, isShortForm, layerKinds, optionsOf } from "../custom-layers.js";
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child, isList, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { activationNames } from "./activations.js";
import type { SchemaProblem } from "./deduplicate.js";
import { layersOf } from "./layers.js";
import { checkOption } from "./options.js";
import { unknownKey } from "./schema-errors.js";

/** The problems, with the way out where the layers of the model are under the name of their definitions. */
export function withLayersHint(problems: readonly SchemaProblem[], spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec) || !isList(spec.layers)) return problems;
  const hint = 'Write the layers of the model under "model": "layers" defines layers of your own.';
  return problems.map((problem) => (problem.path === "/layers" ? { ...problem, hint } : problem));
}

export function checkCustomLayers(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec)) return [];
  const own = isObject(spec.layers) ? spec.layers : {};
  const uses = layersOf(spec).filter(({ layer }) => layer.layer === "custom" || isShortForm(layer, spec));
  return [
    ...Object.entries(own).flatMap(([name, definition]) => checkDeclaration(name, definition, spec)),
    ...uses.flatMap(({ layer, path }) => checkUse(layer, path, spec, own)),
  ];
}

/** Names, and defaults of options by the rules of given values. */
function checkDeclaration(name: string, definition: Json, spec: JsonObject): readonly SchemaProblem[] {
  const path = child("/layers", name);
  const problems: SchemaProblem[] = [];
  if (layerKinds().includes(name)) {
    const message = `${quote(name)} is a built-in kind of layer already.`;
    problems.push({ code: "name-taken", path, message, hint: "Use another name.", atKey: true });
  }
  if (!isObject(definition) || !isObject(definition.options)) return problems;
  for (const [option, value] of Object.entries(definition.options)) {
    const optionPath = child(child(path, "options"), option);
    if (customKeys().includes(option)) {
      const message = `The option name ${quote(option)} is reserved: every layer has a key of that name.`;
      problems.push({ code: "reserved-name", path: optionPath, atKey: true, message, hint: "Choose another name." });
    }
    problems.push(...checkOption(option, value, optionPath, definition, activationNames(spec)));
  }
  return problems;
}

function checkUse(layer: JsonObject, path: string, spec: JsonObject, own: JsonObject): readonly SchemaProblem[] {
  const isShort = isShortForm(layer, spec);
  const name = isShort ? layer.layer : layer.type;
  if (typeof name !== "string") return [];
  const definition = Object.hasOwn(own, name) ? own[name] : undefined;
  if (definition === undefined) {
    const hint =
      Object.keys(own).length === 0 ? 'Add it to "layers" of the spec.' : suggestion(name, Object.keys(own), "Layers");
    return [
      { code: "unknown-layer-type", path: child(path, "type"), message: `"layers" has no entry ${quote(name)}.`, hint },
    ];
  }
  if (!isObject(definition)) return [];
  const options = isObject(definition.options) ? Object.keys(definition.options) : [];
  const optionsPath = isShort ? path : child(path, "options");
  const legalKeys = isShort
    ? [...customKeys().filter((key) => !["type", "options"].includes(key)), ...options]
    : options;
  const misplaced = isShort ? Object.keys(layer).filter((key) => ["type", "options"].includes(key)) : [];
  const given = Object.entries(optionsOf(layer, spec));
  return [
    ...misplaced.map((key) => unknownKey(path, key, legalKeys, `the layer ${quote(name)}`)),
    ...given.flatMap(([key, value]) =>
      options.includes(key)
        ? checkOption(key, value, child(optionsPath, key), definition, activationNames(spec))
        : [unknownKey(optionsPath, key, legalKeys, `the layer ${quote(name)}`)],
    ),
  ];
}
