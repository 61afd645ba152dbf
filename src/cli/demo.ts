import { curlLines } from '../demo/curl-lines.ts';
import { createDemoPanel, type DemoPanel } from '../demo/demo-panel.ts';
import { pelicanDemo } from '../demo/pelican.ts';
import { pterodactylDemo } from '../demo/pterodactyl.ts';
import { parseListenAddress } from '../http/listen-address.ts';
import { createLogger } from '../logging.ts';
import { colors, print } from './output.ts';
import { loadContext } from './panel-context.ts';
import { startService, stopOnSignal } from './running-service.ts';

/** Options of `demo`. */
export interface DemoOptions {
  readonly listen?: string;
  /** Make the panel a Pelican, not a Pterodactyl. */
  readonly pelican?: boolean;
}

/** Runs the service over a panel made up for the occasion, which is removed when the process ends. */
export async function demo({ listen, pelican = false }: DemoOptions): Promise<void> {
  const wanted = listen === undefined ? null : parseListenAddress(listen);
  const kind = pelican ? pelicanDemo : pterodactylDemo;
  const panel = createDemoPanel(kind);
  process.once('exit', panel.remove);
  // Without the process's variables, which may name a real panel's database.
  const context = loadContext({ panel: panel.folder }, {});
  const logger = createLogger('warn', process.stderr);
  const usual = parseListenAddress(context.settings.server.listen);
  const addresses = wanted === null ? [usual, { ...usual, port: 0 }] : [wanted];
  const starting = startService(context, logger, addresses);
  stopOnSignal(starting, logger, ['SIGTERM', 'SIGINT', 'SIGHUP']);
  const { url } = await starting;
  print(describe(kind.name, url, panel));
}

function describe(name: string, url: string, { seed }: DemoPanel): string {
  const { identifier, secret } = seed.applicationKey;
  const facts: [string, string][] = [
    ['Address', url],
    ['Application key', identifier + secret],
    ['Documentation', `${url}/docs`],
  ];
  return [
    `The service over a small ${name} panel, made up for this run. Ctrl-C ends and removes it.`,
    '',
    ...facts.map(([label, value]) => `${label.padEnd(17)}${colors.cyan(value)}`),
    ...curlLines(url, seed).flatMap(({ title, command }) => ['', colors.bold(title), command]),
  ].join('\n');
}
