/** Attention in the report: for one example the weights of each layer and head. */
import type { AttentionMap, AttentionMaps, MapAxis } from "../../runtime/evaluation/attention-maps.js";
import { formatNumber } from "../../runtime/format.js";
import { heatMapSvg } from "../charts/heat-map.js";
import { type Html, html, section, trusted } from "./html.js";

export function attentionSection({ example, split, maps }: AttentionMaps): Html {
  return section(
    "Attention",
    html`<p class="muted">Example ${example} of the data${split === null ? "" : `, in the ${split} split`}. Rows are the steps of the query, columns those of
the memory. A row shows the weights of the steps that it reads, which sum to 1; a step that is not seen has no cell.</p>`,
    maps.map(layerMaps),
  );
}

function layerMaps({ layer, query, memory, heads }: AttentionMap): Html {
  const maximum = heads.flat().reduce((largest, row) => row.reduce((a, b) => Math.max(a, b), largest), 0);
  const from =
    query.from === memory.from ? `Self-attention of ${query.from}` : `Attention of ${query.from} to ${memory.from}`;
  const hidden = [query, memory].filter(isCut);
  const cut = hidden.length === 0 ? "" : ` The first ${hidden[0]?.labels.length} of ${hidden[0]?.steps} steps.`;
  const maps = heads.map((values, head) =>
    heatMapSvg({
      title: heads.length === 1 ? "weights" : `head ${head}`,
      rows: query.labels,
      columns: memory.labels,
      values,
      maximum,
    }),
  );
  return html`<h3>${layer}</h3>
<p class="muted">${from}; the darkest cell is ${formatNumber(maximum)}.${cut}</p>
<div class="charts">${maps.map(trusted)}</div>`;
}

function isCut({ labels, steps }: MapAxis): boolean {
  return labels.length < steps;
}
