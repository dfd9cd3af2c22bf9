/** Evaluation: the loss and metrics of a model over all examples, and what it says of some of them. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Manifest } from "../compiler/artifact.js";
import type { NormalLoss } from "../schema/normal.js";
import type { DataSource, NumericArray } from "./data/source.js";
import type { Metrics } from "./events.js";
import { floatsOf, tensorMaker } from "./session.js";

export interface Evaluator {
  /** Over all examples, `batchSize` at a time. */
  metrics(parameters: Readonly<Record<string, Tensor>>, batchSize: number): Promise<Metrics>;
  /** What the model says of the first `count` examples, decoded. */
  predictions(parameters: Readonly<Record<string, Tensor>>, count: number): Promise<readonly unknown[]>;
}

const finish: { readonly [K in Manifest["metrics"][string]]: (mean: number) => number } = {
  identity: (mean) => mean,
  exp: Math.exp,
  sqrt: Math.sqrt,
};

export async function openEvaluator(
  session: InferenceSession,
  manifest: Manifest,
  loss: NormalLoss,
  source: DataSource,
): Promise<Evaluator> {
  const tensor = await tensorMaker();
  const { inputs, outputs } = manifest.eval;
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
    async metrics(parameters, batchSize) {
      let total = 0;
      const sums = new Map<string, { sum: number; count: number }>();
      for (let start = 0; start < source.examples; start += batchSize) {
        const size = Math.min(batchSize, source.examples - start);
        const results = await run(parameters, range(start, size));
        for (const port of outputs) {
          if (port.role === "loss") total += (floatsOf(results, port)[0] ?? 0) * (isSum(loss) ? 1 : size);
          if (port.role !== "metric") continue;
          const [sum = 0, count = 0] = floatsOf(results, port);
          const before = sums.get(port.name) ?? { sum: 0, count: 0 };
          sums.set(port.name, { sum: before.sum + sum, count: before.count + count });
        }
      }
      const metrics = Object.entries(manifest.metrics).map(([name, how]) => {
        const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
        return [name, finish[how](sum / count)] as const;
      });
      return { loss: isSum(loss) ? total : total / source.examples, ...Object.fromEntries(metrics) };
    },
    async predictions(parameters, count) {
      const port = outputs.find(({ role }) => role === "prediction");
      if (port === undefined) throw new Error("The evaluation graph gives no predictions.");
      const results = await run(parameters, range(0, Math.min(count, source.examples)));
      const shape = results[port.name]?.dims ?? [];
      const array: NumericArray = { dtype: "float32", shape, data: floatsOf(results, port) };
      return source.decode(array);
    },
  };
}

/** Whether the loss of several batches is the sum of theirs, and not their mean. */
function isSum(loss: NormalLoss): boolean {
  return loss.type === "sequence_loss" ? !loss.average_across_batch : loss.reduction === "sum";
}

function range(start: number, size: number): Uint32Array {
  return Uint32Array.from({ length: size }, (_, index) => start + index);
}
