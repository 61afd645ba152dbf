import { isGuardedTarget } from '../auth/rules.ts';
import { parseRowId } from '../input/row-id.ts';
import { OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';

/** A user named on the command line. */
export interface NamedUser {
  readonly id: number;
  readonly username: string;
}

/**
 * The user a command is about, named by id, e-mail or username. Digits that are an id mean the id, even where
 * they are someone's username too.
 *
 * @throws OperatorError where nobody or several are named.
 */
export async function findUser(services: Services, name: string): Promise<NamedUser> {
  return (await findById(services, name)) ?? (await findByName(services, name));
}

/**
 * The user whose keys a command is about.
 *
 * @throws OperatorError as `findUser` does, and for an admin, as over HTTP, unless the configuration lets
 *   admins be targets.
 */
export async function findKeyOwner(services: Services, name: string): Promise<NamedUser> {
  const user = await findUser(services, name);
  const target = await services.users.load(user.id);
  const allowAdminTargets = services.settings.api_key.allow_admin_targets;
  if (target !== null && isGuardedTarget({ allowAdminTargets }, target)) {
    throw new OperatorError(
      `${describeUser(user)} is an admin, whose keys are out of reach: api_key.allow_admin_targets allows it`,
    );
  }
  return user;
}

/** A user, for people. */
export function describeUser({ id, username }: NamedUser): string {
  return `user ${id} (${username})`;
}

async function findById({ database }: Services, name: string): Promise<NamedUser | null> {
  const id = parseRowId(name, database.largestId);
  if (id === null) return null;
  const row = await database.queries
    .selectFrom('users')
    .select(['id', 'username'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

/** In any case, on databases too that tell cases apart. */
async function findByName({ database }: Services, name: string): Promise<NamedUser> {
  const lowered = name.toLowerCase();
  const candidates = await database.queries
    .selectFrom('users')
    .select(['id', 'username', 'email'])
    .where(({ eb, or, fn }) =>
      or([eb(fn('lower', ['username']), '=', lowered), eb(fn('lower', ['email']), '=', lowered)]),
    )
    .orderBy('id')
    .execute();
  // Some databases take letters with and without accents for equal.
  const [user, other] = candidates.filter(
    ({ username, email }) => isSame(username, name) || isSame(email, name),
  );
  if (user === undefined) {
    throw new OperatorError(`no user has the id, e-mail or username ${JSON.stringify(name)}`);
  }
  if (other !== undefined) {
    throw new OperatorError(
      `${JSON.stringify(name)} names ${describeUser(user)} and ${describeUser(other)}: give the id`,
    );
  }
  return user;
}

function isSame(stored: string, given: string): boolean {
  return stored.normalize('NFC').toLowerCase() === given.normalize('NFC').toLowerCase();
}
