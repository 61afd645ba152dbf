import { expect } from 'vitest';
import { type Answer, errorsOf, send } from '../support/client.ts';
import type { Life } from '../support/life.ts';
import { accountKeysOf, type SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

/** Creations for users of their own, of which a test looks at what was refused. */
export interface Creations {
  /** Sends a creation, for a new user unless one is given. */
  create(
    body: unknown,
    url?: string,
    user?: SeededUser,
  ): Promise<{ readonly owner: SeededUser; readonly answer: Answer }>;
  /** The field, the rule and the text of each broken rule of a creation that makes nothing. */
  brokenRules(body: unknown, url?: string): Promise<readonly (readonly (string | undefined)[])[]>;
}

/** @param life is looked at when a creation is sent, so it may be started later. */
export function creationsOn(life: () => Life): Creations {
  const create: Creations['create'] = async (body, url = life().service.url, user = undefined) => {
    const owner = user ?? (await life().seed.user());
    const sent = { method: 'POST', path: keysOf(owner), key: life().key.bearer, body };
    return { owner, answer: await send(url, sent) };
  };
  return {
    create,
    async brokenRules(body, url) {
      const { owner, answer } = await create(body, url);
      expect(answer.status).toBe(422);
      expect(await accountKeysOf(life().panel, owner)).toEqual([]);
      return errorsOf(answer).map(({ meta, detail }) => [meta?.source_field, meta?.rule, detail]);
    },
  };
}
