import type { Cell } from './cells.ts';
import { type Answer, type Sent, send } from './client.ts';
import { migrateOwnTables } from './migrated.ts';
import { createPanelDatabase, type PanelDatabase } from './panel-database.ts';
import { PortSeed } from './port-seed.ts';
import { type RunningService, type ServiceOptions, startService } from './service.ts';
import { unlimited } from './sidecar.ts';
import type { ServerAddress } from './test-database.ts';

/** A panel with the own tables, and services beside it. */
export interface PortPanel {
  readonly panel: PanelDatabase;
  readonly seed: PortSeed;
  readonly services: readonly RunningService[];
  /** An admin, and a key of that admin's that may do everything. */
  readonly admin: number;
  readonly key: string;
  /** Sends to the first service, with the key above unless another is given. */
  send(request: Sent): Promise<Answer>;
  /** Stops the services and removes the panel. */
  close(): Promise<void>;
}

/** What a panel is started with. */
export interface PortPanelOptions extends ServiceOptions {
  /** How many services share the panel; 1 unless given. */
  readonly count?: number;
  /** Another server than the shared one. */
  readonly address?: ServerAddress;
}

/** Creates an empty panel, makes the own tables as an operator does, and starts real services beside it. */
export async function startPortPanel(cell: Cell, options: PortPanelOptions = {}): Promise<PortPanel> {
  const { count = 1, address, args = [], env = {} } = options;
  const panel = await createPanelDatabase(cell.panel, cell.on, address);
  await migrateOwnTables(panel);
  const seed = new PortSeed(panel, cell.panel);
  const admin = await seed.admin();
  const key = await seed.key(admin);
  const services = await Promise.all(
    Array.from({ length: count }, () => startService(panel.folder, { args, env: { ...unlimited, ...env } })),
  );
  const url = services[0]?.url ?? '';
  return {
    ...{ panel, seed, services, admin, key },
    send: (request) => send(url, { key, ...request }),
    async close() {
      await Promise.all(services.map((service) => service.stop()));
      await panel.drop();
    },
  };
}

/** Path of the claims. */
export const claimsPath = '/api/application/allocations/claims';

/** Path of the free ports across nodes. */
export const freeAnywhere = '/api/application/allocations/free';

/** A port as answers show it. */
export interface AnsweredPort {
  readonly id: number;
  readonly ip: string;
  readonly alias: string | null;
  readonly port: number;
  readonly assigned: boolean;
  readonly node_id?: number;
  readonly held_until?: string | null;
  readonly relationships?: unknown;
}

/** The ports of an answered list; throws where the answer is no list. */
export function portsOf(answer: Answer): readonly AnsweredPort[] {
  const { data } = answer.json as { readonly data: readonly { readonly attributes: AnsweredPort }[] };
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return data.map(({ attributes }) => attributes);
}

/** A claim as answers show it. */
export interface AnsweredClaim {
  readonly id: string;
  readonly node_id: number;
  readonly status: string;
  readonly reference: string | null;
  readonly expires_at: string;
  readonly created_at: string;
  readonly ports: readonly AnsweredPort[];
}

/** The claim of an answer; throws where there is none. */
export function claimOf(answer: Answer): AnsweredClaim {
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  const { attributes } = answer.json as {
    readonly attributes: Omit<AnsweredClaim, 'ports'> & {
      readonly relationships: {
        readonly allocations: { readonly data: readonly { readonly attributes: AnsweredPort }[] };
      };
    };
  };
  const { relationships, ...rest } = attributes;
  return { ...rest, ports: relationships.allocations.data.map((port) => port.attributes) };
}
