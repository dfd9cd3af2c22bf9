/** MLflow's file store (the folder `mlruns`): a folder for each experiment and run, a text file for each parameter and metric. */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { appendFile, copyFile, mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MlflowError, type MlflowRun, type MlflowStore, type RunDescription, type RunStatus } from "./store.js";

/** Numbers of the states in `meta.yaml`. */
const statuses: Readonly<Record<RunStatus | "RUNNING", number>> = { RUNNING: 1, FINISHED: 3, FAILED: 4, KILLED: 5 };

/** @param target the folder, or its file: URL. It is created. */
export async function openFileStore(target: string, experiment: string): Promise<MlflowStore> {
  const root = target.startsWith("file:") ? fileURLToPath(target) : resolve(target);
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new MlflowError(`"${target}" is a file, not a folder of MLflow.`, "Name a folder, or the URL of a server.");
  const experimentId = await findExperiment(root, experiment);
  return { startRun: (description) => startRun(root, experimentId, description) };
}

async function startRun(root: string, experimentId: string, { name, tags }: RunDescription): Promise<MlflowRun> {
  const runId = randomBytes(16).toString("hex");
  const folder = join(root, experimentId, runId);
  const artifacts = join(folder, "artifacts");
  for (const part of ["params", "metrics", "tags", "artifacts"]) await mkdir(join(folder, part), { recursive: true });
  const user = userName();
  const startTime = Date.now();
  const writeMeta = (status: keyof typeof statuses, endTime: number | null) =>
    writeFile(
      join(folder, "meta.yaml"),
      yaml({
        artifact_uri: pathToFileURL(artifacts).href,
        end_time: endTime,
        entry_point_name: "",
        experiment_id: experimentId,
        lifecycle_stage: "active",
        run_id: runId,
        run_name: name,
        run_uuid: runId,
        source_name: "",
        // A local source.
        source_type: 4,
        source_version: "",
        start_time: startTime,
        status: statuses[status],
        tags: [],
        user_id: user,
      }),
    );
  await writeMeta("RUNNING", null);
  const allTags = { "mlflow.runName": name, "mlflow.user": user, ...tags };
  for (const [key, value] of Object.entries(allTags)) await writeEntry(join(folder, "tags"), key, value);
  return {
    address: folder,
    async logParameters(parameters) {
      for (const [key, value] of Object.entries(parameters)) await writeEntry(join(folder, "params"), key, value);
    },
    async logMetrics(metrics) {
      const lines = new Map<string, string>();
      for (const { key, value, step, timestamp } of metrics)
        lines.set(key, `${lines.get(key) ?? ""}${timestamp} ${pythonNumber(value)} ${step}\n`);
      for (const [key, text] of lines) {
        const path = join(folder, "metrics", key);
        await mkdir(dirname(path), { recursive: true });
        await appendFile(path, text);
      }
    },
    async logFile(file, path) {
      await copyFile(path, join(artifacts, file));
      return undefined;
    },
    end: (status) => writeMeta(status, Date.now()),
  };
}

async function writeEntry(folder: string, key: string, value: string): Promise<void> {
  const path = join(folder, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, value);
}

/** The id of an active experiment by its name, which is created if it does not exist. */
async function findExperiment(root: string, name: string): Promise<string> {
  const entries = existsSync(root) ? readdirSync(root, { withFileTypes: true }) : [];
  const experiments = entries.filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, "meta.yaml")));
  const found = experiments.find((entry) => {
    const meta = readFileSync(join(root, entry.name, "meta.yaml"), "utf8");
    return yamlText(meta, "name") === name && yamlText(meta, "lifecycle_stage") === "active";
  });
  if (found !== undefined) return found.name;
  // MLflow's own ids are numbers of 18 digits too.
  const id = `${BigInt(`0x${randomBytes(8).toString("hex")}`) % 10n ** 18n}`.padStart(18, "1");
  const folder = join(root, id);
  await mkdir(folder, { recursive: true });
  const now = Date.now();
  const meta = {
    artifact_location: pathToFileURL(folder).href,
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: "active",
    name,
  };
  await writeFile(join(folder, "meta.yaml"), yaml(meta));
  return id;
}

/** A flat mapping. JSON's texts, numbers, lists and null are YAML too. */
function yaml(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join("");
}

/** The text of a key of a flat mapping: plain, or in quotes. */
function yamlText(text: string, key: string): string | undefined {
  const [, value = ""] = new RegExp(`^${key}: *(.*?) *$`, "m").exec(text) ?? [];
  if (value.startsWith("'")) return value.slice(1, -1).replaceAll("''", "'");
  try {
    const parsed: unknown = value.startsWith('"') ? JSON.parse(value) : value;
    return typeof parsed === "string" && parsed !== "" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A number as Python's `float` reads it. */
function pythonNumber(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
