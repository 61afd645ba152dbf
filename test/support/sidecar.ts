import type { Cell } from './cells.ts';
import { type Answer, type Sent, send } from './client.ts';
import { migrateOwnTables } from './migrated.ts';
import { createPanelDatabase, type PanelDatabase } from './panel-database.ts';
import { PanelSeed } from './seed.ts';
import { type RunningService, type ServiceOptions, startService } from './service.ts';
import type { ServerAddress } from './test-database.ts';

/** A panel and a service beside it. */
export interface Sidecar {
  readonly panel: PanelDatabase;
  readonly seed: PanelSeed;
  readonly service: RunningService;
  send(request: Sent): Promise<Answer>;
  /** Stops the service and removes the panel. */
  close(): Promise<void>;
}

/** What a service and its panel are started with. */
export interface SidecarOptions extends ServiceOptions {
  /** Another server than the shared one, for tests that stop it. */
  readonly address?: ServerAddress;
  /** Makes the own tables first, by the command. */
  readonly ownTables?: boolean;
}

/** Variables that nearly every test wants: no test but the rate limit's own is to meet the rate limit. */
export const unlimited = { APP_API_APPLICATION_RATELIMIT: '100000000' };

/** Creates an empty panel and starts the real binary beside it. */
export async function startSidecar(cell: Cell, options: SidecarOptions = {}): Promise<Sidecar> {
  const { address, ownTables = false, ...started } = options;
  const panel = await createPanelDatabase(cell.panel, cell.on, address);
  if (ownTables) await migrateOwnTables(panel);
  const service = await startService(panel.folder, { ...started, env: { ...unlimited, ...started.env } });
  return {
    ...{ panel, service, seed: new PanelSeed(panel) },
    send: (request) => send(service.url, request),
    async close() {
      await service.stop();
      await panel.drop();
    },
  };
}

/** Path of a user's keys. */
export const keysOf = (user: { readonly id: number }) => `/api/application/users/${user.id}/api-keys`;

/** Path of a node's free ports. */
export const freeOn = (node: { readonly id: number }) => `/api/application/nodes/${node.id}/allocations/free`;

/** Polls until `isDone` holds; a test that waits in vain fails at its own time limit. */
export async function until(isDone: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 10));
}
