import { expect, test } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { MariadbServer } from '../support/mariadb-server.ts';
import { keysOf, startSidecar } from '../support/sidecar.ts';

test('a server whose binary log holds statements takes every change', { timeout: 60_000 }, async () => {
  const options = ['--log-bin=changes', '--server-id=1', '--binlog-format=STATEMENT'];
  const server = await MariadbServer.start({ options });
  try {
    const sidecar = await startSidecar(pterodactyl, { address: server.address, ownTables: true });
    try {
      const { seed, send, panel, service } = sidecar;
      const key = (await seed.key(await seed.user({ admin: true }))).bearer;
      const path = keysOf(await seed.user());
      // In the own tables too.
      const body = { description: 'logged', reference: 'order 1' };
      const made = await send({ method: 'POST', path, key, body });
      expect(made.status).toBe(200);
      const [row] = await panel.query("select identifier from api_keys where memo = 'logged'");
      expect((await send({ path, key })).status).toBe(200);
      expect((await send({ method: 'DELETE', path: `${path}/${row?.identifier}`, key })).status).toBe(204);
      const written = await panel.query('select event from activity_logs order by id');
      const events = ['create', 'view', 'delete'].map((change) => `user:api-key.${change}`);
      expect(written.map(({ event }) => event)).toEqual(events);
      expect(service.log.filter((line) => line.includes('"level":50'))).toEqual([]);
    } finally {
      await sidecar.close();
    }
  } finally {
    await server.stop();
  }
});
