import { DatabaseSync } from 'node:sqlite';
import type { Row, Seed, SqlExecutor, TestDatabase } from './test-database.ts';

/**
 * Creates an empty SQLite database with foreign keys enforced, as both panels open theirs.
 *
 * @param path the file to create
 */
export function createSqliteDatabase(path: string): TestDatabase {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  return {
    ...executor(database),
    refill: (tables, seed) => refill(database, tables, seed),
    async drop() {
      database.close();
    },
  };
}

function executor(database: DatabaseSync): SqlExecutor {
  return {
    dialect: 'sqlite',
    async query(sql, params = []) {
      return database
        .prepare(sql)
        .all(...params)
        .map((row) => ({ ...row }) as Row);
    },
    async execute(sql, params = []) {
      return Number(database.prepare(sql).run(...params).changes);
    },
  };
}

async function refill(database: DatabaseSync, tables: readonly string[], seed: Seed): Promise<void> {
  // Enforcement can only be switched outside a transaction.
  database.exec('pragma foreign_keys = off; begin immediate');
  for (const table of tables) database.exec(`delete from "${table}"`);
  database.exec('commit; pragma foreign_keys = on; begin immediate');
  try {
    await seed(executor(database));
    database.exec('commit');
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}
