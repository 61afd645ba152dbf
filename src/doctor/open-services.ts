import { createLogger } from '../logging.ts';
import { createServices, type Services } from '../services.ts';
import { closePanel, openPanel } from '../startup/open-panel.ts';
import type { Findings } from './findings.ts';

/**
 * Runs `work` with all that the service works with, over sessions set up as the panel's are, and closes it.
 *
 * @throws MissingFinding, OperatorError, or whatever `work` throws
 */
export async function withOpenServices<Result>(
  findings: Findings,
  work: (services: Services) => Promise<Result>,
): Promise<Result> {
  // A panel that is not known is reported once, by the check that looks for it.
  findings.panel.get();
  const env = findings.env.get();
  const settings = findings.settings.get();
  const opened = await openPanel(env, settings);
  try {
    return await work(createServices(env, settings, opened, createLogger('silent', process.stderr)));
  } finally {
    await closePanel(opened);
  }
}
