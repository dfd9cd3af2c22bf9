/**
 * Measures training steps on a machine with a GPU, within ten minutes: rnnx on CUDA (captured, and kernel by kernel) and on WebGPU, and
 * PyTorch with cuDNN's LSTM and its transformer. First the losses of three gallery specs on CUDA are compared with those of the CPU, and how far TF32
 * moves them is stated.
 *
 *     node bench/cuda.mjs --python /path/to/venv/bin/python
 *     node bench/cuda.mjs --only transformer --calls 50 --minutes 3
 *     node bench/cuda.mjs --spec nanogpt --losses 5     the losses of another spec
 *
 * Columns: TF32 is on for both sides (RNNX_ALLOW_TF32=1); in float32 it is off for both (NVIDIA_TF32_OVERRIDE=0); float16 is mixed precision with a scaled
 * loss on both. Batches of rnnx are copied from the host in every step, those of PyTorch stay on the device. What is missing is stated,
 * and the exit code is then 2; it is 1 where losses differ or a measurement failed. Run nothing else meanwhile.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { exitCodes } from "../dist/cli/exit-codes.js";
import { hasCudaProvider, missingLibraries, missingText } from "../dist/runtime/sessions/cuda-provider.js";
import { loadKoffi } from "../dist/runtime/sessions/native/koffi.js";
import { flagsOf } from "../scripts/flags.mjs";
import { machine, today } from "./environment.mjs";
import { findFrameworks } from "./frameworks.mjs";
import { here, measure } from "./spawn.mjs";
import { configurations as standard } from "./workloads.mjs";

const configurations = [
  ...standard.filter(({ name }) => ["hihello", "small char-rnn", "char-rnn", "transformer"].includes(name)),
  { name: "wide LSTM", layers: 2, hidden: 1024, batch: 256, time: 50, vocabulary: 256 },
  { name: "wide transformer", model: "transformer", layers: 6, hidden: 384, batch: 64, time: 256, vocabulary: 65 },
].map(({ steps: _, framework_steps: __, ...configuration }) => configuration);
const values = flagsOf(import.meta.filename, {
  minutes: 10,
  calls: 20,
  losses: 20,
  spec: [],
  only: configurations.map(({ name }) => name),
  python: [],
  note: "",
  out: here("results"),
});
const specs = values.spec.length > 0 ? values.spec : ["hihello", "tagging", "shakespeare-small"];
/** Largest relative difference between the losses of two devices: the order of float32 sums. */
const TOLERANCE = 1e-3;
/** Seconds of a measurement. */
const LONGEST = 120;
const print = (text) => process.stdout.write(`${text}\n`);
const end = performance.now() + 60_000 * values.minutes;
/** Milliseconds for the next measurement; 0 where the time is over. */
const timeLeft = () => Math.max(0, Math.round(Math.min(1000 * LONGEST, end - performance.now())));
const isDefined = (value) => value !== undefined;

/** Environment of a precision. */
const environmentOf = (precision) => ({
  NVIDIA_TF32_OVERRIDE: precision === "float32" ? "0" : undefined,
  RNNX_ALLOW_TF32: precision === "tf32" ? "1" : undefined,
});

const torch = findFrameworks([...values.python, "python3", "/usr/bin/python3"], ".").find(
  ({ name }) => name === "torch",
);
const gpu = firstLine("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader");
const versions =
  torch &&
  JSON.parse(
    firstLine(
      torch.run[0],
      "-c",
      "import json, torch; print(json.dumps([torch.__version__, torch.version.cuda, torch.cuda.is_available()]))",
    ) ?? "null",
  );

function firstLine(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? stdout.trim().split("\n").at(0) : undefined;
}

/** Imperative sentences: what CUDA needs and this machine lacks, and what captured steps and PyTorch need. */
async function findMissing() {
  const libraries = hasCudaProvider() ? await missingLibraries() : [];
  const cuda = [
    gpu === undefined && "Use a machine with an NVIDIA GPU and its driver: nvidia-smi names none.",
    !hasCudaProvider() && "Run rnnx cuda install: ONNX Runtime has no CUDA provider.",
    libraries.length > 0 && `${missingText(libraries)}.`,
  ];
  const others = [
    (await loadKoffi()) === undefined && "Install koffi: without it no step is captured.",
    versions === undefined && "Name a Python with PyTorch by --python: none was found.",
    versions?.[2] === false && `Install PyTorch for CUDA: ${torch.run[0]} has ${versions[0]}, which finds no GPU.`,
  ];
  return [cuda, others].map((texts) => texts.filter(Boolean));
}

/** The losses of a spec's first steps, and the notices about capture. */
function lossesOf(spec, device, precision = "float32") {
  const out = mkdtempSync(join(tmpdir(), "rnnx-losses-"));
  const flags = ["--device", device, "--steps", `${values.losses}`, "--out", out, "--overwrite", "--json"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [here("../bin/rnnx.js"), "train", here(`../specs/${spec}.json`), ...flags],
    {
      encoding: "utf8",
      maxBuffer: 2 ** 26,
      timeout: timeLeft(),
      env: { ...process.env, ...environmentOf(precision) },
    },
  );
  rmSync(out, { recursive: true, force: true });
  if (status !== 0) return { error: stderr.trim().slice(-500) || "the time is over" };
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return {
    losses: events.filter(({ event }) => event === "step").map(({ loss }) => loss),
    notices: events
      .filter(({ event, message }) => event === "notice" && /CUDA/.test(message))
      .map(({ message }) => message),
  };
}

/** The largest relative difference of two series of losses; undefined where one is missing. */
function differenceOf(losses, reference) {
  if (losses === undefined || reference === undefined) return undefined;
  return reference.reduce((most, loss, step) => Math.max(most, Math.abs(losses[step] / loss - 1)), 0);
}

function compareLosses(spec, hasCuda) {
  const cpu = lossesOf(spec, "cpu");
  const cuda = hasCuda ? lossesOf(spec, "cuda") : undefined;
  const tf32 = hasCuda ? lossesOf(spec, "cuda", "tf32") : undefined;
  const failure = cpu.error ?? cuda?.error ?? tf32?.error;
  const difference = differenceOf(cuda?.losses, cpu.losses);
  const tf32_difference = differenceOf(tf32?.losses, cpu.losses);
  const isEqual = difference === undefined ? undefined : difference <= TOLERANCE;
  const text =
    failure ??
    (difference === undefined
      ? `${cpu.losses.length} losses on the CPU, ${cpu.losses[0].toFixed(4)} to ${cpu.losses.at(-1).toFixed(4)}`
      : `the losses of ${cpu.losses.length} steps differ by ${difference.toExponential(1)}${isEqual ? "" : ": TOO MUCH"}, in TF32 by ${tf32_difference?.toExponential(1)}`);
  print(`${spec}: ${[text, ...(cuda?.notices ?? [])].join("; ")}`);
  return {
    spec,
    cpu: cpu.losses,
    cuda: cuda?.losses,
    difference,
    tf32_difference,
    isEqual,
    error: failure,
    notices: cuda?.notices,
  };
}

const step = (flags) => ({ run: [process.execPath, here("device-step.mjs"), ...flags], calls: true });
const captured = step(["--device", "cuda"]);
const sides = {
  captured: { name: "rnnx, CUDA", ...captured },
  uncaptured: { name: "rnnx, CUDA, not captured", ...step(["--device", "cuda", "--uncaptured"]) },
  webgpu: { name: "rnnx, WebGPU", ...step(["--device", "webgpu"]) },
};
/** Sides and precisions in the order of their importance, since the time may end. */
const stages = [
  ["captured", "tf32"],
  ["torch", "tf32"],
  ["captured", "float16"],
  ["torch", "float16"],
  ["uncaptured", "tf32"],
  ["captured", "float32"],
  ["torch", "float32"],
  ["webgpu", "float32"],
  ["webgpu", "float16"],
];

function torchOf({ model = "rnn" }) {
  const [framework] = findFrameworks([torch.run[0]], ".", model);
  return {
    ...framework,
    name: `PyTorch ${versions[0]}, CUDA ${versions[1]}`,
    run: [...framework.run, "--device", "cuda"],
  };
}

/** One measurement; an error is its result. */
function time(key, precision, { name, model, ...sizes }) {
  const { calls, ...side } = key === "torch" ? torchOf({ model }) : sides[key];
  // TF32 is a setting of the process.
  const flags = { precision: calls && precision === "tf32" ? "float32" : precision, ...(model && { model }) };
  const head = { configuration: name, side: side.name, precision };
  if (timeLeft() === 0) return { ...head, is_left_out: true };
  try {
    const command = { ...side, timeout: timeLeft(), env: { ...side.env, ...environmentOf(precision) } };
    const given = calls ? { ...sizes, steps: 1 } : { ...sizes, steps: values.calls };
    const {
      framework: _,
      median_ms,
      ...line
    } = measure(command, given, { ...flags, ...(calls && { calls: values.calls }) });
    print(`${name}, ${precision}: ${side.name} ${[`${median_ms} ms`, ...(line.notices ?? [])].join("; ")}`);
    return { ...line, ...head, ms: median_ms };
  } catch ({ message }) {
    if (timeLeft() === 0) return { ...head, is_left_out: true };
    // Node ends a stack trace with its version.
    const reason = /^\w*Error: (.*)$/m.exec(message)?.[1] ?? message.trim().split("\n").at(-1);
    print(`${name}, ${precision}: ${side.name} failed: ${reason}`);
    return { ...head, error: message };
  }
}

/** The steps as far as they can be seen without a GPU. */
function compileOnly({ name, model, ...sizes }) {
  const command = { ...captured, run: [...captured.run, "--compile-only"], timeout: timeLeft() };
  if (command.timeout === 0) return { configuration: name, is_left_out: true };
  const line = measure(command, { ...sizes, steps: 1 }, model && { model });
  const graph = line.is_captured ? "one launch" : "not captured";
  print(`${name}: ${graph}, about ${line.kernels} kernels, compiled in ${line.compile_ms} ms`);
  return { configuration: name, ...line };
}

function table(results) {
  const cell = (configuration, side, precision) => {
    const found = results.find(
      (one) => one.configuration === configuration && one.side === side && one.precision === precision,
    );
    return found?.ms === undefined ? "–" : `${found.ms.toFixed(2)} ms`;
  };
  const rows = new Map(results.map(({ configuration, side }) => [`${configuration}, ${side}`, [configuration, side]]));
  return [
    "| model | side | TF32 | float32 | float16 |",
    "|---|---|---|---|---|",
    ...[...rows.values()]
      .sort(([a], [b]) => values.only.indexOf(a) - values.only.indexOf(b))
      .map((row) => `| ${[...row, ...["tf32", "float32", "float16"].map((one) => cell(...row, one))].join(" | ")} |`),
  ].join("\n");
}

const [missingCuda, missingOthers] = await findMissing();
const hasCuda = missingCuda.length === 0;
const hasTorch = versions?.[2] === true;
const chosen = configurations.filter(({ name }) => values.only.includes(name));
const losses = specs.map((spec) => compareLosses(spec, hasCuda));
const measured = hasCuda
  ? stages
      .filter(([key]) => key !== "torch" || hasTorch)
      .flatMap(([key, precision]) => chosen.map((configuration) => time(key, precision, configuration)))
  : chosen.map(compileOnly);
const leftOut = measured.filter(({ is_left_out }) => is_left_out).length;
const missing = [
  ...missingCuda,
  ...missingOthers,
  ...(leftOut > 0 ? [`Give more --minutes: ${leftOut} of ${measured.length} measurements had no time.`] : []),
];
const results = {
  date: today(),
  machine: { ...machine(availableParallelism()), gpu: gpu ?? null, torch: versions ?? null },
  note: values.note,
  tf32: { tf32: "on for both sides, by RNNX_ALLOW_TF32=1", float32: "off for both sides, by NVIDIA_TF32_OVERRIDE=0" },
  missing,
  losses,
  measured,
};
const name =
  gpu === undefined
    ? "no-gpu"
    : gpu
        .split(",")[0]
        .replace(/^NVIDIA /, "")
        .toLowerCase()
        .replace(/\W+/g, "-");
mkdirSync(values.out, { recursive: true });
const file = join(values.out, `cuda-${results.date}-${name}.json`);
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
if (hasCuda) print(table(measured));
print(`${file} is written`);
for (const text of missing) print(`missing: ${text}`);
const isWrong = losses.some(({ isEqual, error }) => isEqual === false || isDefined(error));
const isFailed = isWrong || measured.some(({ error }) => isDefined(error));
process.exitCode = isFailed ? exitCodes.failure : missing.length > 0 ? exitCodes.invalidInput : exitCodes.success;
