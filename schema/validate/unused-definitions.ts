/** Definitions of a spec that nothing in it uses. */
import { ownLosses } from "../custom-losses.js";
import type { Problem } from "../diagnostics/index.js";
import { quote } from "../diagnostics/suggest.js";
import { child, isList, isObject, type Json, type JsonObject } from "../json-pointer.js";

/** The word for an entry of a section, and its use. */
const sections: Readonly<Record<string, { readonly noun: string; readonly use: (name: string) => string }>> = {
  cells: { noun: "cell", use: (name) => `"cell": ${name} in an rnn layer` },
  layers: { noun: "layer", use: (name) => `{ "layer": ${name} } in "model"` },
  activations: { noun: "activation", use: (name) => `"activation": ${name} in a layer` },
  losses: { noun: "loss", use: (name) => `"loss": { "type": ${name} }` },
  optimizers: { noun: "optimizer", use: (name) => `"type": ${name} in "optimizer"` },
  schedules: { noun: "schedule", use: (name) => `"schedule": { "type": ${name} } in "optimizer"` },
};

/** A warning for each definition that no layer, loss, optimizer or equation of a valid spec names. */
export function unusedDefinitions(spec: JsonObject): readonly Problem[] {
  const { model = null, blocks = null, loss = null, losses = null, optimizer = null } = spec;
  const own = { ...spec, losses: ownLosses(isList(losses) ? { ...spec, losses: {} } : spec) };
  const used = new Set(stringsIn([model, blocks, loss, isList(losses) ? losses : null, optimizer]));
  return Object.entries(sections).flatMap(([section, { noun, use }]) => {
    const definitions = own[section as keyof typeof own] as Json | undefined;
    if (!isObject(definitions)) return [];
    const unused = Object.keys(definitions).filter((name) => !used.has(name) && !isCalled(name, section, spec));
    return unused.map(
      (name): Problem => ({
        code: "unused-definition",
        severity: "warning",
        path: child(`/${section}`, name),
        message: `Nothing uses the ${noun} ${quote(name)}.`,
        hint: `Write ${use(quote(name))}, or remove the definition.`,
        atKey: true,
      }),
    );
  });
}

/** True for an activation that the equations, or the defaults of options, of another definition name. */
function isCalled(name: string, section: string, spec: JsonObject): boolean {
  if (section !== "activations") return false;
  const others = [...Object.keys(sections), "metrics"].flatMap((kind) => {
    const definitions = spec[kind];
    if (!isObject(definitions)) return [];
    return Object.entries(definitions).flatMap(([other, definition]) =>
      kind === section && other === name ? [] : [definition],
    );
  });
  const word = new RegExp(`\\b${name}\\b`);
  return stringsIn(others).some((text) => word.test(text));
}

/** All texts in a value, without the keys of objects. */
function stringsIn(value: Json): readonly string[] {
  if (typeof value === "string") return [value];
  if (isList(value)) return value.flatMap(stringsIn);
  return isObject(value) ? Object.values(value).flatMap(stringsIn) : [];
}
