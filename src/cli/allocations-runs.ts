import { createListRuns } from '../allocations/list-runs.ts';
import type { PortFilter } from '../allocations/port-filter.ts';
import { toAllocationRun } from '../allocations/run.ts';
import type { PortRun } from '../allocations/runs.ts';
import { shellActor } from '../audit/activity.ts';
import type { NodeView } from '../panel/panel.ts';
import type { Services } from '../services.ts';
import type { JsonOption } from './keys-list.ts';
import { note, print, printJson } from './output.ts';
import { formatTable } from './table.ts';

/** Which ports of a node are listed, and on how large a page. */
export interface PortListing {
  readonly services: Services;
  readonly node: NodeView;
  readonly filter: PortFilter;
  readonly perPage: number;
  /** What `--json` prints besides: the node, where the API would show it. */
  readonly info: object;
}

/** Lists the first runs of so many neighbouring free ports. */
export async function allocationsRuns(
  { services, filter, perPage, info }: PortListing,
  length: number,
  { json }: JsonOption,
): Promise<void> {
  const list = createListRuns(services);
  const { runs, next } = await list(shellActor, { ...filter, freeOnly: true }, length, null, perPage);
  if (json) {
    const meta = { cursor: { next, per_page: perPage }, ...info };
    const data = runs.map((run) => toAllocationRun(run, services.panel.clock));
    return printJson({ object: 'list', data, meta });
  }
  if (runs.length > 0) print(toTable(runs));
  const what = runs.length === 1 ? 'run' : 'runs';
  note(`${runs.length} ${what} of ${length}${next === null ? '' : ', and there are more'}`);
}

function toTable(runs: readonly PortRun[]): string {
  const rows = runs.map(({ ip, from, to, ids }) => [ip, String(from), String(to), ids.join(' ')]);
  return formatTable(['ADDRESS', 'FROM', 'TO', 'IDS'], rows);
}
