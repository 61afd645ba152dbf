import autocannon from 'autocannon';
import { describe, expect, test } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { installPackage } from '../support/installed-package.ts';
import { freeOn, keysOf, startSidecar } from '../support/sidecar.ts';
import { residentMemory } from './resources.ts';
import { drillTimeout, tell } from './size.ts';

/** One after the other; the service is measured after each. */
const parts = 10;
const requests = 1_000_000;
const mostMebibytes = 150;

describe(`resident memory, at ${pterodactyl}`, () => {
  test(
    `is bounded, and flat, over ${requests} requests`,
    async () => {
      // As operators have it: running the sources takes some more.
      const installed = await installPackage();
      const sidecar = await startSidecar(pterodactyl, { program: installed.file });
      try {
        const { seed, service } = sidecar;
        const key = await seed.key(await seed.user({ admin: true }));
        const user = await seed.user();
        for (let count = 0; count < 5; count += 1) await seed.key(user, { type: 1 });
        const paths = [keysOf(user), freeOn(await seed.node(100))];
        const headers = { authorization: `Bearer ${key.bearer}` };
        const sizes: number[] = [];
        for (let part = 1; part <= parts; part += 1) {
          const from = performance.now();
          const { non2xx, errors } = await autocannon({
            ...{ url: service.url, connections: 64, amount: requests / parts },
            requests: paths.map((path) => ({ path, headers })),
          });
          expect([non2xx, errors]).toEqual([0, 0]);
          sizes.push(await residentMemory(service));
          const perSecond = Math.round((1000 * requests) / parts / (performance.now() - from));
          tell('memory', {
            requests: (part * requests) / parts,
            perSecond,
            MiB: Math.round(sizes.at(-1) ?? 0),
          });
        }
        // What the compiler and the pools take is taken by the middle; a leak would go on.
        const [middle = 0, last = 0] = [sizes[parts / 2 - 1], sizes.at(-1)];
        expect(last).toBeLessThan(mostMebibytes);
        expect(last - middle).toBeLessThan(8);
      } finally {
        await sidecar.close();
        installed.remove();
      }
    },
    drillTimeout,
  );
});
