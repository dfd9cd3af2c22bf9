/** A server with MLflow's REST interface 2.0 as it is documented: its requests are checked, and what they record is kept. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface RecordedRun {
  name: string;
  status: string;
  tags: Record<string, string>;
  readonly params: Record<string, string>;
  readonly metrics: { readonly key: string; readonly value: unknown; readonly step: number }[];
  readonly files: Record<string, number>;
}

interface Options {
  /** Requests of `runs/log-batch` that fail, by their number from 1. */
  readonly failing?: (request: number) => boolean;
  readonly artifactUri?: string;
  readonly token?: string;
}

export async function startMlflowServer({ failing = () => false, artifactUri, token }: Options = {}) {
  const experiments = new Map<string, string>();
  const runs = new Map<string, RecordedRun>();
  const paths: string[] = [];
  let batches = 0;
  const routes: Readonly<Record<string, (body: Body, query: URLSearchParams) => Answer>> = {
    "GET /api/2.0/mlflow/experiments/get-by-name": (_, query) => {
      const id = experiments.get(query.get("experiment_name") ?? "");
      return id === undefined ? problem(404, "RESOURCE_DOES_NOT_EXIST") : [200, { experiment: { experiment_id: id } }];
    },
    "POST /api/2.0/mlflow/experiments/create": ({ name }) => {
      experiments.set(text(name), `${experiments.size + 1}`);
      return [200, { experiment_id: `${experiments.size}` }];
    },
    "POST /api/2.0/mlflow/runs/create": ({ experiment_id, run_name, start_time, tags }) => {
      if (![...experiments.values()].includes(text(experiment_id)) || typeof start_time !== "number")
        return problem(400);
      const id = `run${runs.size + 1}`;
      const run = { name: text(run_name), status: "RUNNING", params: {}, metrics: [], files: {} };
      runs.set(id, { ...run, tags: Object.fromEntries(list(tags).map(({ key, value }) => [text(key), text(value)])) });
      return [
        200,
        { run: { info: { run_id: id, artifact_uri: artifactUri ?? `mlflow-artifacts:/1/${id}/artifacts` } } },
      ];
    },
    "POST /api/2.0/mlflow/runs/log-batch": ({ run_id, metrics, params }) => {
      batches += 1;
      const run = runs.get(text(run_id));
      if (failing(batches)) return problem(503, "TEMPORARILY_UNAVAILABLE");
      if (run === undefined || list(metrics).length > 1000 || list(params).length > 100) return problem(400);
      for (const { key, value } of list(params)) {
        if (text(key).length > 250 || text(value).length > 6000) return problem(400);
        run.params[text(key)] = text(value);
      }
      for (const { key, value, step, timestamp } of list(metrics)) {
        if (typeof timestamp !== "number" || !/^[\w./ -]+$/.test(text(key))) return problem(400);
        run.metrics.push({ key: text(key), value, step: Number(step) });
      }
      return [200, {}];
    },
    "POST /api/2.0/mlflow/runs/update": ({ run_id, status, end_time }) => {
      const run = runs.get(text(run_id));
      if (run === undefined || typeof end_time !== "number") return problem(400);
      run.status = text(status);
      return [200, { run_info: {} }];
    },
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    paths.push(`${request.method} ${pathname}`);
    const bytes = await bodyOf(request);
    const answer = ((): Answer => {
      if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
        return problem(401, "UNAUTHENTICATED");
      const [, id = "", file = ""] =
        /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/1\/(\w+)\/artifacts\/(.+)$/.exec(pathname) ?? [];
      const run = runs.get(id);
      if (request.method === "PUT" && run !== undefined) {
        run.files[file] = bytes.length;
        return [200, {}];
      }
      const route = routes[`${request.method} ${pathname}`];
      return route === undefined
        ? problem(404)
        : route(bytes.length === 0 ? {} : JSON.parse(bytes.toString()), searchParams);
    })();
    response.writeHead(answer[0], { "content-type": "application/json" }).end(JSON.stringify(answer[1]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, experiments, runs, paths };
}

type Body = Readonly<Record<string, unknown>>;
type Answer = readonly [status: number, body: object];

const problem = (status: number, code = "INVALID_PARAMETER_VALUE"): Answer => [
  status,
  { error_code: code, message: "The request is not valid." },
];
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): readonly Body[] => (Array.isArray(value) ? value : []);

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
