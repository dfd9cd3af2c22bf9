/** TF32 on CUDA: off unless the user allows it, in the environment that CUDA's libraries read. */
import { expect, test } from "vitest";
import { configureTf32, isTf32Allowed } from "../../../runtime/sessions/tf32.js";

test.each([
  [{}, { NVIDIA_TF32_OVERRIDE: "0" }, false],
  [{ RNNX_ALLOW_TF32: "0" }, { RNNX_ALLOW_TF32: "0", NVIDIA_TF32_OVERRIDE: "0" }, false],
  [{ RNNX_ALLOW_TF32: "1" }, { RNNX_ALLOW_TF32: "1" }, true],
  [{ NVIDIA_TF32_OVERRIDE: "1" }, { NVIDIA_TF32_OVERRIDE: "1" }, true],
  [{ RNNX_ALLOW_TF32: "1", NVIDIA_TF32_OVERRIDE: "0" }, { RNNX_ALLOW_TF32: "1", NVIDIA_TF32_OVERRIDE: "0" }, false],
])("the environment %j becomes %j", (given, expected, isAllowed) => {
  const environment: NodeJS.ProcessEnv = { ...given };
  configureTf32(environment);
  expect(environment).toEqual(expected);
  expect(isTf32Allowed(environment)).toBe(isAllowed);
});
