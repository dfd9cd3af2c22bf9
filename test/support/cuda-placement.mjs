/**
 * Opens models with the CUDA provider of RNNX_CUDA_PROVIDER, so that ONNX Runtime logs the provider of every node on stderr.
 * Standard input: one file a line. A line `@@ FILE` precedes the log of a model, and `@@ error MESSAGE` follows a failure.
 */
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.RNNX_CUDA_PROVIDER ?? ".", "package.json"));
const { InferenceSession } = require("onnxruntime-node");
const options = { executionProviders: ["cuda", "cpu"], logSeverityLevel: 0, graphOptimizationLevel: "disabled" };

for (const file of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  writeSync(2, `@@ ${file}\n`);
  try {
    const session = await InferenceSession.create(readFileSync(file), options);
    await session.release();
  } catch (error) {
    writeSync(2, `@@ error ${String(error.message).replaceAll("\n", " ")}\n`);
  }
}
