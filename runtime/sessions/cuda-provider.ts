/** The files of ONNX Runtime's CUDA provider, and the libraries of CUDA that they load. */
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** Files of the provider, which the npm package of ONNX Runtime does not contain. */
export const cudaProviderFiles: readonly string[] =
  process.platform === "win32"
    ? ["onnxruntime_providers_cuda.dll", "onnxruntime_providers_shared.dll"]
    : ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"];

/** The folder of the package onnxruntime-node. */
export function onnxRuntimePackage(): string {
  return dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
}

/** The folder that ONNX Runtime loads its providers from. */
export function providerFolder(): string {
  return join(onnxRuntimePackage(), "bin/napi-v6", process.platform, process.arch);
}

export function hasCudaProvider(): boolean {
  return cudaProviderFiles.every((name) => existsSync(join(providerFolder(), name)));
}

/** Folders of packages nest no deeper. */
const MAX_DEPTH = 6;

/**
 * Copies the provider's files from a folder, at any depth, to a folder.
 *
 * @returns the files that the folder does not contain; with any, nothing is copied.
 */
export function copyCudaProvider(from: string, to: string): readonly string[] {
  const found = new Map(filesIn(from, MAX_DEPTH).map((file) => [basename(file), file]));
  const lacking = cudaProviderFiles.filter((name) => !found.has(name));
  if (lacking.length > 0) return lacking;
  for (const name of cudaProviderFiles) copyFileSync(found.get(name) ?? "", join(to, name));
  return [];
}

function filesIn(folder: string, depth: number): readonly string[] {
  if (depth === 0) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path, depth - 1) : [path];
  });
}

/** The way out of a failure of CUDA: the provider, a library or the GPU's driver is missing, or none of these. */
export async function cudaHint(): Promise<string> {
  if (!hasCudaProvider())
    return "Run rnnx cuda install for ONNX Runtime's CUDA provider, which its package does not contain, or use --device cpu.";
  const missing = await missingLibraries();
  if (missing.length === 0) return "Use --device cpu, or check the GPU and its driver (nvidia-smi).";
  return `${missingText(missing)}, or use --device cpu.`;
}

/** An imperative sentence about missing libraries, without its end. */
export function missingText(missing: readonly string[]): string {
  const [driver, others] = [missing.includes("libcuda.so.1"), missing.filter((name) => name !== "libcuda.so.1")];
  if (others.length === 0) return "Install the NVIDIA driver (libcuda.so.1 is missing)";
  const version = others.map((name) => /^lib(?:cudart|cublas|cublasLt)\.so\.(\d+)$/.exec(name)?.[1]).find(Boolean);
  const cuda = version === undefined ? "CUDA and cuDNN 9" : `CUDA ${version} and cuDNN 9`;
  return `Install ${driver ? "the NVIDIA driver, " : ""}${cuda}, or add their folders to LD_LIBRARY_PATH (missing: ${missing.join(", ")})`;
}

/** Names of libraries that the provider loads and this machine does not find. Empty outside of Linux. */
export async function missingLibraries(): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const provider = join(providerFolder(), cudaProviderFiles[0] ?? "");
  const linked = await libraryPaths(provider);
  // These are opened by name while the provider runs; some builds link the driver too.
  const opened = await Promise.all(
    ["libcudnn.so.9", "libcuda.so.1"].map(async (name) => ((await isFound(name)) ? [] : [name])),
  );
  return [...new Set([...linked.filter(({ found }) => !found).map(({ name }) => name), ...opened.flat()])];
}

/** Libraries by ldd: `libcublas.so.13 => not found`. Empty where there is no ldd. */
async function libraryPaths(file: string): Promise<readonly { readonly name: string; readonly found: boolean }[]> {
  try {
    const { stdout } = await promisify(execFile)("ldd", [file]);
    return [...stdout.matchAll(/^\s*(lib(?:cu|nv)\S+) => (.*)$/gm)].map(([, name = "", path = ""]) => ({
      name,
      found: !path.startsWith("not found"),
    }));
  } catch {
    return [];
  }
}

/** True if the dynamic linker finds a library: in LD_LIBRARY_PATH or in its cache. */
async function isFound(name: string): Promise<boolean> {
  const folders = (process.env.LD_LIBRARY_PATH ?? "").split(":").filter((folder) => folder !== "");
  if (folders.some((folder) => existsSync(join(folder, name)))) return true;
  try {
    const { stdout } = await promisify(execFile)("ldconfig", ["-p"], {
      env: { ...process.env, PATH: `${process.env.PATH ?? ""}:/sbin:/usr/sbin` },
    });
    return stdout.includes(`\t${name} `);
  } catch {
    // Without ldconfig it is not known.
    return true;
  }
}
