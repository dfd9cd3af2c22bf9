/** The files of the CUDA provider, the hints of its failures, and `rnnx cuda install`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  copyCudaProvider,
  cudaHint,
  cudaProviderFiles,
  hasCudaProvider,
  missingLibraries,
  missingText,
} from "../../runtime/sessions/cuda-provider.js";
import { rnnx } from "../support/spawn.js";
import { sharedFolder } from "../support/temporary-folder.js";

const folder = sharedFolder();

test("hints name the libraries, their versions and the driver", () => {
  expect(missingText(["libcublasLt.so.13", "libcudnn.so.9"])).toBe(
    "Install CUDA 13 and cuDNN 9, or add their folders to LD_LIBRARY_PATH (missing: libcublasLt.so.13, libcudnn.so.9)",
  );
  expect(missingText(["libcudart.so.12", "libcuda.so.1"])).toMatch(
    /^Install the NVIDIA driver, CUDA 12 and cuDNN 9, or/,
  );
  expect(missingText(["libcuda.so.1"])).toBe("Install the NVIDIA driver (libcuda.so.1 is missing)");
});

test.skipIf(process.platform !== "linux")("a library that is linked and opened by name is missing once", async () => {
  const programs = join(folder, "programs");
  mkdirSync(programs);
  const linked = [
    "libcudart.so.13 => /lib/libcudart.so.13",
    "libcublas.so.13 => not found",
    "libcuda.so.1 => not found",
  ];
  const outputs = { ldd: linked.map((line) => `\t${line}`).join("\n"), ldconfig: "" };
  for (const [name, text] of Object.entries(outputs))
    writeFileSync(join(programs, name), `#!/bin/sh\ncat <<END\n${text}\nEND\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${programs}:${process.env.PATH}`);
  vi.stubEnv("LD_LIBRARY_PATH", "");
  const missing = await missingLibraries();
  vi.unstubAllEnvs();
  expect(missing).toEqual(["libcublas.so.13", "libcuda.so.1", "libcudnn.so.9"]);
});

test.skipIf(hasCudaProvider())("without the provider the hint is its installation", async () => {
  expect(await cudaHint()).toMatch(/^Run rnnx cuda install/);
});

describe("copies of the provider", () => {
  const [to, whole, partial] = ["to", "whole", "partial"].map((name) => join(folder, name));
  for (const path of [to, `${whole}/lib/x64`, partial]) mkdirSync(path ?? "", { recursive: true });
  for (const name of cudaProviderFiles) writeFileSync(join(whole ?? "", "lib/x64", name), name);
  writeFileSync(join(partial ?? "", cudaProviderFiles[0] ?? ""), "");

  test("come from any depth", () => {
    expect(copyCudaProvider(whole ?? "", to ?? "")).toEqual([]);
    for (const name of cudaProviderFiles) expect(readFileSync(join(to ?? "", name), "utf8")).toBe(name);
  });

  test("are all or none", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expect(copyCudaProvider(partial ?? "", empty)).toEqual([cudaProviderFiles[1]]);
    expect(existsSync(join(empty, cudaProviderFiles[0] ?? ""))).toBe(false);
  });
});

test("rnnx cuda install refuses folders without the provider and unknown actions", async () => {
  const cases = [
    [["install", "--from", folder.concat("/absent")], "is not a folder"],
    [["install", "--from", join(folder, "partial")], `does not contain ${cudaProviderFiles[1]}`],
    [["remove"], "Allowed choices are install"],
  ] as const;
  for (const [args, message] of cases) {
    const { code, stderr } = await rnnx("cuda", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  }
});
