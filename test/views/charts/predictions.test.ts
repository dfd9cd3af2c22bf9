/** Charts of forecasts: the band of an interval is behind the lines of the targets and the predictions. */
import { expect, test } from "vitest";
import { seriesChart } from "../../../views/charts/predictions.js";
import { toSvg } from "../../../views/charts/render.js";

const series = { name: "sold", target: [1, 2, 4], predicted: [1.5, 2.5, 3] };
const size = { width: 300, height: 120 };
const areas = (svg: string) => [...svg.matchAll(/mark-area[^>]*>\s*<path[^>]* d="([^"]+)"/g)].map(([, path]) => path);

test("forecasts with an interval have a band, others none", async () => {
  const interval = { low: [0, 1, 2], high: [3, 4, 5] };
  const [path, ...others] = areas(await toSvg(seriesChart({ ...series, interval }, size)));
  expect(others).toEqual([]);
  // Three points along the top and three back along the bottom.
  expect(path?.match(/[ML]/g)).toHaveLength(6);
  expect(areas(await toSvg(seriesChart(series, size)))).toEqual([]);
});
