/** Evaluation: the loss and metrics of a model over examples, and what it says of some of them. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Manifest } from "../compiler/artifact.js";
import type { DataSource, NumericArray } from "./data/source.js";
import type { Indices } from "./data/splits.js";
import type { Metrics } from "./events.js";
import { floatsOf, tensorMaker } from "./session.js";

export interface Evaluator {
  /** Over some examples, at least one, `batchSize` at a time. */
  metrics(parameters: Readonly<Record<string, Tensor>>, examples: Indices, batchSize: number): Promise<Metrics>;
  /** What the model says of some examples, decoded. */
  predictions(parameters: Readonly<Record<string, Tensor>>, examples: Indices): Promise<readonly unknown[]>;
}

const finishes: { readonly [K in Manifest["metrics"][string]]: (mean: number) => number } = {
  identity: (mean) => mean,
  exp: Math.exp,
  sqrt: Math.sqrt,
};

export async function openEvaluator(
  session: InferenceSession,
  manifest: Manifest,
  source: DataSource,
): Promise<Evaluator> {
  const tensor = await tensorMaker();
  const { inputs, outputs } = manifest.eval;
  const metrics = metricPorts(manifest);
  const run = (parameters: Readonly<Record<string, Tensor>>, examples: ArrayLike<number>) => {
    const batch = source.batch(examples);
    const feeds: Record<string, Tensor> = {};
    for (const { name, role } of inputs) {
      const array = role === "data" ? batch.get(name) : undefined;
      const fed = array === undefined ? parameters[name] : tensor(array);
      if (fed === undefined) throw new Error(`Evaluation lacks "${name}".`);
      feeds[name] = fed;
    }
    return session.run(feeds);
  };

  return {
    async metrics(parameters, examples, batchSize) {
      const totals = metrics.map(() => ({ sum: 0, count: 0 }));
      for (let start = 0; start < examples.length; start += batchSize) {
        const results = await run(parameters, examples.subarray(start, start + batchSize));
        for (const [place, { port }] of metrics.entries()) {
          const [sum = 0, count = 0] = floatsOf(results, port);
          const total = totals[place];
          if (total !== undefined) totals[place] = { sum: total.sum + sum, count: total.count + count };
        }
      }
      const finished = metrics.map(({ name, finish }, place) => {
        const { sum, count } = totals[place] ?? { sum: 0, count: 0 };
        return [name, finishes[finish](sum / count)] as const;
      });
      return Object.fromEntries(finished);
    },
    async predictions(parameters, examples) {
      const port = outputs.find(({ role }) => role === "prediction");
      if (port === undefined) throw new Error("The evaluation graph gives no predictions.");
      const results = await run(parameters, examples);
      const shape = results[port.name]?.dims ?? [];
      const array: NumericArray = { dtype: "float32", shape, data: floatsOf(results, port) };
      return source.decode(array);
    },
  };
}

/** The ports of a manifest's metrics, which are `metrics/<name>`. */
function metricPorts({ metrics, eval: { outputs } }: Manifest) {
  return Object.entries(metrics).map(([name, finish]) => {
    const port = outputs.find((output) => output.role === "metric" && output.name === `metrics/${name}`);
    if (port === undefined) throw new Error(`The evaluation graph gives no metric "${name}".`);
    return { name, finish, port };
  });
}
