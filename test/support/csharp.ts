/** C# programs, compiled and run by the .NET Core SDK that `scripts/install-dotnet.sh` puts into the folder RNNX_DOTNET. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { root } from "./spawn.js";

const tools = process.env.RNNX_DOTNET ?? "";
const library = "Microsoft.ML.OnnxRuntime.dll";
const native = join(root, "node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch);

export const hasDotnet = existsSync(join(tools, library));
export const withDotnet = hasDotnet ? "" : " (skipped: RNNX_DOTNET has no compiler)";

/** As a new console project has it: .NET 6 uses these namespaces in every file, and an entry point is written by the compiler. */
const implicitNamespaces = ["System", "System.Collections.Generic", "System.IO", "System.Linq"];
/** An extension of .NET 6 that version 3.1 lacks. */
const extensions = `
static class JsonExtensions
{
    public static T Deserialize<T>(this System.Text.Json.JsonElement element) =>
        System.Text.Json.JsonSerializer.Deserialize<T>(element.GetRawText());
}`;

/** A program of .NET 6 with an entry point of its own, which C# 8 has to have. */
function withEntryPoint(program: string): string {
  const [beforeTypes = "", types = ""] = program.split(/^(?=internal )/m);
  const head = /^(\/\/.*\n|using [\w.]+;\n|\n)*/.exec(beforeTypes)?.[0] ?? "";
  const statements = beforeTypes.slice(head.length);
  const namespaces = implicitNamespaces.map((name) => `using ${name};\n`).join("");
  const main = `static class Program\n{\nstatic void Main(string[] args)\n{\n${statements}}\n}`;
  return `#nullable enable\n${namespaces}${head}\n${main}\n${types}\n#nullable disable\n${extensions}\n`;
}

function execute(command: string, args: readonly string[], cwd: string, libraries: string): string {
  const env = { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1", LD_LIBRARY_PATH: libraries };
  const { status, stdout, stderr } = spawnSync(join(tools, command), args, { cwd, encoding: "utf8", env });
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
  return stdout;
}

/** Compiles a program into a folder of its own, and returns a function that runs it in the program's folder. */
export function compileCsharp(file: string, folder = dirname(file)): (...args: readonly string[]) => string {
  const out = mkdtempSync(join(folder, "dotnet-"));
  const [source, program] = [join(out, "program.cs"), join(out, "program.dll")];
  writeFileSync(source, withEntryPoint(readFileSync(file, "utf8")));
  execute("csc", ["-warnaserror+", `-out:${program}`, source], folder, "");
  symlinkSync(join(tools, library), join(out, library));
  symlinkSync(join(native, "libonnxruntime.so.1"), join(out, "libonnxruntime.so"));
  const framework = { name: "Microsoft.NETCore.App", version: "3.1.0" };
  writeFileSync(join(out, "program.runtimeconfig.json"), JSON.stringify({ runtimeOptions: { framework } }));
  return (...args) => execute("sdk/dotnet", [program, ...args], folder, out).trimEnd();
}

/** A program prints what another prints: the same words, and numbers up to the rounding of float32. */
export function expectCsharpPrints(file: string, printed: string): void {
  if (!hasDotnet) return;
  const words = (text: string) => text.split(/[\s[\],]+/).filter((word) => word !== "");
  const [actual, expected] = [words(compileCsharp(file)()), words(printed)];
  const close = (word: string, place: number) =>
    Math.abs(Number(word) / Number(expected[place]) - 1) < 1e-5 ? expected[place] : word;
  expect(actual.map(close)).toEqual(expected);
}
