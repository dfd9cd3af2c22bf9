/** The architecture as a test: which file may import which, no cycles, and no file too long to know. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const rooms = ["schema", "compiler", "runtime", "views", "cli", "web"];

/** Every source file, relative to the root, with the source files that it imports (types, dynamic imports and workers too). */
const imports: ReadonlyMap<string, readonly string[]> = readImports();

function readImports(): Map<string, readonly string[]> {
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${room}/${name}`),
  );
  files.push("index.ts");
  const known = new Set(files);
  return new Map(files.sort().map((file) => [file, importsOf(file).filter((target) => known.has(target))]));
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
  const visit = (file: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...trail, file]);
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

/** The parts of the compiler that are made of data alone: everything may read them. */
const faces = ["compiler/signature.ts", "compiler/artifact.ts"];

/** What each part of the compiler may import besides itself. A stage never imports another, save elaborate its language. */
const floors: Readonly<Record<string, readonly string[]>> = {
  ir: [],
  ops: ["ir"],
  graph: ["ops", "ir"],
  language: ["graph", "ops", "ir", "faces", "schema"],
  elaborate: ["language", "graph", "ops", "ir", "faces", "schema"],
  autodiff: ["graph", "ops", "ir"],
  precision: ["graph", "ops", "ir"],
  passes: ["graph", "ops", "ir"],
  emit: ["graph", "ops", "ir", "faces"],
  portability: ["emit"],
  faces: ["schema"],
  /** The forms of an exported model. */
  export: ["pipeline", "emit", "passes", "elaborate", "language", "graph", "ops", "ir", "faces", "schema"],
  /** compile.ts and its neighbours at the top. */
  pipeline: [
    "emit",
    "passes",
    "autodiff",
    "precision",
    "elaborate",
    "language",
    "graph",
    "ops",
    "ir",
    "faces",
    "schema",
  ],
};

/** The doors by which the runtime may enter the compiler. */
const doors = [
  "compiler/compile.ts",
  "compiler/probe.ts",
  "compiler/export/index.ts",
  "compiler/export/options.ts",
  "compiler/export/precision.ts",
  "compiler/emit/packed.ts",
  "compiler/export/training.ts",
  "compiler/export/training-names.ts",
  "compiler/emit/read.ts",
  "compiler/emit/training.ts",
  "compiler/emit/weights.ts",
  ...faces,
];

function partOf(file: string): string {
  if (faces.includes(file)) return "faces";
  const [room = "", part = ""] = file.split("/");
  if (room !== "compiler") return room;
  return part.endsWith(".ts") ? "pipeline" : part;
}

function mayImport(file: string, target: string): boolean {
  const [room = ""] = file.split("/");
  const [targetRoom = ""] = target.split("/");
  switch (room) {
    case "schema":
      return targetRoom === "schema";
    case "compiler":
      return partOf(file) === partOf(target) || (floors[partOf(file)] ?? []).includes(partOf(target));
    case "runtime":
      return targetRoom === "runtime" || targetRoom === "schema" || doors.includes(target);
    case "views":
      return ["schema", "runtime", "views"].includes(targetRoom) || doors.includes(target);
    case "cli":
      return rooms.includes(targetRoom) && targetRoom !== "web";
    // A page shares with the runtime what needs nothing of Node: its build refuses the rest.
    case "web":
      return targetRoom === "web" || targetRoom === "runtime" || targetRoom === "schema" || doors.includes(target);
    default:
      return rooms.includes(targetRoom) && targetRoom !== "cli" && targetRoom !== "web";
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
    const parts = [...imports.keys()].filter((file) => file.startsWith("compiler/")).map(partOf);
    expect([...new Set(parts)].filter((part) => !(part in floors))).toEqual([]);
  });
});

describe("source files", () => {
  const generated = ["schema/spec.types.ts"];
  const written = [...imports.keys()].filter((file) => !generated.includes(file));

  test("are shorter than 300 lines", () => {
    const long = written.filter((file) => readFileSync(join(root, file), "utf8").trimEnd().split("\n").length >= 300);
    expect(long).toEqual([]);
  });

  test("open with a sentence that says what they are", () => {
    const silent = written.filter((file) => !readFileSync(join(root, file), "utf8").startsWith("/**"));
    expect(silent).toEqual([]);
  });
});
