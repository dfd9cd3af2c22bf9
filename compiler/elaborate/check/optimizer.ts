/** Checks of the optimizer and the schedule of a spec that are equations: with the options and parameters of their use. */
import type { Report } from "../../../schema/diagnostics/index.js";
import type { NormalCustomOptimizer, NormalCustomSchedule, NormalSpec } from "../../../schema/normal/index.js";
import { graphBuilder } from "../../graph/builder.js";
import { evaluate } from "../../graph/evaluate.js";
import { printShape } from "../../ir/dims.js";
import { tensor } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import { checkSchedule, checkUpdate } from "../../language/check/updates.js";
import { ownValue } from "../../language/resolve.js";
import { analyzeSchedule, buildSchedule, factorIn, stepsAfterWarmup } from "../../language/schedule.js";
import { analyzeUpdate, scheduledOptions } from "../../language/update.js";
import type { Context } from "../context.js";
import type { InputPort } from "../program.js";

/** Reports the problems of all optimizers and schedules of a spec, and of those that it uses. Specs of older runs have none. */
export function checkOptimizers(
  { optimizer, optimizers = {}, schedules = {}, train }: NormalSpec,
  ports: readonly (InputPort & { readonly value: Value })[],
  { pathOf, report }: Pick<Context, "pathOf" | "report">,
): void {
  const sound = new Set<object>([
    ...Object.values(optimizers).filter((definition) => checkUpdate(definition, pathOf(definition), report)),
    ...Object.values(schedules).filter((definition) => checkSchedule(definition, pathOf(definition), report)),
  ]);
  const { schedule } = optimizer;
  if (schedule.type === "custom") {
    const definition = ownValue(schedules, schedule.name);
    if (definition !== undefined && sound.has(definition))
      checkFactor(schedule, definition, pathOf(definition), train.steps, report);
  }
  if (optimizer.type !== "custom") return;
  const definition = ownValue(optimizers, optimizer.name);
  if (definition === undefined || !sound.has(definition)) return;
  checkParameters(optimizer, definition, pathOf(definition), ports, report);
}

/** Reports problems of the shapes of single parameters, each equation once. */
function checkParameters(
  { name, options, schedule }: NormalCustomOptimizer,
  definition: NormalSpec["optimizers"][string],
  path: string,
  ports: readonly (InputPort & { readonly value: Value })[],
  report: Report,
): void {
  const trained = ports.filter(({ role }) => role === "parameter");
  const isCycled = schedule.type === "one_cycle" && schedule.minimum_momentum !== null;
  const scheduled = isCycled ? scheduledOptions(definition) : [];
  for (const { name: parameter, value } of trained) {
    const { shape } = value.type;
    analyzeUpdate(definition, { options, shape, rank: shape.length, scheduled }, path, (problem) => {
      const place = `In ${name}, p is ${parameter} ${printShape(shape)}.`;
      const way = 'Write equations for each number of axes under "variants": "rank".';
      report({ ...problem, hint: [problem.hint, place, way].filter(Boolean).join(" ") });
    });
  }
}

/** Reports a factor that is not finite, or negative, after some number of updates of the run. */
function checkFactor(
  { name, options, warmup_steps: warmup }: NormalCustomSchedule,
  definition: NormalSpec["schedules"][string],
  path: string,
  steps: number | null,
  report: Report,
): void {
  const total = stepsAfterWarmup(steps, warmup);
  const { shapes } = analyzeSchedule(definition, options, total, path, (problem) =>
    report({ ...problem, hint: problem.hint || `In ${name} with ${JSON.stringify(options)}.` }),
  );
  if (shapes === undefined) return;
  if (shapes.isUndecided) {
    const message = `the equations of ${name} read total_steps, but the length of the run is in epochs`;
    const hint = 'Give "steps" in train, or add "total_steps" to the options of the schedule.';
    report({ code: "total-steps", path: `${path}/equations`, message, hint });
    return;
  }
  const last = Math.max((steps ?? DEFAULT_STEPS) - 1, 0);
  const updates = [...new Set([0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e4, 1e5, 1e6, last])];
  const b = graphBuilder("schedule");
  const n = b.input("n", { dtype: "float32", shape: [] });
  const graph = b.finish([factorIn(buildSchedule(definition, options, total, b, n), b)]);
  for (const update of updates.filter((count) => count <= last).sort((a, other) => a - other)) {
    const factor = evaluate(graph, [tensor("float32", [], [update])])[0]?.data[0] ?? Number.NaN;
    if (Number.isFinite(factor) && factor >= 0) continue;
    report({
      code: "schedule-factor",
      path: `${path}/equations`,
      message: `the factor of ${name} is ${Number(factor.toPrecision(6))} after ${update} updates`,
      hint: Number.isFinite(factor)
        ? 'Limit it: "factor = max(…, 0)".'
        : "Choose options, or equations, for which it is finite.",
    });
    return;
  }
}

/** Updates of a run whose length is in epochs. */
const DEFAULT_STEPS = 1000;
