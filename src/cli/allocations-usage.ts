import { findLargestRun, type Run } from '../allocations/largest-run.ts';
import { type NodeSummary, summarizeNodes } from '../allocations/summaries.ts';
import { allocationsViewed, shellActor } from '../audit/activity.ts';
import type { Services } from '../services.ts';
import type { JsonOption } from './keys-list.ts';
import { print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { Progress } from './progress.ts';
import { formatTable } from './table.ts';

/** How the ports of a node are taken. */
interface Usage extends NodeSummary {
  readonly name: string;
  /** The longest run of neighbouring free ports. */
  readonly largestRun: Run | null;
}

/** Shows how the ports of each node are taken. */
export async function allocationsUsage(options: PanelOptions & JsonOption): Promise<void> {
  await withServices(options, async (services) => {
    const { activityLog, settings } = services;
    const usages = await readUsages(services);
    if (settings.audit.views) {
      await activityLog.append(allocationsViewed(shellActor, null, null, usages.length));
    }
    if (options.json) printJson({ object: 'list', data: usages.map(toResource) });
    else print(usages.length === 0 ? 'there are no nodes' : toTable(usages));
  });
}

async function readUsages(services: Services): Promise<readonly Usage[]> {
  const nodes = await services.panel.findCapacities(services.database.queries, null);
  const progress = new Progress();
  const usages: Usage[] = [];
  for (const { id } of nodes) {
    const view = await services.nodes.load(id);
    const [summary] = await summarizeNodes(services, [id]);
    // Deleted meanwhile.
    if (view === null || summary === undefined) continue;
    const { name } = view.summary;
    const largestRun = await findLargestRun(services, id, (read) =>
      progress.show(`${name}: ${read} of ${summary.free} free ports read`),
    );
    usages.push({ ...summary, name, largestRun });
  }
  progress.end();
  return usages;
}

function toResource({ nodeId, name, total, used, held, free, largestRun }: Usage) {
  const attributes = { node_id: nodeId, name, total, used, held, free, largest_run: largestRun };
  return { object: 'node_allocation_usage', attributes };
}

function toTable(usages: readonly Usage[]): string {
  const rows = usages.map(({ nodeId, name, total, used, held, free, largestRun }) => [
    ...[String(nodeId), name, String(total), String(used), String(held), String(free)],
    describeRun(largestRun),
  ]);
  return formatTable(['ID', 'NAME', 'TOTAL', 'USED', 'HELD', 'FREE', 'LARGEST RUN'], rows);
}

function describeRun(run: Run | null): string {
  return run === null ? '-' : `${run.to - run.from + 1} (${run.ip} ${run.from}-${run.to})`;
}
