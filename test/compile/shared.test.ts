/** A step in two halves: the sums of any parts of a batch make the update of the whole batch. */
import { Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Port, Ports } from "../../compiler/artifact.js";
import { compile } from "../../compiler/compile.js";
import type { NumericArray } from "../../runtime/data/source.js";
import { open } from "../elaborate/programs.js";
import { type Built, build, drawParameters, numbers, openModel, toTensor, train } from "./artifacts.js";
import { rows, sentence, series, tagging } from "./specs.js";

const dropping = { input: 0.2, output: 0.3, state: 0.1 };
const dropped = (model: readonly object[]) =>
  model.map((layer) => ("cell" in layer ? { ...layer, layers: 1, dropout: dropping, zoneout: 0.1 } : layer));

const cases: readonly [string, object][] = [
  ["a text, with dropout", { ...sentence, model: dropped(sentence.model) }],
  [
    "live steps and weights, clipped, two directions, variational dropout",
    {
      ...tagging,
      model: [
        tagging.model[0] ?? {},
        { ...tagging.model[1], dropout: { output: 0.4, variational: true } },
        { layer: "dropout", rate: 0.2 },
        tagging.model[2] ?? {},
      ],
    },
  ],
  ["a sum, with a penalty and first states", { ...series, regularization: { l2: 0.05 } }],
  [
    "rows without time, averaged weights",
    {
      ...rows,
      model: [rows.model[0] ?? {}, { layer: "dropout", rate: 0.3 }, rows.model[1] ?? {}],
      optimizer: { ...rows.optimizer, average: { decay: 0.8 } },
    },
  ],
  ["portions, with dropout", { ...sentence, model: dropped(sentence.model), train: { batch_size: 8, accumulate: 2 } }],
];

describe("halves of a step", () => {
  test.each(cases)("%s", async (_, spec) => {
    const built = await build(spec, { shared: true });
    const size = built.spec.train.batch_size === "all" ? built.source.examples : Number(built.spec.train.batch_size);
    const portions = Number(built.spec.train.accumulate);
    const steps = 4;
    const whole = portions === 1 ? await train(built, [steps]) : undefined;
    for (const cuts of [
      [0, size],
      [0, portions, size],
      [0, portions, portions * 2, size],
    ]) {
      const shared = await trainShared(
        built,
        steps,
        size,
        cuts.map((cut) => cut / portions),
        portions,
      );
      const wanted = whole ?? (await trainShared(built, steps, size, [0, size / portions], portions));
      shared.losses.forEach((loss, step) => {
        expect(Math.abs(loss / (wanted.losses[step] ?? 0) - 1), `${cuts} loss ${step}`).toBeLessThan(1e-5);
      });
      for (const [name, entries] of Object.entries(wanted.parameters)) {
        const far = Math.max(
          ...entries.map((entry, place) => Math.abs(entry - (shared.parameters[name]?.[place] ?? NaN))),
        );
        expect(far, `${cuts} ${name}`).toBeLessThan(1e-5);
      }
    }
  });

  test("the last rows of a batch draw what they draw in it", async () => {
    const built = await build({ ...sentence, model: dropped(sentence.model) }, { shared: true });
    const first = await sums(built, [0, 1], [0, 2]);
    const moved = await sums(built, [0, 1], [2, 4]);
    expect(first).not.toEqual(moved);
    expect(await sums(built, [0, 1], [0, 2])).toEqual(first);
  });

  test("a loss that averages each step over all examples is refused", async () => {
    const spec = { ...sentence, loss: { type: "sequence_loss", average_across_timesteps: false } };
    const { spec: normal, signature, origins } = await open(spec);
    expect(await compile(normal, signature, { origins })).toMatchObject({ ok: true });
    expect(await compile(normal, signature, { origins, shared: true })).toMatchObject({
      ok: false,
      problems: [{ code: "distributed-loss", path: "/loss/average_across_timesteps" }],
    });
  });
});

/** The vector of sums of some examples, as rows of a batch. */
async function sums(built: Built, examples: readonly number[], [first, whole]: readonly [number, number]) {
  const { shard, manifest } = built.artifact;
  const session = await openModel(shard?.gradient ?? new Uint8Array());
  const fed = { ...drawParameters(manifest.parameters), step: scalar(3), shard: pair(first, whole) };
  const data = Object.fromEntries([...built.source.batch(examples)].map(([name, array]) => [name, toTensor(array)]));
  const results = await session.run(only({ ...fed, ...data }, manifest.shard?.gradient));
  return numbers(results.gradient);
}

async function trainShared(built: Built, steps: number, size: number, cuts: readonly number[], portions: number) {
  const { shard, manifest } = built.artifact;
  if (shard === null || manifest.shard === null) throw new Error("there are no halves");
  const [gradient, update] = await Promise.all([openModel(shard.gradient), openModel(shard.update)]);
  const { parameters, slots } = manifest;
  let carried: Record<string, Tensor> = { ...drawParameters(parameters), step: scalar(0) };
  for (const { name, shape, initializer } of slots) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const value = initializer.type === "constant" ? initializer.value : Number.NaN;
    carried[name] = new Tensor("float32", new Float32Array(count).fill(value), shape);
  }
  const losses: number[] = [];
  const portion = size / portions;
  for (let step = 0; step < steps; step++) {
    let total: number[] = [];
    for (const [place, from] of cuts.slice(0, -1).entries()) {
      const to = cuts[place + 1] ?? 0;
      const examples = Array.from({ length: portions }, (_, one) =>
        Array.from(
          { length: to - from },
          (_, row) => (step * size + one * portion + from + row) % built.source.examples,
        ),
      ).flat();
      const data = [...built.source.batch(examples)].map(([name, array]): [string, Tensor] => {
        const shape = portions === 1 ? array.shape : [portions, to - from, ...array.shape.slice(1)];
        return [name, toTensor({ ...array, shape } as NumericArray)];
      });
      const fed = { ...carried, shard: pair(from, portion), ...Object.fromEntries(data) };
      const part = numbers((await gradient.run(only(fed, manifest.shard.gradient))).gradient);
      total = part.map((entry, index) => entry + (total[index] ?? 0));
    }
    const summed = new Tensor("float32", Float32Array.from(total), [total.length]);
    const results = await update.run(only({ ...carried, gradient: summed }, manifest.shard.update));
    losses.push(...numbers(results.loss));
    carried = Object.fromEntries(Object.keys(carried).map((name) => [name, results[`next/${name}`] as Tensor]));
  }
  const named = parameters.map(({ name }) => [name, numbers(carried[name])] as const);
  return { losses, parameters: Object.fromEntries(named) };
}

function only(feeds: Readonly<Record<string, Tensor>>, ports: Ports | undefined) {
  return Object.fromEntries((ports?.inputs ?? []).map(({ name }: Port) => [name, feeds[name] as Tensor]));
}

const scalar = (value: number) => new Tensor("int64", BigInt64Array.of(BigInt(value)), []);
const pair = (x: number, y: number) => new Tensor("int64", BigInt64Array.of(BigInt(x), BigInt(y)), [2]);
