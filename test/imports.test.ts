/** The architecture as a test: which file may import which, no cycles, and no file too long to know. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["schema", "compiler", "runtime", "views", "cli", "web"];

/** Every source file, relative to the root, with the source files that it imports (types, dynamic imports and workers too). */
const imports: ReadonlyMap<string, readonly string[]> = readImports();

function readImports(): Map<string, readonly string[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );
  files.push("index.ts");
  const sources = new Set(files);
  return new Map(files.sort().map((file) => [file, importsOf(file).filter((target) => sources.has(target))]));
}

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const forms = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)"(\.{1,2}\/[^"]+)"/g;
  return [...source.matchAll(forms)].map(([, specifier = ""]) =>
    normalize(join(dirname(file), specifier)).replace(/\.js$/, ".ts"),
  );
}

/** The first cycle found from a file, as a path that ends where it starts. */
function findCycle(): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** What each room of schema/ may import in addition to itself, `base` being the files next to the rooms. */
const schemaImports: Readonly<Record<string, readonly string[]>> = {
  base: [],
  diagnostics: ["base"],
  parse: ["diagnostics", "base"],
  compose: ["parse", "diagnostics", "base"],
  validate: ["diagnostics", "base"],
  normal: [],
  kinds: ["normal"],
  normalize: ["kinds", "normal", "diagnostics", "base"],
  /** read.ts and micro-batches.ts. */
  entry: ["normalize", "validate", "compose", "parse", "normal", "diagnostics", "base"],
};

function schemaRoomOf(file: string): string {
  if (["schema/read.ts", "schema/micro-batches.ts"].includes(file)) return "entry";
  const [, room = ""] = file.split("/");
  return room.endsWith(".ts") ? "base" : room;
}

/** Files of the compiler that only declare data: every room may import them. */
const sharedTypes = ["compiler/signature.ts", "compiler/artifact.ts"];
/** The result of elaboration, which later stages read. */
const programFile = "compiler/elaborate/program.ts";

/** The rooms that the explanations of the compiler read. */
const roomsOfInspect: readonly string[] = [
  ...[
    "importer",
    "pipeline",
    "training",
    "onnx",
    "optimize",
    "autodiff",
    "precision",
    "elaborate",
    "program",
    "language",
  ],
  ...["graph", "ops", "ir", "types", "schema"],
];

/** What each part of the compiler may import besides itself. A stage never imports another, save elaborate its language and the importer. */
const allowedImports: Readonly<Record<string, readonly string[]>> = {
  ir: [],
  ops: ["ir"],
  graph: ["ops", "ir"],
  language: ["graph", "ops", "ir", "types", "schema"],
  elaborate: ["importer", "onnx", "program", "language", "graph", "ops", "ir", "types", "schema"],
  program: ["graph", "ops", "ir", "types"],
  autodiff: ["graph", "ops", "ir"],
  precision: ["graph", "ops", "ir"],
  optimize: ["graph", "ops", "ir"],
  training: ["program", "language", "graph", "ops", "ir", "types", "schema"],
  onnx: ["graph", "ops", "ir", "types"],
  importer: ["onnx", "graph", "ops", "ir"],
  portability: ["onnx"],
  types: ["schema"],
  /** The stages of compile.ts that are more than a call. */
  pipeline: [
    ...["onnx", "optimize", "training", "autodiff", "precision", "elaborate", "program", "language"],
    ...["graph", "ops", "ir", "types", "schema"],
  ],
  /** The training step of another program's model. */
  "fine-tune": [
    ...["importer", "pipeline", "training", "onnx", "optimize", "autodiff", "elaborate", "program"],
    ...["graph", "ops", "ir", "types", "schema"],
  ],
  /** The forms of an exported model. */
  export: [
    "pipeline",
    "training",
    "onnx",
    "optimize",
    "elaborate",
    "program",
    "language",
    "graph",
    "ops",
    "ir",
    "types",
    "schema",
  ],
  inspect: roomsOfInspect,
  /** compile.ts and check.ts. */
  entry: ["inspect", ...roomsOfInspect],
};

/** The files of the compiler that the runtime may import. */
const compilerApi = [
  "compiler/compile.ts",
  "compiler/inspect/attention-model.ts",
  "compiler/inspect/check-gradient/index.ts",
  "compiler/inspect/finiteness.ts",
  "compiler/inspect/table-rows.ts",
  "compiler/elaborate/layers/onnx/model.ts",
  "compiler/export/index.ts",
  "compiler/export/options.ts",
  "compiler/export/precision.ts",
  "compiler/onnx/splice/quantize-weights.ts",
  "compiler/onnx/splice/replace-weights.ts",
  "compiler/onnx/splice/replace-weights.ts",
  "compiler/export/training.ts",
  "compiler/export/training-names.ts",
  "compiler/onnx/read/initial-values.ts",
  "compiler/onnx/read/model.ts",
  "compiler/onnx/read/tensor-values.ts",
  "compiler/onnx/splice/separate-weights.ts",
  "compiler/onnx/splice/training-info.ts",
  "compiler/onnx/splice/weights.ts",
  ...sharedTypes,
];

/** The rooms of runtime/ from the lowest layer to the highest. A room imports itself and lower layers. */
const runtimeLayers: readonly (readonly string[])[] = [
  ["problem", "result", "events", "outcome", "format", "ordered-json"],
  ["storage", "tensors"],
  ["data"],
  ["sessions", "memory", "import", "forecast"],
  ["run"],
  ["evaluation", "generation"],
  ["predict", "training", "export", "web"],
  ["distributed"],
  ["worker"],
  ["train", "load-run"],
  ["sweep"],
];

function runtimeRoomOf(file: string): string {
  const [, entry = ""] = file.split("/");
  return entry.replace(/\.ts$/, "");
}

const runtimeLayerOf = (file: string) => runtimeLayers.findIndex((rooms) => rooms.includes(runtimeRoomOf(file)));

function mayImportInRuntime(file: string, target: string): boolean {
  const [from, to] = [runtimeLayerOf(file), runtimeLayerOf(target)];
  return to < from || (from === to && (from === 0 || runtimeRoomOf(file) === runtimeRoomOf(target)));
}

function moduleOf(file: string): string {
  if (sharedTypes.includes(file)) return "types";
  if (file === programFile) return "program";
  const [folder = "", entry = ""] = file.split("/");
  if (folder !== "compiler") return folder;
  return entry.endsWith(".ts") ? "entry" : entry;
}

/** The playground and the fine-tune page share examples/ and the files of web/; only the fine-tune page embeds the other. */
function mayImportOnPage(file: string, target: string): boolean {
  const [, room = ""] = file.split("/");
  const [, targetRoom = ""] = target.split("/");
  const allowed: Readonly<Record<string, readonly string[]>> = {
    examples: ["examples"],
    playground: ["playground", "examples"],
    "fine-tune": ["fine-tune", "playground", "examples"],
  };
  return targetRoom.endsWith(".ts") || (allowed[room] ?? []).includes(targetRoom);
}

function mayImport(file: string, target: string): boolean {
  const [folder = ""] = file.split("/");
  const [targetFolder = ""] = target.split("/");
  switch (folder) {
    case "schema":
      return (
        targetFolder === "schema" &&
        (schemaRoomOf(file) === schemaRoomOf(target) ||
          (schemaImports[schemaRoomOf(file)] ?? []).includes(schemaRoomOf(target)))
      );
    case "compiler":
      return moduleOf(file) === moduleOf(target) || (allowedImports[moduleOf(file)] ?? []).includes(moduleOf(target));
    case "runtime":
      return targetFolder === "runtime"
        ? mayImportInRuntime(file, target)
        : targetFolder === "schema" || compilerApi.includes(target);
    case "views":
      return ["schema", "runtime", "views"].includes(targetFolder) || compilerApi.includes(target);
    case "cli":
      return folders.includes(targetFolder) && targetFolder !== "web";
    // A page shares with the runtime what needs nothing of Node: its build refuses the rest.
    case "web":
      return (
        (targetFolder === "web" && mayImportOnPage(file, target)) ||
        targetFolder === "runtime" ||
        targetFolder === "schema" ||
        compilerApi.includes(target)
      );
    default:
      return folders.includes(targetFolder) && targetFolder !== "cli" && targetFolder !== "web";
  }
}

describe("imports", () => {
  test("are found at all", () => {
    expect(imports.size).toBeGreaterThan(20);
    expect(importsOf("compiler/compile.ts")).toContain("compiler/artifact.ts");
  });

  test("form no cycle", () => {
    expect(findCycle()).toBeUndefined();
  });

  test("go only where the architecture allows", () => {
    const forbidden = [...imports].flatMap(([file, targets]) =>
      targets.filter((target) => !mayImport(file, target)).map((target) => `${file} → ${target}`),
    );
    expect(forbidden).toEqual([]);
  });

  test("name a part of the compiler that the rules know", () => {
    const modules = [...imports.keys()].filter((file) => file.startsWith("compiler/")).map(moduleOf);
    expect([...new Set(modules)].filter((module) => !(module in allowedImports))).toEqual([]);
  });

  test("name a room of the runtime that has a layer", () => {
    const files = [...imports.keys()].filter((file) => file.startsWith("runtime/"));
    expect(files.filter((file) => runtimeLayerOf(file) < 0)).toEqual([]);
  });
});

describe("source files", () => {
  const generated = ["schema/spec.types.ts", "schema/normal/types.ts"];
  const sourceFiles = [...imports.keys()].filter((file) => !generated.includes(file));

  test("are shorter than 300 lines", () => {
    const long = sourceFiles.filter(
      (file) => readFileSync(join(root, file), "utf8").trimEnd().split("\n").length >= 300,
    );
    expect(long).toEqual([]);
  });

  test("open with a sentence that says what they are", () => {
    const undocumented = sourceFiles.filter((file) => !readFileSync(join(root, file), "utf8").startsWith("/**"));
    expect(undocumented).toEqual([]);
  });
});
