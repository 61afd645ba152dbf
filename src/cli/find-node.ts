import { parseRowId } from '../input/row-id.ts';
import { OperatorError } from '../operator-error.ts';
import type { NodeView } from '../panel/panel.ts';
import type { Services } from '../services.ts';

/**
 * The node a command is about, named by id or name. Digits that are an id mean the id.
 *
 * @throws OperatorError where none or several are named.
 */
export async function findNode(services: Services, name: string): Promise<NodeView> {
  const id = parseRowId(name, services.database.largestId);
  const byId = id === null ? null : await services.nodes.load(id);
  const node = byId ?? (await services.nodes.load(await idOf(services, name)));
  if (node === null) throw unknown(name);
  return node;
}

async function idOf({ database }: Services, name: string): Promise<number> {
  const rows = await database.queries
    .selectFrom('nodes')
    .select('id')
    .where('name', '=', name)
    .orderBy('id')
    .execute();
  const [first, ...others] = rows;
  if (first === undefined) throw unknown(name);
  if (others.length > 0) {
    const ids = rows.map(({ id }) => id).join(', ');
    throw new OperatorError(
      `${rows.length} nodes are called ${JSON.stringify(name)}: give one of the ids ${ids}`,
    );
  }
  return first.id;
}

function unknown(name: string): OperatorError {
  return new OperatorError(`no node has the id or name ${JSON.stringify(name)}`);
}
