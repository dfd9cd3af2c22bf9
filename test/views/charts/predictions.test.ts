/** Charts of forecasts: the band of an interval is behind the lines of the targets and the predictions. */
import { expect, test } from "vitest";
import { fanChart, seriesChart } from "../../../views/charts/predictions.js";
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

test("a fan has the rows before the forecast, and its band after them", async () => {
  const fan = { series: "north", history: [3, 2, 1, 0], steps: [1, 2, 4], target: [1, 2, 4], predicted: [1, 2, 3] };
  const svg = await toSvg(fanChart("sold", { ...fan, interval: { low: [0, 1, 2], high: [3, 4, 5] } }, size));
  expect(svg).toContain("sold, north");
  expect(areas(svg)[0]?.match(/[ML]/g)).toHaveLength(6);
  const lines = [...svg.matchAll(/mark-line[^>]*>\s*<path[^>]* d="([^"]+)"/g)].map(([, path]) => path);
  expect(lines.map((path) => path?.match(/[ML]/g)?.length).sort()).toEqual([3, 7]);
  expect(areas(await toSvg(fanChart("sold", fan, size)))).toEqual([]);
});
