import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunState } from "../../../runtime/run/checkpoint.js";
import { initialProgress } from "../../../runtime/run/training-snapshot.js";
import { checkFingerprint, specFingerprint } from "../../../runtime/training/fingerprint.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { specOf, textData, train } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const before = specOf({});
const hint = "Train into another directory with --out, or replace the run with --overwrite instead of --resume.";

function fingerprintOf(spec: NormalSpec, digest = "d", recorded = before) {
  const out = temporaryFolder();
  writeFileSync(join(out, "spec.json"), JSON.stringify(recorded));
  const state: RunState = {
    format: 1,
    step: 20,
    loss: 1,
    seed: 1,
    spec: specFingerprint(recorded),
    data: "d",
    progress: initialProgress,
  };
  return checkFingerprint(state, spec, digest, out);
}

describe("a run is resumed as the same run", () => {
  test.each<[string, NormalSpec]>([
    ["nothing", specOf({})],
    ["its length", specOf({ train: { ...train, steps: 1000 } })],
    ["epochs for steps", specOf({ train: { ...train, steps: null, epochs: 3 } })],
    [
      "its steps per call and its checkpoints",
      specOf({ train: { ...train, steps_per_call: 64, checkpoint_every: 5 } }),
    ],
    ["its name", specOf({ name: "another" })],
    ["the order of its members", JSON.parse(JSON.stringify(before, Object.keys(flat(before)).sort().reverse()))],
  ])("%s may change", (_, spec) => {
    expect(fingerprintOf(spec)).toEqual([]);
  });

  test("a member that the results depend on may not, and is named", () => {
    const optimizer = { ...before.optimizer, learning_rate: 0.2 };
    expect(fingerprintOf(specOf({ seed: 2, optimizer }))).toEqual([
      {
        code: "resume-spec",
        path: "/optimizer/learning_rate",
        message: "The checkpoint at step 20 belongs to another spec: /optimizer/learning_rate was 0.1 and is 0.2.",
        hint,
      },
      {
        code: "resume-spec",
        path: "/seed",
        message: "The checkpoint at step 20 belongs to another spec: /seed was 1 and is 2.",
        hint,
      },
    ]);
  });

  test("its equations may not change", () => {
    const equations = (text: string) => ({ equations: [text], description: "", output: "y", options: {} });
    const activations = { mine: equations("y = 2 * x") };
    const layers = {
      own: { ...equations("y = x"), inputs: {}, parameters: {}, initializers: {}, variants: {} },
    };
    expect(fingerprintOf(specOf({ activations, layers }), "d", specOf({ activations, layers }))).toEqual([]);
    expect(
      fingerprintOf(
        specOf({
          activations: { mine: equations("y = 3 * x") },
          layers: { own: { ...layers.own, equations: ["y = -x"] } },
        }),
        "d",
        specOf({ activations, layers }),
      ).map(({ path }) => path),
    ).toEqual(["/activations/mine/equations/0", "/layers/own/equations/0"]);
  });

  test("a watched metric of its own may not change, its direction and the watched metric may", () => {
    const watching = (watched: string, equation: string, mode: "min" | "max" = "max") => {
      const shared = { type: "custom", description: "", options: {}, reduce: "mean", mode, output: "last" } as const;
      const own = { ...shared, name: "within", equations: [equation] };
      const metrics = [own, { ...own, name: "other", equations: [`${equation} + 1`] }];
      return specOf({ metrics, train: { ...train, keep_best: { metric: watched, mode } } });
    };
    const recorded = watching("within", "metric = y - t");
    const pathsOf = (spec: NormalSpec, from = recorded) => fingerprintOf(spec, "d", from).map(({ path }) => path);
    expect(pathsOf(recorded)).toEqual([]);
    expect(pathsOf(watching("loss", "metric = y + t"))).toEqual([]);
    expect(pathsOf(watching("loss", "metric = y + t"), watching("loss", "metric = y"))).toEqual([]);
    expect(pathsOf(watching("within", "metric = y - t", "min"))).toEqual([]);
    expect(pathsOf(watching("last/within", "metric = y"), watching("last/within", "metric = t"))).toEqual([
      "/metrics/within/equations/0",
    ]);
    expect(fingerprintOf(watching("within", "metric = y"), "d", recorded)).toEqual([
      {
        code: "resume-spec",
        path: "/metrics/within/equations/0",
        message:
          "The checkpoint at step 20 belongs to another spec: " +
          '/metrics/within/equations/0 was "metric = y - t" and is "metric = y".',
        hint,
      },
    ]);
  });

  test("with the plateau schedule a run of epochs may be longer, and one of steps only with its own evaluate_every", () => {
    const schedule = {
      type: "plateau",
      metric: "loss",
      factor: 0.5,
      patience: 1,
      cooldown: 0,
      minimum_ratio: 0,
      minimum_delta: 0,
      warmup_steps: 0,
      mode: "min",
    } as const;
    const withLength = (length: object) =>
      specOf({ optimizer: { ...before.optimizer, schedule }, train: { ...train, ...length } });
    const pathsOf = (from: object, to: object) =>
      fingerprintOf(withLength(to), "d", withLength(from)).map(({ path }) => path);
    expect(pathsOf({ steps: null, epochs: 3 }, { steps: null, epochs: 9 })).toEqual([]);
    expect(pathsOf({ steps: 30, evaluate_every: 5 }, { steps: 90, evaluate_every: 5 })).toEqual([]);
    expect(pathsOf({ steps: 30 }, { steps: 90 })).toEqual(["/train/steps"]);
    expect(pathsOf({ steps: 30, evaluate_every: 5 }, { steps: 30, evaluate_every: 6 })).toEqual([
      "/train/evaluate_every",
    ]);
  });

  test("its data may have other file names, but not other contents", () => {
    const inFile = specOf({ data: { ...textData, text: null, file: "a.txt" } });
    const otherFile = specOf({ data: { ...textData, text: null, file: "b.txt" } });
    expect(specFingerprint(inFile)).toBe(specFingerprint(otherFile));
    expect(fingerprintOf(before, "e")).toEqual([
      { code: "resume-data", path: "/data", message: "The data has changed since the checkpoint at step 20.", hint },
    ]);
  });

  test("without the recorded spec the problem names no member", () => {
    const state: RunState = {
      format: 1,
      step: 20,
      loss: 1,
      seed: 1,
      spec: "other",
      data: "d",
      progress: initialProgress,
    };
    expect(checkFingerprint(state, before, "d", temporaryFolder())).toEqual([
      { code: "resume-spec", path: "", message: "The checkpoint at step 20 belongs to another spec.", hint },
    ]);
  });
});

/** Every key of a value, at any depth. */
function flat(value: unknown): Readonly<Record<string, true>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.assign({}, ...Object.entries(value).map(([key, child]) => ({ [key]: true, ...flat(child) })));
}
