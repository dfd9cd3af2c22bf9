/** The cells that a spec uses: whether they exist, and whether the options given to them are theirs. Reads specs that are wrong elsewhere. */
import { builtInCell, builtInCells } from "./cells.js";
import { definition, propertiesOf, type Schema } from "./contract.js";
import type { Finding } from "./finding.js";
import { child, isList, isObject, type Json, type JsonObject } from "./pointer.js";
import { titleOf, unknownKey } from "./shape.js";
import { either, nearest, quote, show, suggestion } from "./wording.js";

const optionLimit = 1e9;

export function findingsOfCells(spec: Json): readonly Finding[] {
  if (!isObject(spec) || !isList(spec.model)) return [];
  const own = isObject(spec.cells) ? spec.cells : {};
  const uses = spec.model.flatMap((layer, index) => {
    if (!isObject(layer) || layer.layer !== "rnn") return [];
    const path = child("/model", index);
    const inLayer = structuralKeys("rnn");
    if (!isList(layer.cells)) return findingsOfUse(layer, path, own, definition("rnn"));
    const misplaced = Object.keys(layer).filter((key) => !inLayer.includes(key));
    const inCells = layer.cells.flatMap((cell, position) =>
      isObject(cell) ? findingsOfUse(cell, child(child(path, "cells"), position), own, definition("cell")) : [],
    );
    return [...misplaced.map((key) => unknownKey(path, key, inLayer, titleOf(definition("rnn")))), ...inCells];
  });
  return [...uses, ...findingsOfDefaults(own)];
}

/** A default stands in every use that does not give the option, so it must be a value that a use could give. */
function findingsOfDefaults(own: JsonObject): readonly Finding[] {
  return Object.entries(own).flatMap(([name, cell]) => {
    if (!isObject(cell) || !isObject(cell.options)) return [];
    const path = child(child("/cells", name), "options");
    const { options } = cell;
    return Object.entries(options).flatMap(([option, value]) =>
      wrongOption(option, value, child(path, option), options, cell),
    );
  });
}

/** The keys that mean the same for every cell: those of the schema without the options that it lists for editors. */
export function structuralKeys(name: "rnn" | "cell"): readonly string[] {
  return Object.entries(propertiesOf(definition(name)))
    .filter(([, property]) => !property.$ref?.startsWith("#/$defs/option_"))
    .map(([key]) => key);
}

function findingsOfUse(use: JsonObject, path: string, own: JsonObject, schema: Schema): readonly Finding[] {
  const structural = structuralKeys(schema === definition("rnn") ? "rnn" : "cell");
  const others = Object.keys(use).filter((key) => !structural.includes(key));
  const name = use.cell;
  const cell = typeof name === "string" ? (Object.hasOwn(own, name) ? own[name] : builtInCell(name)) : undefined;
  if (typeof name === "string" && cell === undefined) return [unknownCell(name, path, own)];
  if (!isObject(cell)) {
    // Which options there are is not known, but a key near to one of the layer's own is a slip.
    const slips = others.filter((key) => nearest(key, structural) !== undefined);
    return slips.map((key) => unknownKey(path, key, structural, titleOf(schema)));
  }
  const options = isObject(cell.options) ? cell.options : {};
  const legal = [...structural, ...Object.keys(options)];
  const where = `${titleOf(schema)}, whose cell is ${quote(String(name))}`;
  return others.flatMap((key) => {
    if (!Object.hasOwn(options, key)) return [unknownKey(path, key, legal, where)];
    return wrongOption(key, use[key] as Json, child(path, key), options, cell);
  });
}

function unknownCell(name: string, path: string, own: JsonObject): Finding {
  const names = [...Object.keys(own), ...builtInCells().filter((cell) => !Object.hasOwn(own, cell))];
  return {
    code: "unknown-cell",
    path: child(path, "cell"),
    message: `There is no cell ${quote(name)}.`,
    hint: suggestion(name, names, "Cells"),
  };
}

/** An option's value is of its default's type; a word is one of those that the cell has variants for. */
function wrongOption(
  key: string,
  value: Json,
  path: string,
  options: JsonObject,
  cell: JsonObject,
): readonly Finding[] {
  const fallback = options[key];
  const variants = isObject(cell.variants) ? cell.variants[key] : undefined;
  const words = isObject(variants) ? Object.keys(variants) : [];
  const finding = (wanted: string, hint: string): Finding => ({
    code: typeof value === typeof fallback ? "wrong-value" : "wrong-type",
    path,
    message: `${quote(key)} must be ${wanted}, but is ${show(value)}.`,
    hint,
  });
  if (typeof fallback === "number") {
    if (typeof value === "number" && Math.abs(value) <= optionLimit) return [];
    return [finding(typeof value === "number" ? `a number from ${-optionLimit} to ${optionLimit}` : "a number", "")];
  }
  if (typeof fallback === "boolean") return typeof value === "boolean" ? [] : [finding("true or false", "")];
  if (typeof fallback !== "string" || words.length === 0) return [];
  if (typeof value === "string" && words.includes(value)) return [];
  const meant = typeof value === "string" ? nearest(value, words) : undefined;
  return [finding(either(words.map(quote)), meant === undefined ? "" : `Did you mean ${quote(meant)}?`)];
}
