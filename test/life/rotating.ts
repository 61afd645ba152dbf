import { keyOf, type Life, makeKey, recordedOf } from '../support/life.ts';

type Named = { readonly identifier: string };

/** What tests of rotation do and look up. @param current The panel that they run beside, once it has started. */
export function rotatingOn(current: () => Life) {
  return {
    /** A user with a key of their own. */
    async fresh(body: Readonly<Record<string, unknown>> = {}) {
      const life = current();
      const user = await life.seed.user();
      return { user, old: await makeKey(life, user, { description: 'x', permissions: null, ...body }) };
    },
    rotate: (user: { readonly id: number }, key: Named, body: unknown = {}, by = current().key.bearer) =>
      current().ask({ method: 'POST', path: `${keyOf(user, key)}/rotate`, key: by, body }),
    ownRow: async ({ identifier }: Named) =>
      (await current().panel.query('select * from sidecar_keys where identifier = ?', [identifier]))[0],
    deletionsOf: (key: Named) => recordedOf(current().panel, 'user:api-key.delete', key),
  };
}
