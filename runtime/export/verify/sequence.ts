/** Verifies the sequence form on whole sequences. */
import { processingOf } from "../../../compiler/export/options.js";
import { outputDifference } from "./compare.js";
import { type FormVerifier, feedTensor, rawAndScaled } from "./model-under-test.js";
import { randomInputs } from "./random-inputs.js";

export const verifySequence: FormVerifier = async ({ run, ports, boundary, trainedModel, reference }, sizes) => {
  const { rawInputs, scaledInputs } = rawAndScaled(randomInputs(reference.ports, trainedModel, sizes), boundary);
  const expected = await reference.predict(scaledInputs, sizes.batch);
  const dataPorts = ports.inputs.filter(({ role }) => role === "data");
  const results = await run(Object.fromEntries(dataPorts.map(({ name }) => [name, feedTensor(rawInputs, name)])));
  return Math.max(
    ...[...expected].map(([port, output]) => outputDifference(results, output, processingOf(boundary, port))),
  );
};
