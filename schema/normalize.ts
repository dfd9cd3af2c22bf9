/** From the user's spec to the normal one: sugar expanded, defaults filled in, cells resolved. */
import { structuralKeys } from "./cell-uses.js";
import { builtInCell } from "./cells.js";
import { cellSchema, propertyOf, specSchema } from "./contract.js";
import type { Problem, Report } from "./diagnostics.js";
import type { NormalCellDefinition, NormalData, NormalLoss, NormalSpec } from "./normal.js";
import { normalizeData, withStride } from "./normalize/data.js";
import { fill } from "./normalize/fill.js";
import { normalizeMetrics } from "./normalize/metrics.js";
import { normalizeModel } from "./normalize/model.js";
import { normalizeOptimizer } from "./normalize/optimizer.js";
import { checkSample } from "./normalize/sample.js";
import { carriesStates, checkStateful } from "./normalize/stateful.js";
import { normalizeTrain } from "./normalize/train.js";
import { type Mark, type Origins, recordOrigins } from "./origins.js";
import { child } from "./pointer.js";
import type { Spec } from "./spec.types.js";

export type NormalizeResult =
  | { readonly ok: true; readonly spec: NormalSpec; readonly origins: Origins }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `name` is what the spec is called where it does not say. */
export function normalize(spec: Spec, name: string): NormalizeResult {
  const { mark, markWhole, pathOf } = recordOrigins();
  const problems: Problem[] = [];
  const report = (problem: Problem) => {
    problems.push(problem);
  };

  const own = normalizeOwnCells(spec, mark, report);
  const used = new Map<string, NormalCellDefinition>();
  const cellNamed = (cell: string, path: string): NormalCellDefinition => {
    const found = used.get(cell) ?? own.get(cell) ?? normalizeBuiltIn(cell, path, markWhole);
    used.set(cell, found);
    return found;
  };

  const part = <T>(key: keyof Spec, value: unknown = spec[key]) =>
    fill<T>(value, propertyOf(specSchema(), key), child("", key), mark);
  const model = normalizeModel(spec, { cellNamed, mark, report });
  const stateful = carriesStates(model);
  const data = normalizeData(part<NormalData>("data", withStride(spec.data, stateful)), mark, report);
  const about = { stateful, validated: data.split.validation > 0 };
  const train = normalizeTrain(spec.train ?? {}, about, mark, report);
  checkStateful(model, data, train, report);
  checkSample(train, data, model, report);
  const normal: NormalSpec = {
    name: spec.name ?? name,
    seed: spec.seed ?? 0,
    data,
    cells: mark(Object.fromEntries(used), "/cells"),
    model,
    loss: part<NormalLoss>("loss"),
    regularization: part<NormalSpec["regularization"]>("regularization", spec.regularization ?? null),
    metrics: normalizeMetrics(spec.metrics, { mark, markWhole }, report),
    optimizer: normalizeOptimizer(spec.optimizer, mark, report),
    train,
  };
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, spec: mark(normal, ""), origins: { pathOf } };
}

function normalizeOwnCells(spec: Spec, mark: Mark, report: Report): ReadonlyMap<string, NormalCellDefinition> {
  const cells = Object.entries(spec.cells ?? {}).map(([name, cell]) => {
    const path = child("/cells", name);
    const normal = fill<NormalCellDefinition>(cell, cellSchema(), path, mark);
    reportReservedOptions(normal, child(path, "options"), report);
    return [name, normal] as const;
  });
  return new Map(cells);
}

/** Options stand beside the keys that every use of a cell has, and could not be told from them. */
function reportReservedOptions({ options }: NormalCellDefinition, path: string, report: Report): void {
  const reserved = [...structuralKeys("cell"), ...structuralKeys("rnn")];
  for (const option of Object.keys(options).filter((name) => reserved.includes(name))) {
    const message = `An option cannot be named "${option}": rnn layers have that key.`;
    report({ code: "reserved-name", path: child(path, option), atKey: true, message, hint: "Choose another name." });
  }
}

/** Everything in a built-in cell comes from where the spec first uses it. */
function normalizeBuiltIn(name: string, path: string, markWhole: Mark): NormalCellDefinition {
  return fill(builtInCell(name), cellSchema(), path, (part) => markWhole(part, path));
}
