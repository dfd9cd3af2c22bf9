/** Runs side by side: where their specs differ, how far they came and how good they are. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { readConditions } from "../runtime/conditions.js";
import { type RunResult, runFiles } from "../runtime/directory.js";
import type { Checked } from "../runtime/problem.js";
import { openRun } from "../runtime/run.js";
import type { NamedCurve } from "./charts/curves.js";
import { curvesOf, type History, readHistory } from "./history.js";

export interface ComparedRun {
  readonly run: string;
  readonly name: string;
  /** Values of the spec, by path, where the runs do not all have the same. */
  readonly differences: Readonly<Record<string, string>>;
  readonly parameters: number;
  readonly steps: number;
  /** Updates each second; null where the run has not ended. */
  readonly speed: number | null;
  /** The last known loss and metrics, `<part> <metric>`. */
  readonly scores: Readonly<Record<string, number>>;
  readonly history: History;
}

export function compareRuns(folders: readonly string[]): Checked<{ readonly runs: readonly ComparedRun[] }> {
  const opened = folders.map((folder) => openRun(folder));
  const problems = opened.flatMap((one) => (one.ok ? [] : one.problems));
  if (problems.length > 0) return { ok: false, problems };
  const runs = opened.flatMap((one) => (one.ok ? [one.run] : []));
  const values = runs.map(({ spec }) => leaves(spec));
  const paths = [...new Set(values.flatMap((all) => [...all.keys()]))].filter(
    (path) => new Set(values.map((all) => all.get(path))).size > 1,
  );
  return {
    ok: true,
    runs: runs.map(({ folder, spec, manifest }, index) => {
      const history = readHistory(folder);
      const conditions = readConditions(folder);
      return {
        run: folder,
        name: spec.name,
        differences: Object.fromEntries(paths.map((path) => [path, values[index]?.get(path) ?? "–"])),
        parameters: manifest.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
        steps: history.steps.at(-1)?.step ?? 0,
        speed: conditions === undefined || conditions.seconds === 0 ? null : conditions.updates / conditions.seconds,
        scores: scoresOf(folder, history),
        history,
      };
    }),
  };
}

/** Values that say nothing of how a model learns, or are written out elsewhere. */
const aside = /^(name|cells)(\.|$)/;

/** Every plain value of a spec by its path. */
function leaves(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[path, `${value}`]]);
  const inside = Object.entries(value).map(([key, one]) => leaves(one, path === "" ? key : `${path}.${key}`));
  return new Map(inside.flatMap((all) => [...all]).filter(([at]) => !aside.test(at)));
}

function scoresOf(folder: string, { steps, evaluations }: History): Readonly<Record<string, number>> {
  const file = join(folder, runFiles.result);
  const result: RunResult | undefined = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  const metrics = result?.done.metrics ?? evaluations.at(-1)?.metrics;
  if (metrics === undefined) return { loss: steps.at(-1)?.loss ?? Number.NaN };
  return Object.fromEntries(
    (["train", "validation", "test"] as const).flatMap((part) =>
      Object.entries(metrics[part]).map(([name, value]) => [`${part} ${name}`, value] as const),
    ),
  );
}

/** One curve for each run: of the part that matters most, else of the steps themselves. */
export function comparedCurves(runs: readonly ComparedRun[], metric: string): readonly NamedCurve[] {
  const bases = runs.map(({ run }) => basename(resolve(run)));
  return runs.flatMap(({ run, history }, index) => {
    const curves = curvesOf(history, metric);
    const chosen = ["validation", "test", "step", "train"]
      .map((split) => curves.find((curve) => curve.split === split))
      .find((curve) => curve !== undefined);
    const base = bases[index] ?? run;
    return chosen === undefined
      ? []
      : [{ ...chosen, name: bases.indexOf(base) === bases.lastIndexOf(base) ? base : run }];
  });
}
