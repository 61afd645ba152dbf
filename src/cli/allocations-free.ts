import { type AllocationResource, toAllocation } from '../allocations/allocation.ts';
import { createListAllocations } from '../allocations/list-allocations.ts';
import { defaultPerPage, type Pagination, paginate } from '../allocations/pagination.ts';
import { defaultOrder } from '../allocations/port-order.ts';
import { parsePerPage, readPortFilter } from '../allocations/query.ts';
import { allocationQuerySchema } from '../allocations/schema.ts';
import { validationFailed } from '../api-error.ts';
import { shellActor } from '../audit/activity.ts';
import { compileSchema, invalidFields } from '../input/validator.ts';
import { OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';
import { findNode } from './find-node.ts';
import type { JsonOption } from './keys-list.ts';
import { note, print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { formatTable } from './table.ts';

/** Options of `allocations free`. */
export interface AllocationsFreeOptions extends PanelOptions, JsonOption {
  readonly page?: string;
  readonly perPage?: string;
}

/** Lists a page of a node's free ports. */
export async function allocationsFree(name: string, options: AllocationsFreeOptions): Promise<void> {
  const page = readPage(options.page);
  await withServices(options, async (services, { appUrl }) => {
    const perPage = readPerPage(options.perPage, services);
    const node = await findNode(services, name);
    const freeOnly = services.settings.allocations.show_free_only;
    const filter = readPortFilter({}, [node.id], freeOnly);
    const list = createListAllocations(services);
    const { total, rows } = await list.byNumber(shellActor, { filter, order: defaultOrder }, page, perPage);
    const data = rows.map((row) => toAllocation(row, null, services.panel.clock));
    const url = `${appUrl ?? 'http://localhost'}/api/application/nodes/${node.id}/allocations/free`;
    const query = options.perPage === undefined ? {} : { per_page: perPage };
    const pagination = paginate({ page, perPage, url, query }, total, rows.length);
    if (options.json) {
      const { include_node_info } = services.settings.allocations;
      const info = include_node_info ? { node: { ...node.summary, location: node.location } } : {};
      return printJson({ object: 'list', data, meta: { pagination, ...info } });
    }
    if (data.length > 0) print(toTable(data, services));
    note(describePage(pagination));
  });
}

function toTable(ports: readonly AllocationResource[], { settings }: Services): string {
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
function readPage(text = '1'): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new OperatorError(`--page is ${JSON.stringify(text)}, but must be a whole number from 1 up`);
}

/** The same rules as over HTTP. @throws ApiError 422 */
function readPerPage(text: string | undefined, { settings }: Services): number {
  if (text === undefined) return defaultPerPage;
  const perPage = parsePerPage(text);
  const schema = allocationQuerySchema(settings.allocations.max_per_page);
  const invalid = invalidFields(compileSchema(schema), { per_page: perPage });
  if (invalid.length > 0) throw validationFailed(invalid);
  return perPage as number;
}
