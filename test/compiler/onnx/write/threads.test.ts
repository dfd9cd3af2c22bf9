/** Several threads: rows that are gathered more than once get their complete gradient. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { modelOf } from "../../../support/run-graph.js";

test("the gradient of a long table is complete on four threads, in repeated runs", async () => {
  const [rows, width, count] = [5000, 128, 4000];
  const b = graphBuilder("graph");
  const table = b.input("table", { dtype: "float32", shape: [rows, width] });
  const ids = b.input("ids", { dtype: "int64", shape: [count] });
  const gradient = differentiate(b.finish([b.sum(b.gather(table, ids, 0))]), 0, [0]);

  // Every third place is row 0, on which all threads would meet.
  const indices = Array.from({ length: count }, (_, index) => (index % 3 === 0 ? 0 : (index * 7919) % rows));
  const times = new Float32Array(rows);
  for (const position of indices) times[position] = (times[position] ?? 0) + 1;

  const options = { logSeverityLevel: 4, intraOpNumThreads: 4 } as const;
  const session = await InferenceSession.create(await modelOf(gradient, 18), options);
  const feeds = {
    table: new Tensor("float32", new Float32Array(rows * width), [rows, width]),
    ids: new Tensor("int64", BigInt64Array.from(indices, BigInt), [count]),
  };
  for (let round = 0; round < 20; round++) {
    const sums = (await session.run(feeds))["output 1"]?.data as Float32Array;
    expect(sums.findIndex((sum, entry) => sum !== times[Math.floor(entry / width)])).toBe(-1);
  }
  await session.release();
});
