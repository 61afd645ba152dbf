import { expect, test } from 'vitest';
import { cells } from './cells.ts';
import { migrateOwnTables } from './migrated.ts';
import { createPanelDatabase } from './panel-database.ts';
import { connectAsService } from './service-connection.ts';

const onServers = cells.filter(({ on }) => on !== 'sqlite');

test.each(onServers)('$panel on $on: the service may use the own tables', async ({ panel: name, on }) => {
  const panel = await createPanelDatabase(name, on);
  await migrateOwnTables(panel);
  const service = await connectAsService(panel);

  await service.query("insert into sidecar_keys (api_key_id, identifier) values (1, 'a')");
  await service.query(
    "insert into sidecar_outbox (message_id, endpoint, body, created_at) values ('m', 'e', 'b', 1)",
  );
  await expect(service.query('drop table sidecar_keys')).rejects.toThrow(/denied|must be owner/);
  await panel.reset(async () => undefined);
  expect(await panel.query('select * from sidecar_keys')).toEqual([]);

  await service.end();
  await panel.drop();
});
