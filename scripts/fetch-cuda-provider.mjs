/**
 * Fetches ONNX Runtime 1.29 with its CUDA provider by npm, and builds stand-ins of the CUDA libraries, so that the provider
 * places nodes on a machine without a GPU. Needs Linux on x64, gcc, Python 3 and the headers of CUDA 13.
 *
 *     npm run build && node scripts/fetch-cuda-provider.mjs --out FOLDER --shim FOLDER [--cuda /usr/local/cuda]
 *     RNNX_CUDA_PROVIDER=FOLDER npx vitest run test/compiler/portability/cuda-provider.test.ts
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { flagsOf } from "./flags.mjs";

const providerPackage = "com.github.asus4.onnxruntime.linux-x64-gpu@0.4.9";
const runtimePackage = "onnxruntime-node@1.29.0";

const flags = flagsOf(import.meta.filename, { out: String(), shim: String(), cuda: "/usr/local/cuda" });
const out = resolve(flags.out);

function run(command, ...args) {
  const { status, stderr, error } = spawnSync(command, args, { cwd: out, encoding: "utf8" });
  if (status === 0) return;
  console.error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr.trim()}`);
  process.exit(1);
}

if (flags.out === "" || !existsSync(join(flags.shim, "make.py"))) {
  console.error("Name the folder to write with --out, and the folder of the stand-ins' sources (make.py) with --shim.");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "package.json"), "{}\n");
run("npm", "install", runtimePackage, "--ignore-scripts", "--no-audit", "--no-fund");
run("npm", "pack", providerPackage);
const archive = readdirSync(out).find((name) => name.endsWith(".tgz"));
run("tar", "xzf", archive);
const libraries = join(out, "node_modules/onnxruntime-node/bin/napi-v6/linux/x64");
for (const name of ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"])
  copyFileSync(join(out, "package/Plugins/Linux/x64", name), join(libraries, name));
for (const name of [archive, "package"]) rmSync(join(out, name), { recursive: true });
const provider = join(libraries, "libonnxruntime_providers_cuda.so");
run("python3", resolve(flags.shim, "make.py"), provider, join(out, "stand-ins"), flags.cuda);
console.log(`The CUDA provider is in ${out}.`);
