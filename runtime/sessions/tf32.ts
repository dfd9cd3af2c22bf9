/** TF32 on CUDA, off by default: products and convolutions of float32 values whose factors are rounded to 11 significant bits. */

/** The variable that CUDA's libraries read. onnxruntime-node passes no option of the CUDA provider but the device. */
const LIBRARY_VARIABLE = "NVIDIA_TF32_OVERRIDE";

/** True with `RNNX_ALLOW_TF32=1`, unless the user has set the variable of the libraries. */
export function isTf32Allowed(environment: NodeJS.ProcessEnv = process.env): boolean {
  const setting = environment[LIBRARY_VARIABLE];
  return setting === undefined ? environment.RNNX_ALLOW_TF32 === "1" : setting !== "0";
}

/** Call before the libraries of CUDA are loaded, in the main thread, which owns the process's environment. */
export function configureTf32(environment: NodeJS.ProcessEnv = process.env): void {
  if (!isTf32Allowed(environment)) environment[LIBRARY_VARIABLE] = "0";
}
