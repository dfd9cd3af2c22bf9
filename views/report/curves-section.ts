/** Learning curves of the report: a large chart of the loss, small ones of the other metrics. */
import { curveChart } from "../charts/learning-curves.js";
import { toSvg } from "../charts/render.js";
import { type Curve, curvesOf, type MetricsHistory, metricNames } from "../metrics-history.js";
import { type Html, html, section, trusted } from "./html.js";

const largeSize = { width: 900, height: 260 };
const smallSize = { width: 400, height: 170 };

const titles: Readonly<Record<string, string>> = { gradient_norm: "gradient norm", learning_rate: "learning rate" };

export async function curvesSection(history: MetricsHistory): Promise<Html> {
  if (history.steps.length === 0) return html``;
  const names = metricNames(history).filter((name) => name !== "loss" && !(name in titles));
  const reported = Object.keys(titles).filter((name) => curvesOf(history, name).some(varies));
  const lossChart = await toSvg(curveChart("loss", curvesOf(history, "loss"), largeSize));
  const otherCharts = await Promise.all(
    [...names, ...reported].map((name) => toSvg(curveChart(titles[name] ?? name, curvesOf(history, name), smallSize))),
  );
  const rates = curvesOf(history, "learning_rate");
  const rate = rates.some(varies) ? undefined : rates[0]?.points[0]?.value;
  const constant = rate === undefined ? "" : html`<p class="muted">Constant learning rate: ${rate}.</p>`;
  return section(
    "Learning curves",
    html`<div class="charts">${[lossChart, ...otherCharts].map(trusted)}</div>`,
    constant,
  );
}

function varies({ points }: Curve): boolean {
  return points.some(({ value }) => value !== points[0]?.value);
}
