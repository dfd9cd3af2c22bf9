/** Comparison of runs: the settings that differ, their steps, speed and metrics. */
import { basename, resolve } from "node:path";
import { fail, ok, type Result } from "../runtime/result.js";
import { readRunEnvironment, stepsPerSecond } from "../runtime/run/environment.js";
import { readRunResult } from "../runtime/run/layout.js";
import { openRun } from "../runtime/run/open.js";
import { elementCount } from "../runtime/tensors/array.js";
import type { NormalSpec } from "../schema/normal/index.js";
import type { NamedCurve } from "./charts/learning-curves.js";
import { curvesOf, type MetricsHistory, readHistory } from "./metrics-history.js";

export interface ComparedRun {
  readonly run: string;
  readonly name: string;
  readonly spec: NormalSpec;
  /** Values of the spec by path, for paths where the runs differ. */
  readonly differences: Readonly<Record<string, string>>;
  readonly parameters: number;
  readonly steps: number;
  /** Training steps per second; null for a run that has not finished. */
  readonly speed: number | null;
  /** The latest loss and metrics by `<split> <metric>`. */
  readonly scores: Readonly<Record<string, number>>;
  readonly history: MetricsHistory;
}

/** The value of a path that a run's spec does not have. */
export const absentValue = "–";

export function compareRuns(folders: readonly string[]): Result<readonly ComparedRun[]> {
  const opened = folders.map((folder) => openRun(folder));
  const problems = opened.flatMap((result) => (result.ok ? [] : result.error));
  if (problems.length > 0) return fail(problems);
  const runs = opened.flatMap((result) => (result.ok ? [result.value] : []));
  const flatSpecs = runs.map(({ spec }) => flattenSpec(spec));
  // The layers of the model that use a definition differ where only some of the runs have it.
  const isDefinedInAll = (path: string) => {
    const definition = definitionPath.exec(path)?.[0];
    return definition === undefined || runs.every(({ spec }) => hasPath(spec, definition.split(".")));
  };
  const paths = [...new Set(flatSpecs.flatMap((flatSpec) => [...flatSpec.keys()]))].filter(
    (path) => new Set(flatSpecs.map((flatSpec) => flatSpec.get(path))).size > 1 && isDefinedInAll(path),
  );
  return ok(
    runs.map(({ folder, spec, manifest }, index) => {
      const history = readHistory(folder);
      const environment = readRunEnvironment(folder);
      return {
        run: folder,
        name: spec.name,
        spec,
        differences: Object.fromEntries(paths.map((path) => [path, flatSpecs[index]?.get(path) ?? absentValue])),
        parameters: manifest.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0),
        steps: history.steps.at(-1)?.step ?? 0,
        speed: environment === undefined ? null : stepsPerSecond(environment),
        scores: latestScores(folder, history),
        history,
      };
    }),
  );
}

/** Paths without influence on training, or repeated elsewhere in the spec. */
const ignoredPaths = /^(name|cells)(\.|$)/;

/** A layer, an activation, an optimizer or a schedule that a spec defines. */
const definitionPath = /^(layers|activations|optimizers|schedules)\.[^.]+/;

function hasPath(value: object, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  const child: unknown = Object.entries(value).find(([name]) => name === key)?.[1];
  return typeof child === "object" && child !== null && hasPath(child, rest);
}

/** The scalar values of a spec by path; the equations and shapes of definitions each as one. */
function flattenSpec(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[path, `${value}`]]);
  if (Array.isArray(value) && definitionPath.test(path))
    return new Map([[path, path.endsWith(".equations") ? value.join("; ") : `[${value.join(", ")}]`]]);
  const { type, ...rest } = value as { readonly layer?: unknown; readonly type?: unknown; readonly name?: unknown };
  const { name, ...unnamed } = rest;
  // An entry of the spec's own has its name in place of its kind.
  const shown =
    rest.layer === "custom" ? { ...rest, layer: type } : type === "custom" ? { ...unnamed, type: name } : value;
  const nested = Object.entries(shown).map(([key, child]) => flattenSpec(child, path === "" ? key : `${path}.${key}`));
  return new Map(nested.flatMap((all) => [...all]).filter(([leafPath]) => !ignoredPaths.test(leafPath)));
}

function latestScores(folder: string, { steps, evaluations }: MetricsHistory): Readonly<Record<string, number>> {
  const metrics = readRunResult(folder)?.done.metrics ?? evaluations.at(-1)?.metrics;
  if (metrics === undefined) return { loss: steps.at(-1)?.loss ?? Number.NaN };
  return Object.fromEntries(
    (["train", "validation", "test"] as const).flatMap((split) =>
      Object.entries(metrics[split]).map(([name, value]) => [`${split} ${name}`, value] as const),
    ),
  );
}

/** One curve per run: of the validation split, else test, else the steps, else train. */
export function comparedCurves(runs: readonly ComparedRun[], metric: string): readonly NamedCurve[] {
  const baseNames = runs.map(({ run }) => basename(resolve(run)));
  return runs.flatMap(({ run, history }, index) => {
    const curves = curvesOf(history, metric);
    const selected = ["validation", "test", "step", "train"]
      .map((split) => curves.find((curve) => curve.split === split))
      .find((curve) => curve !== undefined);
    const baseName = baseNames[index] ?? run;
    return selected === undefined
      ? []
      : [{ ...selected, name: baseNames.indexOf(baseName) === baseNames.lastIndexOf(baseName) ? baseName : run }];
  });
}
