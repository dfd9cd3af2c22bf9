/** Weights that a model keeps in files of their own: none but plain files of its own folder are read. */
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { RunProblem } from "../problem.js";

interface ExternalTensor {
  readonly name: string;
  readonly external?: { readonly location: string; readonly offset: number; readonly length: number | null };
}

/** What is wrong with where a model's tensors say that their numbers are, each file once. */
export function checkExternalData(model: string, tensors: readonly ExternalTensor[]): readonly RunProblem[] {
  const problems = new Map<string, RunProblem>();
  for (const { name, external } of tensors) {
    if (external === undefined || problems.has(external.location)) continue;
    const reason = rejectionReason(dirname(model), external);
    if (reason === undefined) continue;
    const message = `"${model}" keeps its tensor "${name}" in "${external.location}", ${reason}.`;
    const hint = "Weights lie in plain files beside their model.";
    problems.set(external.location, { code: "external-data", path: "", message, hint });
  }
  return [...problems.values()];
}

function rejectionReason(
  folder: string,
  { location, offset, length }: NonNullable<ExternalTensor["external"]>,
): string | undefined {
  if (location === "" || location.includes("\0")) return "which is no file's name";
  const segments = location.split(/[/\\]/);
  if (isAbsolute(location) || /^[A-Za-z]:/.test(location) || segments[0] === "") return "which is an absolute path";
  if (segments.includes("..")) return "which leads out of the model's folder";
  let stats: Stats;
  try {
    stats = lstatSync(join(folder, location));
  } catch {
    return "which is not there";
  }
  if (
    stats.isSymbolicLink() ||
    realpathSync(join(folder, location)) !==
      join(realpathSync(folder), ...segments.filter((segment) => segment !== "" && segment !== "."))
  )
    return "which is a link to somewhere else";
  if (!stats.isFile()) return "which is no file";
  if (stats.nlink > 1) return "which has other names too";
  const isNonNegativeInteger = (number: number) => Number.isSafeInteger(number) && number >= 0;
  if (!isNonNegativeInteger(offset) || (length !== null && !isNonNegativeInteger(length)))
    return "at a place that is no number";
  if (offset + (length ?? 0) > stats.size) return `which has ${stats.size} bytes, and it ends behind them`;
  return undefined;
}
