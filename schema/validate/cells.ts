/** Checks of the cells that a spec uses, and of their options. The spec may have errors elsewhere. */
import { builtInCell, builtInCells } from "../built-in.js";
import { nearest, quote, suggestion } from "../diagnostics/suggest.js";
import { child, isList, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { definition, type Schema, structuralKeys } from "../json-schema.js";
import { activationNames } from "./activations.js";
import type { SchemaProblem } from "./deduplicate.js";
import { layersOf } from "./layers.js";
import { checkOption } from "./options.js";
import { titleOf, unknownKey } from "./schema-errors.js";

interface Names {
  readonly userCells: JsonObject;
  readonly activations: readonly string[];
}

export function checkCells(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec) || !isList(spec.model)) return [];
  const userCells = isObject(spec.cells) ? spec.cells : {};
  const activations = activationNames(spec);
  const useProblems = layersOf(spec).flatMap(({ layer, path }) => {
    if (layer.layer !== "rnn") return [];
    const layerKeys = structuralKeys("rnn");
    if (!isList(layer.cells)) return checkUse(layer, path, { userCells, activations }, definition("rnn"));
    const misplaced = Object.keys(layer).filter((key) => !layerKeys.includes(key));
    const cellProblems = layer.cells.flatMap((cell, position) =>
      isObject(cell)
        ? checkUse(cell, child(child(path, "cells"), position), { userCells, activations }, definition("cell"))
        : [],
    );
    return [...misplaced.map((key) => unknownKey(path, key, layerKeys, titleOf(definition("rnn")))), ...cellProblems];
  });
  return [...useProblems, ...checkDefaults({ userCells, activations })];
}

/** Checks defaults of options by the rules of given values. */
function checkDefaults({ userCells, activations }: Names): readonly SchemaProblem[] {
  return Object.entries(userCells).flatMap(([name, cell]) => {
    if (!isObject(cell) || !isObject(cell.options)) return [];
    const path = child(child("/cells", name), "options");
    return Object.entries(cell.options).flatMap(([option, value]) =>
      checkOption(option, value, child(path, option), cell, activations),
    );
  });
}

function checkUse(use: JsonObject, path: string, names: Names, schema: Schema): readonly SchemaProblem[] {
  const { userCells, activations } = names;
  const structural = structuralKeys(schema === definition("rnn") ? "rnn" : "cell");
  const optionKeys = Object.keys(use).filter((key) => !structural.includes(key));
  const name = use.cell;
  const cell =
    typeof name === "string" ? (Object.hasOwn(userCells, name) ? userCells[name] : builtInCell(name)) : undefined;
  if (typeof name === "string" && cell === undefined) return [unknownCell(name, path, userCells)];
  if (!isObject(cell)) {
    // The cell's options are unknown, but a key similar to one of the layer's keys is a typo.
    const typos = optionKeys.filter((key) => nearest(key, structural) !== undefined);
    return typos.map((key) => unknownKey(path, key, structural, titleOf(schema)));
  }
  const options = isObject(cell.options) ? cell.options : {};
  const legalKeys = [...structural, ...Object.keys(options)];
  const owner = `${titleOf(schema)}, whose cell is ${quote(String(name))}`;
  return optionKeys.flatMap((key) => {
    if (!Object.hasOwn(options, key)) return [unknownKey(path, key, legalKeys, owner)];
    return checkOption(key, use[key] as Json, child(path, key), cell, activations);
  });
}

function unknownCell(name: string, path: string, userCells: JsonObject): SchemaProblem {
  const names = [...Object.keys(userCells), ...builtInCells().filter((cell) => !Object.hasOwn(userCells, cell))];
  return {
    code: "unknown-cell",
    path: child(path, "cell"),
    message: `Unknown cell ${quote(name)}.`,
    hint: suggestion(name, names, "Cells"),
  };
}
