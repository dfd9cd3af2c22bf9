/** Schedules of a spec as equations: values with a warmup, the bytes of built-in ones, and mistakes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import { resolveOptimizer } from "../../../compiler/training/resolve-optimizer.js";
import { scheduleFactor } from "../../../compiler/training/schedules/index.js";
import { definition } from "../../../schema/json-schema.js";
import { build } from "../../support/artifacts.js";
import { problemsOf } from "../../support/check-spec.js";
import { base, normal, unplacedProblems } from "../../support/read-spec.js";
import { expectClose } from "../../support/reference-numbers.js";

const folder = join(import.meta.dirname, "../../../specs/schedules");
const fileOf = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));

/** Warm restarts. I. Loshchilov and F. Hutter (2017). */
const sgdr = {
  options: { period: 100, low: 0, linear: false },
  equations: [
    "x = n / period - floor(n / period)",
    "wave = 0.5 * (1 + cos(pi * x))",
    "factor = low + (1 - low) * wave",
  ],
  variants: { linear: { true: { equations: { wave: "wave = 1 - x" } }, false: {} } },
};

const specWith = (schedule: object, schedules: object = { sgdr }, train: object = { steps: 40 }) => ({
  ...base,
  schedules,
  optimizer: { type: "sgd", learning_rate: 0.1, schedule },
  train,
});

async function factors(schedule: object, count: number, definitions: object): Promise<ArrayLike<number>> {
  const { spec } = await normal(specWith(schedule, definitions));
  const b = graphBuilder("schedule");
  const n = b.input("n", { dtype: "float32", shape: [count] });
  // A factor that does not read n is one number.
  const factor = b.add(b.mul(n, 0), scheduleFactor(resolveOptimizer(spec).schedule, b, n));
  return (
    evaluate(b.finish([factor]), [tensor("float32", [count], [...Array(count).keys()])])[0]?.data ?? new Float64Array()
  );
}

test("the factor is that of the equations, with options, variants and a warmup", async () => {
  const expectFactors = async (schedule: object, expected: (n: number) => number, definitions: object = { sgdr }) => {
    const values = await factors({ type: "sgdr", ...schedule }, 30, definitions);
    const data = Array.from(values, (_, n) => expected(n));
    expectClose(tensor("float32", [30], values), { shape: [30], data }, 1e-12, JSON.stringify(schedule));
  };
  const wave = (n: number, period: number) => 0.5 * (1 + Math.cos((Math.PI * (n % period)) / period));
  await expectFactors({ period: 8 }, (n) => wave(n, 8));
  await expectFactors({ period: 8, low: 0.25 }, (n) => 0.25 + 0.75 * wave(n, 8));
  await expectFactors({ period: 8, linear: true }, (n) => 1 - (n % 8) / 8);
  await expectFactors({ period: 8, warmup_steps: 5 }, (n) => Math.min((n + 1) / 5, 1) * wave(Math.max(n - 5, 0), 8));
  const half = { half: { equations: ["factor = 0.5"] } };
  await expectFactors({ type: "half" }, () => 0.5, half);
  await expectFactors({ type: "half", warmup_steps: 5 }, (n) => 0.5 * Math.min((n + 1) / 5, 1), half);
});

describe("total_steps is the number of updates after the warmup", () => {
  const fall = { equations: ["factor = 1 - n / total_steps"] };
  test.each<[string, object, number]>([
    ["of all of the run", {}, 40],
    ["after a warmup", { warmup_steps: 10 }, 30],
  ])("%s", async (_, use, total) => {
    const { spec } = await normal(specWith({ type: "fall", ...use }, { fall }));
    const b = graphBuilder("schedule");
    const n = b.input("n", { dtype: "float32", shape: [] });
    const graph = b.finish([scheduleFactor(resolveOptimizer(spec).schedule, b, n)]);
    expect(evaluate(graph, [tensor("float32", [], [39])])[0]?.data[0]).toBeCloseTo(1 / total, 12);
  });

  test("a run whose length is in epochs has none; an option of the name takes its place", async () => {
    const ofEpochs = (parts: object) => problemsOf(specWith({ type: "fall" }, { fall: parts }, { epochs: 3 }));
    expect(await ofEpochs(fall)).toEqual([
      'total-steps, /schedules/fall/equations ["factor = 1 - n / total_steps": the equations of fall read total_steps, but the length of the run is in epochs Give "steps" in train, or add "total_steps" to the options of the schedule.',
    ]);
    expect(await ofEpochs({ ...fall, options: { total_steps: 2000 } })).toEqual([]);
  });
});

describe("a copy of a built-in schedule compiles to the same bytes", () => {
  const files = readdirSync(folder).map((file) => file.replace(".json", ""));
  test.each(files)("%s", async (name) => {
    const options: Readonly<Record<string, object>> = {
      constant: {},
      exponential_decay: { decay_steps: 12, decay_rate: 0.9, warmup_steps: 3 },
      one_cycle: { total_steps: 12 },
    };
    const given = options[name] ?? { decay_steps: 12, warmup_steps: 3 };
    const bytes = async (spec: object) => Buffer.from((await build(spec)).artifact.train).toString("base64");
    const copy = specWith({ type: "copy", ...given }, { copy: fileOf(name) });
    expect(await bytes(copy)).toBe(await bytes(specWith({ type: name, ...given })));
    for (const [option, value] of Object.entries(fileOf(name).options ?? {})) {
      const { default: plain } = definition(name).properties?.[option] ?? {};
      if (plain !== undefined) expect([option, value]).toEqual([option, plain]);
    }
  });
});

describe("mistakes", () => {
  const problems = (parts: object, use: object = {}) => problemsOf(specWith({ type: "own", ...use }, { own: parts }));

  test.each([
    [
      "no factor",
      { equations: ["factr = 1 / (n + 1)"] },
      [
        'unknown-name, /schedules/own/equations ["factr = 1 / (n + 1)": no equation sets factor, the result of the schedule Name it "factor", not "factr".',
      ],
    ],
    [
      "no n, and an option without effect",
      { options: { period: 1 }, equations: ["factor = 0.5"] },
      [
        'unused-option, /schedules/own/options/period "period": nothing depends on the option "period" Remove it, or read it in an equation, a size, an initializer or a variant.',
        'unused-input, /schedules/own/equations ["factor = 0.5": no equation reads n: the factor never changes Read n, the number of updates, or remove the schedule: "factor = 1 / (1 + n / 100)".',
      ],
    ],
    [
      "a negative factor within the run",
      { equations: ["factor = 1 - n / 30"] },
      [
        'schedule-factor, /schedules/own/equations ["factor = 1 - n / 30": the factor of own is -0.3 after 39 updates Limit it: "factor = max(…, 0)".',
      ],
    ],
    [
      "a factor that is not a number",
      { equations: ["factor = sqrt(5 - n)"] },
      [
        'schedule-factor, /schedules/own/equations ["factor = sqrt(5 - n)": the factor of own is NaN after 10 updates Choose options, or equations, for which it is finite.',
      ],
    ],
    [
      "names of optimizers",
      { equations: ["factor = g / (n + 1)"] },
      [
        'unknown-name, /schedules/own/equations/0 g / (n + 1)": unknown name "g" Names: n. Numbers are declared in "options".',
      ],
    ],
  ])("%s", async (_, parts, expected) => {
    expect([...(await problems(parts))].sort()).toEqual([...expected].sort());
  });

  test("options of a use for which a number is not finite", async () => {
    const equations = ["factor = 1 / period / (n + 1)"];
    expect(await problems({ options: { period: 5 }, equations }, { period: 0 })).toEqual([
      'argument, /schedules/own/equations/0 1 / period / (n + 1)": 1 / period is not a finite number In own with {"period":0}.',
    ]);
  });

  test("names and options of uses", async () => {
    expect(await unplacedProblems(specWith({ type: "sgdr", perod: 3, low: "0" }))).toEqual([
      'unknown-key /optimizer/schedule/perod | Unknown key "perod" in the schedule "sgdr". | Did you mean "period"?',
      'wrong-type /optimizer/schedule/low | "low" must be a number, but is "0".',
    ]);
    expect(await unplacedProblems(specWith({ type: "sgd" }))).toEqual([
      'unknown-value /optimizer/schedule/type | "type" of "schedule" cannot be "sgd". | Did you mean "sgdr"?',
    ]);
    expect(await unplacedProblems(specWith({ type: "constant" }, { plateau: sgdr }))).toEqual([
      'name-taken /schedules/plateau | "plateau" is a built-in type of schedule already. | Use another name.',
    ]);
  });
});
