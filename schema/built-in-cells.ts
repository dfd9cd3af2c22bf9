/** The built-in cells: one definition file each in specs/cells. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "./json-pointer.js";
import { packageRoot } from "./package-root.js";

const extension = ".json";

function folder(): string {
  return join(packageRoot(), "specs", "cells");
}

let names: readonly string[] | undefined;

/** Names of the built-in cells, sorted. */
export function builtInCells(): readonly string[] {
  names ??= readdirSync(folder())
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort();
  return names;
}

/** The definition in a built-in cell's file, or undefined for an unknown name. */
export function builtInCell(name: string): JsonObject | undefined {
  if (!builtInCells().includes(name)) return undefined;
  return JSON.parse(readFileSync(join(folder(), name + extension), "utf8"));
}
