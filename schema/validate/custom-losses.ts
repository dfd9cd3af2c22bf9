/** Checks of the losses of the user's own, and of their uses. The spec may have errors elsewhere. */
import { isShortLoss, lossEntries, lossKeys, lossOptions, lossTypes, ownLosses } from "../custom-losses.js";
import { formatValue, quote } from "../diagnostics/suggest.js";
import { child, isList, isObject, type Json, type JsonObject } from "../json-pointer.js";
import type { SchemaProblem } from "./deduplicate.js";
import { checkOption } from "./options.js";
import { unknownKey } from "./schema-errors.js";

/** The problems of a spec, with one in place of several where a loss is under the name of definitions. */
export function withLossHint(problems: readonly SchemaProblem[], spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec)) return problems;
  if (typeof ownLosses(spec).type !== "string") return problems.map((problem) => withOwnLoss(problem, spec));
  const rest = problems.filter(
    ({ path, missing }) => !path.startsWith("/losses/") && missing?.includes("loss") !== true,
  );
  const message = '"losses" must be a list of losses, or an object of definitions by name, but is one loss.';
  return [...rest, { code: "wrong-type", path: "/losses", message, hint: 'Write the key "loss".', atKey: true }];
}

/** The hint of a missing loss names the first one that the spec defines. */
function withOwnLoss(problem: SchemaProblem, spec: JsonObject): SchemaProblem {
  const [name] = Object.keys(ownLosses(spec));
  const isMissing = problem.path === "" && problem.missing?.includes("loss") === true;
  return isMissing && name !== undefined ? { ...problem, hint: `Write "loss": { "type": ${quote(name)} }.` } : problem;
}

export function checkCustomLosses(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec) || typeof ownLosses(spec).type === "string") return [];
  return [
    ...Object.entries(ownLosses(spec)).flatMap(([name, definition]) => checkDeclaration(name, definition)),
    ...lossEntries(spec).flatMap(({ entry, path }) => (isObject(entry) ? checkUse(entry, path, spec) : [])),
  ];
}

/** Names, and defaults of options by the rules of given values. */
function checkDeclaration(name: string, definition: Json): readonly SchemaProblem[] {
  const path = child("/losses", name);
  const problems: SchemaProblem[] = [];
  if (lossTypes().includes(name)) {
    const message = `${quote(name)} is a built-in type of loss already.`;
    problems.push({ code: "name-taken", path, message, hint: "Use another name.", atKey: true });
  }
  return [...problems, ...checkDefaults(definition, path)];
}

function checkDefaults(definition: Json | undefined, path: string): readonly SchemaProblem[] {
  if (!isObject(definition) || !isObject(definition.options)) return [];
  return Object.entries(definition.options).flatMap(([option, value]) => {
    const optionPath = child(child(path, "options"), option);
    const message = `The option name ${quote(option)} is reserved: every loss has a key of that name.`;
    const hint = "Choose another name.";
    return [
      ...(lossKeys().includes(option) ? [{ code: "reserved-name", path: optionPath, atKey: true, message, hint }] : []),
      ...checkValue(option, value, optionPath, definition),
    ];
  });
}

/** The check of a value by the default: a list of numbers where the default is one. */
function checkValue(option: string, value: Json, path: string, definition: JsonObject): readonly SchemaProblem[] {
  const defaultValue = isObject(definition.options) ? definition.options[option] : undefined;
  if (defaultValue === undefined) return [];
  if (!isList(defaultValue) && !isList(value)) return checkOption(option, value, path, definition, []);
  if (isList(defaultValue) && isList(value) && value.length > 0 && value.every((entry) => typeof entry === "number"))
    return [];
  const expected = isList(defaultValue) ? "a list of numbers" : "as its default, which is no list";
  const message = `${quote(option)} must be ${expected}, but is ${formatValue(value)}.`;
  return [{ code: "wrong-type", path, message, hint: "" }];
}

function checkUse(entry: JsonObject, path: string, spec: JsonObject): readonly SchemaProblem[] {
  const isShort = isShortLoss(entry, spec);
  if (!isShort && entry.type !== "custom") return [];
  const definition = isShort ? ownLosses(spec)[String(entry.type)] : entry.definition;
  if (!isObject(definition)) return [];
  const name = isShort ? String(entry.type) : "custom";
  const options = isObject(definition.options) ? Object.keys(definition.options) : [];
  const optionsPath = isShort ? path : child(path, "options");
  const given = isShort ? lossOptions(entry) : isObject(entry.options) ? entry.options : {};
  const legalKeys = isShort ? [...lossKeys(), ...options] : options;
  return [
    ...(isShort ? [] : checkDefaults(definition, child(path, "definition"))),
    ...Object.entries(given).flatMap(([key, value]) =>
      options.includes(key)
        ? checkValue(key, value, child(optionsPath, key), definition)
        : [unknownKey(optionsPath, key, legalKeys, `the loss ${quote(name)}`)],
    ),
  ];
}
