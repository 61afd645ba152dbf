import { migrationRequired, validationFailed } from '../api-error.ts';
import { shellActor } from '../audit/activity.ts';
import { toClaim } from '../claims/claim.ts';
import { toWish } from '../claims/claim-input.ts';
import type { ClaimInput } from '../claims/claim-wish.ts';
import { makeClaim } from '../claims/make-claim.ts';
import { claimSchema } from '../claims/schema.ts';
import { coerceInteger } from '../input/coerce.ts';
import { cleanInput } from '../input/input.ts';
import { compileSchema, invalidFields } from '../input/validator.ts';
import { migrateCommand } from '../own-tables/presence.ts';
import { findNode } from './find-node.ts';
import { describeUser, findUser } from './find-user.ts';
import type { JsonOption } from './keys-list.ts';
import { note, print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { formatTable } from './table.ts';

/** Options of `allocations claim`. */
export interface AllocationsClaimOptions extends PanelOptions, JsonOption {
  readonly count: string;
  readonly for: string;
  readonly consecutive?: boolean;
  readonly sameIp?: boolean;
  readonly range?: string;
  readonly ip?: string;
  readonly prefer?: string;
  readonly ttl?: string;
  readonly reference?: string;
}

/** Picks free ports of a node and holds them for a user. */
export async function allocationsClaim(name: string, options: AllocationsClaimOptions): Promise<void> {
  await withServices(options, async (services) => {
    if (!services.hasOwnTables) throw migrationRequired(migrateCommand);
    const node = await findNode(services, name);
    const user = await findUser(services, options.for);
    const wish = toWish(readInput(options, node.id), null);
    const { claim, now } = await makeClaim(services, shellActor, user.id, wish);
    const resource = toClaim(claim, now, services.panel.clock);
    if (options.json) return printJson(resource);
    const { id, expires_at: end } = resource.attributes;
    print(
      formatTable(
        ['ID', 'ADDRESS', 'PORT', 'ALIAS'],
        claim.ports.map((port) => [String(port.id), port.ip, String(port.port), port.ip_alias ?? '-']),
      ),
    );
    note(`claim ${id} of ${describeUser(user)} holds these ports until ${end}`);
  });
}

/** The same clean-up and rules as over HTTP. @throws ApiError 422 */
function readInput(options: AllocationsClaimOptions, nodeId: number): ClaimInput {
  const { count, consecutive, sameIp, range, ip, prefer = 'random', ttl, reference } = options;
  const given = {
    ...{ count: coerceInteger(count), consecutive, same_ip: sameIp, port_range: range, ip, prefer },
    ...{ ttl_seconds: coerceInteger(ttl), reference },
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const input = { ...cleanInput(Object.fromEntries(present)), node_ids: [nodeId] };
  const invalid = invalidFields(compileSchema(claimSchema), input);
  if (invalid.length > 0) throw validationFailed(invalid);
  return input as unknown as ClaimInput;
}
