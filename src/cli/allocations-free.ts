import { type AllocationResource, toAllocation } from '../allocations/allocation.ts';
import { createListAllocations } from '../allocations/list-allocations.ts';
import { defaultPerPage, type Pagination, paginate } from '../allocations/pagination.ts';
import { type PortRange, parsePortRange } from '../allocations/port-filter.ts';
import { defaultOrder } from '../allocations/port-order.ts';
import { parsePerPage, readPortFilter } from '../allocations/query.ts';
import { allocationQuerySchema } from '../allocations/schema.ts';
import { validationFailed } from '../api-error.ts';
import { shellActor } from '../audit/activity.ts';
import { coerceInteger } from '../input/coerce.ts';
import { compileSchema, invalidFields } from '../input/validator.ts';
import { OperatorError } from '../operator-error.ts';
import type { PanelEnv } from '../panel/env/panel-env.ts';
import type { Services } from '../services.ts';
import { allocationsRuns, type PortListing } from './allocations-runs.ts';
import { findNode } from './find-node.ts';
import type { JsonOption } from './keys-list.ts';
import { note, print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { formatTable } from './table.ts';

/** Options of `allocations free`. */
export interface AllocationsFreeOptions extends PanelOptions, JsonOption {
  readonly range?: string;
  readonly consecutive?: string;
  readonly page?: string;
  readonly perPage?: string;
}

/** Lists a page of a node's free ports, or of runs of neighbours among them. */
export async function allocationsFree(name: string, options: AllocationsFreeOptions): Promise<void> {
  const page = readPage(options);
  await withServices(options, async (services, env) => {
    const { per_page: perPage = defaultPerPage, consecutive } = readNumbers(options, services);
    const ports = readRange(options.range);
    const node = await findNode(services, name);
    const { include_node_info: hasInfo, show_free_only: freeOnly } = services.settings.allocations;
    const listing: PortListing = {
      ...{
        services,
        node,
        perPage,
        info: hasInfo ? { node: { ...node.summary, location: node.location } } : {},
      },
      filter: { ...readPortFilter({}, [node.id], freeOnly), ports },
    };
    if (consecutive === undefined) await listPorts(listing, page, options, env);
    else await allocationsRuns(listing, consecutive, options);
  });
}

async function listPorts(
  { services, node, filter, perPage, info }: PortListing,
  page: number,
  options: AllocationsFreeOptions,
  { appUrl }: PanelEnv,
): Promise<void> {
  const list = createListAllocations(services);
  const { total, rows } = await list.byNumber(shellActor, { filter, order: defaultOrder }, page, perPage);
  const data = rows.map((row) => toAllocation(row, null, services.panel.clock));
  const url = `${appUrl ?? 'http://localhost'}/api/application/nodes/${node.id}/allocations/free`;
  const query = {
    ...(options.range === undefined ? {} : { filter: { port: options.range } }),
    ...(options.perPage === undefined ? {} : { per_page: perPage }),
  };
  const pagination = paginate({ page, perPage, url, query }, total, rows.length);
  if (options.json) return printJson({ object: 'list', data, meta: { pagination, ...info } });
  if (data.length > 0) print(portTable(data, services));
  note(describePage(pagination));
}

function portTable(ports: readonly AllocationResource[], { settings }: Services): string {
  const freeOnly = settings.allocations.show_free_only;
  const rows = ports.map(({ attributes: port }) => [
    String(port.id),
    port.ip,
    String(port.port),
    port.alias ?? '-',
    port.notes ?? '-',
    ...(freeOnly ? [] : [port.assigned ? 'yes' : 'no']),
  ]);
  return formatTable(['ID', 'ADDRESS', 'PORT', 'ALIAS', 'NOTES', ...(freeOnly ? [] : ['ASSIGNED'])], rows);
}

function describePage({ total, count, current_page, total_pages }: Pagination): string {
  return `${count} of ${total} ports, page ${current_page} of ${total_pages}`;
}

/** Over HTTP a page that is no number means the first; on a command line it is a slip. */
function readPage({ page = '1', consecutive }: AllocationsFreeOptions): number {
  if (consecutive !== undefined && page !== '1') {
    throw new OperatorError('--page does not go with --consecutive: --per-page shows more runs');
  }
  if (/^[1-9]\d{0,14}$/.test(page)) return Number(page);
  throw new OperatorError(`--page is ${JSON.stringify(page)}, but must be a whole number from 1 up`);
}

function readRange(text: string | undefined): PortRange | null {
  const range = text === undefined ? null : parsePortRange(text);
  if (range !== null || text === undefined) return range;
  throw new OperatorError(
    `--range is ${JSON.stringify(text)}, but must be a port, or two with a dash between`,
  );
}

/** The same rules as over HTTP. @throws ApiError 422 */
function readNumbers(
  { perPage, consecutive }: AllocationsFreeOptions,
  { settings }: Services,
): { readonly per_page?: number; readonly consecutive?: number } {
  const numbers = {
    ...(perPage === undefined ? {} : { per_page: parsePerPage(perPage) }),
    ...(consecutive === undefined ? {} : { consecutive: coerceInteger(consecutive) }),
  };
  const schema = allocationQuerySchema(settings.allocations.max_per_page);
  const invalid = invalidFields(compileSchema(schema), numbers);
  if (invalid.length > 0) throw validationFailed(invalid);
  return numbers as { readonly per_page?: number; readonly consecutive?: number };
}
