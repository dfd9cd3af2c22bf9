/** MLflow's REST interface, version 2.0 (mlflow.org/docs/latest/rest-api.html). */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MlflowError, type MlflowMetric, type MlflowRun, type MlflowStore, type RunDescription } from "./store.js";

/** Limits of one request of `runs/log-batch`. */
const [MAX_METRICS, MAX_PARAMETERS] = [1000, 100];
const TIMEOUT = 20_000;

type Json = Readonly<Record<string, unknown>>;

export async function openRestStore(url: string, experiment: string): Promise<MlflowStore> {
  const server = connect(url.replace(/\/+$/, ""));
  const experimentId = await findExperiment(server, experiment);
  return { startRun: (description) => startRun(server, experimentId, description) };
}

async function startRun(server: Server, experimentId: string, { name, tags }: RunDescription): Promise<MlflowRun> {
  const created = await server.post("runs/create", {
    experiment_id: experimentId,
    run_name: name,
    start_time: Date.now(),
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  const info = objectAt(objectAt(created, "run"), "info");
  const runId = textAt(info, "run_id");
  const artifacts = textAt(info, "artifact_uri");
  return {
    address: `${server.base}/#/experiments/${experimentId}/runs/${runId}`,
    async logParameters(parameters) {
      const entries = Object.entries(parameters).map(([key, value]) => ({ key, value }));
      for (let start = 0; start < entries.length; start += MAX_PARAMETERS)
        await server.post("runs/log-batch", { run_id: runId, params: entries.slice(start, start + MAX_PARAMETERS) });
    },
    async logMetrics(metrics) {
      for (let start = 0; start < metrics.length; start += MAX_METRICS) {
        const some = metrics.slice(start, start + MAX_METRICS).map(encodeMetric);
        await server.post("runs/log-batch", { run_id: runId, metrics: some });
      }
    },
    async logFile(file, path) {
      if (artifacts.startsWith("mlflow-artifacts:")) {
        const folder = artifacts.replace(/^mlflow-artifacts:\/*/, "");
        await server.put(`mlflow-artifacts/artifacts/${encodePath(`${folder}/${file}`)}`, await readFile(path));
        return undefined;
      }
      const folder = localFolder(artifacts);
      if (folder === undefined)
        return `MLflow keeps files at ${artifacts}, which rnnx does not write to. The files of the run are in its run directory.`;
      await mkdir(folder, { recursive: true });
      await copyFile(path, join(folder, file));
      return undefined;
    },
    async end(status) {
      await server.post("runs/update", { run_id: runId, status, end_time: Date.now() });
    },
  };
}

/** The id of an experiment by its name, which is created if it does not exist. */
async function findExperiment(server: Server, name: string): Promise<string> {
  const found = await server.get(`experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`);
  if (found !== undefined) return textAt(objectAt(found, "experiment"), "experiment_id");
  return textAt(await server.post("experiments/create", { name }), "experiment_id");
}

/** Numbers that JSON does not have are written as in protobuf's JSON. */
function encodeMetric({ key, value, step, timestamp }: MlflowMetric): Json {
  return { key, value: Number.isFinite(value) ? value : `${value}`, step, timestamp };
}

/** The folder of a URI on this machine. */
function localFolder(uri: string): string | undefined {
  if (uri.startsWith("file:")) return fileURLToPath(uri);
  return uri.startsWith("/") ? uri : undefined;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

interface Server {
  readonly base: string;
  /** Undefined for something that does not exist. */
  get(path: string): Promise<Json | undefined>;
  post(path: string, body: Json): Promise<Json>;
  put(path: string, body: Uint8Array): Promise<void>;
}

function connect(base: string): Server {
  const headers = authorization();
  const send = async (method: string, path: string, body?: string | Uint8Array): Promise<Response> => {
    const type = typeof body === "string" ? "application/json" : "application/octet-stream";
    try {
      return await fetch(`${base}/api/2.0/${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { "content-type": type }) },
        ...(body !== undefined && { body: body as string }),
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new MlflowError(`The MLflow server ${base} does not answer (${cause}).`, "Start it with mlflow server.");
    }
  };
  const read = async (response: Response): Promise<Json> => {
    const text = await response.text();
    if (response.ok) return parseObject(text, base);
    const { error_code: code, message } = parseError(text);
    throw new MlflowError(
      `MLflow refuses the request: ${message} (${code ?? response.status}).`,
      hintOf(response.status),
    );
  };
  return {
    base,
    async get(path) {
      const response = await send("GET", `mlflow/${path}`);
      if (response.status !== 404) return read(response);
      const { error_code: code } = parseError(await response.text());
      if (code === "RESOURCE_DOES_NOT_EXIST") return undefined;
      throw new MlflowError(`${base} is no MLflow server: it has no /api/2.0/mlflow.`, "Check the URL.");
    },
    post: async (path, body) => read(await send("POST", `mlflow/${path}`, JSON.stringify(body))),
    async put(path, body) {
      await read(await send("PUT", path, body));
    },
  };
}

/** The header of the credentials that MLflow's own client reads from the environment. */
function authorization(): Readonly<Record<string, string>> {
  const {
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
  } = process.env;
  if (token !== undefined && token !== "") return { authorization: `Bearer ${token}` };
  if (user === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

function hintOf(status: number): string {
  const needsCredentials = status === 401 || status === 403;
  return needsCredentials ? "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN." : "";
}

function parseObject(text: string, base: string): Json {
  try {
    const value: unknown = text.trim() === "" ? {} : JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Json;
  } catch {}
  throw new MlflowError(`${base} is no MLflow server: its answer is no JSON object.`, "Check the URL.");
}

function parseError(text: string): { readonly error_code?: string; readonly message: string } {
  try {
    const value: { readonly error_code?: unknown; readonly message?: unknown } = JSON.parse(text);
    const { error_code, message } = value;
    return { ...(typeof error_code === "string" && { error_code }), message: `${message ?? "no reason is given"}` };
  } catch {
    return { message: text.slice(0, 200).replace(/\s+/g, " ").trim() || "no reason is given" };
  }
}

function objectAt(value: Json, key: string): Json {
  const member = value[key];
  if (typeof member === "object" && member !== null) return member as Json;
  throw new MlflowError(`The answer of the MLflow server lacks "${key}".`);
}

function textAt(value: Json, key: string): string {
  const member = value[key];
  if (typeof member === "string") return member;
  throw new MlflowError(`The answer of the MLflow server lacks "${key}".`);
}
