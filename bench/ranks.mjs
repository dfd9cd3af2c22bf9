/**
 * How the time of a step grows with the number of ranks, on paper: an alpha-beta model of the sum over all gradients (each message costs
 * alpha, and its bytes by beta), beside the time that one rank takes for its rows. Usage: node bench/ranks.mjs [--alpha µs] [--beta GB/s]
 * [--rate GFLOP/s] [--overhead ms] [--json]
 */
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    alpha: { type: "string", default: "20" },
    beta: { type: "string", default: "1.25" },
    rate: { type: "string", default: "100" },
    overhead: { type: "string", default: "0.3" },
    json: { type: "boolean", default: false },
  },
});
const [alpha, beta, rate, overhead] = [values.alpha, values.beta, values.rate, values.overhead].map(Number);

/** Text models: layers, width, vocabulary; 50 sequences of 50 steps a rank. */
const sizes = [
  { name: "1×32, V65", layers: 1, width: 32, vocabulary: 65 },
  { name: "2×128, V65", layers: 2, width: 128, vocabulary: 65 },
  { name: "3×512, V65", layers: 3, width: 512, vocabulary: 65 },
];
const [batch, time] = [50, 50];
const rankCounts = [1, 8, 64, 512];

function parametersOf({ layers, width, vocabulary }) {
  const first = (vocabulary + width) * 4 * width + 4 * width;
  const others = (layers - 1) * (2 * width * 4 * width + 4 * width);
  return first + others + (width + 1) * vocabulary;
}

/** Milliseconds that a rank computes: three products per weight, forward and twice backward, two operations each. */
function computeOf(parameters, examples) {
  return overhead + (6 * parameters * examples * time) / (rate * 1e6);
}

/** Milliseconds of the sum: a ring sends least, a tree (halving and doubling) has fewest messages. */
function sumOf(bytes, ranks) {
  if (ranks === 1) return 0;
  const a = alpha / 1000;
  const transfer = (2 * (1 - 1 / ranks) * bytes) / (beta * 1e6);
  return Math.min(2 * (ranks - 1) * a, 2 * Math.log2(ranks) * a) + transfer;
}

/** What would be changed: half as many bytes, and sums that begin while the backward pass (two thirds of the step) goes on. */
function variantsOf(parameters, examples, ranks) {
  const compute = computeOf(parameters, examples);
  const bytes = 4 * (parameters + 2);
  const hidden = (2 / 3) * compute;
  return {
    plain: compute + sumOf(bytes, ranks),
    halved: compute + sumOf(bytes / 2, ranks),
    overlapped: compute + Math.max(sumOf(bytes, ranks) - hidden, sumOf(bytes / 8, ranks)),
  };
}

const rows = sizes.flatMap((size) => {
  const parameters = parametersOf(size);
  return rankCounts.map((ranks) => {
    const weak = variantsOf(parameters, batch, ranks);
    const alone = computeOf(parameters, batch);
    const strong = computeOf(parameters, batch / ranks) + sumOf(4 * (parameters + 2), ranks);
    return { model: size.name, parameters, ranks, compute: alone, ...weak, efficiency: alone / weak.plain, strong };
  });
});

if (values.json) for (const row of rows) console.log(JSON.stringify(row));
else {
  const ms = (value) => value.toFixed(value < 10 ? 2 : 0);
  console.log(
    "| model | parameters | ranks | step, ms | of it computing | with 16-bit sums | overlapped | one batch of 50 for all |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const { model, parameters, ranks, plain, efficiency, halved, overlapped, strong } of rows)
    console.log(
      `| ${model} | ${parameters.toLocaleString("en")} | ${ranks} | ${ms(plain)} | ${Math.round(100 * efficiency)} % | ${ms(halved)} | ${ms(overlapped)} | ${ms(strong)} |`,
    );
}
