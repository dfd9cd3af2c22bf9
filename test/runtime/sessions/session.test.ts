/** Sessions: the number of threads by the size of the model, the limit and the request of the user. */
import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import {
  estimateWorkPerSync,
  isSingleThreaded,
  openSession,
  type SessionOptions,
} from "../../../runtime/sessions/session.js";
import { modelOf } from "../../support/run-graph.js";

test.each([
  // Width of an LSTM layer, rows of a batch, number of threads.
  [5, 1, 1],
  [32, 64, 1],
  [64, 16, 1],
  [64, 64, 2],
  [96, 4, 1],
  [96, 16, 2],
  [128, 1, 1],
  [128, 4, 2],
  [192, 1, 2],
  [256, 1, 2],
])("a layer of width %i with %i rows uses %i threads", (width, rows, threads) => {
  const parameters = [{ shape: [width, 4 * width] }, { shape: [width, 4 * width] }, { shape: [4 * width] }];
  expect(isSingleThreaded(estimateWorkPerSync(parameters, rows)) ? 1 : 2).toBe(threads);
});

const tasks = "/proc/self/task";

async function threadsOf(workPerSync: number, options: SessionOptions): Promise<number> {
  const b = graphBuilder("product");
  const x = b.input("x", { dtype: "float32", shape: [4, 4] });
  const model = await modelOf(b.finish([b.matmul(x, x)]), 18);
  const before = readdirSync(tasks).length;
  const opened = await openSession(model, "cpu", workPerSync, options);
  const threads = readdirSync(tasks).length - before + 1;
  if (opened.ok) await opened.value.session.release();
  return threads;
}

test.skipIf(!existsSync(tasks))(
  "a small model has one thread, a large one its share, and either what is asked for",
  async () => {
    // Other threads that the first session of a process starts exist before the later ones.
    await threadsOf(0, {});
    expect(await threadsOf(0, { maxThreads: 3 })).toBe(1);
    expect(await threadsOf(1e9, { maxThreads: 3 })).toBe(3);
    expect(await threadsOf(0, { requestedThreads: 4 })).toBe(4);
    expect(await threadsOf(1e9, { maxThreads: 3, requestedThreads: 2 })).toBe(2);
  },
);
