import type { PanelDatabase } from './panel-database.ts';

/**
 * Has the database run a statement after each row of `api_keys` that is inserted or updated, whoever does it.
 *
 * @param statement may name the row's columns as `new.id`; runs with the administrator's rights
 * @returns takes it back
 */
export async function afterEachRow(
  { dialect, execute }: PanelDatabase,
  change: 'insert' | 'update',
  statement: string,
): Promise<() => Promise<void>> {
  const name = `after_${change}`;
  const when = `create trigger ${name} after ${change} on api_keys for each row`;
  if (dialect === 'postgres') {
    await execute(
      `create function ${name}() returns trigger language plpgsql security definer as
       'begin ${statement}; return new; end'`,
    );
  }
  const what = {
    mysql: statement,
    sqlite: `begin ${statement}; end`,
    postgres: `execute function ${name}()`,
  };
  await execute(`${when} ${what[dialect]}`);
  const drop = dialect === 'postgres' ? `drop function ${name} cascade` : `drop trigger ${name}`;
  return async () => {
    await execute(drop);
  };
}
