/** A model file with training state: standard ONNX, and training continues from it exactly. */
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import onnxProto, { type onnx as Onnx } from "onnx-proto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { exportModel } from "../../../runtime/export/index.js";
import { readTrainableModel } from "../../../runtime/import/trainable-model.js";
import { tensorOf } from "../../../runtime/tensors/ort.js";
import { rnnx } from "../../support/spawn.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import {
  type Case,
  cases,
  fixture,
  losses,
  requestFor,
  run,
  specOfCase,
  weightsOf,
} from "../../support/training-runs.js";

const { onnx } = onnxProto;
const BEFORE = 6;
const MORE = 4;

const specOf = (name: Case, steps: number) => specOfCase(name, { steps, steps_per_call: 1 });
const start = (name: Case) => ({ init: { file: fixture(name, "init.safetensors"), maps: [] } });

/** A run of a few steps, exported with training state. */
async function exportWithTraining(name: Case, folder: string): Promise<string> {
  const out = join(folder, "short");
  await run({ ...requestFor(name, await specOf(name, BEFORE), out), ...start(name) });
  const file = join(folder, "model.onnx");
  expect(await exportModel({ run: out, out: file, training: true })).toMatchObject({ ok: true });
  return file;
}

describe.each(cases)("%s", (name) => {
  const folder = sharedFolder();
  const uninterrupted = join(folder, "whole");
  let file = "";
  let expected: readonly number[] = [];
  beforeAll(async () => {
    file = await exportWithTraining(name, folder);
    // The uninterrupted run.
    const { events } = await run({
      ...requestFor(name, await specOf(name, BEFORE + MORE), uninterrupted),
      ...start(name),
    });
    expected = losses(events).slice(BEFORE);
  });

  test("training from the file equals an uninterrupted run", async () => {
    const out = join(temporaryFolder(), "on");
    expect(await readTrainableModel(file)).toMatchObject({ ok: true, value: { step: BEFORE } });
    const { outcome, events } = await run({ ...requestFor(name, await specOf(name, MORE), out), fromModel: file });
    expect(outcome).toMatchObject({ ok: true, value: { step: BEFORE + MORE } });
    expect(losses(events)).toEqual(expected);
    expect([...weightsOf(out)]).toEqual([...weightsOf(uninterrupted)]);
  });

  test("so does anyone who knows ONNX's training_info and nothing of rnnx", async () => {
    const model = onnx.ModelProto.decode(readFileSync(file));
    const info = model.trainingInfo[0] ?? {};
    const state = stateOf(model, info);
    const session = await open(combined(model, info));
    const data = Object.entries(await dataOf(name)).filter(([input]) => session.inputNames.includes(input));
    const resumedLosses: number[] = [];
    for (let step = 0; step < MORE; step++) {
      const results = await session.run(Object.fromEntries([...state, ...data]));
      resumedLosses.push(Number(results["/training/loss"]?.data[0]));
      for (const { key, value } of info.updateBinding ?? []) state.set(key ?? "", results[value ?? ""] as Tensor);
    }
    resumedLosses.forEach((loss, index) => {
      expect(loss).toBeCloseTo(expected[index] ?? Number.NaN, 5);
    });
  });
});

/** The batch of each step as feeds of the training graph (one step per call) and of the model. */
async function dataOf(name: Case): Promise<Record<string, Tensor>> {
  const spec = await specOfCase(name);
  const opened = await openData(spec, fixture(name));
  if (!opened.ok) throw new Error("no data");
  const source = opened.value;
  const batch = source.batch(Uint32Array.from({ length: source.examples }, (_, index) => index));
  return Object.fromEntries(
    [...batch].flatMap(([role, array]) => [
      [role, tensorOf(array)],
      [`/training/${role}`, tensorOf({ ...array, shape: [1, ...array.shape] })],
    ]),
  );
}

/** The initializers that an update changes, as tensors. */
function stateOf(model: Onnx.IModelProto, info: Onnx.ITrainingInfoProto): Map<string, Tensor> {
  const initializers = [...(model.graph?.initializer ?? []), ...(info.algorithm?.initializer ?? [])];
  const updatedNames = new Set(info.updateBinding?.map(({ key }) => key));
  return new Map(
    initializers
      .filter(({ name }) => updatedNames.has(name))
      .map(({ name, dataType, dims, rawData }) => {
        const shape = (dims ?? []).map(Number);
        const bytes = Uint8Array.from(rawData ?? []).buffer;
        const tensor =
          dataType === 7
            ? new Tensor("int64", new BigInt64Array(bytes), shape)
            : new Tensor("float32", new Float32Array(bytes), shape);
        return [name ?? "", tensor] as const;
      }),
  );
}

/** The model's and the training's graph as one, as ONNX defines it, with updated tensors as inputs. */
function combined({ graph, opsetImport }: Onnx.IModelProto, info: Onnx.ITrainingInfoProto): Uint8Array {
  const graphs = [graph ?? {}, info.algorithm ?? {}];
  const updatedNames = new Set(info.updateBinding?.map(({ key }) => key));
  const initializer = graphs.flatMap((subgraph) => subgraph.initializer ?? []);
  const inputs = initializer
    .filter(({ name }) => updatedNames.has(name))
    .map(({ name, dataType, dims }) => ({
      name: name ?? "",
      type: { tensorType: { elemType: dataType ?? 0, shape: { dim: (dims ?? []).map((dimValue) => ({ dimValue })) } } },
    }));
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: opsetImport ?? null,
    graph: {
      name: "combined",
      node: graphs.flatMap((subgraph) => subgraph.node ?? []),
      initializer: initializer.filter(({ name }) => !updatedNames.has(name)),
      input: [...inputs, ...graphs.flatMap((subgraph) => subgraph.input ?? [])],
      output: graphs.flatMap((subgraph) => subgraph.output ?? []),
    },
  }).finish();
}

function open(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
}

describe("the file", () => {
  const folder = sharedFolder();
  let file = "";
  let model: Onnx.ModelProto;
  let info: Onnx.ITrainingInfoProto;
  beforeAll(async () => {
    file = await exportWithTraining("embedding-gru-sgd", folder);
    model = onnx.ModelProto.decode(readFileSync(file));
    info = model.trainingInfo[0] ?? {};
  });

  test("binds initializers to outputs, and shares no name between its graphs", () => {
    const { algorithm, initialization } = info;
    const graphs = [model.graph, algorithm];
    const initializers = graphs.flatMap((graph) => graph?.initializer ?? []).map(({ name }) => name);
    expect(new Set(initializers).size).toBe(initializers.length);
    const results = (graph: Onnx.IGraphProto | null | undefined) => graph?.output?.map(({ name }) => name);
    for (const { key, value } of info.updateBinding ?? []) {
      expect(initializers).toContain(key);
      expect(results(algorithm)).toContain(value);
    }
    expect(info.initializationBinding?.map(({ key }) => key)).toEqual(
      expect.arrayContaining(info.updateBinding?.map(({ key }) => key) ?? []),
    );
    for (const { value } of info.initializationBinding ?? []) expect(results(initialization)).toContain(value);
    const outputNames = graphs.flatMap((graph) => graph?.node ?? []).flatMap(({ output }) => output ?? []);
    const nonEmpty = outputNames.filter((name) => name !== "");
    expect(new Set(nonEmpty).size).toBe(nonEmpty.length);
  });

  test("starts anew by its own graph: the distributions of the spec, and rows that are orthogonal", async () => {
    const { initialization } = info;
    const session = await open(
      onnx.ModelProto.encode({
        irVersion: 8,
        opsetImport: model.opsetImport,
        graph: initialization ?? null,
      }).finish(),
    );
    const results = await session.run({});
    const values = (name: string) => {
      const result = results[`/training/first/${name}`];
      return { shape: result?.dims ?? [], data: Array.from(result?.data as Float32Array) };
    };
    expect(Number(results["/training/first//training/step"]?.data[0])).toBe(0);
    const kernel = values("rnn/0/W");
    const [inputs = 1, columns = 1] = kernel.shape;
    const limit = Math.sqrt(6 / (inputs + columns));
    for (const value of kernel.data) expect(Math.abs(value)).toBeLessThanOrEqual(limit + 1e-6);
    expect(new Set(kernel.data).size).toBeGreaterThan(kernel.data.length / 2);
    expect(new Set(values("rnn/0/b").data)).toEqual(new Set([0]));
    const { shape, data } = values("rnn/0/U");
    const [rows = 0, width = 0] = shape;
    for (let a = 0; a < rows; a++)
      for (let b = 0; b < rows; b++) {
        let dot = 0;
        for (let column = 0; column < width; column++)
          dot += (data[a * width + column] ?? 0) * (data[b * width + column] ?? 0);
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
      }
  });

  test("is refused where it is damaged, holds no training, or is none of rnnx's", async () => {
    const otherFile = join(temporaryFolder(), "other.onnx");
    const rejected = async (bytes: Uint8Array) => {
      writeFileSync(otherFile, bytes);
      const read = await readTrainableModel(otherFile);
      return read.ok ? "read" : read.error.map(({ code }) => code).join();
    };
    const bytes = readFileSync(file);
    expect(await rejected(bytes)).toBe("read");
    for (const quantile of [0.1, 0.5, 0.9, 0.999])
      expect(await rejected(bytes.subarray(0, Math.floor(bytes.length * quantile)))).toBe("not-a-model");
    const changed = (change: (proto: Onnx.ModelProto) => void) => {
      const copy = onnx.ModelProto.decode(bytes);
      change(copy);
      return onnx.ModelProto.encode(copy).finish();
    };
    const without = changed((proto) => {
      proto.trainingInfo = [];
    });
    expect(await rejected(without)).toBe("no-training");
    const invalidModel = changed((proto) => {
      for (const entry of proto.metadataProps) if (entry.key === "rnnx.training") entry.value = '{"format":1}';
    });
    expect(await rejected(invalidModel)).toBe("no-training");
    expect(await readTrainableModel(`${otherFile}.not`)).toMatchObject({ error: [{ code: "file-missing" }] });
  });

  test("is refused where it points at a file that is not its own, a hard link too", async () => {
    const directory = temporaryFolder();
    writeFileSync(join(directory, "outside"), "1234");
    mkdirSync(join(directory, "in"));
    linkSync(join(directory, "outside"), join(directory, "in", "hard"));
    symlinkSync(join(directory, "outside"), join(directory, "in", "symbolic"));
    for (const location of ["../outside", join(directory, "outside"), "hard", "symbolic"]) {
      const copy = onnx.ModelProto.decode(readFileSync(file));
      const [tensor] = copy.graph?.initializer ?? [];
      Object.assign(tensor ?? {}, { dataLocation: 1, externalData: [{ key: "location", value: location }] });
      const changed = join(directory, "in", "model.onnx");
      writeFileSync(changed, onnx.ModelProto.encode(copy).finish());
      const { code, stderr } = await rnnx("train", changed);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(`"${location}"`) });
    }
  });

  test("tensors that are missing, of other shapes or not finite are refused before anything is written", async () => {
    const directory = temporaryFolder();
    const spec = await specOfCase("embedding-gru-sgd", { steps: MORE });
    const resumeTraining = async (name: string, change: (tensor: Onnx.ITensorProto) => void) => {
      const copy = onnx.ModelProto.decode(readFileSync(file));
      for (const tensor of copy.graph?.initializer ?? []) if (tensor.name === name) change(tensor);
      const from = join(directory, "changed.onnx");
      writeFileSync(from, onnx.ModelProto.encode(copy).finish());
      const out = join(directory, "run");
      const { outcome } = await run({ ...requestFor("embedding-gru-sgd", spec, out), fromModel: from });
      expect(existsSync(out)).toBe(false);
      return outcome.ok || outcome.error.kind !== "input"
        ? outcome
        : outcome.error.problems.map(({ message }) => message);
    };
    const bias = "rnn/0/b";
    const renamed = (tensor: Onnx.ITensorProto) => {
      tensor.name = "other";
    };
    expect(await resumeTraining(bias, renamed)).toEqual(["The file has no tensor rnn/0/b, which the training needs."]);
    const reshaped = (tensor: Onnx.ITensorProto) => {
      tensor.dims = [1, Number(tensor.dims?.[0])];
    };
    expect(await resumeTraining(bias, reshaped)).toEqual([
      expect.stringMatching(/^rnn\/0\/b in the file has shape \[1, \d+\], but the training needs \[\d+\]\.$/),
    ]);
    const nan = (tensor: Onnx.ITensorProto) => {
      tensor.rawData = new Uint8Array(tensor.rawData?.length ?? 0).fill(255);
    };
    expect(await resumeTraining(bias, nan)).toEqual(["rnn/0/b in the file has values that are not finite."]);
  });
});
