import { createCell } from '../support/cells.ts';
import { send } from '../support/client.ts';
import type { FastcgiRequest } from '../support/fastcgi.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { keysOf, unlimited } from '../support/sidecar.ts';
import { StandInPanel } from '../support/stand-in-panel.ts';
import { keyTakenByPanel, routedByPanel } from './as-the-panel.ts';
import { type ModelScope, mayDo } from './scope-model.ts';
import { startWebServer, type WebServer, type WebServerName, webServerNames } from './web-servers.ts';

/** A key made through the service. */
export interface ScopedKey extends ModelScope {
  readonly identifier: string;
  readonly bearer: string;
}

/** A web server, set up as the docs say, and the service that it asks. */
export interface Front {
  readonly url: string;
  readonly service: RunningService;
}

/** A panel whose web servers ask before every request that carries a key. */
export interface ScopedPanel {
  readonly panel: PanelDatabase;
  readonly seed: PanelSeed;
  readonly standIn: StandInPanel;
  readonly owner: SeededUser;
  /** An application key that may do all that keys can do on the Application API. */
  readonly adminKey: SeededKey;
  readonly fronts: Readonly<Record<WebServerName, Front>>;
  /** Makes a key of the owner's. */
  makeKey(scope?: Partial<ModelScope>): Promise<ScopedKey>;
  /** Sends a request about a key of the owner's to the service. */
  change(key: ScopedKey, method: string, path?: string, body?: unknown): Promise<number>;
  /** Requests that reached the stand-in although their key may not do what the panel would do for them. */
  violations(received?: readonly FastcgiRequest[]): readonly FastcgiRequest[];
  close(): Promise<void>;
}

/** A service that takes scopes, asked by a web server. */
export function scopingService(panel: PanelDatabase, proxy: string): Promise<RunningService> {
  const env = { SIDECAR_SCOPES_ENFORCE: 'true', SIDECAR_SCOPES_PROXY: proxy };
  return startService(panel.folder, {
    env: { ...unlimited, ...env, CLIENT_API_MAX_KEYS_PER_USER: '10000' },
  });
}

/** Sets up a panel, and a web server of each kind in front of it. A file is the quickest. */
export async function startScopedPanel(cell = createCell('pterodactyl', 'sqlite')): Promise<ScopedPanel> {
  const panel = await createPanelDatabase(cell.panel, cell.on);
  await migrateOwnTables(panel);
  const seed = new PanelSeed(panel);
  const owner = await seed.user();
  const adminKey = await seed.key(await seed.user({ admin: true }));
  const standIn = await StandInPanel.start();
  const servers: WebServer[] = [];
  const startFront = async (name: WebServerName) => {
    const service = await scopingService(panel, name);
    const server = await startWebServer(name, { panel: standIn, service: new URL(service.url).host });
    servers.push(server);
    return [name, { url: server.url, service }] as const;
  };
  const entries = await Promise.all(webServerNames.map(startFront));
  const fronts = Object.fromEntries(entries) as Record<WebServerName, Front>;
  const keys = new Map<string, ScopedKey>();
  const ask = (method: string, path: string, body: unknown) =>
    send(fronts.nginx.service.url, { method, path, body, key: adminKey.bearer });
  return {
    ...{ panel, seed, standIn, owner, adminKey, fronts },
    async makeKey({ permissions = null, servers: confinedTo = null } = {}) {
      const description = `key ${keys.size}`;
      const body = { description, permissions, servers: confinedTo };
      const answer = await ask('POST', keysOf(owner), body);
      if (answer.status !== 200) throw new Error(`no key was made: ${answer.text}`);
      const { attributes, meta } = answer.json as MadeKey;
      const bearer = attributes.identifier + meta.secret_token;
      const key = { identifier: attributes.identifier, bearer, permissions, servers: confinedTo };
      keys.set(bearer, key);
      return key;
    },
    async change(key, method, path = '', body) {
      return (await ask(method, `${keysOf(owner)}/${key.identifier}${path}`, body)).status;
    },
    violations(received = standIn.received) {
      return received.filter((request) => {
        const bearer = keyTakenByPanel(request);
        const key = bearer === null ? undefined : keys.get(bearer);
        const routed = routedByPanel(request);
        return key !== undefined && routed !== null && !mayDo(key, routed);
      });
    },
    async close() {
      for (const server of servers) await server.stop();
      for (const { service } of Object.values(fronts)) await service.stop();
      await standIn.stop();
      await panel.drop();
    },
  };
}

interface MadeKey {
  readonly attributes: { readonly identifier: string };
  readonly meta: { readonly secret_token: string };
}
