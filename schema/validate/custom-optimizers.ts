/** Checks of the optimizers and schedules of the user's own, and of their use. The spec may have errors elsewhere. */
import {
  commonKeys,
  givenOptions,
  isShortForm,
  type OwnKind,
  optimizerKind,
  ownNames,
  scheduleKind,
  typesOf,
} from "../custom-optimizers.js";
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child, isObject, type Json, type JsonObject } from "../json-pointer.js";
import type { SchemaProblem } from "./deduplicate.js";
import { checkOption } from "./options.js";
import { unknownKey } from "./schema-errors.js";

export function checkCustomOptimizers(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec)) return [];
  const { optimizer } = spec;
  const schedule = isObject(optimizer) ? optimizer.schedule : undefined;
  return [
    ...checkDefinitions(optimizerKind, spec),
    ...checkDefinitions(scheduleKind, spec),
    ...(isObject(optimizer) ? checkUse(optimizer, "/optimizer", optimizerKind, spec) : []),
    ...(isObject(schedule) ? checkUse(schedule, "/optimizer/schedule", scheduleKind, spec) : []),
  ];
}

function definitionOf(name: string, { definitions }: OwnKind, spec: JsonObject): Json | undefined {
  const own = spec[definitions];
  return isObject(own) && Object.hasOwn(own, name) ? own[name] : undefined;
}

/** Names, and defaults of options by the rules of given values. */
function checkDefinitions(own: OwnKind, spec: JsonObject): readonly SchemaProblem[] {
  const { kind, definitions } = own;
  return ownNames(own, spec).flatMap((name) => {
    const path = child(`/${definitions}`, name);
    const problems: SchemaProblem[] = [];
    if (typesOf(own).includes(name)) {
      const message = `${quote(name)} is a built-in type of ${kind} already.`;
      problems.push({ code: "name-taken", path, message, hint: "Use another name.", atKey: true });
    }
    const definition = definitionOf(name, own, spec);
    if (!isObject(definition) || !isObject(definition.options)) return problems;
    for (const [option, value] of Object.entries(definition.options)) {
      const optionPath = child(child(path, "options"), option);
      if (commonKeys(own).includes(option)) {
        const message = `The option name ${quote(option)} is reserved: every ${kind} has a key of that name.`;
        problems.push({ code: "reserved-name", path: optionPath, atKey: true, message, hint: "Choose another name." });
      }
      problems.push(...checkOption(option, value, optionPath, definition, []));
    }
    return problems;
  });
}

function checkUse(use: JsonObject, path: string, own: OwnKind, spec: JsonObject): readonly SchemaProblem[] {
  const isShort = isShortForm(use, own, spec);
  if (!isShort && use.type !== "custom") return [];
  const name = isShort ? use.type : use.name;
  if (typeof name !== "string") return [];
  const names = ownNames(own, spec);
  const definition = definitionOf(name, own, spec);
  if (definition === undefined) {
    const hint =
      names.length === 0 ? `Add it to ${quote(own.definitions)} of the spec.` : suggestion(name, names, "Names");
    const message = `${quote(own.definitions)} has no entry ${quote(name)}.`;
    return [{ code: `unknown-${own.kind}`, path: child(path, "name"), message, hint }];
  }
  if (!isObject(definition)) return [];
  const options = isObject(definition.options) ? Object.keys(definition.options) : [];
  const owner = `the ${own.kind} ${quote(name)}`;
  const optionsPath = isShort ? path : child(path, "options");
  const shortKeys = commonKeys(own).filter((key) => key !== "name" && key !== "options");
  const legalKeys = isShort ? [...shortKeys, ...options] : options;
  const misplaced = isShort ? Object.keys(use).filter((key) => key === "name" || key === "options") : [];
  return [
    ...misplaced.map((key) => unknownKey(path, key, legalKeys, owner)),
    ...Object.entries(givenOptions(use, own, spec)).flatMap(([key, value]) =>
      options.includes(key)
        ? checkOption(key, value, child(optionsPath, key), definition, [])
        : [unknownKey(optionsPath, key, legalKeys, owner)],
    ),
  ];
}
