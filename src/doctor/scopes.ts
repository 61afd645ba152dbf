import { deleteLeftKeys } from '../housekeeping/left-keys.ts';
import { OperatorError } from '../operator-error.ts';
import { type Check, fail, ok } from './check.ts';
import type { Findings } from './findings.ts';
import { withOpenServices } from './open-services.ts';
import { proveScopes } from './scope-proof.ts';
import { withThrowAwayKey } from './throw-away-key.ts';
import { findThrowAwayOwner } from './throw-away-owner.ts';

/** What keys may do is kept at the web server: tried by its public address, with a key that may do little. */
export const checkScopes: Check = {
  name: 'scopes',
  run: async (findings) => {
    if (!findings.settings.get().scopes.enforce) return ok('not enforced, so keys are given none');
    const address = publicAddress(findings);
    return withOpenServices(findings, async (services) => {
      // Without own tables there are no scopes, which is their own check's to report.
      findings.ownTables.get();
      await deleteLeftKeys(services, Date.now());
      const owner = await findThrowAwayOwner(services, findings);
      if (owner === null) {
        return fail(
          'not tried: no user was found who is no admin and has no servers (least privilege hides whose servers are)',
          'pass --user with a user who is no admin; make one if there is none',
        );
      }
      return withThrowAwayKey(services, owner, (bearer, interrupted) =>
        proveScopes(address, bearer, interrupted),
      );
    });
  },
};

/** @throws OperatorError */
function publicAddress({ target, env }: Findings): URL {
  const text = target.url ?? env.get().variable('APP_URL');
  const advice = "give the panel's public address by --url";
  if (text === null || text === '') throw new OperatorError(`APP_URL is not set: ${advice}`);
  const address = URL.canParse(text) ? new URL(text) : null;
  if (address !== null && ['http:', 'https:'].includes(address.protocol)) return address;
  throw new OperatorError(`${JSON.stringify(text)} is no http or https address: ${advice}`);
}
