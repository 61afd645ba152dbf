import { migrateCommand } from '../own-tables/presence.ts';
import type { Services } from '../services.ts';
import { WebhookSender } from '../webhooks/sender.ts';

/**
 * What sends the webhooks of a running service. Without the own tables there are none, which the log says
 * where some are configured.
 *
 * @throws OperatorError for a ca_file that can't be used
 */
export function createSender(services: Services): Pick<WebhookSender, 'start' | 'stop'> {
  if (services.hasOwnTables) return new WebhookSender(services);
  if (services.endpoints.length > 0) {
    services.logger.warn(`webhooks need the own tables, so none are sent: run ${migrateCommand}`);
  }
  return { start() {}, async stop() {} };
}
